"""Times of the common log format, which differ by little from line to line: a minute is read once."""

from collections.abc import Callable

import numpy as np
import polars as pl

from enrich.memo import Memo
from enrich.pieces import Numbers

_BEHIND = len(" +0000] ")
_SECONDS = r"^[0-5][0-9]$"


class Moments:
    """Reads times, keeping the minutes that it read.

    Args:
        read: From texts that end in ``:SS +ZZZZ]`` and a space to their times (UTC, microseconds), null where a text is
            no time.
    """

    def __init__(self, read: Callable[[pl.Series], pl.Series]) -> None:
        self._read = read
        self._minutes = Memo(lambda texts: read(texts).alias("minute").to_frame())
        self._seconds = Memo(_seconds)

    def read(self, texts: pl.Series) -> tuple[Numbers, pl.Series]:
        """Return each row's place among times, and these times.

        Args:
            texts: Line by line, null where there is none, shape (n,).

        Returns:
            Places (shape (n,)), and the times of each run of equal texts, null where a text is no time.
        """
        places, firsts = find_runs(texts)
        runs = texts.gather(firsts)
        parts = pl.DataFrame([runs.alias("text")]).select(
            pl.concat_str(pl.col("text").str.head(-_BEHIND - 2), pl.lit("00"), pl.col("text").str.tail(_BEHIND)).alias(
                "minute"
            ),
            pl.col("text").str.slice(-_BEHIND - 2, 2).alias("second"),
        )
        times = self._minutes.columns(parts["minute"]).to_series() + self._seconds.columns(parts["second"]).to_series()
        if times.null_count() == runs.null_count():
            return places, times
        # A leap second, and what only looks like a time.
        odd = (times.is_null() & runs.is_not_null()).arg_true()
        return places, times.scatter(odd, self._read(runs.gather(odd)))


def find_runs(texts: pl.Series) -> tuple[Numbers, Numbers]:
    """Return each row's run of equal texts, counted from 0, and each run's first row."""
    begins = texts.ne_missing(texts.shift()).to_numpy()
    if len(begins) and not begins[0]:  # a null has nothing before it
        begins = np.append(True, begins[1:])
    return np.cumsum(begins, dtype=np.uint32) - np.uint32(1), np.flatnonzero(begins).astype(np.uint32)


def _seconds(texts: pl.Series) -> pl.DataFrame:
    number = pl.when(pl.col("second").str.contains(_SECONDS)).then("second").cast(pl.Int64, strict=False)
    return texts.alias("second").to_frame().select(pl.duration(seconds=number, time_unit="us").alias("second"))
