"""What was written and rotated away while nobody looked, and what must not be taken for that."""

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipper import read_status
from shipper.names import rotated_from
from tests.unit.shipper.following import Reader

MINUTE = 60_000_000_000


class Host:
    """A log that is rotated, one minute after the other, and a shipper that knows its own name alone."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "access.log"
        self.state = folder / "state"
        self.minute = 0
        self.reader: Reader | None = None

    def start(self) -> Reader:
        """Start the shipper, anew where it runs."""
        if self.reader:
            self.reader.restart()
        self.reader = self.reader or Reader(self.state, self.log)
        return self.reader

    def write(self, *lines: str, path: Path | None = None) -> None:
        """Write to the log, a minute after what was written before."""
        path = path or self.log
        with path.open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))
        self.touch(path)

    def touch(self, path: Path) -> None:
        """Let a file be changed now."""
        self.minute += 1
        time = 1_700_000_000_000_000_000 + self.minute * MINUTE
        os.utime(path, ns=(time, time))

    def rename(self) -> None:
        """Rotate by names."""
        numbers = sorted((int(path.suffix[1:]) for path in self.log.parent.glob("access.log.*")), reverse=True)
        for number in numbers:
            self.log.with_name(f"access.log.{number}").rename(self.log.with_name(f"access.log.{number + 1}"))
        self.log.rename(self.log.with_name("access.log.1"))

    def copytruncate(self, name: str) -> None:
        """Rotate by copying."""
        shutil.copyfile(self.log, self.log.with_name(name))
        self.touch(self.log.with_name(name))
        os.truncate(self.log, 0)

    def pack(self, name: str, *, is_dated: bool) -> None:
        """Compress a file, and let it have the time that it had or that of its compression."""
        path, packed = self.log.with_name(name), self.log.with_name(f"{name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        if is_dated:
            shutil.copystat(path, packed)
        else:
            self.touch(packed)
        path.unlink()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    if made.reader:
        made.reader.stop()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("is_running", [True, False])
def test_what_was_renamed_twice_and_more_between_two_looks(host: Host, count: int, is_running: bool) -> None:
    host.write("first")
    reader = host.start()
    reader.read()
    host.write("its last")
    for number in range(count):
        host.rename()
        host.write(f"number {number}")
    if not is_running:
        host.start()
    assert reader.read() == ["its last", *(f"number {number}" for number in range(count))]
    host.start()
    assert reader.later() == []
    (paths,) = {entry.path for entry in reader.registry.entries.values()}
    assert paths == str(host.log)
    accounts = [(each.passed, each.pending) for each in read_status(reader.registry.path)]
    assert sorted(accounts) == [(1, 0)] * count + [(2, 0)]


def test_it_is_read_also_while_nothing_was_written_to_the_new_log(host: Host) -> None:
    host.write("first")
    reader = host.start()
    reader.read()
    for number in range(2):
        host.rename()
        host.write(*["number 0"] * (not number))
    assert reader.read() == ["number 0"]
    host.write("number 1")
    assert reader.read() == ["number 1"]


def test_it_is_read_by_once(host: Host) -> None:
    host.write("first")
    reader = host.start()
    reader.once()
    for number in range(2):
        host.rename()
        host.write(f"number {number}")
    assert reader.once() == ["number 0", "number 1"]
    assert reader.once() == []


@pytest.mark.parametrize("is_dated", [True, False])
def test_it_is_read_where_it_is_compressed_already(host: Host, is_dated: bool) -> None:
    host.write("first")
    reader = host.start()
    reader.read()
    for number in range(2):
        host.rename()
        host.write(f"number {number}")
    host.pack("access.log.2", is_dated=True)
    host.pack("access.log.1", is_dated=is_dated)
    host.start()
    assert sorted(reader.read()) == ["number 0", "number 1"]
    host.start()
    assert reader.later() == []


def test_it_is_read_after_a_restart_when_it_was_being_compressed(host: Host) -> None:
    """Its entry must not be forgotten over the one of the new log, which is younger."""
    host.write("first")
    reader = host.start()
    reader.read()
    host.rename()
    host.write("unseen")
    host.rename()
    host.pack("access.log.1", is_dated=True)
    packed = host.log.with_name("access.log.1.gz")
    time, now = packed.stat().st_mtime, reader.clock.now().timestamp()
    os.utime(packed, (now, now))
    host.write("new")
    host.start()
    assert reader.read() == ["new"]
    os.utime(packed, (time, time))
    host.start()
    assert reader.later() == ["unseen"]


@pytest.mark.parametrize("name", ["access.log-2026010{}", "access.log.2026-01-0{}", "access-2026010{}.log"])
def test_it_is_read_under_a_dated_name(host: Host, name: str) -> None:
    host.write("first")
    reader = host.start()
    reader.read()
    for number in range(3):
        host.log.rename(host.log.with_name(name.format(number)))
        host.write(f"number {number}")
    host.start()
    assert reader.read() == ["number 0", "number 1", "number 2"]


@pytest.mark.parametrize("is_running", [True, False])
def test_a_copy_of_what_nobody_saw_is_read_and_that_of_what_was_read_is_not(host: Host, is_running: bool) -> None:
    host.write("first", "line")
    reader = host.start()
    reader.read()
    for number in range(3):
        host.copytruncate(f"access.log.{3 - number}")
        host.write(f"number {number}")
    if not is_running:
        host.start()
    assert sorted(reader.read()) == ["number 0", "number 1", "number 2"]
    host.copytruncate("access.log.0")
    host.write("last")
    assert reader.later() == ["last"]
    host.start()
    assert reader.later() == []


@pytest.mark.parametrize("has_time", [True, False])
def test_at_the_first_start_older_files_stay_alone_for_ever(host: Host, has_time: bool) -> None:
    for number in range(3):
        host.write(f"old {number}")
        host.rename()
    host.write("first")
    reader = host.start()
    assert reader.read() == ["first"]
    host.pack("access.log.2", is_dated=has_time)
    host.log.with_name("access.log.2.gz").rename(host.log.with_name("access.log.4.gz"))
    assert reader.later() == []
    host.log.rename(host.log.with_name("access.log.0"))
    host.write("second")
    assert reader.later() == ["second"]
    host.start()
    assert reader.later() == []


def test_what_was_shipped_under_another_pattern_is_known(host: Host) -> None:
    for number in range(3):
        host.write(f"number {number}")
        host.rename()
    host.write("first")
    reader = host.reader = Reader(host.state, f"{host.log}*")
    assert len(reader.read()) == 4
    reader.patterns = [str(host.log)]
    host.start()
    host.log.rename(host.log.with_name("access.log.0"))
    host.pack("access.log.1", is_dated=False)
    host.write("second")
    assert reader.later() == ["second"]


@pytest.mark.parametrize(
    "name", ["error.log", "error.log.1", "access2.log", "access-2.log", "access.log.bak", "access"]
)
def test_other_logs_are_left_alone(host: Host, name: str) -> None:
    host.write("first")
    reader = host.start()
    reader.read()
    host.rename()
    host.write("another", path=host.log.with_name(name))
    host.write("second")
    host.start()
    assert reader.later() == ["second"]


def test_an_old_registry_is_searched_by_the_time_of_its_last_delivery(host: Host) -> None:
    host.write("older")
    host.rename()
    host.write("first")
    reader = host.start()
    reader.read()
    for number in range(2):
        host.rename()
        host.write(f"number {number}")
    reader.stop()
    content = json.loads(reader.registry.path.read_text())
    for entry in content["files"].values():
        for name in ("start", "changed", "after", "left"):
            del entry[name]
        entry["sent"] = "2023-11-14T22:15:30.000Z"  # between the first file's time and the next one's
    reader.registry.path.write_text(json.dumps(content))
    reader._start(closing=False)
    assert reader.read() == ["number 0", "number 1"]


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("access.log.1", "access.log"),
        ("access.log.12.gz", "access.log"),
        ("access.log-20260101.zst", "access.log"),
        ("access.log-20260101-1767225600", "access.log"),
        ("access.log.2026-01-01.3", "access.log"),
        ("access.log.old", "access.log"),
        ("access-20260101.log", "access.log"),
        ("access.1.log.gz", "access.log"),
        ("access.log", None),
        ("access.log.gz", None),
        ("site2.log", None),
        ("site-2.log", None),
        ("site-8080", None),
        (".1", None),
        ("1" * 200 + ".x" * 20, None),
    ],
)
def test_of_which_log_a_name_is_a_rotated_one(name: str, before: str | None) -> None:
    assert rotated_from(name) == before
