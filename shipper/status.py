"""The ledger held against the disk: is every line that was passed accounted for?"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipper.identity import identify, read_head
from shipper.ledger import Ledger
from shipper.registry import Entry, read_registry

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
    """

    path: str
    identity: str
    is_there: bool
    passed: int | None
    pending: int
    ledger: Ledger

    @property
    def missing(self) -> int:
        """Return how many of the lines passed are not accounted for; below 0, more are than there were."""
        return 0 if self.passed is None else self.passed - self.ledger.lines

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        on_disk = None if self.passed is None else self.passed + self.pending
        figures = {"lines": on_disk, "pending": self.pending, "missing": self.missing, **self.ledger.as_dict()}
        return {"path": self.path, "identity": self.identity, "is_there": self.is_there, **figures}


def read_status(registry: Path) -> list[FileStatus]:
    """Return each file's account; the shipper may be running meanwhile.

    Args:
        registry: The registry's file; where there is none, nothing was shipped.

    Raises:
        DeliveryError: The registry cannot be read.
    """
    host, entries = read_registry(registry) or ("", {})
    return [_account(host, identity, entry) for identity, entry in entries.items()]


def _account(host: str, identity: str, entry: Entry) -> FileStatus:
    descriptor = None if entry.superseded else _find(host, identity, entry)
    if descriptor is None:
        return FileStatus(entry.path, identity, is_there=False, passed=None, pending=0, ledger=entry.ledger)
    try:
        passed = _count_lines(descriptor, 0, entry.offset)
        pending = _count_lines(descriptor, entry.offset, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
    return FileStatus(entry.path, identity, is_there=True, passed=passed, pending=pending, ledger=entry.ledger)


def _find(host: str, identity: str, entry: Entry) -> int | None:
    """Open the entry's file under its name, else under another one in the same folder."""
    path = Path(entry.path)
    try:
        others = [item.path for item in os.scandir(path.parent) if item.inode() == entry.inode]
    except OSError:
        others = []
    for name in [entry.path, *others]:
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        head = read_head(descriptor, closing=True)
        is_it = head is not None and identity == identify(host, entry.device, entry.inode, head, entry.generation)
        if is_it and os.fstat(descriptor).st_ino == entry.inode and os.fstat(descriptor).st_size >= entry.offset:
            return descriptor
        os.close(descriptor)
    return None


def _count_lines(descriptor: int, start: int, end: int) -> int:
    """Count the lines that begin in [start, end); a last one without its end counts."""
    lines, last = 0, b"\n"
    while start < end and (data := os.pread(descriptor, min(_PIECE, end - start), start)):
        lines += data.count(b"\n")
        last = data[-1:]
        start += len(data)
    return lines + (last != b"\n")
