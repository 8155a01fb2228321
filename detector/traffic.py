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
from detector.slots import SLOTS_SCHEMA, SUMS

COUNT = ("domain", "interval")
"""What an interval is of."""


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


def by_client(slots: pl.DataFrame, known: pl.DataFrame, scale: Scale, since: datetime) -> pl.DataFrame:
    """Return what each client is in each interval.

    Args:
        slots: SLOTS_SCHEMA; a slot may be in parts.
        known: Output of `browsers`, of a longer time.
        scale: How long the intervals are.
        since: The first interval wanted is the one that holds this moment.

    Returns:
        `domain`, `client`, `interval`, the sums, `agent`, and the Booleans `is_bare`, `is_dry`, `is_lucky` (only tried
        to log in, and got in), `is_made_up` (its referrer) and `is_odd` (most of its requests for what does not exist
        or is an attack sign).
    """
    interval = pl.col("slot").dt.truncate(scale.name).alias("interval")
    first = pl.lit(since, dtype=SLOTS_SCHEMA["slot"]).dt.truncate(scale.name)
    found = (
        slots.filter(pl.col("slot") >= first)
        .group_by("domain", "client", interval)
        .agg(pl.col(*SUMS).sum(), pl.col("declared").any(), pl.col("agent").first())
    )
    found = found.join(known, on=["domain", "client"], how="left")
    others = pl.col("loads").fill_null(value=False) | pl.col("declared")
    found = tell_triers(with_outcomes(found, *COUNT), others)
    found = found.with_columns((pl.col("odd") > 0.5 * pl.col("requests")).alias("is_odd"))
    # Who only tries to log in is judged by that.
    bare = ~pl.col("browses").fill_null(value=False) & ~pl.col("declared") & ~pl.col("is_dry") & ~pl.col("is_lucky")
    return found.with_columns(bare.alias("is_bare"), pl.col("is_made_up").fill_null(value=False))


def by_interval(clients: pl.DataFrame, times: int = 1) -> pl.DataFrame:
    """Count the clients of each sort in each interval of each site.

    Args:
        clients: Output of `by_client`.
        times: What the counts are multiplied by, where only a part of the clients was counted.
    """
    bare = pl.col("is_bare")
    shared = clients.filter(bare).group_by(*COUNT, "agent").len()
    alike = shared.group_by(COUNT).agg(pl.col("len").max().alias("alike"))
    counted = clients.group_by(COUNT).agg(
        bare.sum().alias("bare"),
        (~bare).sum().alias("browsing"),
        pl.col("requests").filter(bare).sum().alias("bare_requests"),
        pl.col("errors").filter(bare).sum().alias("bare_errors"),
        (pl.col("is_odd") & bare).sum().alias("bare_odd"),
        (pl.col("is_made_up") & bare).sum().alias("made_up"),
        *count_triers(),
    )
    joined = counted.join(alike, on=COUNT, how="left").with_columns(pl.col("alike").fill_null(0))
    return joined.with_columns(pl.exclude(COUNT).cast(pl.UInt32) * times)
