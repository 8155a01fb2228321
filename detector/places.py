"""Keys numbered, counted and looked for: each has a place in an array that some of its bits say."""

import numpy as np

from detector.segments import ODD, Bools, Keys, Rows, width

_BITS = 64
"""Of a key."""

_FEW_PLACES, _MOST_PLACES = 16, 18
"""Bits that say a place: a small table stays near the processor, where little comes of two keys at one place."""

_PASSES = 3
"""Looks at other bits of the keys, after which those that still share a place are sorted instead."""


def number_keys(keys: Keys) -> tuple[Rows, Rows]:
    """Number distinct keys.

    Each key is written to a place that some of its bits say; who reads its own key there is numbered. The others look
    again, with other bits.

    Args:
        keys: Hashes of shape (n,).

    Returns:
        A row of each distinct key, shape (m,), and each row's number among them, shape (n,).
    """
    numbers, left = np.zeros(len(keys), np.int64), np.arange(len(keys))
    found: list[Rows] = []
    count = 0
    bits = width(2 * len(keys))
    table = np.zeros(1 << bits, np.int32)
    for look in range(_PASSES):
        own = keys[left]
        place = ((own >> np.uint64(look * (_BITS - bits) // _PASSES)) & np.uint64((1 << bits) - 1)).view(np.int64)
        table[place] = np.arange(len(left))
        holder = table[place]
        has_it = own[holder] == own
        holds = np.flatnonzero(holder == np.arange(len(left)))
        rank = np.zeros(len(left), np.int64)
        rank[holds] = np.arange(count, count + len(holds))
        numbers[left[has_it]] = rank[holder[has_it]]
        found.append(left[holds])
        count += len(holds)
        left = left[~has_it]
        if not len(left):
            break
    _, first, rest = np.unique(keys[left], return_index=True, return_inverse=True)
    numbers[left] = count + rest
    return np.concatenate([*found, left[first]]), numbers


def is_among(keys: Keys, others: Keys, look: int = 0) -> Bools:
    """Return which keys are among others, shape (n,).

    The others are written to places that their first bits say, and each key is compared with what stands at its own.
    Where others were written over others it looks again, with other bits.

    Args:
        keys: Hashes of shape (n,).
        others: Hashes of shape (m,), repeated or not.
        look: How often it has looked.
    """
    if look == _PASSES:
        return np.isin(keys, others)
    bits = min(width(8 * len(others)), _MOST_PLACES)
    shift = np.uint64(_BITS - bits)
    places, theirs = (keys >> shift).view(np.int64), (others >> shift).view(np.int64)
    # No key is where it could not be: all ones but for the last place, where zeros stand.
    table = np.full(1 << bits, np.iinfo(np.uint64).max, np.uint64)
    table[-1] = 0
    table[theirs] = others
    found = np.asarray(table[places] == keys)
    pushed = np.flatnonzero(table[theirs] != others)
    if len(pushed):
        is_contested = np.zeros(1 << bits, np.bool_)
        is_contested[theirs[pushed]] = True
        left = np.flatnonzero(is_contested[places] & ~found)
        found[left] = is_among(keys[left] * ODD, others[pushed] * ODD, look + 1)
    return found


def may_be_busy(keys: Keys, most: int) -> bool:
    """Say whether any key may be there more than `most` times: no, for sure, or perhaps.

    Args:
        keys: Hashes of shape (n,).
        most: How often is not busy yet.
    """
    # Counted by their first bits, which few of them share.
    return len(keys) > most and int(np.bincount((keys >> np.uint64(_BITS - _FEW_PLACES)).view(np.int64)).max()) > most
