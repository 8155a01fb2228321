"""A log's bytes in pieces of whole lines, which are split where there is a thread for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from shipper.reader import MAX_LINE, NEWLINE, Chunk, read_chunk, split_lines
from shipper.source import Source

SIZE = 8_000_000
"""Bytes of a piece: parsing costs less where more values repeat, and four pieces are held at once."""

END = 16_384
"""Bytes at a piece's end where a line's end is looked for first."""

MAY_BE_PACKED = (b"x", b"(", b"\x1f")
"""What zlib, zstd and gzip begin with: polars would unpack text that looks so."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines.

    Attributes:
        start: Its first byte in the log.
        end: The byte after its last one.
        held: The bytes; or the one line, where it is longer than a piece.
    """

    start: int
    end: int
    held: bytes | Chunk

    def plain(self) -> bytes | None:
        """Return the bytes where lines are ended by line feeds alone; else None."""
        held = self.held
        if isinstance(held, Chunk) or b"\r" in held or b"\0" in held:
            return None
        return held

    def split(self) -> Chunk:
        """Return the lines."""
        if isinstance(self.held, Chunk):
            return self.held
        return _split_plain(self.held, self.start) or split_lines(self.held, self.start, self.end)


def iter_pieces(source: Source, size: int, progress: Callable[[int, int], None]) -> Iterator[Piece]:
    """Yield all of a log.

    Args:
        source: The log.
        size: Its bytes on disk.
        progress: Told of bytes on disk that were read since it was told last, and of 0 lines.
    """
    position, told = 0, 0
    while data := source.read(_whole_lines(source, position), position):
        whole = data.rfind(b"\n") + 1
        if whole or len(data) < SIZE:
            # A slice of all bytes is no copy.
            piece = Piece(position, position + (whole or len(data)), data[: whole or None])
        else:
            chunk = read_chunk(source.read, position, SIZE, closing=True)
            if chunk is None:
                break
            piece = Piece(position, chunk.end, chunk)
        yield piece
        position = piece.end
        at = min(position, size) if not source.is_packed else told
        progress(at - told, 0)
        told = at
    progress(size - told, 0)


def _whole_lines(source: Source, position: int) -> int:
    """Return how many bytes to read for a piece: up to a line's end where it is easily found, to copy none of them."""
    if source.is_packed:
        return SIZE
    before = max(SIZE - END, 0)
    at = source.read(SIZE - before, position + before).rfind(b"\n")
    return before + at + 1 if at >= 0 else SIZE


def _split_plain(data: bytes, start: int) -> Chunk | None:
    """Split lines that are as they should be: UTF-8, ended by a line feed alone, none too long; None for others."""
    if b"\r" in data or b"\0" in data or data.startswith(MAY_BE_PACKED):
        return None
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    starts = np.concatenate(([0], ends[:-1] + 1))
    if int((ends - starts).max()) > MAX_LINE:
        return None
    try:
        lines = pl.read_lines(data, name="original").to_series()
    except pl.exceptions.ComputeError:
        return None
    if len(lines) != len(starts):
        return None
    offsets = pl.Series("offset", starts + start, dtype=pl.Int64)
    return Chunk(start, start + len(data), lines, offsets, pl.repeat(value=False, n=len(lines), eager=True))
