"""What a running shipper knows of itself: one place that is told, and that the status, the metrics and the log ask."""

import threading
from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime

from core.clock import Clock, iso_millis
from shipper.ledger import Ledger

LATENCY_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the classes of a bulk request's seconds."""

MARK_SECONDS = 5.0
MARKS = 13
"""Rates are of the last minute: so many marks, so far apart."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something that failed: when, on what, and why."""

    time: datetime
    what: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """Return it for JSON."""
        return {"time": iso_millis(self.time), "what": self.what, "reason": self.reason}


@dataclass(slots=True)
class FileFigures:
    """A file's figures.

    Attributes:
        path: Its name.
        pending_bytes: Bytes of it that are not acknowledged.
        caught_up: When all that was in it was acknowledged last, aware.
        lines: Lines acknowledged since this shipper started.
        error: What failed on it last.
    """

    path: str
    pending_bytes: int
    caught_up: datetime
    lines: int = 0
    error: Mishap | None = None

    def lag(self, now: datetime) -> float:
        """Return for how many seconds something in it has been waiting, at most; 0 when nothing is."""
        return max(0.0, (now - self.caught_up).total_seconds()) if self.pending_bytes else 0.0


@dataclass(slots=True)
class Totals:
    """The figures of all files since this shipper started."""

    ledger: Ledger = field(default_factory=Ledger)
    bytes: int = 0
    batches: int = 0
    retries: int = 0
    bulk_seconds: float = 0.0
    bulks: Counter[float] = field(default_factory=Counter)
    last_success: datetime | None = None
    last_error: Mishap | None = None


class Meter:
    """Collects the figures; any thread may tell, and any ask."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.totals = Totals()
        self.files: dict[str, FileFigures] = {}
        self.errors: dict[str, Mishap] = {}
        self.lock = threading.RLock()
        self._marks: deque[tuple[float, dict[str, int]]] = deque(maxlen=MARKS)

    def watch(self, identity: str, path: str, pending_bytes: int, *, is_caught_up: bool) -> None:
        """Tell how far a file is behind."""
        with self.lock:
            now = self.clock.now()
            figures = self.files.setdefault(identity, FileFigures(path, pending_bytes, now))
            figures.pending_bytes = pending_bytes
            if is_caught_up:
                figures.caught_up = now

    def forget(self, identities: set[str]) -> None:
        """Leave out files that are no longer followed: all but these."""
        with self.lock:
            self.files = {identity: figures for identity, figures in self.files.items() if identity in identities}

    def landed(self, identity: str, size: int, counts: Ledger, *, batches: int = 1) -> None:
        """Tell that so many bytes of a file, with these lines, are acknowledged."""
        with self.lock:
            if identity in self.files:
                self.files[identity].lines += counts.lines
            self.totals.ledger += counts
            self.totals.bytes += size
            self.totals.batches += batches
            self.totals.last_success = self.clock.now()

    def answered(self, seconds: float) -> None:
        """Tell how long Elasticsearch took for a bulk request."""
        with self.lock:
            place = bisect_left(LATENCY_BOUNDS, seconds)
            self.totals.bulks[LATENCY_BOUNDS[place] if place < len(LATENCY_BOUNDS) else float("inf")] += 1
            self.totals.bulk_seconds += seconds

    def retried(self, reason: str) -> None:
        """Tell that a batch has to be sent again."""
        with self.lock:
            self.totals.retries += 1
            self.totals.last_error = Mishap(self.clock.now(), "Elasticsearch", reason)

    def failed(self, path: str, reason: str, identity: str | None = None) -> None:
        """Tell that a file cannot be read or its format not be found."""
        with self.lock:
            mishap = Mishap(self.clock.now(), path, reason)
            self.errors[path] = self.totals.last_error = mishap
            if identity in self.files:
                self.files[identity].error = mishap

    def recovered(self, path: str) -> None:
        """Tell that a file can be read after all."""
        with self.lock:
            self.errors.pop(path, None)

    def rates(self) -> dict[str, float]:
        """Return each file's lines per second over the last minute."""
        with self.lock:
            now = self.clock.monotonic()
            lines = {identity: figures.lines for identity, figures in self.files.items()}
            if not self._marks or now - self._marks[-1][0] >= MARK_SECONDS:
                self._marks.append((now, lines))
            then, before = self._marks[0]
            seconds = max(now - then, 1.0)
            return {identity: (count - before.get(identity, 0)) / seconds for identity, count in lines.items()}

    def lag(self) -> float:
        """Return the longest lag of all files, in seconds."""
        with self.lock:
            now = self.clock.now()
            return max((figures.lag(now) for figures in self.files.values()), default=0.0)

    def pending_bytes(self) -> int:
        """Return how many bytes of all files are not acknowledged."""
        with self.lock:
            return sum(figures.pending_bytes for figures in self.files.values())
