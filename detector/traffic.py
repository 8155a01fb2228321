"""Traffic of a site as a whole, interval by interval: what no single client shows.

Each client is looked at in intervals of 10 s, 1 min, 10 min and 1 h. It is *bare* when nothing it does looks like
somebody browsing (no images or styles, no referrer, no declared crawler), and *dry* when it only tries to log in and
never gets in. Floods by thousands of addresses make many bare clients, sprays many dry ones; flash crowds, newsletters
and mornings do not, for their clients browse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.attempts import count_triers, tell_triers, with_outcomes
from detector.segments import begins, joint_key, totals
from detector.slots import SLOTS_SCHEMA, add_up

COUNT = ("domain", "interval")
"""What an interval is of."""


_TRIED = ("place", "requests", "failed", "succeeded", "blind", "declared", "loads", "browses")
"""Columns of slots that tell who only tries to log in."""

_MICROSECOND, _EPOCH = timedelta(microseconds=1), datetime(1970, 1, 1, tzinfo=UTC)


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


@dataclass(frozen=True, slots=True)
class Spread:
    """Slots and some of their columns, shape (n,), once for intervals of all lengths.

    Attributes:
        slots: Output of `with_browsers`.
        places, sites, times: Numbers, and microseconds since 1970.
        others: Whether a client browses or calls itself a robot.
        tries: Whether it tried to log in.
    """

    slots: pl.DataFrame
    places: NDArray[np.uint64]
    sites: NDArray[np.uint64]
    times: NDArray[np.int64]
    others: NDArray[np.bool_]
    tries: NDArray[np.bool_]

    @classmethod
    def of(cls, slots: pl.DataFrame) -> "Spread":
        """Spread the output of `with_browsers`."""
        told = slots.select(
            (pl.col("browses") | pl.col("declared")).alias("others"),
            ((pl.col("failed") > 0) | (pl.col("succeeded") > 0)).alias("tries"),
        )
        numbers = (slots["place"].to_numpy(), slots["site"].to_numpy(), slots["slot"].to_physical().to_numpy())
        return cls(slots, *numbers, *(column.to_numpy() for column in told))


class Cut:
    """Slots cut into intervals of one length: each client in each interval is a segment of them.

    Args:
        spread: The slots.
        scale: How long the intervals are.
        since: The first interval wanted is the one that holds this moment.
    """

    def __init__(self, spread: Spread, scale: Scale, since: datetime) -> None:
        length, moment = scale.length // _MICROSECOND, (since - _EPOCH) // _MICROSECOND
        self._spread = spread
        self._rows = np.flatnonzero(spread.times >= moment // length * length)
        self._intervals = spread.times[self._rows] // length * length
        self._where = joint_key(spread.sites[self._rows], self._intervals)
        self._starts = begins(spread.places[self._rows], self._where)

    def __len__(self) -> int:
        return len(self._starts)

    def count(self, times: int = 1) -> pl.DataFrame:
        """Count the clients of each sort in each interval of each site.

        Args:
            times: What the counts are multiplied by, where only a part of the clients was counted.

        Returns:
            `domain`, `interval`, `where` (a number for both together), and how many clients are `bare`, `browsing`
            (they are not) and `dry`; by site and time.
        """
        marks = (self._spread.others, self._spread.tries)
        others, tries = (totals(each[self._rows], self._starts) > 0 for each in marks)
        is_bare, is_dry = ~others, np.zeros(len(self), np.bool_)
        tried = self._clients(tries, _TRIED)  # hardly any do
        is_bare[tries], is_dry[tries] = tried["is_bare"].to_numpy(), tried["is_dry"].to_numpy()
        sorts = pl.DataFrame({"where": self._where[self._starts], "bare": is_bare, "dry": is_dry, "at": self._starts})
        counted = sorts.group_by("where").agg(pl.col("at").first(), pl.len(), pl.col("bare", "dry").sum())
        at = counted["at"].to_numpy()
        numbers = (pl.col("bare"), (pl.col("len") - pl.col("bare")).alias("browsing"), pl.col("dry"))
        return counted.select(
            self._spread.slots["domain"].gather(self._rows[at]),
            pl.Series("interval", self._intervals[at]).cast(SLOTS_SCHEMA["slot"]),
            "where",
            *(each.cast(pl.UInt32) * times for each in numbers),
        ).sort(COUNT)

    def clients(self, where: pl.Series) -> pl.DataFrame:
        """Return what each client is in some intervals.

        Args:
            where: The intervals (of `count`).

        Returns:
            The columns of the slots (see `detector.slots.add_up`; `failed` as `detector.attempts.with_outcomes` has
            it), `interval`, `where`, and the Booleans `is_bare`, `is_dry` and `is_lucky` (only tried to log in, and
            got in).
        """
        is_in = pl.Series(self._where[self._starts]).is_in(where.implode())
        return self._clients(is_in.to_numpy(), self._spread.slots.columns)

    def _clients(self, chosen: NDArray[np.bool_], names: Sequence[str]) -> pl.DataFrame:
        """Return what `clients` does, of some segments (shape (m,)): all of an interval, or at least all who tried."""
        rows = np.flatnonzero(np.repeat(chosen, np.diff(self._starts, append=len(self._rows))))
        own = self._spread.slots.select(pl.col(names).gather(self._rows[rows])).with_columns(
            pl.Series("interval", self._intervals[rows]).cast(SLOTS_SCHEMA["slot"]),
            pl.Series("where", self._where[rows]),
        )
        sums = add_up(own, begins(own["place"].to_numpy(), self._where[rows]))
        told = tell_triers(with_outcomes(sums, "where"), others=pl.col("loads") | pl.col("declared"))
        # Who only tries to log in is judged by that.
        bare = ~(pl.col("browses") | pl.col("declared") | pl.col("is_dry") | pl.col("is_lucky"))
        return told.with_columns(bare.alias("is_bare"))


def with_details(counted: pl.DataFrame, clients: pl.DataFrame, times: int = 1) -> pl.DataFrame:
    """Add what else is told of intervals.

    Args:
        counted: Output of `Cut.count`, any of its rows.
        clients: Output of `Cut.clients`, all that are in these intervals.
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
