"""Makes batches: reads a stretch of a file, finds its format, parses it."""

from collections import deque
from collections.abc import Callable
from importlib.metadata import version

import polars as pl

from core.clock import Clock
from core.errors import FormatError
from core.settings import ShipSettings
from enrich import Enrichment, Format, Origin, detect_format, last_header, resume
from shipper.batch import Batch, build_batches
from shipper.follow import Tail
from shipper.reader import Chunk

SAMPLE_BYTES = 262_144
SURE_LINES = 100
_FIRST_LINE_BYTES = 200.0
BATCHES_AHEAD = 4
"""So many batches are made at once where a file has so much to read."""

FILES_AHEAD = 2
"""Of so many files batches are kept that were made ahead; those of others are made again."""

Choose = Callable[[str], Format | None]
"""From a file's name to its format."""


class Preparer:
    """Makes the batches of all files.

    Args:
        ship: How much goes into a batch.
        host: The machine's name in the documents.
        clock: The time at which lines are read.
        choose: The format of a file, by its name; None to find it by its lines.
        enrichment: What is known besides of what the lines hold.
    """

    def __init__(self, ship: ShipSettings, host: str, clock: Clock, choose: Choose, enrichment: Enrichment) -> None:
        self._ship = ship
        self._host = host
        self._clock = clock
        self._choose = choose
        self._enrichment = enrichment
        self._formats: dict[str, Format] = {}
        self._headers: dict[str, tuple[int, str]] = {}
        self._version = version("wwwatch")
        self._line_bytes = _FIRST_LINE_BYTES
        self._ahead: dict[str, deque[Batch]] = {}
        self._is_full = False

    def prepare(self, tail: Tail, start: int, *, closing: bool) -> tuple[Batch, bool] | None:
        """Return the next batch and whether there is more at once; None where there is no whole line yet.

        Args:
            tail: The file.
            start: Where a line starts, in bytes.
            closing: Nothing more is expected: what stands at the end without a line end is a line, too.

        Raises:
            FormatError: The lines are in no known format.
            OSError: The file cannot be read.
        """
        ahead = self._ahead.pop(tail.identity, None)
        if not ahead or ahead[0].start != start:
            ahead = self._make(tail, start, closing=closing)
        if not ahead:
            return None
        batch = ahead.popleft()
        if batch.header:
            self._headers[tail.identity] = batch.end, batch.header
        if ahead:
            self._ahead[tail.identity] = ahead
            if len(self._ahead) > FILES_AHEAD:
                del self._ahead[next(iter(self._ahead))]
        return batch, bool(ahead) or self._is_full

    def _make(self, tail: Tail, start: int, *, closing: bool) -> deque[Batch]:
        """Make several batches at once, for a part of the work is the same however many lines there are."""
        count = self._ship.batch_lines * BATCHES_AHEAD
        # As many bytes as hold the lines, and a few more: what is left over is read and decoded again.
        size = min(self._ship.batch_bytes, int(count * self._line_bytes * 1.1) + 1)
        chunk = tail.read(start, size, closing=closing)
        if chunk is None:
            return deque()
        self._is_full = (chunk.end - chunk.start) * 2 > size or len(chunk.lines) > count
        chunk = first_lines(chunk, count)
        self._line_bytes = (chunk.end - chunk.start) / max(1, len(chunk.lines))
        path = tail.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        origin = Origin(path, self._host, self._ship.namespace, self._clock.now(), self._version)
        entry = self._resume(self._find_format(tail), tail, start)
        lines = self._ship.batch_lines
        return deque(build_batches(chunk, tail.identity, entry, origin, self._enrichment, lines=lines))

    def _resume(self, entry: Format, tail: Tail, start: int) -> Format:
        """Return the format as the last header line before `start` has it."""
        if entry.header is None:
            return entry
        end, header = self._headers.get(tail.identity, (0, ""))
        if header and end <= start:
            return resume(entry, header)
        if tail.entry.format or not start:
            return resume(entry, tail.entry.format)
        sample = tail.read(0, min(SAMPLE_BYTES, start), closing=True)
        return resume(entry, last_header(sample.lines, entry) if sample else None)

    def _find_format(self, tail: Tail) -> Format:
        known = self._choose(tail.name) or self._formats.get(tail.identity)
        if known:
            return known
        sample = tail.read(0, SAMPLE_BYTES, closing=True)
        if sample is None:
            raise FormatError("the file is empty", "give --format")
        found = detect_format(sample.lines).in_zone(self._ship.timezone)
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
