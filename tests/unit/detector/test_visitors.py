"""Visitors in overlapping intervals are counted once in each."""

from datetime import timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.sessions import HOUR
from detector.visitors import VISITORS_SCHEMA, count_visitors, put_together, visits

LENGTH = timedelta(hours=6)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=40),
    st.sets(st.integers(-6, 31)),
)
@settings(max_examples=80, deadline=None)
def test_each_visitor_counts_once_in_each_interval(came: list[tuple[int, int]], begun: set[int]) -> None:
    rows = [{"site": who % 2, "place": who, "hour": hour * HOUR} for who, hour in came]
    visitors = put_together(pl.DataFrame(rows, schema=dict.fromkeys(VISITORS_SCHEMA, pl.Int64)).cast(VISITORS_SCHEMA))
    assert visitors.select("place", pl.col("hour").cast(pl.Int64) // HOUR).rows() == sorted(set(came))
    intervals = np.array(sorted(begun), np.int64) * HOUR
    wanted = {(who, begin) for begin in begun for who, hour in came if begin <= hour < begin + 6}
    found = visits(visitors, intervals, LENGTH).select("place", pl.col("interval").cast(pl.Int64) // HOUR).rows()
    assert sorted(found) == sorted(wanted)
    counts = count_visitors(visitors, intervals, LENGTH).with_columns(pl.col("interval").cast(pl.Int64) // HOUR)
    assert {(site, begin): count for site, begin, count in counts.rows()} == {
        (site, begin): count
        for site in (0, 1)
        for begin in begun
        if (count := sum(who % 2 == site and at == begin for who, at in wanted))
    }
