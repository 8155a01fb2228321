"""The disk spool: lines that arrive by socket or pipe become files, which the shipper follows like all others.

``<root>/<input>/<number>-<random>.spool``: a segment is finished when there is a later one, and is deleted when it is
wholly acknowledged. A line counts as received when its segment is synced.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import quote, unquote

from shipper.durable import sync_folder

SUFFIX = ".spool"
SEGMENT_BYTES = 64_000_000
"""A segment of this size is finished and the next one begun."""


def folder_of(root: Path, name: str) -> Path:
    """Return the folder of an input's segments.

    Args:
        root: The namespace's spool.
        name: The input as it was named, e.g. ``udp://127.0.0.1:5514``.
    """
    return root / quote(name, safe="")


def input_of(path: str) -> str | None:
    """Return the input that a segment belongs to; None for a path that is no segment's."""
    return unquote(Path(path).parent.name) if path.endswith(SUFFIX) else None


def is_finished_segment(path: str) -> bool:
    """Return whether this is a segment that nothing is added to any longer."""
    if not path.endswith(SUFFIX):
        return False
    segments = _segments(Path(path).parent)
    return bool(segments) and segments[-1].name > Path(path).name


def discard_segment(path: str) -> None:
    """Delete a segment, all of which is acknowledged."""
    Path(path).unlink(missing_ok=True)


class Spool:
    """Writes one input's segments; for one thread.

    Args:
        folder: Where they lie; made when it is missing.
        limit: How many bytes may wait there.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._limit = limit
        self._size = 0
        for path in _segments(folder):
            if not _size(path):
                path.unlink()
        self._descriptor = self._begin_segment()

    def is_full(self) -> bool:
        """Return whether the limit is reached."""
        return sum(_size(path) for path in _segments(self._folder)) >= self._limit

    def append(self, lines: bytes) -> None:
        """Add whole lines, and return when they are on the disk.

        Raises:
            OSError: The disk refuses; none of these lines counts as received.
        """
        if self._size >= SEGMENT_BYTES:
            self.finish()
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fdatasync(self._descriptor)
        except OSError:
            # What was written in part must not be there twice when it is written again.
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(lines)

    def finish(self) -> None:
        """Begin a new segment: what was written so far can be deleted once it is acknowledged."""
        if self._size:
            following = self._begin_segment()
            os.close(self._descriptor)
            self._descriptor, self._size = following, 0

    def close(self) -> None:
        """Finish the segment; an empty one is left, which the next start removes."""
        try:
            self.finish()
        except OSError:
            pass  # without room for another one this segment is finished at the next start
        finally:
            os.close(self._descriptor)

    def _begin_segment(self) -> int:
        segments = _segments(self._folder)
        number = int(segments[-1].name.partition("-")[0]) + 1 if segments else 1
        path = self._folder / f"{number:012d}-{secrets.token_hex(4)}{SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        sync_folder(self._folder)
        return descriptor


def _segments(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob(f"*{SUFFIX}"))
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it was acknowledged and deleted while we looked
