"""The ledger held against the disk: is every line that was passed accounted for?"""

import sys
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import DeliveryError
from shipper.identity import family_of, has_content, is_as_before, read_head
from shipper.ledger import Ledger
from shipper.live import Live, read_live
from shipper.meter import Mishap
from shipper.names import find_relatives
from shipper.registry import Entry, read_registry
from shipper.source import Source, open_source

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A file's account.

    Attributes:
        path: The name under which it was first seen.
        identity: Its key in the registry.
        is_there: Whether the file is still there, under this or another name, with what was read in it.
        passed: Lines on the disk before the registry's offset; None when the file is gone.
        pending: Lines on the disk after it.
        ledger: What became of the lines that were passed.
        rate: Lines per second over the last minute; 0 where no shipper runs.
        caught_up: When all that was in it was acknowledged last, aware; None where that is not known.
        error: What failed on it last.
    """

    path: str
    identity: str
    is_there: bool
    passed: int | None
    pending: int
    ledger: Ledger
    rate: float = 0.0
    caught_up: datetime | None = None
    error: Mishap | None = None

    @property
    def missing(self) -> int:
        """Return how many of the lines passed are not accounted for; below 0, more are than there were."""
        return 0 if self.passed is None else self.passed - self.ledger.lines

    def lag(self, now: datetime) -> float | None:
        """Return for how many seconds, at most, the oldest pending line has been waiting; None where unknown.

        That is the time since everything in the file was acknowledged last: 0 when nothing is pending.
        """
        if not self.pending:
            return 0.0
        return max(0.0, (now - self.caught_up).total_seconds()) if self.caught_up else None

    def as_dict(self, now: datetime) -> dict[str, Any]:
        """Return all of it for JSON."""
        on_disk = None if self.passed is None else self.passed + self.pending
        figures = {"lines": on_disk, "pending": self.pending, "missing": self.missing, **self.ledger.as_dict()}
        live = {
            "lines_per_second": self.rate,
            "lag_seconds": self.lag(now),
            "error": self.error.as_dict() if self.error else None,
        }
        return {"path": self.path, "identity": self.identity, "is_there": self.is_there, **figures, **live}


def read_status(registry: Path) -> list[FileStatus]:
    """Return each file's account; the shipper may be running meanwhile.

    Args:
        registry: The registry's file; where there is none, nothing was shipped.

    Raises:
        DeliveryError: The registry cannot be read.
    """
    host, entries = read_registry(registry) or ("", {})
    live = read_live(registry)
    accounts = [_account(host, identity, entry) for identity, entry in entries.items()]
    return [_enliven(account, live) for account in accounts] if live else accounts


def _enliven(account: FileStatus, live: Live) -> FileStatus:
    # A file that the shipper does not speak of has had nothing new for a while.
    caught_up = live.caught_up.get(account.identity, live.updated)
    rate = live.rates.get(account.identity, 0.0)
    return replace(account, rate=rate, caught_up=caught_up, error=live.errors.get(account.identity))


def _account(host: str, identity: str, entry: Entry) -> FileStatus:
    source = find_source(host, identity, entry)
    if source is None:
        return FileStatus(entry.path, identity, is_there=False, passed=None, pending=0, ledger=entry.ledger)
    try:
        passed = _count_lines(source, entry.start, entry.offset) + sum(
            _is_split(source, each, entry) for each in entry.splits
        )
        pending = count_pending(source, entry)
    finally:
        source.close()
    return FileStatus(entry.path, identity, is_there=True, passed=passed, pending=pending, ledger=entry.ledger)


def find_source(host: str, identity: str, entry: Entry) -> Source | None:
    """Open the entry's file under its name, else under another one in the same folder; None where it is gone."""
    if entry.superseded:
        return None
    relatives = find_relatives(str(Path(entry.path).parent), family_of(entry.path))
    for name in [entry.path, *(item.path for item in relatives)]:
        try:
            source = open_source(name)
        except (OSError, DeliveryError):
            continue
        head = read_head(source, closing=True)
        is_own = head is not None and has_content(entry, source, head)
        if source.key == entry.key and (is_own or is_as_before(host, identity, entry, source)):
            return source
        source.close()
    return None


def count_pending(source: Source, entry: Entry) -> int:
    """Return how many lines begin at or after the registry's offset; a last one without its end counts."""
    if entry.offset in entry.splits and source.read(2, entry.offset) in (b"\n", b"\r\n"):
        return 0  # the end of a line that was shipped
    return _count_lines(source, entry.offset, sys.maxsize)


def _is_split(source: Source, position: int, entry: Entry) -> bool:
    """Return whether what follows there is a document of its own: the rest of a line that was shipped in two parts."""
    rest = source.read(2, position)
    return position < entry.offset and not rest.startswith(b"\n") and rest != b"\r\n"


def _count_lines(source: Source, start: int, end: int) -> int:
    """Count the lines that begin in [start, end); a last one without its end counts."""
    lines, last = 0, b"\n"
    while start < end and (data := source.read(min(_PIECE, end - start), start)):
        lines += data.count(b"\n")
        last = data[-1:]
        start += len(data)
    return lines + (last != b"\n")
