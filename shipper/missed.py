"""Files that were written and rotated away while nobody looked, found beside a log that is followed by its own name.

What stands in no entry and was changed after the newest known file of that name was is such a file. What lay there at
the very first sight of the log is older, and left alone.
"""

import os
from collections import defaultdict

from core.clock import parse_iso
from core.errors import DeliveryError
from shipper.identity import Head, digest_of, read_head
from shipper.names import Found, Names, list_rotated
from shipper.registry import Entry, Registry
from shipper.source import open_source
from shipper.spool import input_of

SEARCH_SECONDS = 600.0
"""How long such files are looked for: compressing one takes its time."""

_NANOSECONDS = 1_000_000_000


class Missed:
    """Finds them; the registry keeps what must be known for that after a restart.

    Args:
        registry: The files that are known.
        names: Which names are followed.
    """

    def __init__(self, registry: Registry, names: Names) -> None:
        self._registry = registry
        self._names = names
        self._wanted: dict[str, tuple[float, int]] = {}
        self._folders: dict[str, dict[str, list[str]]] = {}
        self._of_path: dict[str, list[str]] = defaultdict(list)
        for identity, entry in registry.entries.items():
            self._of_path[entry.path].append(identity)

    def begin(self, now: float) -> None:
        """Look beside all logs that were followed before, for what was rotated away since then.

        Where the newest file is known since the last rotation, a file from before it may have been in the making then.
        """
        for path in list(self._of_path):
            newest = self._newest(path)
            if newest and self._names.is_followed(path):
                self._want(path, _changed(newest) if newest.after is None else newest.after, now)

    def search(self, path: str, now: float) -> None:
        """Look beside a log whose newest known file is not there any longer, for what was changed after that one."""
        newest = self._newest(path)
        self._want(path, _changed(newest) if newest else None, now)

    def enter(self, identity: str, now: float) -> bool:
        """Note that a followed name leads to a new file; return whether that makes others be looked for."""
        entry = self._registry.entries[identity]
        newest = self._newest(entry.path)
        self._of_path[entry.path].append(identity)
        if input_of(entry.path):
            return False
        if newest is None:
            entry.left = self._mark_old(entry.path)
            return False
        entry.after = _changed(newest)
        return self._want(entry.path, entry.after, now)

    def enter_missed(self, identity: str) -> None:
        """Note that a file which was looked for has its entry now."""
        entry = self._registry.entries[identity]
        self._of_path[entry.path].append(identity)
        entry.after = self._wanted[entry.path][1]

    def find(self, now: float) -> list[tuple[Found, str]]:
        """Return the files that may be such, the oldest first, each with the name under which it was followed."""
        found: list[tuple[Found, str]] = []
        for path, (since, after) in list(self._wanted.items()):
            if now - since > SEARCH_SECONDS:
                del self._wanted[path]
                continue
            relatives = (item for item in self._relatives(path) if item.status.st_mtime_ns >= after)
            found += [(item, path) for item in relatives if not self._names.is_followed(item.path)]
        self._folders.clear()
        return sorted(found, key=lambda each: each[0].status.st_mtime_ns)

    def is_old(self, path: str, head: Head) -> bool:
        """Return whether a file that begins so lay beside the log already when that was first seen."""
        marks = {
            mark for each in self._of_path[path] if (entry := self._registry.entries.get(each)) for mark in entry.left
        }
        lengths = {int(mark.partition("-")[0]) for mark in marks}
        return any(_mark(head.data[:length]) in marks for length in lengths if length <= len(head.data))

    def _want(self, path: str, after: int | None, now: float) -> bool:
        if after is None or input_of(path):
            return False
        _, earlier = self._wanted.get(path, (now, after))
        self._wanted[path] = now, min(after, earlier)
        return True

    def _newest(self, path: str) -> Entry | None:
        entries = (entry for each in self._of_path[path] if (entry := self._registry.entries.get(each)))
        return max(entries, key=lambda entry: _changed(entry) or 0, default=None)

    def _mark_old(self, path: str) -> list[str]:
        """Return how the files beside a log begin; compressing one later may make it look new.

        Those that are compressed already stay as they are.
        """
        marks = []
        for item in self._relatives(path):
            try:
                source = open_source(item.path)
            except (OSError, DeliveryError):
                continue
            head = None if source.is_packed else read_head(source, closing=True)
            source.close()
            if head and not self._names.is_followed(item.path):
                marks.append(_mark(head.data))
        return marks

    def _relatives(self, path: str) -> list[Found]:
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = list_rotated(folder)
        return [item for each in self._folders[folder].get(name, ()) if (item := Found.of(f"{folder}/{each}"))]


def _mark(data: bytes) -> str:
    return f"{len(data)}-{digest_of(data)[:32]}"


def _changed(entry: Entry) -> int | None:
    """Return when the entry's file was changed last, as far as is known, in nanoseconds since the epoch."""
    if entry.changed is None and entry.sent:  # a registry of before
        return int(parse_iso(entry.sent).timestamp()) * _NANOSECONDS
    return entry.changed
