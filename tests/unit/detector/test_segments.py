"""Groups by sorted numbers against groups by Python's own means, also where hashes look alike."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.segments import changes, order_within, sorted_stably

KEYS = st.lists(st.one_of(st.integers(0, 3), st.integers(2**64 - 4, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=30)


@given(KEYS)
def test_rows_are_sorted_stably_also_where_hashes_begin_alike(keys: list[int]) -> None:
    expected = sorted(range(len(keys)), key=lambda row: keys[row])
    assert sorted_stably(np.array(keys, np.uint64))[0].tolist() == expected


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


def test_a_change_is_a_difference_in_any_column() -> None:
    one, two = np.array([1, 1, 1, 2]), np.array([0, 0, 5, 5])
    assert changes(one, two).tolist() == [True, False, True, True]
