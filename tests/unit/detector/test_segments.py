"""Groups by sorted numbers against groups by Python's own means, also where hashes look alike."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.segments import changes, is_among, number_keys, order_within, sort_stably

KEYS = st.lists(st.one_of(st.integers(0, 3), st.integers(2**64 - 4, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=30)
CROWDED = st.lists(st.integers(0, 40).map(lambda low: 7 << 60 | low), max_size=30)


@given(KEYS)
def test_rows_are_sorted_stably_also_where_hashes_begin_alike(keys: list[int]) -> None:
    expected = sorted(range(len(keys)), key=lambda row: keys[row])
    assert sort_stably(np.array(keys, np.uint64)).tolist() == expected


@given(KEYS, st.data())
def test_equal_keys_of_a_group_lie_side_by_side_in_their_order(keys: list[int], data: st.DataObject) -> None:
    groups = sorted(data.draw(st.lists(st.integers(0, 4), min_size=len(keys), max_size=len(keys))))
    order = order_within(np.array(groups, np.int64), np.array(keys, np.uint64)).tolist()
    assert sorted(order) == list(range(len(keys)))
    assert [groups[row] for row in order] == groups
    pairs = [(groups[row], keys[row]) for row in order]
    begins = [at for at, pair in enumerate(pairs) if at == 0 or pair != pairs[at - 1]]
    assert len(begins) == len(set(pairs))
    for begin, end in zip(begins, [*begins[1:], len(pairs)], strict=False):
        assert order[begin:end] == sorted(order[begin:end])


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


def test_a_change_is_a_difference_in_any_column() -> None:
    one, two = np.array([1, 1, 1, 2]), np.array([0, 0, 5, 5])
    assert changes(one, two).tolist() == [True, False, True, True]


@given(st.one_of(KEYS, CROWDED), st.one_of(KEYS, CROWDED))
def test_keys_are_among_others_as_in_a_set(keys: list[int], others: list[int]) -> None:
    found = is_among(np.array(keys, np.uint64), np.array(others, np.uint64))
    assert found.tolist() == [key in set(others) for key in keys]


def test_many_keys_are_found_among_many() -> None:
    dice = np.random.default_rng(0)
    keys, others = (dice.integers(0, 2**64, 60_000, np.uint64) for _ in range(2))
    others = np.concatenate([others, keys[::3], keys[::3]])
    assert (is_among(keys, others) == np.isin(keys, others)).all()
