"""What becomes of a followed file, one event at a time."""

import bz2
import gzip
import json
import logging
import lzma
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from backports import zstd

from core.errors import DeliveryError
from shipper import read_status
from shipper.registry import FORGET_AFTER
from tests.unit.shipper.following import LATER, Reader

Follow = Callable[..., Reader]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "access.log"


@pytest.fixture
def follow(tmp_path: Path, log: Path) -> Iterator[Follow]:
    log.parent.mkdir()
    readers: list[Reader] = []

    def start(*patterns: str | Path) -> Reader:
        readers.append(Reader(tmp_path / f"state{len(readers)}", *(patterns or [log])))
        return readers[-1]

    yield start
    for reader in readers:
        reader.stop()


def lines(start: int, end: int, *, width: int = 0) -> list[str]:
    return [f"line {number} {'x' * width}." for number in range(start, end)]


def append(path: Path, texts: list[str], end: str = "\n") -> None:
    with path.open("a", newline="") as file:
        file.write("\n".join(texts) + end)


PACK = {".gz": gzip.compress, ".zst": zstd.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
MANY = lines(0, 30, width=60)
"""More than what is kept of a file's beginning."""

FEW = lines(0, 3)


@pytest.mark.parametrize("first", [FEW, MANY, FEW[:1]])
def test_a_file_is_read_as_it_grows_whatever_its_size(follow: Follow, log: Path, first: list[str]) -> None:
    reader = follow()
    assert reader.read() == []
    append(log, first)
    assert reader.read() == first
    append(log, ["later"])
    reader.restart()
    assert reader.read() == ["later"]
    (status,) = read_status(reader.registry.path)
    assert (status.is_there, status.passed, status.pending) == (True, len(first) + 1, 0)


def test_a_folder_that_appears_later(follow: Follow, tmp_path: Path) -> None:
    reader = follow(tmp_path / "new" / "*.log")
    assert reader.read() == []
    (tmp_path / "new").mkdir()
    append(tmp_path / "new" / "a.log", FEW)
    assert reader.read() == FEW


def test_two_names_are_one_file(follow: Follow, log: Path) -> None:
    append(log, FEW)
    log.with_name("link.log").symlink_to(log)
    os.link(log, log.with_name("hard.log"))
    assert follow(log.with_name("*.log"), log.with_name("link.log")).read() == FEW


def test_a_symbolic_link_that_is_turned(follow: Follow, log: Path) -> None:
    """As cronolog does it: the link leads to each day's file."""
    append(log.with_name("monday.txt"), FEW)
    append(log.with_name("tuesday.txt"), ["tuesday"])
    log.symlink_to("monday.txt")
    reader = follow()
    assert reader.read() == FEW
    append(log.with_name("monday.txt"), ["monday's last"])
    log.unlink()
    log.symlink_to("tuesday.txt")
    assert reader.read() == ["monday's last", "tuesday"]


def test_a_file_deleted_while_it_is_open_is_read_to_its_end(follow: Follow, log: Path) -> None:
    append(log, FEW)
    reader = follow()
    reader.read()
    with log.open("a") as file:
        log.unlink()
        file.write("after\nlast")
        file.flush()
        assert reader.read() == ["after"]
        assert reader.later() == ["last"]
        reader.later()
    assert [*reader.follower._tails] == []


@pytest.mark.parametrize("first", [FEW, MANY])
def test_an_inode_that_is_used_again_is_another_file(follow: Follow, log: Path, first: list[str]) -> None:
    append(log, first)
    reader = follow()
    reader.read()
    with log.open("r+") as file:  # what a file system that gives the same inode again looks like
        file.truncate()
        file.write("\n".join(other := [f"other {line}" for line in first + MANY]) + "\n")
    reader.restart()
    assert reader.read() == other
    assert len(reader.registry.entries) == 2


def test_the_same_header_in_a_reused_inode_is_another_file(follow: Follow, log: Path) -> None:
    header = ["#Software: made up", "#Fields: date time"]
    append(log, [*header, "monday"])
    reader = follow()
    assert reader.read() == [*header, "monday"]
    log.write_text("\n".join([*header, "tuesday, longer"]) + "\n")
    assert reader.read() == [*header, "tuesday, longer"]


@pytest.mark.parametrize("first", [FEW, MANY])
@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("is_wide", [True, False])
def test_what_copytruncate_cut_is_recovered_from_the_copy(
    follow: Follow, log: Path, first: list[str], is_running: bool, is_wide: bool
) -> None:
    append(log, first)
    reader = follow(f"{log}*" if is_wide else log)
    reader.read()
    append(log, ["unread"])
    shutil.copyfile(log, log.with_name("access.log-20260102"))
    os.truncate(log, 0)
    append(log, ["new"])
    if not is_running:
        reader.restart()
    assert sorted(reader.read()) == ["new", "unread"]
    reader.restart()
    assert reader.later() == []


@pytest.mark.parametrize("first", [FEW, MANY])
def test_a_copy_shorter_than_what_was_read_is_not_read(follow: Follow, log: Path, first: list[str]) -> None:
    """What the server writes between the copying and the truncation is in no file; here it was read in time."""
    append(log, first)
    reader = follow(f"{log}*")
    shutil.copyfile(log, log.with_name("access.log.1"))
    append(log, ["in between"])
    reader.read()
    os.truncate(log, 0)
    append(log, ["new"])
    assert reader.read() == ["new"]
    reader.restart()
    assert reader.later() == []


@pytest.mark.parametrize("first", [FEW, MANY])
def test_a_copy_waits_and_says_so(
    follow: Follow, log: Path, first: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    append(log, first)
    reader = follow(f"{log}*")
    reader.read()
    shutil.copyfile(log, log.with_name("access.log.1"))
    assert reader.read() == reader.read() == []
    assert caplog.text.count("so it is a copy") == 1
    log.write_text("another\n")
    append(log.with_name("access.log.1"), ["more"])
    assert sorted(reader.read()) == ["another", "more"]


def test_two_logs_that_begin_alike_are_two(follow: Follow, log: Path) -> None:
    """One client asks two sites the same at the same time."""
    append(log.with_name("a.log"), FEW[:1])
    append(log.with_name("b.log"), FEW[:1])
    assert follow(log.with_name("*.log")).read() == FEW[:1] * 2


def test_a_rename_across_file_systems_ships_nothing_again(follow: Follow, log: Path) -> None:
    append(log, MANY)
    reader = follow(log, log.parent / "archive" / "*")
    reader.read()
    (log.parent / "archive").mkdir()
    shutil.copyfile(log, log.parent / "archive" / "old")
    log.unlink()
    assert reader.later() == []
    append(log.parent / "archive" / "old", ["more"])
    assert reader.later() == ["more"]


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("first", [FEW, MANY])
@pytest.mark.parametrize("is_running", [True, False])
def test_of_a_compressed_log_only_the_rest_is_read(
    follow: Follow, log: Path, suffix: str, first: list[str], is_running: bool
) -> None:
    append(log, first)
    reader = follow(f"{log}*")
    reader.read()
    append(log, ["unread"])
    data = log.read_bytes()
    packed = log.with_name(f"access.log.1{suffix}")
    packed.write_bytes(PACK[suffix](data))
    log.unlink()
    append(log, ["new"])
    if not is_running:
        reader.restart()
    assert sorted(reader.later() + reader.later()) == ["new", "unread"]
    reader.restart()
    assert reader.later() == []
    assert sorted(each.pending for each in read_status(reader.registry.path)) == [0, 0]


def test_a_compressed_log_that_is_new_is_read_once(follow: Follow, log: Path) -> None:
    packed = log.with_name("access.log.2.gz")
    packed.write_bytes(gzip.compress(b"".join(f"{line}\n".encode() for line in MANY)) + gzip.compress(b"second\nlast"))
    reader = follow(f"{log}*")
    assert reader.read() == [*MANY, "second", "last"]
    assert [*reader.follower._tails] == []
    reader.restart()
    assert reader.read() == []
    assert (log.parent / "access.log.2.gz").rename(log.parent / "access.log.3.gz")
    assert reader.read() == []


def test_a_compressed_log_that_is_being_written_waits(follow: Follow, log: Path) -> None:
    data = gzip.compress(b"".join(f"{line} {os.urandom(20).hex()}\n".encode() for line in MANY))
    packed = log.with_name("access.log.1.gz")
    reader = follow(packed)
    for end in (1, 15, len(data) // 2):
        packed.write_bytes(data[:end])
        reader.read()
    packed.write_bytes(data)
    reader.read()
    assert len(reader.taken) == len(MANY)


def test_a_broken_or_cut_compressed_log_gives_what_can_be_read(
    follow: Follow, log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cut, broken = (
        bytearray(gzip.compress("".join(f"{line}\n" for line in lines(start, start + 200_000)).encode()))
        for start in (0, 500_000)
    )
    broken[-8] ^= 255  # the check sum
    log.with_name("broken.gz").write_bytes(broken)
    log.with_name("cut.gz").write_bytes(cut[: len(cut) // 2])
    reader = follow(log.with_name("cut.gz"), log.with_name("broken.gz"))
    reader.once()
    assert caplog.text.count("is broken after") == 1
    assert caplog.text.count("ends in the middle") == 1
    taken = set(reader.taken.values())
    assert len(taken & set(lines(0, 200_000))) > 90_000
    assert len(taken & set(lines(500_000, 700_000))) > 100_000


def test_a_bomb_is_no_more_than_lines(follow: Follow, log: Path) -> None:
    packed = log.with_name("bomb.gz")
    with gzip.open(packed, "wb") as file:
        for _ in range(40):
            file.write(b"0" * 1_000_000)
        file.write(b"\nnext\n")
    assert [len(line) for line in follow(packed).read()] == [1_000_000, 4]


def test_compressed_otherwise_is_refused(follow: Follow, log: Path, caplog: pytest.LogCaptureFixture) -> None:
    log.write_bytes(b"\x04\x22\x4d\x18rest")
    reader = follow()
    assert reader.read() == reader.read() == []
    assert caplog.text.count("it is compressed with lz4: use gzip, zstd, bzip2 or xz") == 1
    assert reader.once() == []
    assert caplog.text.count("it is compressed with lz4: use gzip, zstd, bzip2 or xz") == 2


def test_a_last_line_without_its_end(follow: Follow, log: Path) -> None:
    append(log, ["one", "tw"], end="")
    reader = follow()
    assert reader.read() == ["one"]
    append(log, ["o"])
    assert reader.read() == ["two"]
    append(log, ["thr"], end="")
    assert reader.once() == ["thr"]
    append(log, ["", "four"])
    assert reader.read() == ["four"]
    (status,) = read_status(reader.registry.path)
    assert (status.passed, status.pending) == (4, 0)


def test_a_line_that_was_taken_before_it_went_on_is_two(follow: Follow, log: Path) -> None:
    append(log, ["one", "tw"], end="")
    reader = follow()
    assert reader.once() == ["one", "tw"]
    (status,) = read_status(reader.registry.path)
    assert (status.passed, status.pending) == (2, 0)
    append(log, ["o", "three"])
    assert reader.read() == ["o", "three"]
    (status,) = read_status(reader.registry.path)
    assert (status.passed, status.pending) == (4, 0)


@pytest.mark.parametrize("is_wide", [True, False])
def test_the_last_line_of_a_rotated_file_needs_no_end(follow: Follow, log: Path, is_wide: bool) -> None:
    append(log, ["one", "tw"], end="")
    reader = follow(f"{log}*" if is_wide else log)
    assert reader.read() == ["one"]
    log.rename(log.with_name("access.log.1"))
    append(log, ["new"])
    assert reader.read() == ["new"]
    assert reader.later() == ["tw"]


def test_a_hole_after_copytruncate(follow: Follow, log: Path) -> None:
    with log.open("wb", buffering=0) as server:  # not in append mode
        server.write("".join(f"{line}\n" for line in MANY).encode())
        reader = follow(f"{log}*")
        assert reader.read() == MANY
        shutil.copyfile(log, log.with_name("access.log.1"))
        os.truncate(log, 0)
        server.write(b"new\n")
        assert reader.read() == ["new"]
        server.write(b"newer\n")
        reader.restart()
        assert reader.read() == ["newer"]


def test_a_folder_or_a_pipe_is_refused(follow: Follow, log: Path) -> None:
    with pytest.raises(
        DeliveryError, match=r"cannot follow .*logs: it is a folder: name its files, as in '.*logs/\*\.log'"
    ):
        follow(log.parent).read()
    os.mkfifo(log)
    with pytest.raises(DeliveryError, match="it is a pipe: name a regular file"):
        follow(log).read()
    assert follow(f"{log}*").read() == []


def test_what_cannot_be_read_is_said_once(follow: Follow, log: Path, caplog: pytest.LogCaptureFixture) -> None:
    reader = follow(log.with_name("a\x1b]0;b.log"))
    reader.read()
    reader.read()
    assert caplog.text.count("No such file") == 1
    assert "\x1b" not in caplog.text


def test_few_files_are_open_at_once(follow: Follow, log: Path) -> None:
    paths = [log.with_name(f"{name}.log") for name in "abcdefghij"]
    for path in paths:
        append(path, [path.name, *FEW])
    reader = follow(log.with_name("*.log"))
    before = psutil.Process().num_fds()
    reader.restart(max_open=3)
    assert len(reader.read()) == 40
    assert psutil.Process().num_fds() <= before + 4
    for path in paths:
        append(path, ["more"])
        path.rename(path.with_suffix(".log.1"))
        append(path, [f"new {path.name}"])
    assert sorted(reader.read()) == sorted(["more"] * 10 + [f"new {path.name}" for path in paths])


def test_what_is_gone_for_long_is_forgotten(follow: Follow, log: Path) -> None:
    append(log, FEW)
    append(log.with_name("b.log"), ["other"])
    reader = follow(log.with_name("*.log"))
    reader.read()
    log.unlink()
    reader.later()
    (gone,) = [entry for entry in reader.registry.entries.values() if entry.path == str(log)]
    gone.in_flight = (0, 1)
    reader.later(FORGET_AFTER.total_seconds() + 2 * 86_400)
    assert len(reader.registry.entries) == 2
    gone.in_flight = None
    reader.later(86_400)
    assert [entry.path for entry in reader.registry.entries.values()] == [str(log.with_name("b.log"))]


def test_an_old_registry_keeps_its_identities(follow: Follow, log: Path) -> None:
    append(log, MANY)
    reader = follow()
    reader.read()
    names = ("begin", "prefix", "digest", "anchor", "anchor_digest", "packed", "splits", "seen", "format")
    reader.stop()
    content = json.loads(reader.registry.path.read_text())
    for entry in content["files"].values():
        for name in names:
            del entry[name]
    reader.registry.path.write_text(json.dumps(content))
    append(log, ["more"])
    reader._start(closing=False)
    assert reader.read() == ["more"]
    ((identity, entry),) = reader.registry.entries.items()
    assert identity in content["files"]
    assert entry.prefix == 1_024


def test_lost_bytes_are_said(follow: Follow, log: Path, caplog: pytest.LogCaptureFixture) -> None:
    append(log, FEW)
    reader = follow()
    reader.read()
    append(log, ["half"], end="")
    reader.read()
    log.write_text("new\n")
    reader.later(700)
    reader.later(LATER)
    assert "4 bytes of" in caplog.text


def test_what_was_written_after_a_truncation_is_not_taken_for_the_rest(follow: Follow, log: Path) -> None:
    """The file is emptied after it was looked at and before it is read."""
    append(log, MANY)
    reader = follow()
    reader.read()
    append(log, ["more"])
    (tail,) = reader.follower.refresh()
    log.write_text("".join(f"other {line}\n" for line in MANY + MANY))
    assert tail.read(tail.entry.offset, 100_000, closing=False) is None
    assert reader.read() == [f"other {line}" for line in MANY + MANY]


def test_a_long_header_in_common_does_not_make_two_files_one(follow: Follow, log: Path) -> None:
    header = [f"# {line}" for line in MANY]
    append(log, [*header, *(monday := lines(0, 20, width=40))])
    reader = follow()
    assert reader.read() == [*header, *monday]
    reader.stop()
    log.write_text("\n".join([*header, *(tuesday := lines(50, 99, width=40))]) + "\n")
    reader._start(closing=False)
    assert reader.read() == [*header, *tuesday]


@pytest.mark.parametrize("kept", [16, 20])
@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("extra", [0, 5])
def test_of_a_file_cut_to_a_part_of_itself_nothing_is_read_again(
    follow: Follow, log: Path, kept: int, is_running: bool, extra: int
) -> None:
    append(log, MANY)
    reader = follow()
    reader.read()
    os.truncate(log, sum(len(line) + 1 for line in MANY[:kept]) + extra)  # a line that is cut goes on as another one
    if not is_running:
        reader.restart()
    assert reader.read() == []
    append(log, new := lines(100, 140, width=60))
    assert reader.read() == new
    (_, before), (identity, entry) = reader.registry.entries.items()
    assert (before.superseded, entry.superseded, entry.start) == (True, False, log.stat().st_size - 40 * 71)
    reader.restart()
    append(log, ["last"])
    assert reader.read() == ["last"]
    *_, status = read_status(reader.registry.path)
    assert (status.identity, status.passed, status.pending) == (identity, 41, 0)
    os.truncate(log, 0)
    append(log, FEW)
    assert reader.read() == FEW


def test_a_file_cut_twice(follow: Follow, log: Path) -> None:
    append(log, MANY)
    reader = follow()
    reader.read()
    for kept in (25, 17):
        os.truncate(log, sum(len(line) + 1 for line in MANY[:kept]))
        assert reader.read() == []
        append(log, [f"after {kept}"])
        assert reader.read() == [f"after {kept}"]


def test_the_same_line_again_after_a_truncation_is_new(follow: Follow, log: Path) -> None:
    """Of a log without times nothing tells whether it was cut, or emptied and written to."""
    append(log, ["same"] * 9)
    reader = follow()
    reader.read()
    os.truncate(log, 0)
    append(log, ["same"] * 3)
    assert reader.read() == ["same"] * 3


@pytest.mark.parametrize("first", [FEW, MANY])
def test_the_same_first_line_after_a_truncation_does_not_make_it_a_cut(
    follow: Follow, log: Path, first: list[str]
) -> None:
    append(log, first)
    reader = follow()
    reader.read()
    log.write_text(f"{first[0]}\nx\n")
    assert reader.read() == [first[0], "x"]


def test_pending_bytes_of_a_compressed_file_are_those_of_its_content(follow: Follow, log: Path) -> None:
    text = "".join(f"{os.urandom(40).hex()}\n" for _ in range(50_000)).encode()
    packed = log.with_name("access.log.1.gz")
    packed.write_bytes(gzip.compress(text))
    (tail,) = follow(packed).follower.refresh()
    assert len(text) / 2 < tail.pending_bytes() < len(text) * 2
    while chunk := tail.read(tail.entry.offset, 1_000_000, closing=True):
        tail.entry.offset = chunk.end
        assert tail.pending_bytes() >= len(text) - chunk.end - 1_000_000
    assert (tail.entry.offset, tail.pending_bytes()) == (len(text), 0)
