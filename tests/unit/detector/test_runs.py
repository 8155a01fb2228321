"""Groups by way of runs are what groups would be."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.runs import Runs, members

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.booleans()), min_size=1, max_size=60)


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_runs_are_groups(rows: list[tuple[int, int, bool]]) -> None:
    keys, times = np.array([key for key, _, _ in rows], np.uint64), np.array([time for _, time, _ in rows], np.int64)
    marks = np.array([mark for _, _, mark in rows], np.bool_)
    groups = [
        [row for row, each in enumerate(rows) if each[:2] == group] for group in sorted({row[:2] for row in rows})
    ]
    runs = Runs.of(keys, times)
    assert runs.first.tolist() == [group[0] for group in groups]
    assert runs.requests().tolist() == [len(group) for group in groups]
    counts = [sum(rows[row][2] for row in group) for group in groups]
    assert runs.add_up(marks).tolist() == counts
    assert runs.count(np.flatnonzero(marks)).tolist() == counts
    first = [next((row for row in group if rows[row][2]), group[0]) for group in groups]
    assert runs.first_known(marks).tolist() == first


def test_members_are_the_rows_of_segments() -> None:
    assert members(np.array([0, 5, 9]), np.array([2, 0, 3])).tolist() == [0, 1, 9, 10, 11]
    assert members(np.array([], np.intp), np.array([], np.intp)).tolist() == []
