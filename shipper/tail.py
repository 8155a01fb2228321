"""A file that is followed: where it lies now, what of it was read, and whether it still holds that."""

import logging
import os
import threading
from collections import OrderedDict

from core.errors import DeliveryError
from shipper.compressed import PackedSource
from shipper.identity import PREFIX_BYTES, Head, has_begin, move_anchor, read_head
from shipper.reader import Chunk, read_chunk
from shipper.registry import Entry
from shipper.source import Source, open_source
from shipper.spool import input_of

log = logging.getLogger(__name__)


class OpenFiles:
    """Sees that not too many files are open at once: the one that was used least recently is closed for the next one.

    Args:
        limit: How many may be open. Files without a name of their own any longer stay open beyond that.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tails: OrderedDict[int, Tail] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tails)

    def use(self, tail: "Tail") -> None:
        """Note that a tail's file is open and in use."""
        with self._lock:
            self._tails[id(tail)] = tail
            self._tails.move_to_end(id(tail))
            idle = [each for each in self._tails.values() if each is not tail and not each.is_rotated]
            for each in idle[: max(len(self._tails) - self._limit, 0)]:
                if each.rest():
                    del self._tails[id(each)]

    def forget(self, tail: "Tail") -> None:
        """Note that a tail's file is closed."""
        with self._lock:
            self._tails.pop(id(tail), None)


class Tail:
    """A followed file and its place in the registry; when another file turns out to hold the same, it goes on there.

    Args:
        identity: Its key in the registry.
        entry: Its place in the registry.
        pool: Who limits the number of open files.

    Attributes:
        path: Its name now.
        key: Which file it is.
        line: Its first line.
        size: The file's size when it was last looked at, compressed or not.
        grown: When that last changed, in the clock's monotonic seconds.
        is_packed: It is compressed.
        is_rotated: It has another name than at first, or none that is followed.
        is_gone: None of the names that are followed leads to it.
        is_final: Nothing more is expected: what stands at its end without a line end is a line, too.
    """

    def __init__(self, identity: str, entry: Entry, pool: OpenFiles) -> None:
        self.identity = identity
        self.entry = entry
        self.path, self.key = entry.path, entry.key
        self.line: bytes | None = None
        self.size, self.grown = 0, 0.0
        self.is_packed = self.is_rotated = self.is_gone = self.is_final = False
        self._pool = pool
        self._lock = threading.RLock()
        self._source: Source | None = None
        self._seen: tuple[int, int] | None = None
        self._is_reported = False

    @property
    def name(self) -> str:
        """What the documents carry as their file's path: its first name, or the input that it is spooled from."""
        return input_of(self.entry.path) or self.entry.path

    def read(self, start: int, size: int, *, closing: bool) -> Chunk | None:
        """Return the whole lines of about `size` bytes from `start` on, or None when there is none yet.

        May be called from any thread.

        Args:
            start: Where a line starts, in bytes.
            size: How much to read; more only where one line is longer.
            closing: Nothing more is expected: what stands at the end without a line end is a line, too.
        """
        with self._lock:
            source = self._open()
            if source is None:
                return None
            chunk = read_chunk(source.read, start, size, closing=closing or self.is_final)
            if chunk is None and source.is_over:
                chunk = read_chunk(source.read, start, size, closing=True)
            # What was read is the entry's only if the file still was what it was after the reading.
            return chunk if chunk and self.is_intact() else None

    def is_intact(self) -> bool:
        """Return whether the file still holds what was read; False also when it is gone for good."""
        with self._lock:
            source = self._open()
            if source is None:
                return False
            if isinstance(source, PackedSource):
                return not source.was_cut()
            head = source.read(self.entry.prefix, self.entry.begin)
            return (source.size() or 0) >= self.entry.offset and has_begin(
                self.entry, Head(self.entry.begin, head, None)
            )

    def look(self, now: float) -> bool:
        """Look at the open file again; return False when it does not hold any longer what was read."""
        with self._lock:
            if self._source is None:
                return True
            status = os.fstat(self._source.fileno())
            return self.note(status, now)

    def note(self, status: os.stat_result, now: float) -> bool:
        """Take notice of the file's state; return False when it does not hold any longer what was read."""
        seen = (status.st_size, status.st_mtime_ns)
        if seen == self._seen:
            return True
        with self._lock:
            if not self.is_intact():
                return False
            self._seen = seen
            self._take_state(status, now)
            return True

    def learn(self) -> Head | None:
        """Note what lies before the offset; return what the file begins with where the entry does not know it all."""
        if self.entry.prefix >= PREFIX_BYTES and self.entry.anchor == self.entry.offset:
            return None
        with self._lock:
            if self._source is None or self.is_packed or not self.is_intact():
                return None
            self._note_split(self._source)
            move_anchor(self.entry, self._source)
            if self.entry.prefix >= PREFIX_BYTES:
                return None
            head = read_head(self._source, closing=True)
            is_more = head is not None and len(head.data) > self.entry.prefix and has_begin(self.entry, head)
            return head if is_more else None

    def has_unread(self) -> bool:
        """Return whether the file may hold more than was acknowledged."""
        if not self.is_packed:
            return self.size > self.entry.offset
        with self._lock:
            end = self._source.size() if self._source else None
            return end is None or end > self.entry.offset

    def pending_bytes(self) -> int:
        """Return how many bytes were not acknowledged; of a compressed file's content, as far as that can be told."""
        if not self.has_unread():
            return 0
        with self._lock:
            size = self.size
            if self.is_packed:
                size = self._source.estimate() if isinstance(self._source, PackedSource) else 0
            return max(1, size - self.entry.offset)

    def is_drained(self, now: float) -> bool:
        """Return whether all that the file holds at this moment was acknowledged."""
        if self.has_unread():
            return False
        with self._lock:
            # Something may have been written since the last look.
            return self._open() is not None and self.look(now) and not self.has_unread()

    def has_begin(self, head: Head) -> bool:
        """Return whether the file begins so."""
        with self._lock:
            source = self._open()
            return source is not None and source.read(len(head.data), head.begin) == head.data

    def report_cut(self) -> None:
        """Say once that a compressed file ends before its content does."""
        if not self._is_reported and self._source and not self._source.is_over:
            self._is_reported = True
            log.warning("%s ends in the middle; what could be read of it is shipped", ascii(self.path))

    def attach(self, path: str, source: Source, head: Head, now: float) -> None:
        """Read on in this file, which holds what was read."""
        with self._lock:
            self.release()
            self.path, self.key, self._source = path, source.key, source
            self.line, self.is_packed = head.line, source.is_packed
            self._seen = None
            self._take_state(os.fstat(source.fileno()), now)
            self.is_rotated, self.is_gone = path != self.entry.path, False
        self._pool.use(self)

    def release(self) -> None:
        """Close the file."""
        with self._lock:
            if self._source is not None:
                self._source.close()
                self._source = None
        self._pool.forget(self)

    def rest(self) -> bool:
        """Close the file for a while unless it is being read, and return whether it is closed."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._source is not None:
                self._source.close()
                self._source = None
        finally:
            self._lock.release()
        return True

    def _take_state(self, status: os.stat_result, now: float) -> None:
        self.size, self.grown, self.is_final = status.st_size, now, False
        if not self.is_packed or self.entry.changed is None:
            self.entry.changed = status.st_mtime_ns

    def _open(self) -> Source | None:
        """Return the file, opened again where it rested; None when its name leads elsewhere now."""
        if self._source is None:
            try:
                source = open_source(self.path)
            except (OSError, DeliveryError):
                return None
            if source.key != self.key:
                source.close()
                return None
            self._source = source
        self._pool.use(self)
        return self._source

    def _note_split(self, source: Source) -> None:
        """Remember an offset within a line: the rest of that line will be a second document."""
        offset = self.entry.offset
        if offset <= self.entry.start or source.is_packed or offset in self.entry.splits:
            return
        if source.read(1, offset - 1) != b"\n":
            self.entry.splits.append(offset)
