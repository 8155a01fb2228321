"""Whatever becomes of a log file, each of its lines is read once: random rotations, truncations and restarts."""

import gzip
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from backports import zstd
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.shipper.following import Reader


class Rotation(RuleBasedStateMachine):
    """A server, logrotate and a shipper that know nothing of each other."""

    @initialize(
        is_wide=st.booleans(),
        is_sparse=st.booleans(),
        size=st.sampled_from([90, 500, 100_000]),
        max_open=st.integers(1, 3),
    )
    def begin(self, is_wide: bool, is_sparse: bool, size: int, max_open: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.log = self.folder / "access.log"
        self.is_wide = is_wide
        self.max_open = max_open
        self.written: list[str] = []
        self.is_open_line = False
        self.stamp = 0
        self.server = self._open(is_sparse=is_sparse)
        self.reader = Reader(self.folder / "state", f"{self.log}*" if is_wide else self.log, size=size)
        self.reader.restart(max_open=max_open)

    def _open(self, *, is_sparse: bool) -> int:
        # Without O_APPEND a server goes on where it was before a truncation, and leaves a hole.
        self.is_sparse = is_sparse
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | (0 if is_sparse else os.O_APPEND))

    @rule(count=st.integers(1, 30), is_long=st.booleans())
    def write(self, count: int, is_long: bool) -> None:
        for _ in range(count):
            self.written.append(f"line {len(self.written)} {'x' * 300 * is_long}.")
            os.write(self.server, f"{self.written[-1]}\n".encode())
        self._change(self.server)

    def _change(self, file: int | Path) -> None:
        """Let a file's change have a time of its own: those that this machine gives may be one for several."""
        self.stamp = max(self.stamp + 1_000, int(self.reader.clock.now().timestamp() * 1e9))
        os.utime(file, ns=(self.stamp, self.stamp))

    @rule()
    def read(self) -> None:
        self.reader.read()

    @rule()
    def time_passes(self) -> None:
        self.reader.later()

    @rule()
    def crash_after_reading(self) -> None:
        self.reader.read(is_saved=False)
        self.reader.restart(is_crash=True, max_open=self.max_open)

    @rule()
    def restart(self) -> None:
        self.reader.restart(max_open=self.max_open)

    @rule()
    def once(self) -> None:
        if self.log.exists():
            self.reader.once()
            self.reader.restart(max_open=self.max_open)

    @rule(kinds=st.lists(st.booleans(), min_size=1, max_size=3))
    def rotations_while_it_is_dead(self, kinds: list[bool]) -> None:
        self.reader.restart(is_crash=True, max_open=self.max_open)
        for is_renamed in kinds:
            self.write(2, is_long=False)
            if is_renamed:
                self.rename(is_late=False, is_sparse=False)
            else:
                self.copytruncate(is_read_between=False, is_written_between=False, is_slow=False)

    def _shift(self) -> None:
        """Make room at `.1`; who follows the log alone must have seen a first file under that name."""
        if not self.is_wide and not self.reader.registry.entries:
            self.reader.read()
        older = list(self.folder.glob("access.log.*"))
        for path in sorted(older, key=lambda path: -int(path.name.split(".")[2])):
            parts = path.name.split(".")
            path.rename(path.with_name(".".join([*parts[:2], str(int(parts[2]) + 1), *parts[3:]])))

    @rule(is_late=st.booleans(), is_sparse=st.booleans())
    def rename(self, is_late: bool, is_sparse: bool) -> None:
        if not self.log.exists() or not self.log.stat().st_size:
            return
        self._shift()
        self.log.rename(self.folder / "access.log.1")
        if is_late:
            self.write(2, is_long=False)
        os.close(self.server)
        self.server = self._open(is_sparse=is_sparse)

    @rule(is_read_between=st.booleans(), is_written_between=st.booleans(), is_slow=st.booleans())
    def copytruncate(self, is_read_between: bool, is_written_between: bool, is_slow: bool) -> None:
        self._shift()
        copy = self.folder / "access.log.1"
        if is_slow:
            copy.write_bytes(self.log.read_bytes()[: self.log.stat().st_size // 2])
            self._change(copy)
            self.reader.read()
        shutil.copyfile(self.log, copy)
        self._change(copy)
        if is_written_between:  # nobody can find these lines after the truncation
            self.write(1, is_long=False)
            self.reader.read()
        if is_read_between:
            self.reader.read()
        os.truncate(self.log, 0)
        self._change(self.log)

    @rule(pick=st.integers(0, 5), is_gzip=st.booleans(), is_read_between=st.booleans(), is_slow=st.booleans())
    def compress(self, pick: int, is_gzip: bool, is_read_between: bool, is_slow: bool) -> None:
        plain = sorted(path for path in self.folder.glob("access.log.*") if path.suffix[1:].isdigit())
        if not plain:
            return
        path = plain[pick % len(plain)]
        data = path.read_bytes()
        packed = gzip.compress(data) if is_gzip else zstd.compress(data)
        target = path.with_name(path.name + (".gz" if is_gzip else ".zst"))
        if is_slow:
            target.write_bytes(packed[: len(packed) // 2])
            self._change(target)
            self.reader.read()
        target.write_bytes(packed)
        self._change(target)
        if is_read_between:
            self.reader.read()
        path.unlink()

    @invariant()
    def nothing_is_read_twice(self) -> None:
        assert not [line for line, count in Counter(self.reader.taken.values()).items() if count > 1]

    def teardown(self) -> None:
        if not hasattr(self, "reader"):
            return
        self.reader.later()
        self.reader.later()
        self.reader.stop()
        os.close(self.server)
        shutil.rmtree(self.folder)
        assert Counter(self.reader.taken.values()) == Counter(self.written)


TestRotation = Rotation.TestCase
TestRotation.settings = settings(max_examples=60, stateful_step_count=20)
