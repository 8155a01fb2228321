"""What is written down about a running node, and when it is believed."""

import os
from pathlib import Path

import psutil
import pytest

from core.errors import NodeError
from core.node import running_url, status, stop
from core.node.record import Record, answers, claimed, read_record, remove_record, write_record

NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture
def mine() -> Record:
    """A record of this very process."""
    return Record(os.getpid(), psutil.Process().create_time(), NOBODY_LISTENS, "/n")


def test_what_was_written_is_read(tmp_path: Path, mine: Record) -> None:
    """In a folder that is made on the way."""
    write_record(tmp_path / "state", mine)

    assert read_record(tmp_path / "state") == mine
    assert mine.process() is not None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "x": 2}'])
def test_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    """A half-written or foreign file does no harm."""
    (tmp_path / "node.json").write_text(text)

    assert read_record(tmp_path) is None
    assert running_url(tmp_path) is None
    assert not stop(tmp_path)


def test_another_process_with_the_same_number_is_not_it(tmp_path: Path, mine: Record) -> None:
    """Nor is it ever stopped."""
    write_record(tmp_path, Record(mine.pid, mine.created - 100, mine.url, mine.folder))

    assert not status(tmp_path).is_running
    assert not stop(tmp_path)


def test_process_that_does_not_answer_has_no_address(tmp_path: Path, mine: Record) -> None:
    """It runs, but it is not ready."""
    write_record(tmp_path, mine)

    assert running_url(tmp_path) is None
    assert status(tmp_path).is_running
    assert not status(tmp_path).is_ready


def test_second_start_is_refused(tmp_path: Path, mine: Record) -> None:
    """While one runs."""
    write_record(tmp_path, mine)

    with pytest.raises(NodeError, match="runs already"), claimed(tmp_path):
        pytest.fail("claimed twice")


def test_only_the_own_record_is_removed(tmp_path: Path, mine: Record) -> None:
    """A node started since then stays known."""
    write_record(tmp_path, mine)
    remove_record(tmp_path, mine.pid + 1)
    assert read_record(tmp_path) == mine

    remove_record(tmp_path, mine.pid)
    assert read_record(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[::1]:1\n127.0.0.1:12345\n", "http://127.0.0.1:12345"),
        ("127.0.0.1:80@evil.example", ""),
        ("evil.example:80", ""),
        ("", ""),
    ],
)
def test_address_comes_from_the_node_while_none_is_written_down(tmp_path: Path, text: str, expected: str) -> None:
    """And is nothing but a port of this machine, whatever stands there."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "http.ports").write_text(text)

    assert Record(1, 1.0, "", str(tmp_path)).address() == expected


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9", "nonsense"])
def test_no_answer_is_no(url: str) -> None:
    """And never an exception."""
    assert not answers(url, 1)


def test_state_that_is_a_file(tmp_path: Path, mine: Record) -> None:
    """A folder that cannot be made."""
    (tmp_path / "file").touch()

    with pytest.raises(NodeError, match="cannot write the state folder"):
        write_record(tmp_path / "file", mine)
    with pytest.raises(NodeError, match="cannot write the state folder"):
        stop(tmp_path / "file" / "state")
