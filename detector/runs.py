"""Requests put into groups by way of runs: stretches of rows of one group, of which there are far fewer than rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.segments import Bools, Rows, begins, in_order, totals


def members(starts: Rows, sizes: Rows) -> Rows:
    """Return the rows of segments, one segment after another.

    Args:
        starts: Where they begin, shape (m,).
        sizes: How many rows each has.
    """
    before = np.cumsum(sizes) - sizes
    return np.repeat(starts - before, sizes) + np.arange(int(sizes.sum()))


@dataclass(frozen=True, slots=True)
class Runs:
    """Rows of shape (n,) in r runs, and these in m groups, by key and time.

    Attributes:
        begins: Where each run begins, shape (r,).
        sizes: How many rows each has.
        order: The runs, group by group, shape (r,).
        starts: Where in `order` each group begins, shape (m,).
        groups: Which group each run is in, shape (r,).
        first: The first row of each group, shape (m,).
        keys: Its key.
        times: Its time.
    """

    begins: Rows
    sizes: Rows
    order: Rows
    starts: Rows
    groups: NDArray[np.int32]
    first: Rows
    keys: NDArray[np.uint64]
    times: NDArray[np.int64]

    @classmethod
    def of(cls, keys: NDArray[np.uint64], times: NDArray[np.int64]) -> "Runs":
        """Put rows with the same key and time into a group."""
        found = begins(keys, times)
        sizes = np.diff(found, append=len(keys))
        keys, times = keys[found], times[found]
        order = in_order(keys, times)
        keys, times = keys[order], times[order]
        starts = begins(keys, times)
        groups = np.empty(len(found), np.int32)
        groups[order] = np.repeat(np.arange(len(starts), dtype=np.int32), np.diff(starts, append=len(found)))
        return cls(found, sizes, order, starts, groups, found[order[starts]], keys[starts], times[starts])

    def requests(self) -> NDArray[np.uint32]:
        """Return how many rows each group has, shape (m,)."""
        return totals(self.sizes[self.order], self.starts)

    def add_up(self, marks: Bools) -> NDArray[np.uint32]:
        """Return of how many rows in each group something is true, shape (m,).

        Args:
            marks: Of which, shape (n,).
        """
        return totals(totals(marks, self.begins)[self.order], self.starts)

    def count(self, rows: Rows) -> NDArray[np.uint32]:
        """Return how many of a few rows, ascending, are in each group, shape (m,)."""
        found = np.zeros(len(self.starts), np.uint32)
        np.add.at(found, self.groups[np.searchsorted(self.begins, rows, side="right") - 1], np.uint32(1))
        return found

    def first_known(self, known: Bools) -> Rows:
        """Return the first row of each group that is known, or the first one where none is, shape (m,).

        Args:
            known: Which are, shape (n,).
        """
        found = self.first.copy()
        runs = np.flatnonzero(~known[found][self.groups])
        sizes = self.sizes[runs]
        rows = members(self.begins[runs], sizes)
        is_known = known[rows]
        # Of several the last that is written stays: from the end, that is the first one.
        found[np.repeat(self.groups[runs], sizes)[is_known][::-1]] = rows[is_known][::-1]
        return found
