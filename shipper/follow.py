"""Which files are followed: found by name, held by inode, kept over a rotation, left when they are done."""

import fnmatch
import glob
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.errors import DeliveryError
from shipper.identity import HEAD_BYTES, identify, read_head
from shipper.reader import Chunk, read_chunk
from shipper.registry import Entry, Registry

log = logging.getLogger(__name__)

LINGER_SECONDS = 60.0
"""How long a file that was rotated away must be quiet: servers write to it until their last worker has reopened."""


@dataclass(slots=True)
class Tail:
    """An open file and its place in the registry.

    Attributes:
        descriptor: The open file.
        identity: Its key in the registry.
        entry: Its place in the registry.
        head: Its first line when it was opened.
        size: Its size when it last grew.
        grown: When it last grew, in the clock's monotonic seconds.
        is_rotated: None of the names that are followed leads to it any longer.
    """

    descriptor: int
    identity: str
    entry: Entry
    head: bytes
    size: int
    grown: float
    is_rotated: bool = False

    def read(self, start: int, size: int, *, closing: bool) -> Chunk | None:
        """Return the whole lines of about `size` bytes from `start` on, or None when there is none yet.

        Args:
            start: Where a line starts, in bytes.
            size: How much to read; more only where one line is longer.
            closing: Nothing more is expected: what stands at the end without a line end is a line, too.
        """
        return read_chunk(self.descriptor, start, size, closing=closing)

    def was_emptied(self) -> bool:
        """Return whether the file was cut or written anew under our hands."""
        if os.fstat(self.descriptor).st_size < self.entry.offset:
            return True
        return os.pread(self.descriptor, min(len(self.head), HEAD_BYTES), 0) != self.head


class Follower:
    """Opens and closes files.

    Args:
        patterns: Paths, which may hold ``*``, ``?`` and ``[...]``.
        registry: Where each file's place is.
        clock: Tells how long a rotated file has been quiet.
        closing: Take the files as they are: nothing more is expected.
    """

    def __init__(self, patterns: Sequence[str], registry: Registry, clock: Clock, *, closing: bool) -> None:
        self._patterns = [os.path.abspath(pattern) for pattern in patterns]  # noqa: PTH100 - it keeps what glob gets
        self._registry = registry
        self._clock = clock
        self._closing = closing
        self._tails: dict[tuple[int, int], Tail] = {}
        self._complaints: set[str] = set()
        self._looked_for_rotated = False

    def refresh(self) -> list[Tail]:
        """Look at the names again and return what is to be read: files that were rotated away first.

        Raises:
            DeliveryError: With `closing`: a named file is missing or cannot be read.
        """
        found = dict(self._find())
        for key, tail in list(self._tails.items()):
            tail.is_rotated = key not in found
            if tail.was_emptied() or (tail.is_rotated and self._is_done(tail)):
                self._close(key)
        if not self._looked_for_rotated:
            found = dict(self._find_rotated(set(found))) | found
            self._looked_for_rotated = True
        for key, path in found.items():
            opened = None if key in self._tails else self._open(path)
            if opened:
                self._tails[key] = opened
        return sorted(self._tails.values(), key=lambda tail: not tail.is_rotated)

    def close(self) -> None:
        """Close all files."""
        for key in list(self._tails):
            self._close(key)

    def _find(self) -> Iterator[tuple[tuple[int, int], str]]:
        """Yield each regular file once, however many names lead to it."""
        for pattern in self._patterns:
            names = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207 - one call for both kinds of path
            for name in names:
                try:
                    status = os.stat(name)  # noqa: PTH116 - a name may hold bytes that are not UTF-8
                except OSError as error:
                    self._complain(name, error)
                    continue
                if stat.S_ISREG(status.st_mode):
                    yield (status.st_dev, status.st_ino), name

    def _find_rotated(self, known: set[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], str]]:
        """Yield files that were followed before the last stop and have got another name since."""
        entries = [each for each in self._registry.entries.values() if not each.superseded and self._is_ours(each.path)]
        wanted = {(each.device, each.inode): each for each in entries}
        folders = {Path(entry.path).parent for key, entry in wanted.items() if key not in known}
        for folder in folders:
            try:
                files = [(item.stat(), item.path) for item in os.scandir(folder) if item.is_file()]
            except OSError:
                continue
            for status, path in files:
                key = (status.st_dev, status.st_ino)
                if key in wanted and key not in known and status.st_size > wanted[key].offset:
                    yield key, path

    def _is_ours(self, path: str) -> bool:
        return any(path == pattern or fnmatch.fnmatchcase(path, pattern) for pattern in self._patterns)

    def _open(self, path: str) -> Tail | None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self._complain(path, error)
            return None
        status = os.fstat(descriptor)
        head = read_head(descriptor, closing=self._closing)
        if head is None:
            os.close(descriptor)
            return None
        identity, entry = self._enter(path, status, head)
        return Tail(descriptor, identity, entry, head, status.st_size, self._clock.monotonic())

    def _enter(self, path: str, status: os.stat_result, head: bytes) -> tuple[str, Entry]:
        """Return the file's entry; one whose file has shrunk is of a content that is gone, and a new one follows it."""
        generation = 0
        entries = self._registry.entries
        while True:
            identity = identify(self._registry.host, status.st_dev, status.st_ino, head, generation)
            entry = entries.setdefault(identity, Entry(path, status.st_dev, status.st_ino, generation))
            if not entry.superseded and entry.offset <= status.st_size:
                return identity, entry
            entry.superseded = True
            generation += 1

    def _is_done(self, tail: Tail) -> bool:
        size, now = os.fstat(tail.descriptor).st_size, self._clock.monotonic()
        if size != tail.size:
            tail.size, tail.grown = size, now
        return tail.entry.offset >= size and now - tail.grown >= LINGER_SECONDS

    def _close(self, key: tuple[int, int]) -> None:
        tail = self._tails.pop(key)
        if tail.was_emptied():
            tail.entry.superseded = True
            log.info("%s was emptied and is followed anew", tail.entry.path)
        os.close(tail.descriptor)

    def _complain(self, path: str, error: OSError) -> None:
        if self._closing:
            raise DeliveryError(f"cannot read {path}: {error.strerror}", "check the path and its permissions") from None
        if path not in self._complaints:
            self._complaints.add(path)
            log.warning("cannot read %r yet: %s", path, error.strerror)
