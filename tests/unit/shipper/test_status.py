"""The account held against the disk."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shipper import FileStatus, Ledger, Registry, read_status
from shipper.identity import identify
from shipper.registry import Entry

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DATA = b"one\ntwo\nthree\nfour"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_bytes(DATA)
    return path


def account(log: Path, ledger: Ledger, offset: int = 8) -> Path:
    status, registry = log.stat(), Registry(log.parent / "ship" / "r.json")
    with registry:
        identity = identify(registry.host, status.st_dev, status.st_ino, b"one", 0)
        registry.entries[identity] = Entry(str(log), status.st_dev, status.st_ino, offset=offset, ledger=ledger)
        registry.save()
    return registry.path


def only(path: Path) -> FileStatus:
    (status,) = read_status(path)
    return status


def test_nothing_shipped(tmp_path: Path) -> None:
    assert read_status(tmp_path / "r.json") == []


@pytest.mark.parametrize(("ledger", "missing"), [(Ledger(1, 0, 1), 0), (Ledger(1), 1), (Ledger(2, 1), -1)])
def test_lines_passed_and_pending(log: Path, ledger: Ledger, missing: int) -> None:
    status = only(account(log, ledger))
    assert (status.passed, status.pending, status.missing, status.is_there) == (2, 2, missing, True)
    assert status.as_dict(NOW)["lines"] == 4


def test_all_shipped_with_the_last_unfinished_line(log: Path) -> None:
    status = only(account(log, Ledger(4), offset=len(DATA)))
    assert (status.passed, status.pending, status.missing) == (4, 0, 0)


def test_found_under_another_name(log: Path) -> None:
    registry = account(log, Ledger(2))
    log.rename(log.with_suffix(".log.1"))
    log.write_bytes(b"another\n")
    assert only(registry).pending == 2


@pytest.mark.parametrize("change", ["gone", "emptied", "another"])
def test_gone(log: Path, change: str) -> None:
    registry = account(log, Ledger(2))
    if change == "gone":
        log.unlink()
    elif change == "emptied":
        os.truncate(log, 0)
    else:
        log.write_bytes(b"other\nlines\n")
    status = only(registry)
    assert (status.is_there, status.passed, status.missing) == (False, None, 0)
    assert status.as_dict(NOW)["lines"] is None
