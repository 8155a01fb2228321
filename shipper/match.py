"""Whose file it is: a file that was just found is held against the entries and against what is followed."""

import logging
from dataclasses import dataclass

from shipper.identity import Head, has_content
from shipper.known import Known
from shipper.names import Found
from shipper.registry import Entry, Registry
from shipper.source import Key, Source
from shipper.spool import input_of
from shipper.tail import Tail
from shipper.tails import Tails

log = logging.getLogger(__name__)


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


class Matcher:
    """Tells whose file it is.

    Args:
        registry: The entries.
        known: Finds them.
        tails: What is followed.

    Attributes:
        lost: The entries whose files are looked for.
        left: The state of files that are left alone while they do not change.
    """

    def __init__(self, registry: Registry, known: Known, tails: Tails) -> None:
        self._registry = registry
        self._known = known
        self._tails = tails
        self._held: set[str] = set()
        self.lost: dict[str, Lost] = {}
        self.left: dict[Key, tuple[int, int]] = {}

    def match(self, item: Found, source: Source, head: Head) -> Match:
        """Return whose file it is."""
        own = self._known.find_own(source, head)
        if own or input_of(item.path):
            return Match(own)
        cut = self._known.find_cut(source, head)
        if cut and head.line is not None:
            size = source.size() or 0
            log.warning("%s was cut to its first %d bytes, and is read on from there", ascii(item.path), size)
            return Match(self._known.supersede(cut, head.line, head, size))
        alike = self._match_alike(item, source, head)
        if alike:
            return alike
        tail = self._tails.find_longer(item.path, head)
        if tail:
            return self._hold(item, tail.entry)
        is_part = any(self._known.is_part(each, item.path, head) for each in self.lost)
        return Match(None, is_left=is_part)

    def _match_alike(self, item: Found, source: Source, head: Head) -> Match | None:
        for identity in self._known.find_alike(item.path, source, head):
            entry = self._registry.entries[identity]
            if self._tails.get(identity):
                return self._hold(item, entry)
            if has_content(entry, source, head):
                return Match(identity)
            if not source.is_packed and (source.size() or 0) < entry.offset:
                # copytruncate's copy, without what was written and read between the copying and the truncation.
                self.left[item.key] = item.state
                return Match(None, is_left=True)
        return None

    def _hold(self, item: Found, entry: Entry) -> Match:
        if item.path not in self._held:
            self._held.add(item.path)
            log.info("%s waits: it begins as %s does, so it is a copy", ascii(item.path), ascii(entry.path))
        return Match(None, is_left=True)
