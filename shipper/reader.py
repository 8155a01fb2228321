"""Whole lines out of a file, by the batch, with the offset of each."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

MAX_LINE = 1_000_000
"""Bytes of a line that are kept; no web server writes such a line, but a broken disk or an attacker's file may."""

NEWLINE = 10

Read = Callable[[int, int], bytes]
"""Returns bytes of a file: how many at most, and from where on; fewer only at its end."""


@dataclass(frozen=True, slots=True)
class Chunk:
    r"""A stretch of a file, cut at line ends.

    Attributes:
        start: Its first byte in the file.
        end: The byte after its last one.
        lines: The lines without their ends and without NUL bytes before them; bytes that are not UTF-8 show as
            ``\xNN``.
        offsets: Where each line starts in the file, in bytes.
        is_cut: Which lines were longer than `MAX_LINE` bytes and are kept in part.
    """

    start: int
    end: int
    lines: pl.Series
    offsets: pl.Series
    is_cut: pl.Series


def read_chunk(read: Read, start: int, size: int, *, closing: bool) -> Chunk | None:
    """Return the whole lines of about `size` bytes from `start` on, or None when there is none yet.

    Args:
        read: Returns the bytes of the file: how many at most, and from where on.
        start: Where a line starts, in bytes; or where a line without its end was taken for whole.
        size: How much to read; more only where one line is longer.
        closing: Nothing more is expected: what stands at the end without a line end is a line, too.
    """
    back = 1 if start else 0
    data = read(size + back, start - back)
    is_late, data = bool(back) and data[:1] != b"\n", data[back:]
    # The end of a line that was shipped before its end came is no line of its own.
    lead = len(data) - len(data.removeprefix(b"\r").removeprefix(b"\n")) if is_late else 0
    whole = data.rfind(b"\n") + 1
    chunk: Chunk | None = None
    if whole > lead:
        chunk = split_lines(data[lead:whole], start + lead, start + whole)
    elif len(data) >= size:
        chunk = _read_long_line(read, start + lead, closing=closing)
    elif len(data) > lead and closing:
        chunk = split_lines(data[lead:], start + lead, start + len(data))
    return replace(chunk, start=start) if chunk else None


def split_lines(data: bytes, start: int, end: int, dropped: int = 0) -> Chunk:
    """Split the bytes that lie at `start` into lines.

    Args:
        data: Lines, the last one perhaps without its end.
        start: Where they begin in the file.
        end: Where they end: beyond `start` and their length where a line was cut while reading.
        dropped: How many NUL bytes before the first line were left out while reading.
    """
    newlines = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE)
    is_ended = data.endswith(b"\n")
    body = data[:-1] if is_ended else data
    starts = np.concatenate(([0], newlines[newlines < len(body)] + 1))
    lengths = np.diff(np.append(starts, end - start + (not is_ended))) - 1
    lengths[0] -= dropped
    lines = pl.Series("original", [body.decode("utf-8", "backslashreplace")]).str.split("\n").explode()
    if b"\r" in data:
        lines = lines.str.strip_suffix("\r")
    if b"\0" in data:
        # A server that goes on writing where it was before copytruncate leaves a hole, which reads as NUL bytes.
        full, lines = lines, lines.str.strip_chars_start("\0")
        lengths = lengths - (full.str.len_bytes() - lines.str.len_bytes()).to_numpy()
    is_cut = pl.Series("is_cut", lengths > MAX_LINE)
    if is_cut.any():
        frame = pl.DataFrame([lines, is_cut])
        short = pl.when("is_cut").then(pl.col("original").str.head(MAX_LINE)).otherwise("original")
        lines = frame.select(short.alias("original")).to_series()
    return Chunk(start, end, lines, pl.Series("offset", starts + start, dtype=pl.Int64), is_cut)


def _read_long_line(read: Read, start: int, *, closing: bool) -> Chunk | None:
    """Return the one line at `start`, however long it is, without holding more of it than is kept."""
    kept, position, dropped = b"", start, 0
    while data := read(MAX_LINE, position):
        line, newline, _ = data.partition(b"\n")
        position += len(line) + len(newline)
        if not kept:
            whole, line = len(line), line.lstrip(b"\0")
            dropped += whole - len(line)
        kept = kept + line if len(kept) <= MAX_LINE else kept
        if newline:
            return split_lines(kept + newline, start, position, dropped)
    return split_lines(kept, start, position, dropped) if closing and position > start else None
