"""Traffic of a site as a whole, interval by interval: what no single client shows.

Each client is looked at in intervals of 10 s, 1 min, 10 min and 1 h. It is *bare* when nothing it does looks like
somebody browsing (no images or styles, no referrer, no declared crawler), and *dry* when it only tries to log in and
never gets in. Floods by thousands of addresses make many bare clients, sprays many dry ones; flash crowds, newsletters
and mornings do not, for their clients browse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from detector.attempts import count_triers


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


def with_floors(counted: pl.DataFrame, scales: Sequence[Scale]) -> pl.DataFrame:
    """Add `floor_bare`, `floor_dry` and `hourly` of each interval's length.

    Args:
        counted: Anything with `scale`, a place in `scales`.
        scales: Lengths.
    """
    names = ("floor_bare", "floor_dry", "hourly")
    floors = (pl.Series(name, [getattr(scale, name) for scale in scales]) for name in names)
    return counted.with_columns(floor.gather(counted["scale"]) for floor in floors)


def with_details(counted: pl.DataFrame, clients: pl.DataFrame, times: int = 1) -> pl.DataFrame:
    """Add what else is told of intervals.

    Args:
        counted: Output of `detector.cut.Cut.count`, any of its rows.
        clients: Output of `detector.cut.Cut.clients`, all that are in these intervals.
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
