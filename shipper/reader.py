"""Whole lines out of a file, by the batch, with the offset of each."""

import os
from dataclasses import dataclass

import numpy as np
import polars as pl

MAX_LINE = 1_000_000
"""Bytes of a line that are kept; no web server writes such a line, but a broken disk or an attacker's file may."""

NEWLINE = 10


@dataclass(frozen=True, slots=True)
class Chunk:
    r"""A stretch of a file, cut at line ends.

    Attributes:
        start: Its first byte in the file.
        end: The byte after its last one.
        lines: The lines without their ends; bytes that are not UTF-8 show as ``\xNN``.
        offsets: Where each line starts in the file, in bytes.
        is_cut: Which lines were longer than `MAX_LINE` bytes and are kept in part.
    """

    start: int
    end: int
    lines: pl.Series
    offsets: pl.Series
    is_cut: pl.Series


def read_chunk(descriptor: int, start: int, size: int, *, closing: bool) -> Chunk | None:
    """Return the whole lines of about `size` bytes from `start` on, or None when there is none yet.

    Args:
        descriptor: The open file.
        start: Where a line starts, in bytes.
        size: How much to read; more only where one line is longer.
        closing: Nothing more is expected: what stands at the end without a line end is a line, too.
    """
    data = os.pread(descriptor, size, start)
    whole = data.rfind(b"\n") + 1
    if whole:
        return split_lines(data[:whole], start, start + whole)
    if len(data) == size:
        return _read_long_line(descriptor, start, closing=closing)
    if data and closing:
        return split_lines(data, start, start + len(data))
    return None


def split_lines(data: bytes, start: int, end: int) -> Chunk:
    """Split the bytes that lie at `start` into lines; `end` is beyond them where a line was cut while reading."""
    newlines = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE)
    is_ended = data.endswith(b"\n")
    body = data[:-1] if is_ended else data
    starts = np.concatenate(([0], newlines[newlines < len(body)] + 1))
    lengths = np.diff(np.append(starts, end - start + (not is_ended))) - 1
    lines = pl.Series("original", [body.decode("utf-8", "backslashreplace")]).str.split("\n").explode()
    if b"\r" in data:
        lines = lines.str.strip_suffix("\r")
    is_cut = pl.Series("is_cut", lengths > MAX_LINE)
    if is_cut.any():
        frame = pl.DataFrame([lines, is_cut])
        short = pl.when("is_cut").then(pl.col("original").str.head(MAX_LINE)).otherwise("original")
        lines = frame.select(short.alias("original")).to_series()
    return Chunk(start, end, lines, pl.Series("offset", starts + start, dtype=pl.Int64), is_cut)


def _read_long_line(descriptor: int, start: int, *, closing: bool) -> Chunk | None:
    """Return the one line at `start`, however long it is, without holding more of it than is kept."""
    kept, position = b"", start
    while data := os.pread(descriptor, MAX_LINE, position):
        line, newline, _ = data.partition(b"\n")
        kept = kept + line if len(kept) < MAX_LINE else kept
        position += len(line) + len(newline)
        if newline:
            return split_lines(kept + newline, start, position)
    return split_lines(kept, start, position) if closing else None
