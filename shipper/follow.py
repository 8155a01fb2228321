"""Which files are followed: found by name, known by content, kept over a rotation, left when they are done."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock, iso_millis
from core.errors import DeliveryError
from shipper.identity import PREFIX_BYTES, Head, family_of, has_content, read_head
from shipper.known import Known
from shipper.names import Found, Names, find_relatives
from shipper.registry import Entry, Registry
from shipper.source import Key, Source, open_source
from shipper.spool import discard_segment, input_of, is_finished_segment
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


@dataclass(frozen=True, slots=True)
class Lost:
    """An entry whose file is looked for: since when, how much of it was not read, and its tail if it was followed."""

    since: float
    unread: int
    tail: Tail | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Whose file it is: an entry's, or, without `identity`, a new one; or one to be left alone."""

    identity: str | None
    is_left: bool = False


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
        self._lost: dict[str, Lost] = {}
        self._left: dict[Key, tuple[int, int]] = {}
        self._beside: dict[Key, tuple[int, int]] = {}
        self._held: set[str] = set()
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
            tail.release()
        self._tails = Tails()

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
        there = {tail.identity for tail in self._tails} | {each for key in found for each in self._known.of_key(key)}
        self._registry.forget(today, there)
        for identity, entry in self._registry.entries.items() if is_first else ():
            if not entry.superseded and self._names.is_followed(entry.path):
                self._lost[identity] = Lost(now, 0)

    def _learn(self) -> None:
        for tail in self._tails:
            head = tail.learn()
            if head:
                self._known.learn(tail.identity, head)

    def _check(self, tail: Tail, item: Found | None, now: float) -> None:
        """Follow a tail's file to its new name; give it up where it does not hold any longer what was read."""
        if item:
            tail.path = item.path
        tail.is_gone = item is None
        tail.is_rotated = tail.is_gone or tail.path != tail.entry.path
        if tail.note(item.status, now) if item else tail.look(now) and tail.is_intact():
            return
        self._tails.remove(tail)
        unread = 0 if tail.is_packed else max(tail.size - tail.entry.offset, 0)
        self._lost[tail.identity] = Lost(now, unread, tail)
        self._beside.clear()
        if item:
            log.info("%s was emptied and is followed anew", ascii(tail.path))

    def _consider(self, item: Found, now: float) -> None:
        """Find out whose file this is: an entry's, a copy of a followed one, or a new one."""
        packed = {self._registry.entries[each].packed for each in self._known.of_key(item.key)}
        if self._left.get(item.key) == item.state or item.status.st_size in packed:
            return
        source = self._open(item)
        if source is None:
            return
        self._names.complaints.pop(item.path, None)
        head = read_head(source, closing=self._closing)
        if head is None or (not self._closing and self._is_begun(item, source, head)):
            source.close()
            return
        match = self._match(item, source, head)
        if not match.identity and not match.is_left and head.line is not None:
            match = Match(self._known.enter(item.path, item.key, head, head.line))
        self._take(match, item, source, head, now)

    def _is_begun(self, item: Found, source: Source, head: Head) -> bool:
        """Return whether a compressed file is being written, and so little is there that it could be any file's."""
        is_short = source.is_packed and not source.is_over and len(head.data) < PREFIX_BYTES
        return is_short and self._clock.now().timestamp() - item.status.st_mtime < LINGER_SECONDS

    def _open(self, item: Found) -> Source | None:
        try:
            return open_source(item.path)
        except OSError as error:
            what, hint = f"cannot read {item.path}: {error.strerror}", "check its permissions"
        except DeliveryError as error:
            what, hint = error.what, error.hint
        self._left[item.key] = item.state
        self._names.complain(item.path, what, hint)
        return None

    def _match(self, item: Found, source: Source, head: Head) -> Match:
        own = self._known.find_own(source, head)
        if own or input_of(item.path):
            return Match(own)
        for identity in self._known.find_alike(item.path, source, head):
            entry = self._registry.entries[identity]
            if self._tails.get(identity):
                return self._hold(item, entry)
            if has_content(entry, source, head):
                return Match(identity)
            if not source.is_packed and (source.size() or 0) < entry.offset:
                # copytruncate's copy, without what was written and read between the copying and the truncation.
                self._left[item.key] = item.state
                return Match(None, is_left=True)
        tail = self._tails.find_longer(item.path, head)
        if tail:
            return self._hold(item, tail.entry)
        is_part = any(self._known.is_part(each, item.path, head) for each in self._lost)
        return Match(None, is_left=is_part)

    def _hold(self, item: Found, entry: Entry) -> Match:
        if item.path not in self._held:
            self._held.add(item.path)
            log.info("%s waits: it begins as %s does, so it is a copy", ascii(item.path), ascii(entry.path))
        return Match(None, is_left=True)

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
        lost = self._lost.pop(match.identity, None)
        # What is on its way of a file belongs to its tail: the same one goes on with the copy.
        tail = lost.tail if lost and lost.tail else Tail(match.identity, entry, self._pool)
        tail.attach(item.path, source, head, now)
        self._tails.add(tail)

    def _search(self, now: float) -> None:
        """Look beside their old places for files that were renamed, and for the copies of what was emptied."""
        entries = self._registry.entries
        for identity, lost in list(self._lost.items()):
            entry = entries.get(identity)
            if entry is None or now - lost.since > SEARCH_SECONDS:
                del self._lost[identity]
                if entry and lost.unread:
                    log.error("%d bytes of %s went before they were read", lost.unread, ascii(entry.path))
        places = {(str(Path(entries[each].path).parent), family_of(entries[each].path)) for each in self._lost}
        for folder, family in places:
            for item in find_relatives(folder, family):
                if not self._tails.of_key(item.key) and self._beside.get(item.key) != item.state:
                    self._recover(item, now)

    def _recover(self, item: Found, now: float) -> None:
        """Read on in a file that nobody named where it holds what is missing."""
        try:
            source = open_source(item.path)
        except (OSError, DeliveryError):
            return
        head = read_head(source, closing=True)
        if head is None or self._is_begun(item, source, head):
            source.close()
            return
        self._beside[item.key] = item.state
        match = self._match(item, source, head)
        entry = self._registry.entries[match.identity] if match.identity in self._lost else None
        is_more = entry and (source.is_packed or (source.size() or 0) > entry.offset)
        self._take(match if is_more else Match(None), item, source, head, now)
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
