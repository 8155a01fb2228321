"""Makes batches: reads a stretch of a file, finds its format, parses it."""

from importlib.metadata import version

import polars as pl

from core.clock import Clock
from core.errors import FormatError
from core.settings import ShipSettings
from enrich import Format, Origin, detect_format
from shipper.batch import Batch, build_batch
from shipper.follow import Tail
from shipper.reader import Chunk

SAMPLE_BYTES = 262_144
SURE_LINES = 100
_FIRST_LINE_BYTES = 200.0


class Preparer:
    """Makes the batches of all files.

    Args:
        ship: How much goes into a batch.
        host: The machine's name in the documents.
        clock: The time at which lines are read.
        entry: The format of every file; None to find each file's own by its lines.
    """

    def __init__(self, ship: ShipSettings, host: str, clock: Clock, entry: Format | None) -> None:
        self._ship = ship
        self._host = host
        self._clock = clock
        self._format = entry
        self._formats: dict[str, Format] = {}
        self._version = version("wwwatch")
        self._line_bytes = _FIRST_LINE_BYTES

    def prepare(self, tail: Tail, start: int, *, closing: bool) -> tuple[Batch, bool] | None:
        """Return the next batch and whether it is full; None where there is no whole line yet.

        Args:
            tail: The file.
            start: Where a line starts, in bytes.
            closing: Nothing more is expected: what stands at the end without a line end is a line, too.

        Raises:
            FormatError: The lines are in no known format.
            OSError: The file cannot be read.
        """
        # As many bytes as hold a batch's lines, and a few more: what is left over is read and decoded again.
        size = min(self._ship.batch_bytes, int(self._ship.batch_lines * self._line_bytes * 1.1) + 1)
        chunk = tail.read(start, size, closing=closing)
        if chunk is None:
            return None
        is_full = (chunk.end - chunk.start) * 2 > size or len(chunk.lines) > self._ship.batch_lines
        chunk = first_lines(chunk, self._ship.batch_lines)
        self._line_bytes = (chunk.end - chunk.start) / max(1, len(chunk.lines))
        path = tail.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        origin = Origin(path, self._host, self._ship.namespace, self._clock.now(), self._version)
        return build_batch(chunk, tail.identity, self._find_format(tail), origin), is_full

    def _find_format(self, tail: Tail) -> Format:
        known = self._format or self._formats.get(tail.identity)
        if known:
            return known
        sample = tail.read(0, SAMPLE_BYTES, closing=True)
        if sample is None:
            raise FormatError("the file is empty", "give --format")
        found = detect_format(sample.lines)
        # A few lines may mislead: until there are more, each batch asks again.
        if len(sample.lines) >= SURE_LINES:
            self._formats[tail.identity] = found
        return found


def first_lines(chunk: Chunk, count: int) -> Chunk:
    """Return a chunk's first `count` lines."""
    if len(chunk.lines) <= count:
        return chunk
    parts: list[pl.Series] = [part.head(count) for part in (chunk.lines, chunk.offsets, chunk.is_cut)]
    return Chunk(chunk.start, int(chunk.offsets[count]), *parts)
