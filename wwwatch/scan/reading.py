"""Reading logs: files become compact rows, two pieces at a time, and what was read is told."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from core import fields
from core.errors import DeliveryError, FormatError
from enrich import (
    IS_COMMENT,
    Clean,
    CleanReader,
    Enrichment,
    Format,
    detect_format,
    is_quick,
    last_header,
    read_requests,
    resume,
)
from shipper.reader import MAX_LINE, Chunk, read_chunk
from shipper.source import Source, open_source
from wwwatch.formats import Choose
from wwwatch.scan.inputs import Input
from wwwatch.scan.rows import Dictionary
from wwwatch.scan.splitting import Piece, iter_pieces

THREADS = 2
SAMPLE = 262_144
"""Bytes that tell a file's format."""

EMPTY = "it has no lines"


@dataclass(frozen=True, slots=True)
class Part:
    """A file as it was read.

    Attributes:
        item: The file.
        base: The position of its first byte, counted over all files.
        entry: Its format, None where no line tells.
    """

    item: Input
    base: int
    entry: Format | None


@dataclass(slots=True)
class Counts:
    """How many lines there were.

    Attributes:
        lines: Of all, without comments and empty lines.
        parsed: Of these, how many parse.
    """

    lines: int = 0
    parsed: int = 0

    def add(self, other: "Counts") -> None:
        """Add another part's."""
        self.lines += other.lines
        self.parsed += other.parsed


@dataclass(slots=True)
class Log:
    """All that was read.

    Attributes:
        pieces: Compact rows of each file that has some.
        parts: The files.
        counts: Lines of all files.
        formats: Lines per format's name.
        strange: Names of files that hold no line that parses, and why.
        cut: Names of compressed files that break off or are broken, and how many of their lines could be read.
    """

    pieces: list[list[pl.DataFrame]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    formats: Counter[str] = field(default_factory=Counter)
    strange: dict[str, str] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)

    def take_pieces(self) -> list[pl.DataFrame]:
        """Give up the rows: the file that begins first comes first, so that what rotation cut is in order again."""
        files, self.pieces = self.pieces, []
        return [piece for pieces in sorted(files, key=lambda each: each[0]["time"][0]) for piece in pieces]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads files.

    Attributes:
        choose: The format of a file by its name; None to find it by its lines.
        zone: Where the clock stands of logs whose times have no zone.
        enrichment: Which proxies are trusted.
        progress: Told of bytes on disk and lines that were read since it was told last.
    """

    choose: Choose
    zone: str
    enrichment: Enrichment
    progress: Callable[[int, int], None] = lambda _bytes, _lines: None

    def read(self, inputs: Sequence[Input]) -> Log:
        """Read all files.

        Raises:
            FormatError: No line of any file parses, or a file cannot be read.
        """
        log, base = Log(), 0
        with ThreadPoolExecutor(THREADS) as pool:
            run = _Run(self, log, pool)
            for item in inputs:
                base += run.read_file(item, base)
        if not log.counts.parsed:
            raise FormatError(*_nothing(log, inputs))
        return log


@dataclass(frozen=True, slots=True)
class _Run:
    """One reading of some files."""

    reader: Reader
    log: Log
    pool: ThreadPoolExecutor
    words: Dictionary = field(default_factory=Dictionary)
    idle: list[CleanReader] = field(default_factory=list)

    def read_file(self, item: Input, base: int) -> int:
        """Read one file into the log; return how many bytes it holds, unpacked."""
        try:
            source = open_source(item.path)
        except (OSError, DeliveryError) as error:
            what = error.what if isinstance(error, DeliveryError) else str(error.strerror)
            if not item.is_named:  # of a folder's files the others are still worth a look
                self.log.strange[item.name] = what
                return 0
            if isinstance(error, DeliveryError):
                raise
            raise FormatError(f"cannot read {item.name}: {what}", "check its permissions") from None
        try:
            entry = self._find_format(item, source)
            self.log.parts.append(Part(item, base, entry))
            if entry is None:
                self.reader.progress(item.size, 0)
                return SAMPLE
            counts, end = self._parse(iter_pieces(source, item.size, self.reader.progress), entry, base)
            if not source.is_whole:
                self.log.cut[item.name] = counts.lines
        finally:
            source.close()
        self.log.counts.add(counts)
        self.log.formats[entry.name] += counts.lines
        if not counts.parsed:
            self.log.strange[item.name] = f"no line parses as {entry.name}" if counts.lines else EMPTY
        return end

    def _find_format(self, item: Input, source: Source) -> Format | None:
        if chosen := self.reader.choose(item.path):
            return chosen
        sample = read_chunk(source.read, 0, SAMPLE, closing=True)
        if sample is None:
            self.log.strange[item.name] = EMPTY
            return None
        try:
            return detect_format(sample.lines).in_zone(self.reader.zone)
        except FormatError:
            self.log.strange[item.name] = "its lines are in no format that is known"
            return None

    def _parse(self, pieces: Iterator[Piece], entry: Format, base: int) -> tuple[Counts, int]:
        """Parse pieces in two threads, a few ahead, and keep them in order."""
        waiting: deque[Future[tuple[pl.DataFrame, Counts]]] = deque()
        kept: list[pl.DataFrame] = []
        total, end, resumed = Counts(), 0, entry

        def take() -> None:
            rows, counts = waiting.popleft().result()
            if rows.height:
                kept.append(rows)
            total.add(counts)
            self.reader.progress(0, counts.lines)

        for piece in pieces:
            end = piece.end
            if entry.header is None:
                waiting.append(self.pool.submit(self._compact, piece, entry, base))
            else:  # what a piece's lines mean may stand in the one before
                chunk = piece.split()
                waiting.append(self.pool.submit(self._compact, chunk, resumed, base))
                resumed = resume(resumed, last_header(chunk.lines, entry))
            if len(waiting) > THREADS:
                take()
        while waiting:
            take()
        if kept:
            self.log.pieces.append(kept)
        return total, end

    def _compact(self, piece: Piece | Chunk, entry: Format, base: int) -> tuple[pl.DataFrame, Counts]:
        if isinstance(piece, Chunk):
            return self._compact_lines(piece.lines, piece.offsets + base, entry)
        data = piece.plain() if is_quick(entry) else None
        clean = self._read_clean(data, entry) if data else None
        if clean is None or int(np.diff(clean.ends, prepend=-1).max()) > MAX_LINE:
            chunk = piece.split()
            return self._compact_lines(chunk.lines, chunk.offsets + base, entry)
        offsets = pl.Series(np.append(0, clean.ends[:-1] + 1) + piece.start + base)
        if clean.is_clean.all():
            return self.words.compact_clean(clean, offsets), Counts(len(offsets), len(offsets))
        is_clean = pl.Series(clean.is_clean)
        rows = self.words.compact_clean(clean, offsets.filter(is_clean))
        others, counts = self._compact_lines(piece.split().lines.filter(~is_clean), offsets.filter(~is_clean), entry)
        counts.add(Counts(int(is_clean.sum()), int(is_clean.sum())))
        return pl.concat([rows, others]).sort("position"), counts

    def _read_clean(self, data: bytes, entry: Format) -> Clean | None:
        # Each thread takes one that nobody uses: what it knows of texts is for it alone.
        try:
            kept = self.idle.pop()
        except IndexError:
            kept = None
        if kept is None or kept.entry != entry:
            kept = CleanReader(entry, self.reader.enrichment, self.words.finish)
        clean = kept.read(data)
        self.idle.append(kept)
        return clean

    def _compact_lines(self, lines: pl.Series, positions: pl.Series, entry: Format) -> tuple[pl.DataFrame, Counts]:
        events = read_requests(lines, entry, self.reader.enrichment)
        errors = int(events.lines[fields.ERROR_MESSAGE].is_not_null().sum())
        comments = int(events.lines[IS_COMMENT].sum()) if IS_COMMENT in events.lines.columns else 0
        count = len(lines) - comments
        counts = Counts(count - int((lines == "").sum()), count - errors)
        return self.words.compact(events, positions), counts


def _nothing(log: Log, inputs: Sequence[Input]) -> tuple[str, str]:
    if len(inputs) == 1 and log.strange.get(inputs[0].name) == EMPTY:
        return f"there is nothing to scan in {inputs[0].name}: {EMPTY}", "name another one, or wait for requests"
    hint = "see `wwwatch parse FILE` for its lines, and give --format or --format-from"
    if len(inputs) == 1:
        return (
            f"there is nothing to scan in {inputs[0].name}: {log.strange.get(inputs[0].name, 'no line parses')}",
            hint,
        )
    return f"there is nothing to scan in {len(inputs)} files: no line of theirs parses", hint
