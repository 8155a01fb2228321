"""Peaks in sliding windows against counting them one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.peaks import Windows, busiest, in_time
from detector.segments import changes

MOMENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200_000_000)), max_size=60)
DENSE = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 70).map(lambda second: second * 1_000_000)), max_size=200)
FAR = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(-(2**40), 2**40)), max_size=30)


def _most(times: list[int], seconds: int) -> int:
    return max((sum(last - seconds * 1_000_000 < at <= last for at in times) for last in times), default=0)


@given(st.one_of(MOMENTS, DENSE))
def test_peaks_are_those_of_every_window(moments: list[tuple[int, int]]) -> None:
    moments = sorted(moments)
    owners, times = (np.array([each[place] for each in moments], np.int64) for place in (0, 1))
    begins = np.flatnonzero(changes(owners))
    found = busiest(begins, times, {"ten": 10, "minute": 60})
    for name, seconds in (("ten", 10), ("minute", 60)):
        for owner, most in zip(owners[begins], found[name], strict=True):
            assert most == _most([at for whose, at in moments if whose == owner], seconds)


@given(st.one_of(MOMENTS, DENSE), st.data())
def test_peaks_of_some_rows_are_those_of_these_alone(moments: list[tuple[int, int]], data: st.DataObject) -> None:
    moments = sorted(moments)
    which = data.draw(st.lists(st.booleans(), min_size=len(moments), max_size=len(moments)))
    owners, times = (np.array([each[place] for each in moments], np.int64) for place in (0, 1))
    begins = np.flatnonzero(changes(owners))
    found = Windows(begins, times, (1, 60)).most(60, np.array(which, np.bool_))
    for owner, most in zip(owners[begins], found, strict=True):
        own = [at for (whose, at), counts in zip(moments, which, strict=True) if whose == owner and counts]
        assert most == _most(own, 60)


@given(st.one_of(MOMENTS, FAR))
def test_owners_and_times_are_sorted_by_both_however_far_apart(moments: list[tuple[int, int]]) -> None:
    owners, times = (np.array([each[place] for each in moments], np.int64) for place in (0, 1))
    found = in_time(owners, times)
    assert list(zip(*(each.tolist() for each in found), strict=True)) == sorted(moments)
