"""Slots cut into intervals of several lengths at once, and who of the clients in each is of which sort."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.attempts import tell_triers, with_outcomes
from detector.runs import members
from detector.segments import Bools, begins, totals
from detector.sessions import microseconds, moment
from detector.slots import SLOTS_SCHEMA
from detector.spread import Points, Spread
from detector.traffic import Scale


class Cut:
    """Slots cut into intervals: each client in each interval of each length is a segment of them.

    Args:
        spread: The slots.
        wanted: How long the intervals are, and for each length a moment: the first interval is the one that holds it.
    """

    def __init__(self, spread: Spread, wanted: Sequence[tuple[Scale, datetime]]) -> None:
        self._spread = spread
        self._intervals = _Intervals.of(spread.table, wanted)
        rows = [np.flatnonzero(spread.times >= first) for first in self._intervals.firsts]
        numbers = self._intervals.numbers
        self._rows = np.concatenate(rows)
        self._where = np.concatenate([each[spread.points[own]] for each, own in zip(numbers, rows, strict=True)])
        self._starts = begins(spread.clients[self._rows], self._where)
        self._within = self._where[self._starts]
        self._sorts = self._sort()

    def __len__(self) -> int:
        return len(self._starts)

    def count(self, times: int = 1) -> pl.DataFrame:
        """Count the clients of each sort in each interval of each site.

        Args:
            times: What the counts are multiplied by, where only a part of the clients was counted.

        Returns:
            `scale` (its place in `wanted`), `domain`, `interval`, `where` (Int32, a number for all three), and how many
            clients are `bare`, `browsing` (they are not) and `dry`; by scale, site and time.
        """
        own, intervals = self._sorts, self._intervals
        parts = (self._within, self._within[own.is_bare], self._within[own.is_dry])
        counts = [np.bincount(each, minlength=len(intervals.begins)) for each in parts]
        found = np.flatnonzero(counts[0])
        everybody, bare, dry = (each[found].astype(np.uint32) * np.uint32(times) for each in counts)
        return pl.DataFrame(
            {
                "scale": intervals.scales[found],
                "domain": self._spread.table.domains.gather(intervals.sites[found]),
                "interval": pl.Series(intervals.begins[found]).cast(SLOTS_SCHEMA["slot"]),
                "where": found.astype(np.int32),
                "bare": bare,
                "browsing": everybody - bare,
                "dry": dry,
            }
        )

    def clients(self, where: pl.Series) -> pl.DataFrame:
        """Return what each client is in some intervals.

        Args:
            where: The intervals (of `count`).

        Returns:
            `domain`, `client`, `interval`, `where`, `agent` (the first user agent's number), the sums `requests`,
            `errors`, `odd` and `failed` (as `detector.attempts.with_outcomes` has it), and the Booleans `is_made_up`
            (the referrer), `is_bare`, `is_dry` and `is_lucky` (only tried to log in, and got in).
        """
        is_in = np.zeros(len(self._intervals.begins), np.bool_)
        is_in[where.to_numpy()] = True
        own = np.flatnonzero(is_in[self._within])
        first = self._rows[self._starts[own]]
        named = self._spread.slots.select(pl.col("domain", "client", "agent").gather(self._spread.order[first]))
        more = {
            "where": self._within[own],
            **self._add_up(own, ("requests", "errors", "odd")),
            "is_made_up": self._spread.browsing.is_made_up[first],
            **{name: getattr(self._sorts, name)[own] for name in _Sorts.__slots__},
        }
        interval = pl.Series("interval", self._intervals.begins[self._within[own]]).cast(SLOTS_SCHEMA["slot"])
        return named.with_columns(interval, *(pl.Series(name, each) for name, each in more.items()))

    def _sort(self) -> "_Sorts":
        count, spread = len(self._starts), self._spread
        others = totals((spread.browsing.browses | spread.declared)[self._rows], self._starts) != 0
        is_dry, is_lucky, failed = np.zeros(count, np.bool_), np.zeros(count, np.bool_), np.zeros(count, np.int64)
        # Hardly any try to log in; what the others of the same interval did says nothing about these.
        tries = np.flatnonzero(spread.tries[self._rows])
        own = np.searchsorted(self._starts, tries, side="right") - 1
        own = own[begins(own)]
        sums = self._add_up(own, ("requests", "looks", "failed", "succeeded", "blind", "declared"))
        loads = spread.browsing.loads[self._rows[self._starts[own]]]
        tried = pl.DataFrame({**sums, "where": self._within[own], "loads": loads})
        told = tell_triers(with_outcomes(tried, "where"), others=pl.col("loads") | (pl.col("declared") > 0))
        is_dry[own], is_lucky[own], failed[own] = (told[name].to_numpy() for name in ("is_dry", "is_lucky", "failed"))
        # Who only tries to log in is judged by that.
        return _Sorts(~(others | is_dry | is_lucky), is_dry, is_lucky, failed)

    def _add_up(self, own: NDArray[np.intp], names: Sequence[str]) -> dict[str, NDArray[np.uint32]]:
        """Return sums of columns of the slots over some segments, ascending, each of shape (k,)."""
        sizes = np.diff(self._starts, append=len(self._rows))[own]
        rows = self._spread.order[self._rows[members(self._starts[own], sizes)]]
        columns = self._spread.slots.select(pl.col(names).gather(rows))
        return {column.name: totals(column.to_numpy(), np.cumsum(sizes) - sizes) for column in columns}


@dataclass(frozen=True, slots=True)
class _Sorts:
    """Of which sort the client of each segment is, and its failed attempts to log in, shape (m,)."""

    is_bare: Bools
    is_dry: Bools
    is_lucky: Bools
    failed: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Intervals:
    """All intervals, by length, site and time: places in `wanted`, sites and microseconds since 1970, shape (k,).

    Attributes:
        firsts: Of each length, when the first interval begins.
        numbers: Of each length, in which interval each of a table's 10 s lies.
    """

    scales: NDArray[np.uint8]
    sites: NDArray[np.int64]
    begins: NDArray[np.int64]
    firsts: list[int]
    numbers: list[NDArray[np.int32]]

    @classmethod
    def of(cls, table: Points, wanted: Sequence[tuple[Scale, datetime]]) -> "_Intervals":
        scales, sites, starts, firsts, numbers = [], [], [], list[int](), []
        count = 0
        for place, (scale, since) in enumerate(wanted):
            length = microseconds(scale.length)
            times = table.times // length * length
            own = begins(table.sites, times)
            number = np.zeros(len(times), np.int32)
            number[own[1:]] = 1
            numbers.append(np.cumsum(number, dtype=np.int32) + np.int32(count))
            firsts.append(moment(since) // length * length)
            scales.append(np.full(len(own), place, np.uint8))
            sites.append(table.sites[own])
            starts.append(times[own])
            count += len(own)
        return cls(np.concatenate(scales), np.concatenate(sites), np.concatenate(starts), firsts, numbers)
