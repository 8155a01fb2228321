"""Peaks in sliding windows against counting them one by one."""

from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from detector.rows import busiest, in_time
from tests.unit.detector.frames import START

MOMENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200_000_000)), max_size=60)


@given(MOMENTS)
def test_peaks_are_those_of_every_window(moments: list[tuple[int, int]]) -> None:
    moments = sorted(moments)
    owners = pl.Series([owner for owner, _ in moments], dtype=pl.UInt32)
    times = pl.Series([START + timedelta(microseconds=at) for _, at in moments], dtype=pl.Datetime("us", "UTC"))
    found = busiest(owners, times, {"ten": 10, "minute": 60})
    for row in found.iter_rows(named=True):
        own = [at for owner, at in moments if owner == row["owner"]]
        for name, seconds in (("ten", 10), ("minute", 60)):
            most = max(sum(last - seconds * 1_000_000 < at <= last for at in own) for last in own)
            assert row[name] == most
    assert found["owner"].to_list() == sorted(set(owners))


FAR = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**40)), max_size=30)


@given(st.one_of(MOMENTS, FAR))
def test_owners_and_times_are_sorted_by_both_however_far_apart(moments: list[tuple[int, int]]) -> None:
    owners = pl.Series([owner for owner, _ in moments], dtype=pl.UInt32)
    times = pl.Series([START + timedelta(microseconds=at) for _, at in moments], dtype=pl.Datetime("us", "UTC"))
    expected = pl.DataFrame({"owner": owners, "time": times}).sort("owner", "time")
    found = in_time(owners, times)
    assert found[0].equals(expected["owner"])
    assert found[1].equals(expected["time"])


def test_what_has_no_time_is_in_no_interval() -> None:
    owners = pl.Series([1, 0, 1], dtype=pl.UInt32)
    times = pl.Series([START, None, None], dtype=pl.Datetime("ms", "UTC"))
    sorted_owners, sorted_times = in_time(owners, times)
    assert sorted_owners.to_list() == [1]
    assert sorted_times.to_list() == [START]
