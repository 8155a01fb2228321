"""Peaks: the most requests within sliding windows of time."""

from collections.abc import Iterable

import numpy as np

from detector.segments import Bools, Rows, sort_numbers, width
from detector.sessions import SECOND

_BREAK = 120 * SECOND
"""Stands for any longer pause: longer than the widest window that is looked at."""

_NEIGHBOURS = 8
"""Moments before one that are compared with it, before the others are searched."""

_BITS = 64
"""Of the widest number there is."""


def in_time(owners: Rows, times: Rows) -> tuple[Rows, Rows]:
    """Return owners and times sorted by both, for `busiest`.

    Args:
        owners: Numbers from 0 on, shape (n,).
        times: Microseconds, shape (n,).
    """
    if not len(owners):
        return owners, times
    later = (owners[1:] > owners[:-1]) | ((owners[1:] == owners[:-1]) & (times[1:] >= times[:-1]))
    if later.all():
        return owners, times
    # One number for both: numbers alone are sorted some times faster than rows.
    begin = int(times.min())
    bits = width(int(times.max()) - begin)
    if bits + width(int(owners.max())) > _BITS:
        order = np.lexsort((times, owners))
        return owners[order], times[order]
    packed = sort_numbers((owners.view(np.uint64) << np.uint64(bits)) | (times - begin).view(np.uint64))
    found = (packed & np.uint64((1 << bits) - 1)).view(np.int64) + begin
    return (packed >> np.uint64(bits)).view(np.int64), found


class Windows:
    """Sliding windows of time over owners' rows, each ending with a row.

    Args:
        begins: The first row of each owner, shape (m,); an owner's rows lie side by side.
        times: Microseconds of shape (n,), ascending within an owner.
        widths: Of the windows that are looked at, in seconds, at most 60.
    """

    def __init__(self, begins: Rows, times: Rows, widths: Iterable[int]) -> None:
        # One line of time on which owners lie too far apart to share a window; each of its moments once, for logs tell
        # whole seconds.
        steps = np.diff(times, prepend=times[:1])
        np.minimum(steps, _BREAK, out=steps)
        steps[begins] = _BREAK
        is_new = steps > 0
        self._moments = np.flatnonzero(is_new)
        self._until = np.append(self._moments[1:], len(times))
        self._firsts = np.cumsum(is_new, dtype=np.uint32)[begins].astype(np.int64) - 1
        line = np.cumsum(steps[self._moments])
        self._since = {seconds: self._moments[_first_within(line, seconds * SECOND)] for seconds in widths}

    def most(self, seconds: int, which: Bools | None = None) -> Rows:
        """Return the most rows in any of an owner's windows, shape (m,).

        Args:
            seconds: One of the widths.
            which: The rows that count, shape (n,); None: all.
        """
        if not len(self._firsts):
            return np.zeros(0, np.int64)
        since = self._since[seconds]
        if which is None:
            return np.maximum.reduceat(self._until - since, self._firsts)
        before = np.zeros(len(which) + 1, np.int32)
        np.cumsum(which, dtype=np.int32, out=before[1:])
        return np.maximum.reduceat(before[self._until] - before[since], self._firsts).astype(np.int64)


def _first_within(line: Rows, width: int) -> Rows:
    """Return the first of the moments less than `width` before each one, shape (n,), of ascending moments."""
    found = np.arange(len(line))
    # Most windows hold a few moments: to compare neighbours costs less than to search.
    for back in range(1, _NEIGHBOURS + 1):
        is_within = line[back:] - line[:-back] < width
        if not is_within.any():
            return found
        found[back:] -= is_within
    further = back + np.flatnonzero(is_within)
    found[further] = np.searchsorted(line, line[further] - width, "right")
    return found


def busiest(begins: Rows, times: Rows, windows: dict[str, int]) -> dict[str, Rows]:
    """Return each owner's most requests within sliding windows.

    Args:
        begins: As `Windows` has them.
        times: Likewise.
        windows: Names and widths in seconds, at most 60.

    Returns:
        For each window shape (m,).
    """
    sliding = Windows(begins, times, windows.values())
    return {name: sliding.most(seconds) for name, seconds in windows.items()}
