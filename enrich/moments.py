"""Times of the common log format, which differ by little from line to line: a minute is read once."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from enrich.memo import Memo

Bools = npt.NDArray[np.bool_]
_Words = npt.NDArray[np.uint64]

PLAIN = len(" - - [31/Jan/2026:08:15:00 +0000] ")
"""Bytes after the client where nobody logged in."""

_BEHIND = len(" +0000] ")
_SECONDS = r"^[0-5][0-9]$"

_WINDOW = 40
"""Bytes that are looked at before a head's end: those of PLAIN and six before, which make five words of eight."""

_IDENTITY = (int.from_bytes(b" -", "little"), int.from_bytes(b" - [", "little"))
"""How PLAIN begins, in the first word and in the second."""

_TO_MINUTE = np.uint64((1 << 48) - 1)
"""The fourth word without the two digits of the second."""

_ZERO, _NONE = ord("0"), np.iinfo(np.int64).min


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

    def read(self, data: bytes, heads: pl.Series, starts: npt.NDArray[np.int64]) -> tuple[Bools, pl.Series]:
        """Read the times that lines' heads end in.

        Args:
            data: What the lines are in.
            heads: What stands before a line's first quote, null for nothing, shape (n,).
            starts: Where each begins in `data`, shape (n,).

        Returns:
            Which heads are a client and what has PLAIN's length, and each one's time, null where there is none.
        """
        lengths = heads.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
        words = _words(data, starts + lengths)
        looks_plain = (words[:, 0] >> np.uint64(48)) == _IDENTITY[0]
        looks_plain &= (words[:, 1] & np.uint64(0xFFFFFFFF)) == _IDENTITY[1]
        looks_plain &= (lengths > PLAIN) & (starts + lengths >= _WINDOW)
        found = np.full(len(heads), _NONE)
        rows = np.flatnonzero(looks_plain)
        found[rows] = self._read_plain(heads, rows, words if len(rows) == len(words) else words[rows])
        times = pl.Series(found).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        is_plain = found != _NONE
        if is_plain.all():
            return is_plain, times
        others = np.flatnonzero(~is_plain)
        texts = heads.gather(others).str.splitn(" ", 2).struct.field("field_1")
        return is_plain, times.scatter(others, self.read_texts(texts))

    def _read_plain(self, heads: pl.Series, rows: npt.NDArray[np.intp], words: _Words) -> npt.NDArray[np.int64]:
        """Return the times of plain heads (shape (m,)) in microseconds, _NONE for what only looks like one."""
        until_second = words[:, 3] & _TO_MINUTE
        is_new = np.ones(len(rows), np.bool_)
        is_new[1:] = until_second[1:] != until_second[:-1]
        for column in (1, 2, 4):
            is_new[1:] |= words[1:, column] != words[:-1, column]
        firsts = np.flatnonzero(is_new)
        whole = heads.gather(rows[firsts]).str.tail(PLAIN - 1)
        known = self._minutes.columns(_at_minute(whole)).to_series().to_physical().fill_null(_NONE)
        minutes = np.repeat(known.to_numpy(), np.diff(firsts, append=len(rows)))
        tens, units = (((words[:, 3] >> np.uint64(bit)) & np.uint64(255)).astype(np.int64) - _ZERO for bit in (48, 56))
        is_time = (minutes != _NONE) & (tens >= 0) & (tens <= 5) & (units >= 0) & (units <= 9)  # noqa: PLR2004 - digits
        return np.where(is_time, minutes + (tens * 10 + units) * 1_000_000, _NONE)

    def read_texts(self, texts: pl.Series) -> pl.Series:
        """Return the time that each text ends in, null where there is none, shape (n,)."""
        begins = texts.ne_missing(texts.shift()).to_numpy()
        if len(begins) and not begins[0]:  # a null has nothing before it
            begins = np.append(True, begins[1:])
        firsts = np.flatnonzero(begins)
        runs = texts.gather(firsts)
        second = runs.str.slice(-_BEHIND - 2, 2).alias("second")
        times = self._minutes.columns(_at_minute(runs)).to_series() + self._seconds.columns(second).to_series()
        if times.null_count() != runs.null_count():  # a leap second, and what only looks like a time
            odd = (times.is_null() & runs.is_not_null()).arg_true()
            times = times.scatter(odd, self._read(runs.gather(odd)))
        return times.gather(np.repeat(np.arange(len(firsts)), np.diff(firsts, append=len(texts))))


def _words(data: bytes, ends: npt.NDArray[np.int64]) -> _Words:
    """Return the five words before each end, shape (n, 5); anything where there are not so many bytes."""
    text = np.frombuffer(data.rjust(_WINDOW), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(text, _WINDOW)
    return windows[np.maximum(ends - _WINDOW, 0)].view("<u8")


def _at_minute(texts: pl.Series) -> pl.Series:
    """Return texts that end in a time as they would a full minute."""
    text = pl.col("text")
    parts = (text.str.head(-_BEHIND - 2), pl.lit("00"), text.str.tail(_BEHIND))
    return texts.alias("text").to_frame().select(pl.concat_str(*parts)).to_series()


def _seconds(texts: pl.Series) -> pl.DataFrame:
    number = pl.when(pl.col("second").str.contains(_SECONDS)).then("second").cast(pl.Int64, strict=False)
    return texts.alias("second").to_frame().select(pl.duration(seconds=number, time_unit="us").alias("second"))
