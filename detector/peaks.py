"""Peaks: the most requests within sliding windows of time."""

import numpy as np
from numpy.typing import NDArray

from detector.segments import Rows, sort_numbers, width
from detector.sessions import SECOND

_BREAK = 120 * SECOND
"""Stands for any longer pause: longer than the widest window that is looked at."""

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


def busiest(begins: Rows, times: Rows, windows: dict[str, int]) -> dict[str, NDArray[np.int64]]:
    """Return each owner's most requests within sliding windows.

    Args:
        begins: The first row of each owner, shape (m,); an owner's rows lie side by side.
        times: Microseconds of shape (n,), ascending within an owner.
        windows: Names and widths in seconds, at most 60.

    Returns:
        For each window shape (m,).
    """
    if not len(times):
        return dict.fromkeys(windows, np.zeros(0, np.int64))
    steps = np.minimum(np.diff(times, prepend=times[0]), _BREAK)
    steps[begins] = _BREAK
    # One line of time on which owners lie too far apart to share a window; each of its moments once, for logs tell
    # whole seconds.
    is_new = steps > 0
    moments = np.flatnonzero(is_new)
    line = np.cumsum(steps[moments])
    until = np.append(moments[1:], len(times))
    firsts = (np.cumsum(is_new) - 1)[begins]
    return {
        name: np.maximum.reduceat(until - moments[np.searchsorted(line, line - seconds * SECOND, "right")], firsts)
        for name, seconds in windows.items()
    }
