"""Rotation of each kind under the running shipper, down to what Elasticsearch holds."""

import gzip
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from backports import zstd
from elasticsearch import Elasticsearch

from shipper import Ledger, read_status
from tests.server.logs import count, eventually, make_lines, originals, settings_of, ship_once, shipping, write_log

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs" / "access.log"


def test_copytruncate_and_compression_while_it_runs(
    es: Elasticsearch, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = make_lines(600)
    copy = log.with_name("access.log.1")
    with shipping(es, settings_of(tmp_path, namespace, batch_bytes=2_000), f"{log}*"):
        for turn in range(6):
            part = lines[turn * 100 : turn * 100 + 100]
            write_log(log, part[:90], "a")
            if turn % 2:
                eventually(lambda turn=turn: count(es, namespace) == turn * 100 + 90)
            write_log(log, part[90:], "a")
            shutil.copyfile(log, copy)
            os.truncate(log, 0)
            if turn < 3:
                eventually(lambda turn=turn: count(es, namespace) == turn * 100 + 100)
            data = copy.read_bytes()
            packed = gzip.compress(data) if turn % 2 else zstd.compress(data)
            log.with_name(f"access.log.{9 - turn}{'.gz' if turn % 2 else '.zst'}").write_bytes(packed)
            copy.unlink()
        eventually(lambda: count(es, namespace) == 600)
    assert originals(es, namespace) == Counter(lines)
    assert ship_once(es, settings_of(tmp_path, namespace), Path(f"{log}*")) == Ledger()
    assert [each for each in read_status(tmp_path / "ship" / f"{namespace}.json") if each.missing or each.pending] == []


def test_archives_are_shipped_once(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    lines = make_lines(3_000)
    parts = [lines[:1_000], lines[1_000:2_000], lines[2_000:]]
    data = ["".join(f"{line}\n" for line in part).encode() for part in parts]
    log.with_name("access.log.2.gz").write_bytes(gzip.compress(data[0][:5_000]) + gzip.compress(data[0][5_000:]))
    log.with_name("access.log.1.zst").write_bytes(zstd.compress(data[1]))
    log.write_bytes(data[2])
    settings = settings_of(tmp_path, namespace, batch_bytes=20_000)
    assert ship_once(es, settings, Path(f"{log}*")) == Ledger(indexed=3_000)
    assert ship_once(es, settings, Path(f"{log}*")) == Ledger()
    assert originals(es, namespace) == Counter(lines)


def test_hostile_bytes_and_lines(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    lines = make_lines(2)
    hostile = [b"\x00" * 70_000 + lines[1].encode() + b"\r\n", b"\xff\xfe\x1b[2J\n", b"x" * 10_000_000 + b"\n", b"end"]
    log.write_bytes(lines[0].encode() + b"\n" + b"".join(hostile))
    counts = ship_once(es, settings_of(tmp_path, namespace), log, format_name="combined")
    assert (counts.lines, counts.cut) == (5, 1)
    assert originals(es, namespace) == Counter([*lines, "\\xff\\xfe\x1b[2J", "x" * 1_000_000, "end"])
