"""Traffic of a site as a whole, interval by interval: what no single client shows.

Each client is looked at in intervals of 10 s, 1 min, 10 min and 1 h. It is *bare* when nothing it does looks like
somebody browsing (no images or styles, no referrer, no declared crawler), and *dry* when it only tries to log in and
never gets in. Floods by thousands of addresses make many bare clients, sprays many dry ones; flash crowds, newsletters
and mornings do not, for their clients browse.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from detector.attempts import count_triers, tell_triers, with_outcomes
from detector.segments import begins, joint_key
from detector.slots import SLOTS_SCHEMA, add_up

COUNT = ("domain", "interval")
"""What an interval is of."""

TRIED = ("requests", "failed", "succeeded", "blind")

COUNTED = ("place", *COUNT, "where", *TRIED, "declared", "loads", "browses")
"""Columns of slots that `by_client` and `by_interval` need."""


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


def by_client(slots: pl.DataFrame) -> pl.DataFrame:
    """Return what each client is in each interval.

    Args:
        slots: Output of `in_intervals`, or those columns of it that are named here.

    Returns:
        The same columns, one row per client and interval (see `detector.slots.add_up`; `failed` as
        `detector.attempts.with_outcomes` has it), and the Booleans `is_bare`, `is_dry` and `is_lucky` (only tried to
        log in, and got in).
    """
    starts = begins(slots["place"].to_numpy(), slots["where"].to_numpy())
    found = _with_triers(add_up(slots, starts))
    # Who only tries to log in is judged by that.
    bare = ~(pl.col("browses") | pl.col("declared") | pl.col("is_dry") | pl.col("is_lucky"))
    return found.with_columns(bare.alias("is_bare"))


def in_intervals(slots: pl.DataFrame, scale: Scale, since: datetime) -> pl.DataFrame:
    """Say in which interval each slot is.

    Args:
        slots: Output of `with_browsers`.
        scale: How long the intervals are.
        since: The first interval wanted is the one that holds this moment.

    Returns:
        The rows from then on, with `interval`, and `where`, a number for site and interval together.
    """
    first = pl.lit(since, dtype=SLOTS_SCHEMA["slot"]).dt.truncate(scale.name)
    own = slots.filter(pl.col("slot") >= first).with_columns(pl.col("slot").dt.truncate(scale.name).alias("interval"))
    return own.with_columns(where_of(own["site"], own["interval"]))


def where_of(site: pl.Series, interval: pl.Series) -> pl.Series:
    """Return `where` of sites' numbers and times, shape (n,)."""
    return pl.Series("where", joint_key(site.to_numpy(), interval.to_physical().to_numpy()))


def _with_triers(clients: pl.DataFrame) -> pl.DataFrame:
    """Add `is_dry` and `is_lucky`, and set right the `failed` of those who tried to log in: hardly any do."""
    tried = (clients["failed"] + clients["succeeded"]).to_numpy() > 0
    sums = clients.filter(tried).select("where", *TRIED, "loads", "declared")
    told = tell_triers(with_outcomes(sums, "where"), others=pl.col("loads") | pl.col("declared"))
    columns = []
    for name, kind in (("failed", np.int64), ("is_dry", np.bool_), ("is_lucky", np.bool_)):
        column = np.zeros(clients.height, kind)
        column[tried] = told[name].to_numpy()
        columns.append(pl.Series(name, column))
    return clients.with_columns(columns)


def by_interval(clients: pl.DataFrame, times: int = 1) -> pl.DataFrame:
    """Count the clients of each sort in each interval of each site.

    Args:
        clients: Output of `by_client`.
        times: What the counts are multiplied by, where only a part of the clients was counted.

    Returns:
        `domain`, `interval`, `where`, and how many are `bare`, `browsing` (they are not) and `dry`; by site and time.
    """
    row = pl.int_range(pl.len(), dtype=pl.UInt32).alias("row")
    sorts = clients.select("where", row, pl.col("is_bare", "is_dry").cast(pl.UInt32))
    counted = sorts.group_by("where").agg(
        pl.col("row").first(), pl.len(), pl.col("is_bare").sum().alias("bare"), pl.col("is_dry").sum().alias("dry")
    )
    named = counted.hstack(clients.select(pl.col(*COUNT).gather(counted["row"])))
    numbers = (pl.col("bare"), (pl.col("len") - pl.col("bare")).alias("browsing"), pl.col("dry"))
    return named.select(*COUNT, "where", *(each.cast(pl.UInt32) * times for each in numbers)).sort(COUNT)


def with_details(counted: pl.DataFrame, clients: pl.DataFrame, times: int = 1) -> pl.DataFrame:
    """Add what else is told of intervals.

    Args:
        counted: Output of `by_interval`, any of its rows.
        clients: Output of `by_client`, all that are in these intervals.
        times: What counts are multiplied by.

    Returns:
        The same rows with `lucky` and `failed`, and of the bare clients `bare_requests` and `bare_errors`, how many
        mostly ask for what does not exist or is an attack sign (`bare_odd`), or made up their referrer (`made_up`),
        and how many have the commonest user agent (`alike`).
    """
    bare = pl.col("is_bare")
    shared = clients.filter(bare).group_by("where", "agent").len()
    alike = shared.group_by("where").agg(pl.col("len").max().alias("alike"))
    told = clients.group_by("where").agg(
        pl.col("requests").filter(bare).sum().alias("bare_requests"),
        pl.col("errors").filter(bare).sum().alias("bare_errors"),
        ((pl.col("odd") > 0.5 * pl.col("requests")) & bare).sum().alias("bare_odd"),
        (pl.col("is_made_up") & bare).sum().alias("made_up"),
        *count_triers(),
    )
    told = told.join(alike, on="where", how="left").with_columns(pl.col("alike").fill_null(0)).drop("dry")
    scaled = told.with_columns(pl.exclude("where").cast(pl.UInt32) * times)
    return counted.join(scaled, on="where", how="left", maintain_order="left")
