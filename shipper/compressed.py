"""Compressed log files, read as a stream: memory stays bounded whatever they unpack to."""

import bz2
import logging
import lzma
import os
from collections.abc import Callable
from typing import Any, Protocol, cast

from backports import zstd
from isal import isal_zlib
from isal.igzip_lib import IsalError

from shipper.source import Key

log = logging.getLogger(__name__)

_PIECE = 1 << 18
"""Bytes of the compressed file per step."""

_OUTPUT = 1 << 20
"""Bytes that one step unpacks at most."""

_XZ_MEMORY = 200_000_000


class _BrokenError(Exception):
    """The content is not what it should be."""


_ERRORS: tuple[type[Exception], ...] = (_BrokenError, cast("type[Exception]", IsalError))


class _Unpacker(Protocol):
    def unpack(self, data: bytes) -> bytes:
        """Return what `data` and what was kept of earlier data unpack to, at most `_OUTPUT` bytes."""

    @property
    def is_hungry(self) -> bool:
        """More data is needed for more output."""

    @property
    def rest(self) -> bytes | None:
        """What follows the end of the member or frame; None before that end."""


class _Gzip:
    """One member of a gzip file."""

    def __init__(self) -> None:
        self._object: Any = isal_zlib.decompressobj(wbits=31)
        self._full = False

    def unpack(self, data: bytes) -> bytes:
        output: bytes = self._object.decompress(self._object.unconsumed_tail + data, _OUTPUT)
        self._full = len(output) == _OUTPUT
        return output

    @property
    def is_hungry(self) -> bool:
        return not self._full and not self._object.unconsumed_tail

    @property
    def rest(self) -> bytes | None:
        return bytes(self._object.unused_data) if self._object.eof else None


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class _Framed:
    """One frame of a zstd file, or one stream of a bzip2 or xz file: their objects work alike."""

    def __init__(self, make: Callable[[], _Decompressor]) -> None:
        self._object = make()

    def unpack(self, data: bytes) -> bytes:
        try:
            return self._object.decompress(data, _OUTPUT)
        except (zstd.ZstdError, lzma.LZMAError, OSError, EOFError) as error:  # bzip2's says OSError
            raise _BrokenError(str(error)) from error

    @property
    def is_hungry(self) -> bool:
        return self._object.needs_input

    @property
    def rest(self) -> bytes | None:
        return self._object.unused_data if self._object.eof else None


def _xz() -> _Decompressor:
    # What such a file asks for is unbounded, and an attacker's may ask for gigabytes; `xz -9` asks for 65 MB.
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


Codec = Callable[[], _Unpacker]
_MAGIC: dict[bytes, Codec] = {
    b"\x1f\x8b\x08": _Gzip,
    b"\x28\xb5\x2f\xfd": lambda: _Framed(zstd.ZstdDecompressor),
    b"BZh": lambda: _Framed(bz2.BZ2Decompressor),
    b"\xfd7zXZ\0": lambda: _Framed(_xz),
}


def find_codec(head: bytes) -> Codec | None:
    """Return how to unpack a file that begins so; None for a file that is not compressed."""
    return next((codec for magic, codec in _MAGIC.items() if head.startswith(magic)), None)


class _Stream:
    """The content from its first byte on: members or frames, one after the other."""

    def __init__(self, descriptor: int, codec: Codec) -> None:
        self._descriptor = descriptor
        self._codec = codec
        self._unpacker: _Unpacker | None = codec()
        self._rest = b""
        self.consumed = 0

    def step(self) -> bytes | None:
        """Return more of the content; None where the file ends, b"" where only the next step brings more.

        Raises:
            one of `_ERRORS`: The file is broken.
        """
        data, self._rest = self._rest, b""
        if not data and (self._unpacker is None or self._unpacker.is_hungry):
            data = os.pread(self._descriptor, _PIECE, self.consumed)
            self.consumed += len(data)
            if not data:
                return None
        if self._unpacker is None:
            data = data.lstrip(b"\0")  # gzip allows padding between members
            if not data:
                return b""
            self._unpacker = self._codec()
        output = self._unpacker.unpack(data)
        rest = self._unpacker.rest
        if rest is not None:
            self._rest, self._unpacker = rest, None
        return output

    @property
    def is_between(self) -> bool:
        """All that was begun has come to its end."""
        return self._unpacker is None and not self._rest


class PackedSource:
    """A compressed file; offsets count the bytes of its content, and going back means starting over.

    Args:
        descriptor: The open file, which this object closes.
        key: Which file it is.
        codec: How to unpack it.
        path: Its name, for messages.
    """

    is_packed = True

    def __init__(self, descriptor: int, key: Key, codec: Codec, path: str) -> None:
        self._descriptor = descriptor
        self._codec = codec
        self._path = path
        self.key = key
        self.is_broken = False
        self._start_over()

    @property
    def is_over(self) -> bool:
        """The end was reached, or the file is broken there."""
        return self.is_broken or (
            self._stream.is_between and self._stream.consumed >= os.fstat(self._descriptor).st_size
        )

    @property
    def is_whole(self) -> bool:
        """The end was reached, and the file is not broken there."""
        return self.is_over and not self.is_broken

    def read(self, size: int, start: int) -> bytes:
        """Return up to `size` bytes of the content from `start` on."""
        if start < self._base:
            self._start_over()
        while self._base + len(self._buffer) < start + size and not self.is_broken:
            if start > self._base:
                dropped = min(start - self._base, len(self._buffer))
                self._base += dropped
                del self._buffer[:dropped]
            try:
                data = self._stream.step()
            except _ERRORS as error:
                self._break(error)
                break
            if data is None:
                break
            self._buffer += data
        begin = start - self._base
        return bytes(self._buffer[begin : begin + size])

    def size(self) -> int | None:
        """Return the content's length once its end was reached."""
        return self._base + len(self._buffer) if self.is_over else None

    def estimate(self) -> int:
        """Return the content's length: exactly once its end was reached, else as if the rest were packed as well."""
        length = self._base + len(self._buffer)
        if self.is_over:
            return length
        return length * os.fstat(self._descriptor).st_size // max(1, self._stream.consumed)

    def was_cut(self) -> bool:
        """Return whether the file has become shorter than what was read of it."""
        return os.fstat(self._descriptor).st_size < self._stream.consumed

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def close(self) -> None:
        """Close the file and forget what was unpacked."""
        os.close(self._descriptor)
        self._buffer.clear()

    def _start_over(self) -> None:
        self._stream = _Stream(self._descriptor, self._codec)
        self._buffer = bytearray()
        self._base = 0
        self.is_broken = False

    def _break(self, error: Exception) -> None:
        log.warning("%r is broken after %d bytes of its content: %s", self._path, self._base + len(self._buffer), error)
        self.is_broken = True
