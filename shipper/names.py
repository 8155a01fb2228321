"""Which files the names that are followed lead to."""

import fnmatch
import glob
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import DeliveryError
from shipper.identity import family_of
from shipper.source import Key, describe_kind

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file: one of its names, and its state."""

    path: str
    status: os.stat_result

    @property
    def key(self) -> Key:
        """Which file it is."""
        return self.status.st_dev, self.status.st_ino

    @property
    def state(self) -> tuple[int, int]:
        """What changes when the file does: its size and the time of its last change."""
        return self.status.st_size, self.status.st_mtime_ns


class Names:
    """Finds files by the names that are followed.

    Args:
        patterns: Paths, which may hold ``*``, ``?`` and ``[...]``.

    Attributes:
        complaints: By path, what is wrong with a file.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [os.path.abspath(pattern) for pattern in patterns]  # noqa: PTH100 - it keeps what glob gets
        self.complaints: dict[str, DeliveryError] = {}
        self._absent: set[str] = set()
        self._is_first = True

    def find(self) -> dict[Key, Found]:
        """Return each regular file once, however many names lead to it.

        Raises:
            DeliveryError: A name leads to a folder or a pipe from the start.
        """
        found: dict[Key, Found] = {}
        for pattern in self._patterns:
            is_pattern = glob.has_magic(pattern)
            for name in sorted(glob.glob(pattern)) if is_pattern else [pattern]:  # noqa: PTH207 - one call for both kinds of path
                try:
                    status = os.stat(name)  # noqa: PTH116 - a name may hold bytes that are not UTF-8
                except OSError as error:
                    self.complain(name, f"cannot read {name}: {error.strerror}", "check the path and its permissions")
                    self._absent.add(name)
                    continue
                if name in self._absent:
                    self._absent.remove(name)
                    self.complaints.pop(name, None)
                if stat.S_ISREG(status.st_mode):
                    found.setdefault((status.st_dev, status.st_ino), Found(name, status))
                elif not is_pattern:
                    self._refuse(name, status.st_mode)
        self._is_first = False
        return found

    def is_followed(self, path: str) -> bool:
        """Return whether one of the names that are followed is this one."""
        return any(path == pattern or fnmatch.fnmatchcase(path, pattern) for pattern in self._patterns)

    def complain(self, path: str, what: str, hint: str) -> None:
        """Say once what is wrong with a file; the others are followed nevertheless."""
        if path not in self.complaints:
            log.warning("%s", ascii(f"{what}: {hint}")[1:-1])
        self.complaints[path] = DeliveryError(what, hint)

    def _refuse(self, path: str, mode: int) -> None:
        hint = f"name its files, as in '{path}/*.log'" if stat.S_ISDIR(mode) else "name a regular file"
        what = f"cannot follow {path}: {describe_kind(mode)}"
        if self._is_first:
            raise DeliveryError(what, hint)
        self.complain(path, what, hint)


def find_relatives(folder: str, family: str) -> Iterator[Found]:
    """Yield the regular files of a folder whose names are what rotation makes of a name, see `family_of`."""
    try:
        items = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError:
        return
    for item in items:
        if family_of(item.name) != family:
            continue
        try:
            status = item.stat()
        except OSError:
            continue  # it went while we looked
        if stat.S_ISREG(status.st_mode):
            yield Found(item.path, status)
