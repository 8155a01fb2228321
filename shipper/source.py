"""The bytes of a log file, by offset, however it is stored: as it is, or compressed."""

import os
import stat
from typing import Protocol

from core.errors import DeliveryError

Key = tuple[int, int]
"""Device and inode: which file it is, whatever its name."""

_UNREADABLE = {b"PK\x03\x04": "zip", b"\x04\x22\x4d\x18": "lz4"}
"""What a compressed file that is not read begins with."""

_HOLE_PIECE = 1 << 20


class Source(Protocol):
    """An open file; `key` says which."""

    key: Key

    @property
    def is_packed(self) -> bool:
        """Whether it is compressed; offsets count the bytes of its content."""

    @property
    def is_over(self) -> bool:
        """Whether its end was read, and no more can follow."""

    def read(self, size: int, start: int) -> bytes:
        """Return up to `size` bytes of the content from `start` on; fewer only where it ends."""

    @property
    def is_whole(self) -> bool:
        """Whether what was read to its end is all there is: a compressed file may break off or be broken."""

    def size(self) -> int | None:
        """Return the content's length in bytes; None where only reading to its end would tell."""

    def fileno(self) -> int:
        """Return the descriptor, for asking about the file's state."""

    def close(self) -> None:
        """Let go of the file."""


class PlainSource:
    """A file as it is."""

    is_packed = False
    is_over = False
    is_whole = True

    def __init__(self, descriptor: int, key: Key) -> None:
        self._descriptor = descriptor
        self.key = key

    def read(self, size: int, start: int) -> bytes:
        """Return up to `size` bytes from `start` on."""
        return os.pread(self._descriptor, size, start)

    def size(self) -> int | None:
        """Return the file's size."""
        return os.fstat(self._descriptor).st_size

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def open_source(path: str) -> Source:
    """Open a log file, compressed or not: its first bytes tell, not its name.

    Raises:
        OSError: It cannot be opened.
        DeliveryError: It is no regular file, or compressed in a way that is not read.
    """
    # Without O_NONBLOCK a pipe that took the file's name would hold the shipper up.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return _source_of(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise


def _source_of(descriptor: int, path: str) -> Source:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise DeliveryError(f"cannot follow {path}: {describe_kind(status.st_mode)}", "name a regular file")
    key = (status.st_dev, status.st_ino)
    head = os.pread(descriptor, 6, 0)
    for magic, name in _UNREADABLE.items():
        if head.startswith(magic):
            raise DeliveryError(f"cannot read {path}: it is compressed with {name}", "use gzip, zstd, bzip2 or xz")
    if not head.startswith((b"\x1f\x8b", b"\x28\xb5", b"BZh", b"\xfd7zXZ")):
        return PlainSource(descriptor, key)
    from shipper.compressed import PackedSource, find_codec  # noqa: PLC0415 - it is built on this module

    codec = find_codec(head)
    return PackedSource(descriptor, key, codec, path) if codec else PlainSource(descriptor, key)


def describe_kind(mode: int) -> str:
    """Return what a file that is not regular is, from its mode, as in ``it is a folder``."""
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return "it is " + next((name for is_it, name in kinds if is_it(mode)), "a device")


def find_begin(source: Source) -> int | None:
    """Return where the content's first byte that is not NUL lies; None where there is none yet."""
    position = 0
    while data := source.read(_HOLE_PIECE if position else 1, position):
        if text := data.lstrip(b"\0"):
            return position + len(data) - len(text)
        position += len(data)
    return None
