"""The kinds of rotation.

Some lose lines by nature, whoever ships, where their writer does not wait: copying and truncating, what is written
between the last byte copied and the truncation; truncating in place and deleting, what nobody had read by then. So the
writer of the first is silent for that moment, and the other two wait until Elasticsearch has all of the file.
"""

import gzip
import os
import shutil
import subprocess
from pathlib import Path
from typing import IO, ClassVar

from tests.e2e.torture.logs import Log, Writing, write_all

PIECE = 16_384
LOGROTATE = shutil.which("logrotate", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
ZSTD = shutil.which("zstd")


class Rename(Log):
    """Renamed, and a new file made; the old one gets lines for a moment longer, until the last worker has reopened."""

    name = "rename"
    pattern = "access.log*"

    def rotate(self) -> None:
        """Rename and create."""
        self.shift()
        self.path.rename(self.folder / "access.log.1")
        old, self.descriptor = self.descriptor, self.open()
        for _ in range(self.dice.randrange(4)):
            self.write(self.dice.randrange(5), old)
            self.writing.stop.wait(self.dice.uniform(0, 0.3))
        os.close(old)
        self.next_generation()


class Named(Rename):
    """As `Rename`, followed by the log's own name alone."""

    name = "named"
    pattern = "access.log"
    covered = False


class CopyTruncate(Log):
    """Copied, piece after piece, and emptied; nothing is written meanwhile."""

    name = "copytruncate"
    pattern = "access.log"
    covered = False

    def rotate(self) -> None:
        """Copy and truncate."""
        self.shift()
        with self.path.open("rb") as source, (self.folder / "access.log.1").open("wb") as copy:
            while data := source.read(PIECE):
                copy.write(data)
                copy.flush()
                self.writing.stop.wait(self.dice.uniform(0, 0.05))
        os.ftruncate(self.descriptor, 0)
        self.next_generation()


class CopyTruncateAll(CopyTruncate):
    """As `CopyTruncate`, followed together with its copies."""

    name = "copytruncate-all"
    pattern = "access.log*"
    covered = True


class _Compressed(Log):
    """Renamed, and compressed at the next rotation, slowly enough to be seen half done, while lines are written."""

    suffix: ClassVar[str]

    def rotate(self) -> None:
        """Compress the file before, rename, and create."""
        self.shift(self.suffix)
        previous = self.folder / "access.log.1"
        if previous.exists():
            self.compress(previous, self.folder / f"access.log.2{self.suffix}")
            previous.unlink()
        self.path.rename(previous)
        os.close(self.descriptor)
        self.descriptor = self.open()
        self.next_generation()

    def compress(self, source: Path, target: Path) -> None:
        """Write the compressed file."""
        raise NotImplementedError

    def _copy_slowly(self, source: Path, target: IO[bytes] | gzip.GzipFile) -> None:
        with source.open("rb") as data:
            while piece := data.read(PIECE):
                target.write(piece)
                target.flush()
                self.write(self.dice.randrange(3))
                self.writing.stop.wait(self.dice.uniform(0, 0.1))


class Gzip(_Compressed):
    """Compressed by gzip."""

    name = "gzip"
    pattern = "access.log*"
    suffix = ".gz"

    def compress(self, source: Path, target: Path) -> None:
        """Write one member."""
        with gzip.open(target, "wb") as packed:
            self._copy_slowly(source, packed)


class Zstd(_Compressed):
    """Compressed by zstd."""

    name = "zstd"
    pattern = "access.log*"
    suffix = ".zst"

    def compress(self, source: Path, target: Path) -> None:
        """Have zstd write it as it gets it."""
        with target.open("wb") as file:
            process = subprocess.Popen([str(ZSTD), "-q", "-c"], stdin=subprocess.PIPE, stdout=file)
            assert process.stdin is not None
            self._copy_slowly(source, process.stdin)
            process.stdin.close()
            assert process.wait() == 0


class Truncate(Log):
    """Emptied in place, once all of it is in Elasticsearch."""

    name = "truncate"
    pattern = "access.log"
    garbage = False

    def rotate(self) -> None:
        """Wait, and truncate."""
        if self.wait_shipped(self.prefix(), self.number):
            os.ftruncate(self.descriptor, 0)
            self.next_generation()


class Delete(Log):
    """Renamed, and deleted once all of it is in Elasticsearch: most often while the shipper has it open."""

    name = "delete"
    pattern = "access.log*"
    garbage = False

    def __init__(self, writing: Writing) -> None:
        super().__init__(writing)
        self._waiting: list[tuple[Path, str, int]] = []

    def rotate(self) -> None:
        """Rename, create, and delete what may go."""
        old = self.folder / f"access.log.{self.generation}"
        self.path.rename(old)
        os.close(self.descriptor)
        self.descriptor = self.open()
        self._waiting.append((old, self.prefix(), self.number))
        self.next_generation()
        for waiting in list(self._waiting):
            path, prefix, count = waiting
            if self.writing.shipped(prefix, count):
                path.unlink()
                self.counts["deleted"] += 1
                self._waiting.remove(waiting)


class Many(Log):
    """Many small files, one after another; some end without a line end, which only the last `--once` may take."""

    name = "many"
    pattern = "*.log"

    def open(self) -> int:
        """Open the next file."""
        self.path = self.folder / f"{self.generation}.log"
        return super().open()

    def write(self, count: int, descriptor: int | None = None) -> None:
        """Write a few lines into a file of their own."""
        super().write(min(count, 30), descriptor)
        if self.dice.random() < 0.2:
            self.rotate()

    def rotate(self) -> None:
        """Begin the next file."""
        if self.dice.random() < 0.1 and self.number:
            line = self.line(hostile=False)
            self._note(line)
            write_all(self.descriptor, line[:-1])
        os.close(self.descriptor)
        self.next_generation()
        self.descriptor = self.open()


class Symlink(Log):
    """Files named by their number, and a link that leads to the newest."""

    name = "symlink"
    pattern = "*.log"

    def open(self) -> int:
        """Make the next file, and turn the link to it at once."""
        self.path = self.folder / f"access-{self.generation:05d}.log"
        descriptor = super().open()
        link = self.folder / "next"
        link.symlink_to(self.path.name)
        link.rename(self.folder / "current.log")
        return descriptor

    def rotate(self) -> None:
        """Open the next file."""
        os.close(self.descriptor)
        self.next_generation()
        self.descriptor = self.open()


class _Logrotate(Log):
    """Rotated by the real logrotate; nothing is written meanwhile, and the log is opened anew after."""

    options: ClassVar[str]

    def rotate(self) -> None:
        """Run logrotate."""
        beside = self.writing.journals
        config = beside / f"{self.name}.conf"
        config.write_text(f'"{self.path}" {{\n{self.options}\n}}\n')
        config.chmod(0o644)
        state = beside / f"{self.name}.state"
        done = subprocess.run(
            [str(LOGROTATE), "--force", "--state", str(state), str(config)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        os.close(self.descriptor)
        self.descriptor = self.open()
        self.next_generation()


class LogrotateCopy(_Logrotate):
    """logrotate's copytruncate, compressed at the next rotation, as its manual shows for servers that cannot reopen."""

    name = "logrotate-copytruncate"
    pattern = "access.log"
    covered = False
    options = "rotate 1000\ncopytruncate\ncompress\ndelaycompress"


class LogrotateDated(_Logrotate):
    """logrotate's create with dates in the names, compressed at once."""

    name = "logrotate-dateext"
    pattern = "access.log*"
    options = "rotate 1000\ncreate\ndateext\ndateformat -%Y%m%d-%s\ncompress"


_ALL: tuple[type[Log], ...] = (
    *(Rename, Named, CopyTruncate, CopyTruncateAll, Gzip, Zstd, Truncate, Delete, Many, Symlink),
    *(LogrotateCopy, LogrotateDated),
)
_MISSING = {
    name
    for name, program in (("zstd", ZSTD), ("logrotate-copytruncate", LOGROTATE), ("logrotate-dateext", LOGROTATE))
    if program is None
}
KINDS: dict[str, type[Log]] = {kind.name: kind for kind in _ALL if kind.name not in _MISSING}
"""By name; without those whose program is not installed."""
