"""Which files the names that are followed lead to."""

import fnmatch
import glob
import logging
import os
import re
import stat
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from core.errors import DeliveryError
from shipper.identity import PACKING, family_of
from shipper.source import Key, describe_kind

log = logging.getLogger(__name__)

_ROTATION = re.compile(r"[._-]\d(?:[\d._T-]*\d)?(?=\.[A-Za-z]\w*$|$)")
_DATE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file: one of its names, and its state."""

    path: str
    status: os.stat_result

    @classmethod
    def of(cls, path: str) -> Self | None:
        """Return the file of a name; None where there is none, or one that is not regular."""
        try:
            status = os.stat(path)  # noqa: PTH116 - a name may hold bytes that are not UTF-8
        except OSError:
            return None
        return cls(path, status) if stat.S_ISREG(status.st_mode) else None

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
    for name in _list(folder):
        if family_of(name) == family and (item := Found.of(f"{folder}/{name}")):
            yield item


def list_rotated(folder: str) -> dict[str, list[str]]:
    """Return the names in a folder that rotation made, by the name before it, see `rotated_from`."""
    names: dict[str, list[str]] = defaultdict(list)
    for name in _list(folder):
        before = rotated_from(name)
        if before:
            names[before].append(name)
    return names


def rotated_from(name: str) -> str | None:
    """Return the name of which rotation made this one, as far as that is certain; None for others.

    ``access.log`` of ``access.log.1``, ``access.log-20260101.gz`` and ``access-20260101.log``: a number after a full
    stop, or a date. Unlike `family_of` it takes ``site2.log`` and ``site-2.log`` for logs of their own.
    """
    name = PACKING.sub("", name)
    if name.endswith(".old"):
        return name.removesuffix(".old")
    match = _ROTATION.search(name)
    if not match or not match.start():
        return None
    is_date = sum(map(str.isdigit, match[0])) >= _DATE_DIGITS
    return name[: match.start()] + name[match.end() :] if is_date or name[match.start()] == "." else None


def _list(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names of thousands of files, without an object for each
    except OSError:
        return []
