"""Rows that belong together lie together: sorted once by a number, they are added up without a table of groups."""

import numpy as np
from numpy.typing import NDArray

from detector.grouping import changes, sort_stably

ODD = np.uint64(0x9E3779B97F4A7C15)
"""2 ** 64 by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4): numbers times it lie far apart."""


def joint_key(key: NDArray[np.uint64], more: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return one number for two, shape (n,): different ones for different pairs, as surely as `key` is a good hash.

    Args:
        key: Hashes, shape (n,).
        more: Whole numbers or hashes, shape (n,).
    """
    return key + (more.astype(np.uint64) + np.uint64(1)) * ODD


def in_order(keys: NDArray[np.uint64], times: NDArray[np.int64]) -> NDArray[np.integer]:
    """Return the rows in the order of key and time, equal ones as they stand, shape (n,)."""
    if bool((times[1:] >= times[:-1]).all()):
        return sort_stably(keys)
    early = np.argsort(times, kind="stable")
    return early[sort_stably(keys[early])]


def is_in_order(keys: NDArray[np.uint64], times: NDArray[np.int64]) -> bool:
    """Say whether rows lie in the order of key and time, no two alike."""
    later = (keys[1:] == keys[:-1]) & (times[1:] > times[:-1])
    return bool(((keys[1:] > keys[:-1]) | later).all())


def begins(*keys: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the rows that differ from the one before in any key, the first one among them, shape (m,)."""
    return np.flatnonzero(changes(*keys))


def first_known(known: NDArray[np.bool_], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first row of each segment that is `known`, the segment's first one where none is, shape (m,).

    Args:
        known: Shape (n,).
        starts: Where the segments begin, shape (m,).
    """
    if bool(known[starts].all()):
        return starts
    rows = np.where(known, np.arange(len(known)), len(known))
    following = np.minimum.accumulate(rows[::-1])[::-1][starts]
    return np.where(following < np.append(starts[1:], len(known)), following, starts)


def totals(values: NDArray[np.integer] | NDArray[np.bool_], starts: NDArray[np.intp]) -> NDArray[np.uint32]:
    """Return each segment's sum, shape (m,), below 2 ** 32.

    Args:
        values: Shape (n,).
        starts: Where the segments begin, shape (m,); the first one at 0.
    """
    if not len(starts):
        return np.zeros(0, np.uint32)
    # Differences of running sums are right even where these overflow; `reduceat` takes far longer for short segments.
    running: NDArray[np.uint32] = np.cumsum(values, dtype=np.uint32)[np.append(starts[1:], len(values)) - 1]
    found = np.empty(len(starts), np.uint32)
    found[0] = running[0]
    np.subtract(running[1:], running[:-1], out=found[1:])
    return found
