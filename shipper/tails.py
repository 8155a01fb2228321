"""The files that are followed, found by identity, by inode and by their first line."""

from collections import defaultdict
from collections.abc import Iterator

from shipper.identity import PREFIX_BYTES, Head, family_of
from shipper.source import Key
from shipper.tail import Tail


class Tails:
    """A collection of tails, each of another entry and another file."""

    def __init__(self) -> None:
        self._by_identity: dict[str, Tail] = {}
        self._by_key: dict[Key, Tail] = {}
        self._by_line: dict[bytes | None, set[str]] = defaultdict(set)

    def __iter__(self) -> Iterator[Tail]:
        return iter(list(self._by_identity.values()))

    def add(self, tail: Tail) -> None:
        """Take one in."""
        self._by_identity[tail.identity] = self._by_key[tail.key] = tail
        self._by_line[tail.line].add(tail.identity)

    def remove(self, tail: Tail) -> None:
        """Close one and let it go."""
        tail.release()
        del self._by_identity[tail.identity], self._by_key[tail.key]
        self._by_line[tail.line].discard(tail.identity)
        if not self._by_line[tail.line]:
            del self._by_line[tail.line]

    def get(self, identity: str) -> Tail | None:
        """Return the tail of an entry."""
        return self._by_identity.get(identity)

    def of_key(self, key: Key) -> Tail | None:
        """Return the tail of a file."""
        return self._by_key.get(key)

    def unread(self) -> list[Tail]:
        """Return those with something to read: what was rotated away first."""
        return sorted((tail for tail in self if tail.has_unread()), key=lambda tail: not tail.is_rotated)

    def find_longer(self, path: str, head: Head) -> Tail | None:
        """Return the tail that a short file may be a copy of, one that is still being made."""
        if len(head.data) >= PREFIX_BYTES or head.line is None:
            return None
        family = family_of(path)
        tails = (self._by_identity[each] for each in self._by_line.get(head.line, ()))
        return next((each for each in tails if family_of(each.entry.path) == family and each.has_begin(head)), None)
