"""The registry's entries, found by inode and by what their files begin with."""

import os
from collections import defaultdict
from collections.abc import Iterator

from shipper.identity import (
    PREFIX_BYTES,
    Head,
    digest_of,
    family_of,
    has_begin,
    has_content,
    identify,
    is_as_before,
    is_cut,
    learn,
)
from shipper.registry import Entry, Registry
from shipper.source import Key, Source
from shipper.spool import input_of


class Known:
    """Finds entries; those that are entered or adopted are found at once.

    Args:
        registry: Whose entries.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._by_key: dict[Key, list[str]] = defaultdict(list)
        self._long: dict[tuple[int, str], list[str]] = defaultdict(list)
        self._short: dict[str, dict[tuple[int, int], dict[str, list[str]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        for identity, entry in registry.entries.items():
            self._index(identity, entry)

    def of_key(self, key: Key) -> list[str]:
        """Return the entries of this inode, the latest first; there may be many, of contents that are gone."""
        return [each for each in reversed(self._by_key.get(key, [])) if self._is_usable(each, key)]

    def find_own(self, source: Source, head: Head) -> str | None:
        """Return the entry whose file this is, by its inode and content."""
        for identity in self.of_key(source.key):
            entry = self._registry.entries[identity]
            if has_content(entry, source, head):
                return identity
            if is_as_before(self._registry.host, identity, entry, source):
                self.learn(identity, head)
                return identity
        return None

    def find_cut(self, source: Source, head: Head) -> str | None:
        """Return the entry of which the file holds a part, and nothing else."""
        host, entries = self._registry.host, self._registry.entries
        return next((each for each in self.of_key(source.key) if is_cut(host, each, entries[each], source, head)), None)

    def supersede(self, identity: str, line: bytes, head: Head, end: int) -> str:
        """Make the entry for what is written to a file beyond `end`, to which it was cut.

        The ids of the lines that were cut off are not given again.
        """
        before = self._registry.entries[identity]
        before.superseded = True
        made = self.enter(before.path, before.key, head, line)
        entry = self._registry.entries[made]
        entry.start = entry.offset = end
        entry.format, entry.changed, entry.after = before.format, before.changed, before.after
        return made

    def find_alike(self, path: str, source: Source, head: Head) -> Iterator[str]:
        """Yield the entries of other inodes that this file's content may be of.

        Little content that two files have in common says something only where their names belong together.
        """
        candidates: list[str] = []
        if len(head.data) >= PREFIX_BYTES:
            candidates += self._long.get((head.begin, digest_of(head.data)), ())
        for (begin, length), by_digest in list(self._short[family_of(path)].items()):
            if begin == head.begin and length <= len(head.data):
                candidates += by_digest.get(digest_of(head.data[:length]), ())
        for identity in candidates:
            entry = self._registry.entries.get(identity)
            # What is indexed may since have learned more, or be forgotten.
            if entry is None or entry.superseded or input_of(entry.path) or not has_begin(entry, head):
                continue
            if entry.key != source.key or entry.path != path:
                yield identity

    def is_part(self, identity: str, path: str, head: Head) -> bool:
        """Return whether a short file may be a copy of what an entry's file held before more was written to it."""
        entry = self._registry.entries.get(identity)
        if entry is None or head.line is None or len(head.data) >= entry.prefix or entry.path == path:
            return False
        first = identify(self._registry.host, entry.device, entry.inode, head.line, entry.generation)
        return first == identity and family_of(path) == family_of(entry.path)

    def enter(self, path: str, key: Key, head: Head, line: bytes) -> str:
        """Make an entry for a file that is new; its identity stays, whatever becomes of its name and inode."""
        generation = 0
        if input_of(path):
            line = os.fsencode(path)  # no two segments of a spool are of one name, and what they hold may repeat
        while (identity := identify(self._registry.host, *key, line, generation)) in self._registry.entries:
            generation += 1
        entry = Entry(path, *key, generation)
        self._registry.entries[identity] = entry
        self._index(identity, entry)
        self.learn(identity, head)
        return identity

    def adopt(self, identity: str, key: Key) -> None:
        """Let another inode be the entry's file."""
        entry = self._registry.entries[identity]
        entry.device, entry.inode = key
        self._by_key[key].append(identity)

    def learn(self, identity: str, head: Head) -> None:
        """Let the entry know its file by all of its head."""
        entry = self._registry.entries[identity]
        learn(entry, head)
        self._index_begin(identity, entry)

    def _index(self, identity: str, entry: Entry) -> None:
        self._by_key[entry.key].append(identity)
        if entry.prefix:
            self._index_begin(identity, entry)

    def _index_begin(self, identity: str, entry: Entry) -> None:
        if entry.prefix >= PREFIX_BYTES:
            self._long[entry.begin, entry.digest].append(identity)
        else:
            self._short[family_of(entry.path)][entry.begin, entry.prefix][entry.digest].append(identity)

    def _is_usable(self, identity: str, key: Key) -> bool:
        entry = self._registry.entries.get(identity)
        return entry is not None and not entry.superseded and entry.key == key
