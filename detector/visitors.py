"""Who did more than asking for pages, hour by hour, and in which longer intervals that was."""

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.runs import members
from detector.segments import begins, in_order, is_in_order
from detector.sessions import HOUR, microseconds

VISITORS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "site": pl.UInt64,
    "place": pl.UInt64,
    "hour": pl.Datetime("us", "UTC"),
}
"""One row per site, client (`place` is a number for both) and hour in which it did more than asking for pages."""


def find_visitors(observed: pl.DataFrame) -> pl.DataFrame:
    """Return who did more (VISITORS_SCHEMA, in the order of place and hour), of `detector.slots.observe`'s output."""
    rows = np.flatnonzero(observed["more"].to_numpy())
    places = observed["place"].to_numpy()[rows]
    hours = observed["slot"].to_physical().to_numpy()[rows] // HOUR * HOUR
    first = begins(places, hours)
    sites = observed["site"].to_numpy()[rows[first]]
    return _frame(sites, places[first], hours[first])


def put_together(visitors: pl.DataFrame) -> pl.DataFrame:
    """Return each row once, in the order of place and hour (VISITORS_SCHEMA)."""
    sites, places, hours = _columns(visitors)
    if is_in_order(places, hours):
        return visitors
    order = in_order(places, hours)
    rows = order[begins(places[order], hours[order])]
    return _frame(sites[rows], places[rows], hours[rows])


def count_visitors(visitors: pl.DataFrame, intervals: NDArray[np.int64], length: timedelta) -> pl.DataFrame:
    """Count the different visitors of each site in intervals that overlap.

    Args:
        visitors: Output of `put_together`.
        intervals: When they begin, at full hours, ascending, in microseconds since 1970.
        length: How long they are.

    Returns:
        `site`, `interval` and `visitors` (UInt32), of those with any.
    """
    sites = visitors["site"].to_numpy()
    rows, where = _overlap(visitors, intervals, length)
    names, numbers = np.unique(sites, return_inverse=True)
    counts = np.bincount(numbers[rows] * len(intervals) + where, minlength=len(names) * len(intervals))
    found = np.flatnonzero(counts)
    return pl.DataFrame(
        {
            "site": names[found // max(len(intervals), 1)],
            "interval": _times(intervals[found % max(len(intervals), 1)]),
            "visitors": counts[found].astype(np.uint32),
        }
    )


def visits(visitors: pl.DataFrame, intervals: NDArray[np.int64], length: timedelta) -> pl.DataFrame:
    """Return `place` and `interval` of each visitor in each interval, once; as `count_visitors` takes them."""
    rows, where = _overlap(visitors, intervals, length)
    return pl.DataFrame({"place": visitors["place"].to_numpy()[rows], "interval": _times(intervals[where])})


def _overlap(
    visitors: pl.DataFrame, intervals: NDArray[np.int64], length: timedelta
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and intervals in which they are, each client once in each, both of shape (k,)."""
    _, places, hours = _columns(visitors)
    oldest = hours - microseconds(length) + HOUR
    # An interval that holds the hour in which the client came before is told of there.
    again = places[1:] == places[:-1]
    oldest[1:][again] = np.maximum(oldest[1:], hours[:-1] + HOUR)[again]
    low = np.searchsorted(intervals, oldest, side="left")
    sizes = np.searchsorted(intervals, hours, side="right") - low
    return np.repeat(np.arange(len(hours)), sizes), members(low, sizes)


def _columns(visitors: pl.DataFrame) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]:
    return visitors["site"].to_numpy(), visitors["place"].to_numpy(), visitors["hour"].to_physical().to_numpy()


def _times(moments: NDArray[np.int64]) -> pl.Series:
    return pl.Series(moments).cast(VISITORS_SCHEMA["hour"])


def _frame(sites: NDArray[np.uint64], places: NDArray[np.uint64], hours: NDArray[np.int64]) -> pl.DataFrame:
    return pl.DataFrame({"site": sites, "place": places, "hour": _times(hours)})
