"""Keys by their places against sets and counts, also where hashes look alike."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.places import is_among, may_be_busy, number_keys

KEYS = st.lists(st.one_of(st.integers(0, 3), st.integers(2**64 - 4, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=30)
CROWDED = st.lists(st.integers(0, 40).map(lambda low: 7 << 60 | low), max_size=30)


@given(KEYS)
def test_each_distinct_key_has_one_number(keys: list[int]) -> None:
    firsts, numbers = number_keys(np.array(keys, np.uint64))
    assert [keys[firsts[number]] for number in numbers] == keys
    assert len(firsts) == len(set(keys))


def test_keys_that_are_alike_wherever_one_looks_are_numbered_all_the_same() -> None:
    # Only the highest bit differs, and no look reaches it among so few rows.
    keys = np.array([5, 5 | 1 << 63, 5, 5 | 1 << 63], np.uint64)
    firsts, numbers = number_keys(keys)
    assert len(firsts) == 2
    assert numbers[0] == numbers[2] != numbers[1] == numbers[3]


@given(st.one_of(KEYS, CROWDED), st.one_of(KEYS, CROWDED))
def test_keys_are_among_others_as_in_a_set(keys: list[int], others: list[int]) -> None:
    found = is_among(np.array(keys, np.uint64), np.array(others, np.uint64))
    assert found.tolist() == [key in set(others) for key in keys]


def test_many_keys_are_found_among_many() -> None:
    dice = np.random.default_rng(0)
    keys, others = (dice.integers(0, 2**64, 60_000, np.uint64) for _ in range(2))
    others = np.concatenate([others, keys[::3], keys[::3]])
    assert (is_among(keys, others) == np.isin(keys, others)).all()


@given(KEYS, st.integers(0, 5))
def test_who_is_busy_is_never_passed_over(keys: list[int], most: int) -> None:
    is_busy = any(keys.count(key) > most for key in keys)
    assert may_be_busy(np.array(keys, np.uint64), most) or not is_busy
    assert not may_be_busy(np.array(keys, np.uint64), len(keys))
