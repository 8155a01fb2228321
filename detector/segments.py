"""Rows in groups without a hash table: sorted by a number, those of a group lie side by side and are a slice.

Sorting one number a row and adding up slices costs a few nanoseconds a row; grouping columns costs ten times as much.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]
"""Numbers of rows."""

ODD = np.uint64(0x9E3779B97F4A7C15)
"""2 ** 64 by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4): numbers times it lie far apart."""

_BITS = 64


def sort_numbers(numbers: Keys) -> Keys:
    """Return numbers sorted: polars does it in a third of numpy's time, and its threads would be in others' way."""
    return pl.Series(numbers).sort(multithreaded=False).to_numpy()


def width(most: int) -> int:
    """Return the bits, at least one, of a number that is 0 to `most`."""
    return max(most, 1).bit_length()


def changes(*columns: NDArray[np.generic]) -> Bools:
    """Return where any of the columns, all of shape (n,), differs from the row before; the first row does."""
    found = np.ones(len(columns[0]), np.bool_)
    np.not_equal(columns[0][1:], columns[0][:-1], out=found[1:])
    for column in columns[1:]:
        found[1:] |= column[1:] != column[:-1]
    return found


def sorted_stably(keys: Keys) -> tuple[Rows, Keys]:
    """Return the rows in the order of their keys, equal ones as they stand, and the keys in that order.

    A key's last bits give way to the row's number, and the numbers alone are sorted. Keys are hashes, so that others
    hardly ever begin alike; where they do, it takes the long way.

    Args:
        keys: Hashes of shape (n,).
    """
    last = np.uint64((1 << width(len(keys) - 1)) - 1)
    packed = keys & ~last
    packed |= np.arange(len(keys), dtype=np.uint64)
    rows = (sort_numbers(packed) & last).view(np.int64)
    ordered = keys[rows]
    if not bool((ordered[1:] >= ordered[:-1]).all()):
        rows = np.argsort(keys, kind="stable")
        ordered = keys[rows]
    return rows, ordered


def order_within(groups: Rows, keys: Keys) -> Rows:
    """Return the rows so that equal keys of a group lie side by side, in the order they stand in.

    Args:
        groups: Numbers of shape (n,) from 0 on, ascending: groups stay where they are.
        keys: Hashes of shape (n,).
    """
    if not len(keys):
        return np.zeros(0, np.int64)
    row_bits, group_bits = width(len(keys) - 1), width(int(groups[-1]))
    head = keys >> np.uint64(row_bits + group_bits) << np.uint64(row_bits)
    packed = groups.view(np.uint64) << np.uint64(_BITS - group_bits)
    packed |= head
    packed |= np.arange(len(keys), dtype=np.uint64)
    packed = sort_numbers(packed)
    rows = (packed & np.uint64((1 << row_bits) - 1)).view(np.int64)
    begun, found = packed >> np.uint64(row_bits), keys[rows]
    clash = (begun[1:] == begun[:-1]) & (found[1:] != found[:-1])
    if clash.any():  # different keys of one group that begin alike: these few by all of their bits
        some = np.flatnonzero(np.isin(begun, begun[1:][clash]))
        rows[some] = rows[some][np.lexsort((rows[some], found[some], begun[some]))]
    return rows


def joint_key(key: Keys, more: NDArray[np.integer]) -> Keys:
    """Return one number for two, shape (n,): different ones for different pairs, as surely as `key` is a good hash.

    Args:
        key: Hashes, shape (n,).
        more: Whole numbers or hashes, shape (n,).
    """
    return key + (more.astype(np.uint64) + np.uint64(1)) * ODD


def in_order(keys: Keys, times: Rows) -> Rows:
    """Return the rows in the order of key and time, equal ones as they stand."""
    return put_in_order(keys, times)[0]


def put_in_order(keys: Keys, times: Rows) -> tuple[Rows, Keys]:
    """Return the rows in the order of key and time, equal ones as they stand, and the keys in that order."""
    # Sorting is most of the work: rows mostly come in the order of time, and what is sorted stays so.
    if bool((times[1:] >= times[:-1]).all()):
        return sorted_stably(keys)
    early = np.argsort(times, kind="stable")
    rows, ordered = sorted_stably(keys[early])
    return early[rows], ordered


def is_in_order(keys: Keys, times: Rows) -> bool:
    """Say whether rows lie in the order of key and time, no two alike."""
    later = (keys[1:] == keys[:-1]) & (times[1:] > times[:-1])
    return bool(((keys[1:] > keys[:-1]) | later).all())


def begins(*keys: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the rows that differ from the one before in any key, the first one among them, shape (m,)."""
    return np.flatnonzero(changes(*keys))


def first_known(known: Bools, starts: NDArray[np.intp]) -> NDArray[np.intp]:
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


def totals(values: NDArray[np.integer] | Bools, starts: NDArray[np.intp]) -> NDArray[np.uint32]:
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
