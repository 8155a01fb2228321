"""Traffic of a site as a whole, interval by interval: what no single client shows.

Each client is looked at in intervals of 10 s, 1 min, 10 min and 1 h. It is *bare* when nothing it does looks like
somebody browsing (no images or styles, no referrer, no declared crawler), and *dry* when it only tries to log in and
never gets in. Floods by thousands of addresses make many bare clients, sprays many dry ones; flash crowds, newsletters
and mornings do not, for their clients browse.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from detector.attempts import count_triers, tell_triers, with_outcomes
from detector.prepare import DECLARED


@dataclass(frozen=True, slots=True)
class Scale:
    """One length of interval.

    Attributes:
        name: As polars and people write it.
        cadence: How often the events' time must go on before intervals of this length are looked at again.
        floor_bare, floor_dry: Fewer such clients are never called an attack. The internet's background noise brings a
            site some dozens of bare clients an hour, and a few dry ones.
        hourly: Share of an hour's usual clients that is usual in one interval, bursts included.
    """

    name: str
    words: str
    length: timedelta
    cadence: timedelta
    floor_bare: int
    floor_dry: int
    hourly: float


SCALES = (
    Scale("10s", "10 s", timedelta(seconds=10), timedelta(seconds=1), 30, 8, 0.03),
    Scale("1m", "1 min", timedelta(minutes=1), timedelta(seconds=5), 60, 12, 0.1),
    Scale("10m", "10 min", timedelta(minutes=10), timedelta(seconds=30), 150, 15, 0.5),
    Scale("1h", "1 h", timedelta(hours=1), timedelta(minutes=3), 300, 20, 1.0),
)

TRAILING = "24h"
"""What is usual is the upper quartile of so long before, without what was strange."""

ENOUGH = 20
"""Clients that browsed from which on it is known that visitors of a site load assets."""

LEARNT_WEEKS = 3
"""Weeks of history from which on the most clients of an hour of the week are believed to be usual."""

MANY = 10
"""Requests without a single image or style among them from which on a referrer makes nobody a visitor."""

_SUMS = ("requests", "assets", "failed", "succeeded", "blind", "errors", "odd")
_COUNT = ("domain", "interval")
_STRANGE = ("is_flooded", "is_sprayed")

SLOTS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "domain": pl.String,
    "client": pl.String,
    "slot": pl.Datetime("us", "UTC"),
    **dict.fromkeys(_SUMS, pl.UInt32),
    "referred": pl.Boolean,
    "declared": pl.Boolean,
    "agent": pl.UInt64,
}
"""One row per site, client and 10 s: sums, and whether it showed a referrer or called itself a crawler or monitor."""

HISTORY_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "scale": pl.String,
    "domain": pl.String,
    "interval": pl.Datetime("us", "UTC"),
    "bare": pl.UInt32,
    "browsing": pl.UInt32,
    "dry": pl.UInt32,
    "is_flooded": pl.Boolean,
    "is_sprayed": pl.Boolean,
}
"""One row per site and interval: how many clients of each sort, and whether that was strange."""


def observe(prepared: pl.DataFrame) -> pl.DataFrame:
    """Count what each client did in each 10 s.

    Args:
        prepared: Output of `detector.features.prepare`.

    Returns:
        SLOTS_SCHEMA.
    """
    status = pl.col("status")
    odd = status.is_in([404, 410]).fill_null(value=False) | (pl.col("marks") != 0)
    found = prepared.group_by("domain", "client", pl.col("time").dt.truncate("10s").alias("slot")).agg(
        pl.len().alias("requests"),
        pl.col("is_asset").sum().alias("assets"),
        pl.col("login_failed").sum().alias("failed"),
        pl.col("login_succeeded").sum().alias("succeeded"),
        pl.col("is_blind_login").sum().alias("blind"),
        (status >= 500).sum().alias("errors"),  # noqa: PLR2004 - HTTP's server errors
        odd.sum().alias("odd"),
        pl.col("referrer").is_not_null().any().alias("referred"),
        ((pl.col("agent") & DECLARED) != 0).any().alias("declared"),
        pl.col("user_agent").first().hash(seed=0).alias("agent"),
    )
    return found.select(pl.col(name).cast(dtype) for name, dtype in SLOTS_SCHEMA.items())


def merge_slots(slots: pl.DataFrame) -> pl.DataFrame:
    """Put the parts of each slot together (SLOTS_SCHEMA)."""
    together = slots.group_by("domain", "client", "slot").agg(
        pl.col(*_SUMS).sum(), pl.col("referred", "declared").any(), pl.col("agent").first()
    )
    return together.select(pl.col(name).cast(dtype) for name, dtype in SLOTS_SCHEMA.items())


def browsers(slots: pl.DataFrame) -> pl.DataFrame:
    """Return who `browses` and who `loads` assets, by `domain` and `client`.

    A referrer is easily made up: it counts only for who asks for little.
    """
    loads = pl.col("assets").sum() > 0
    few = pl.col("requests").sum() < MANY
    who = slots.group_by("domain", "client").agg(
        loads.alias("loads"), (loads | (pl.col("referred").any() & few)).alias("browses")
    )
    return who.filter("browses")


def by_client(slots: pl.DataFrame, known: pl.DataFrame, scale: Scale, since: datetime) -> pl.DataFrame:
    """Return what each client is in each interval.

    Args:
        slots: SLOTS_SCHEMA; a slot may be in parts.
        known: Output of `browsers`, of a longer time.
        scale: How long the intervals are.
        since: The first interval wanted is the one that holds this moment.

    Returns:
        `domain`, `client`, `interval`, the sums, `agent`, and the Booleans `is_bare`, `is_dry`, `is_lucky` (only tried
        to log in, and got in) and `is_odd` (most of its requests for what does not exist or is an attack sign).
    """
    interval = pl.col("slot").dt.truncate(scale.name).alias("interval")
    first = pl.lit(since, dtype=SLOTS_SCHEMA["slot"]).dt.truncate(scale.name)
    found = (
        slots.filter(pl.col("slot") >= first)
        .group_by("domain", "client", interval)
        .agg(pl.col(*_SUMS).sum(), pl.col("declared").any(), pl.col("agent").first())
    )
    found = found.join(known, on=["domain", "client"], how="left")
    others = pl.col("loads").fill_null(value=False) | pl.col("declared")
    found = tell_triers(with_outcomes(found, *_COUNT), others)
    found = found.with_columns((pl.col("odd") > 0.5 * pl.col("requests")).alias("is_odd"))
    # Who only tries to log in is judged by that.
    bare = pl.col("browses").is_null() & ~pl.col("declared") & ~pl.col("is_dry") & ~pl.col("is_lucky")
    return found.with_columns(bare.alias("is_bare"))


def by_interval(clients: pl.DataFrame, times: int = 1) -> pl.DataFrame:
    """Count the clients of each sort in each interval of each site.

    Args:
        clients: Output of `by_client`.
        times: What the counts are multiplied by, where only a part of the clients was counted.
    """
    bare = pl.col("is_bare")
    shared = clients.filter(bare).group_by(*_COUNT, "agent").len()
    alike = shared.group_by(_COUNT).agg(pl.col("len").max().alias("alike"))
    counted = clients.group_by(_COUNT).agg(
        bare.sum().alias("bare"),
        (~bare).sum().alias("browsing"),
        pl.col("requests").filter(bare).sum().alias("bare_requests"),
        pl.col("errors").filter(bare).sum().alias("bare_errors"),
        (pl.col("is_odd") & bare).sum().alias("bare_odd"),
        *count_triers(),
    )
    joined = counted.join(alike, on=_COUNT, how="left").with_columns(pl.col("alike").fill_null(0))
    return joined.with_columns(pl.exclude(_COUNT).cast(pl.UInt32) * times)


def with_usual(counted: pl.DataFrame, history: pl.DataFrame, scale: Scale) -> pl.DataFrame:
    """Add what was usual before each interval.

    Args:
        counted: Output of `by_interval`, with `is_flooded` and `is_sprayed`: what is strange is not usual.
        history: HISTORY_SCHEMA, the intervals of this length that were seen before, these among them or not.
        scale: How long they are.

    Returns:
        The same rows with `usual_bare`, `usual_dry`, `usual_share` (bare clients for each that browses) and
        `loads_assets`: whether visitors of this site do.
    """
    own = counted.select(pl.lit(scale.name).alias("scale"), *_COUNT, pl.col("bare", "browsing", "dry", *_STRANGE))
    known = history.filter(pl.col("scale") == scale.name).join(own, on=_COUNT, how="anti")
    ordered = pl.concat([known.select(own.columns), own]).sort("domain", "interval")
    usual = ordered.with_columns(
        _upper_quartile("bare", "is_flooded"),
        _upper_quartile("dry", "is_sprayed"),
        _trailing(pl.col("bare")).alias("_bare"),
        _trailing(pl.col("browsing")).alias("_browsing"),
    ).with_columns(
        (pl.col("_bare") / pl.max_horizontal("_browsing", 1)).clip(0.1, 3.0).alias("usual_share"),
        (pl.col("_browsing") >= pl.max_horizontal(ENOUGH, 0.25 * pl.col("_bare"))).alias("loads_assets"),
    )
    wanted = usual.select(*_COUNT, "usual_bare", "usual_dry", "usual_share", "loads_assets")
    return counted.join(wanted, on=_COUNT, how="left", maintain_order="left")


def _upper_quartile(name: str, strange: str) -> pl.Expr:
    """Return the quartile of the intervals before that were not strange; of all where a whole day was."""

    def quartile(values: pl.Expr) -> pl.Expr:
        return (
            values.cast(pl.Float64)
            .rolling_quantile_by("interval", TRAILING, quantile=0.75, closed="left")
            .over("domain")
        )

    calm = quartile(pl.when(~pl.col(strange)).then(pl.col(name)))
    return pl.coalesce(calm, quartile(pl.col(name))).fill_null(0).alias(f"usual_{name}")


def _trailing(values: pl.Expr) -> pl.Expr:
    calm = pl.when(~pl.col("is_flooded")).then(values).cast(pl.Float64)
    return calm.rolling_sum_by("interval", TRAILING, closed="left").over("domain").fill_null(0)


def mark(counted: pl.DataFrame, strange: pl.DataFrame, name: str) -> pl.DataFrame:
    """Set the Boolean `name` of the intervals that are in `strange`."""
    marks = strange.select(*_COUNT, pl.lit(value=True).alias("_mark"))
    joined = counted.join(marks, on=_COUNT, how="left", maintain_order="left")
    return joined.with_columns((pl.col(name) | pl.col("_mark").fill_null(value=False)).alias(name)).drop("_mark")


def with_learnt(counted: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
    """Add what the site's history taught of this hour of the week.

    Args:
        counted: Anything with `domain` and `interval`.
        hours: `detector.usual.HourLearner.table`.

    Returns:
        The same rows with `usual_clients`, the most in one such hour, and `usual_logins`, the clients that try to log
        in; 0 where fewer than LEARNT_WEEKS taught it.
    """
    taught = hours.filter(pl.col("weeks") >= LEARNT_WEEKS).select(
        "domain", "hour", pl.col("clients_high").alias("usual_clients"), pl.col("login_clients").alias("usual_logins")
    )
    hour = ((pl.col("interval").dt.weekday() - 1).cast(pl.Int32) * 24 + pl.col("interval").dt.hour()).cast(pl.UInt8)
    joined = counted.with_columns(hour.alias("hour")).join(
        taught, on=["domain", "hour"], how="left", maintain_order="left"
    )
    return joined.drop("hour").with_columns(pl.col("usual_clients", "usual_logins").fill_null(0.0))
