"""Which files are followed: found by name, known by content, kept over a rotation, left when they are done."""

import logging
from collections.abc import Sequence
from pathlib import Path

from core.clock import Clock, iso_millis
from core.errors import DeliveryError
from shipper.identity import PREFIX_BYTES, Head, family_of, read_head
from shipper.known import Known
from shipper.match import Lost, Match, Matcher
from shipper.missed import Missed
from shipper.names import Found, Names, find_relatives
from shipper.registry import Registry
from shipper.source import Key, Source, open_source
from shipper.spool import discard_segment, is_finished_segment
from shipper.tail import OpenFiles, Tail
from shipper.tails import Tails

__all__ = ["Follower", "Tail"]

log = logging.getLogger(__name__)

LINGER_SECONDS = 60.0
"""How long a file that was rotated away must be quiet: servers write to it until their last worker has reopened."""

SEARCH_SECONDS = 600.0
"""How long what a file held before it was emptied is looked for in the files beside it."""

SCAN_SHARE = 0.05
"""How much of the time looking for files may take; with thousands of names they are looked at less often."""

MAX_OPEN_FILES = 500


class Follower:
    """Finds, opens and closes files.

    Args:
        patterns: Paths, which may hold ``*``, ``?`` and ``[...]``.
        registry: Where each file's place is.
        clock: Tells how long a rotated file has been quiet.
        closing: Take the files as they are: nothing more is expected.
        max_open: How many files may be open at once.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        registry: Registry,
        clock: Clock,
        *,
        closing: bool,
        max_open: int = MAX_OPEN_FILES,
    ) -> None:
        self._names = Names(patterns)
        self._registry = registry
        self._clock = clock
        self._closing = closing
        self._pool = OpenFiles(max_open)
        self._known = Known(registry)
        self._tails = Tails()
        self._matcher = Matcher(registry, self._known, self._tails)
        self._missed = Missed(registry, self._names)
        self._beside: dict[Key, tuple[int, int]] = {}
        self._next_scan = float("-inf")
        self._today = ""

    @property
    def complaints(self) -> dict[str, DeliveryError]:
        """By path, what is wrong with files that are not followed for that reason."""
        return self._names.complaints

    def refresh(self) -> list[Tail]:
        """Look at the files again and return those with something to read: what was rotated away first.

        Raises:
            DeliveryError: A name leads to a folder or a pipe from the start.
        """
        now = self._clock.monotonic()
        is_whole = self._look(now)
        is_due = not is_whole or now >= self._next_scan
        if is_due:
            self._scan(now)
        tails = self._tails.unread()
        if self._closing and not tails and not is_due:
            self._scan(now)
            tails = self._tails.unread()
        return tails

    def close(self) -> None:
        """Close all files."""
        self._learn()
        for tail in self._tails:
            self._retire(tail, float("inf") if self._closing else float("-inf"))
        for tail in self._tails:
            self._tails.remove(tail)

    def _look(self, now: float) -> bool:
        """Look at all open files; return whether each still holds what was read."""
        gone = [tail for tail in self._tails if not tail.look(now)]
        return not gone

    def _scan(self, now: float) -> None:
        found = self._names.find()
        self._learn()
        for tail in self._tails:
            self._check(tail, found.get(tail.key), now)
        self._begin_day(found, now)
        fresh = [item for key, item in found.items() if not self._tails.of_key(key)]
        # First every file has its own entry: an entry without a file may then be another file's, which is its copy.
        for item in sorted(fresh, key=lambda item: not self._known.of_key(item.key)):
            self._consider(item, now)
        self._search(now)
        for tail in self._tails:
            self._retire(tail, now)
        self._next_scan = now + (self._clock.monotonic() - now) / SCAN_SHARE

    def _begin_day(self, found: dict[Key, Found], now: float) -> None:
        """Note which files are there and forget those that are gone for long; at the start look for renamed ones."""
        today = iso_millis(self._clock.now())[:10]
        if today == self._today:
            return
        is_first, self._today = not self._today, today
        if is_first:
            self._missed.begin(now)
        there = {tail.identity for tail in self._tails} | {each for key in found for each in self._known.of_key(key)}
        self._registry.forget(today, there)
        for identity, entry in self._registry.entries.items() if is_first else ():
            if not entry.superseded and self._names.is_followed(entry.path):
                self._matcher.lost[identity] = Lost(now, 0)

    def _learn(self) -> None:
        for tail in self._tails:
            head = tail.learn()
            if head:
                self._known.learn(tail.identity, head)

    def _check(self, tail: Tail, item: Found | None, now: float) -> None:
        """Follow a tail's file to its new name; give it up where it does not hold any longer what was read."""
        if item:
            tail.path = item.path
        was_rotated, tail.is_gone = tail.is_rotated, item is None
        tail.is_rotated = tail.is_gone or tail.path != tail.entry.path
        if tail.is_rotated and not was_rotated:
            self._missed.search(tail.entry.path, now)
        if tail.note(item.status, now) if item else tail.look(now) and tail.is_intact():
            return
        self._tails.remove(tail)
        self._missed.search(tail.entry.path, now)
        unread = 0 if tail.is_packed else max(tail.size - tail.entry.offset, 0)
        self._matcher.lost[tail.identity] = Lost(now, unread, tail)
        self._beside.clear()
        if item:
            log.info("%s was emptied and is followed anew", ascii(tail.path))

    def _consider(self, item: Found, now: float) -> None:
        """Find out whose file this is: an entry's, a copy of a followed one, or a new one."""
        packed = {self._registry.entries[each].packed for each in self._known.of_key(item.key)}
        if self._matcher.left.get(item.key) == item.state or item.status.st_size in packed:
            return
        source = self._open(item)
        if source is None:
            return
        self._names.complaints.pop(item.path, None)
        head = read_head(source, closing=self._closing)
        if head is None or (not self._closing and self._is_begun(item, source, head)):
            source.close()
            return
        match = self._matcher.match(item, source, head)
        if not match.identity and not match.is_left and head.line is not None:
            match = Match(identity := self._known.enter(item.path, item.key, head, head.line))
            if self._missed.enter(identity, now):
                self._beside.clear()
        self._take(match, item, source, head, now)

    def _is_begun(self, item: Found, source: Source, head: Head) -> bool:
        """Return whether a compressed file is being written, and so little is there that it could be any file's."""
        is_short = source.is_packed and not source.is_over and len(head.data) < PREFIX_BYTES
        return is_short and self._is_fresh(item)

    def _is_fresh(self, item: Found) -> bool:
        return self._clock.now().timestamp() - item.status.st_mtime < LINGER_SECONDS

    def _is_more(self, identity: str | None, source: Source, item: Found) -> bool:
        """Return whether the file holds more of an entry that is looked for than was read."""
        entry = self._registry.entries[identity] if identity in self._matcher.lost else None
        if entry is None:
            return False
        size = source.size()
        is_read = source.is_packed and entry.key == item.key and entry.packed == item.status.st_size
        return not is_read and (size is None or size > entry.offset)

    def _open(self, item: Found, *, is_wanted: bool = True) -> Source | None:
        try:
            return open_source(item.path)
        except OSError as error:
            what, hint = f"cannot read {item.path}: {error.strerror}", "check its permissions"
        except DeliveryError as error:
            what, hint = error.what, error.hint
        self._matcher.left[item.key] = self._beside[item.key] = item.state
        if is_wanted:
            self._names.complain(item.path, what, hint)
        return None

    def _take(self, match: Match, item: Found, source: Source, head: Head, now: float) -> None:
        """Follow the file as the entry's, or leave it."""
        if match.identity is None or match.is_left:
            source.close()
            return
        entry = self._registry.entries[match.identity]
        if entry.key != item.key:
            log.info("%s holds what was in %s", ascii(item.path), ascii(entry.path))
            self._known.adopt(match.identity, item.key)
        entry.packed, entry.seen = None, self._today or entry.seen
        lost = self._matcher.lost.pop(match.identity, None)
        # What is on its way of a file belongs to its tail: the same one goes on with the copy.
        tail = lost.tail if lost and lost.tail else Tail(match.identity, entry, self._pool)
        tail.attach(item.path, source, head, now)
        self._tails.add(tail)

    def _search(self, now: float) -> None:
        """Look beside their old places for files that were renamed, and for the copies of what was emptied."""
        entries = self._registry.entries
        for identity, lost in list(self._matcher.lost.items()):
            entry = entries.get(identity)
            if entry is None or now - lost.since > SEARCH_SECONDS:
                del self._matcher.lost[identity]
                if entry and lost.unread:
                    log.error("%d bytes of %s went before they were read", lost.unread, ascii(entry.path))
        places = {(str(Path(entries[each].path).parent), family_of(entries[each].path)) for each in self._matcher.lost}
        beside = {item.key: (item, "") for folder, family in places for item in find_relatives(folder, family)}
        beside |= {item.key: (item, path) for item, path in self._missed.find(now)}
        for item, path in sorted(beside.values(), key=lambda each: each[0].status.st_mtime_ns):
            if not self._tails.of_key(item.key) and self._beside.get(item.key) != item.state:
                self._recover(item, path, now)

    def _recover(self, item: Found, path: str, now: float) -> None:
        """Read a file that nobody named where it holds what is missing.

        Args:
            item: The file.
            path: The followed name under which it may have been written and rotated away unseen, or nothing.
            now: The clock's monotonic seconds.
        """
        source = self._open(item, is_wanted=bool(path))
        head = read_head(source, closing=True) if source else None
        if source is None or head is None or self._is_begun(item, source, head):
            if source:
                source.close()
            return
        match = self._matcher.match(item, source, head)
        if path and match == Match(None) and head.line is not None and not self._missed.is_old(path, head):
            is_short = not source.is_over and len(head.data) < PREFIX_BYTES
            if source.is_packed and (is_short or (not self._closing and self._is_fresh(item))):
                source.close()  # while it is being made, nothing tells how old its content is
                return
            log.warning(
                "%s was rotated away before it was seen; it is read as a part of %s", ascii(item.path), ascii(path)
            )
            match = Match(identity := self._known.enter(path, item.key, head, head.line))
            self._missed.enter_missed(identity)
        elif not self._is_more(match.identity, source, item):
            match = Match(None)
        self._beside[item.key] = item.state
        self._take(match, item, source, head, now)
        tail = self._tails.of_key(item.key)
        if tail:
            tail.is_gone = tail.is_rotated = True

    def _retire(self, tail: Tail, now: float) -> None:
        """Leave a file that is done; see that the last line of one that nobody writes to any longer is taken."""
        if is_finished_segment(tail.entry.path):
            tail.is_final = True
            if tail.is_drained(now) and tail.entry.in_flight is None:
                self._tails.remove(tail)
                self._registry.save()
                discard_segment(tail.entry.path)
                self._registry.fold(tail.identity, tail.name)
        elif tail.is_packed and tail.is_drained(now):
            tail.entry.packed = tail.size
            self._tails.remove(tail)
        elif now - tail.grown >= LINGER_SECONDS:
            if tail.is_packed:
                tail.report_cut()
            tail.is_final = tail.is_rotated or tail.is_packed
            if tail.is_gone and tail.is_drained(now):
                self._tails.remove(tail)
