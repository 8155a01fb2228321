"""Logs become compact rows."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import FormatError
from detector.events import EVENT_SCHEMA
from enrich import FORMATS, parse
from shipper.reader import split_lines
from wwwatch.scan import reading, splitting
from wwwatch.scan.lines import read_raw
from wwwatch.scan.rows import in_order, to_events

from .conftest import Read

GOLDEN = Path(__file__).parents[3] / "golden" / "enrich"
LINE = '192.0.2.{0} - - [14/Mar/2026:02:15:{1:02d} +0100] "GET {2} HTTP/1.1" 200 5 "-" "curl/8"\n'


def line(address: int = 7, second: int = 7, url: str = "/page?x=1") -> str:
    return LINE.format(address, second, url)


def events_of(log: reading.Log) -> pl.DataFrame:
    rows, order = in_order(log.take_pieces())
    return to_events(rows[order])


def test_one_line_becomes_one_event(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "a.log"
    path.write_text(line())
    event = events_of(read(path)).row(0, named=True)
    assert event == {
        "time": datetime(2026, 3, 14, 1, 15, 7, tzinfo=UTC),
        "address": "192.0.2.7",
        "client": "192.0.2.7",
        "user_agent": "curl/8",
        "method": "GET",
        "url": "/page?x=1",
        "path": "/page",
        "status": 200,
        "bytes": 5,
        "referrer": None,
        "domain": None,
        "position": 0,
    }


def test_the_frame_is_the_detectors(log: Path, read: Read) -> None:
    found = events_of(read(log))
    assert found.drop("position").schema == pl.Schema(EVENT_SCHEMA)
    assert found["time"].is_sorted()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.log")), ids=lambda path: path.stem)
def test_every_format_reads_as_parse_reads_it(path: Path, read: Read) -> None:
    log = read(path)
    name = next(iter(log.formats))
    text = pl.Series(path.read_text("utf-8", "backslashreplace").removesuffix("\n").split("\n"))
    parsed = parse(text, FORMATS[name]).filter(pl.col("error.message").is_null())
    if "is_comment" in parsed.columns:
        parsed = parsed.filter(~pl.col("is_comment"))
    assert log.counts.parsed == parsed.height
    known = parsed.drop_nulls(["@timestamp", "source.address"])
    rows = pl.concat(log.take_pieces())
    assert rows["time"].to_list() == known["@timestamp"].to_list()
    assert rows["url"].cast(pl.String).to_list() == known["url.original"].to_list()
    assert rows["user_agent"].cast(pl.String).to_list() == known["user_agent.original"].to_list()


def test_pieces_files_and_packing_change_nothing(
    log: Path, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = events_of(read(log)).drop("position")
    lines = log.read_text().splitlines(keepends=True)
    third = len(lines) // 3
    (tmp_path / "access.log").write_text("".join(lines[2 * third :]))
    (tmp_path / "access.log.1").write_text("".join(lines[third : 2 * third]))
    (tmp_path / "access.log.2.bz2").write_bytes(bz2.compress("".join(lines[third // 2 : third]).encode()))
    (tmp_path / "access.log.3.xz").write_bytes(lzma.compress("".join(lines[: third // 2]).encode()))
    monkeypatch.setattr(splitting, "SIZE", 50_000)
    found = read(tmp_path)
    assert sum(map(len, found.pieces)) > 10
    assert events_of(found).drop("position").equals(whole)
    assert found.counts.parsed == len(lines)


def test_lines_are_found_again(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text("".join(line(1, second) for second in range(30)))
    (tmp_path / "b.log.gz").write_bytes(gzip.compress("".join(line(2, second) for second in range(30)).encode()))
    (tmp_path / "c.txt").write_text("notes\n")
    (tmp_path / "d.log").write_text(f"{line(3)}\ngarbage\r\n{line(4)[:-1]}\r\n{line(5)[:-1]}")
    log = read(tmp_path)
    rows = pl.concat(log.take_pieces())
    raw = read_raw(log.parts, rows["position"].to_list())
    for event in to_events(rows).iter_rows(named=True):
        assert raw[event["position"]].startswith(f"{event['address']} - - [")
        assert f":{event['time'].second:02d} +0100] " in raw[event["position"]]
        assert raw[event["position"]].endswith('"curl/8"')
    assert log.counts.lines == 64
    assert log.counts.parsed == 63
    assert list(log.strange.values()) == ["its lines are in no format that is known"]


def test_says_which_compressed_file_breaks_off(tmp_path: Path, read: Read) -> None:
    whole = gzip.compress("".join(line(second % 250, second % 60) for second in range(20_000)).encode())
    (tmp_path / "whole.gz").write_bytes(whole)
    (tmp_path / "cut.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "spoilt.gz").write_bytes(whole[:-20_000] + bytes(1_000) + whole[-19_000:])
    log = read(tmp_path)
    assert {Path(name).name for name in log.cut} == {"cut.gz", "spoilt.gz"}
    assert all(0 < count < 20_000 for count in log.cut.values())


def test_a_file_that_cannot_be_read_spoils_no_folder(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text(line())
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "c.log").symlink_to("/proc/self/mem")  # its first bytes cannot be read, whoever asks
    log = read(tmp_path)
    assert log.counts.parsed == 1
    assert {Path(name).name for name in log.strange} == {"b.zip", "c.log"}


def test_lines_of_a_file_that_went_away_are_left_out(tmp_path: Path, read: Read) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(line(url=f"/{name}"))
    log = read(tmp_path)
    (tmp_path / "a.log").unlink()
    positions = pl.concat(log.take_pieces())["position"].to_list()
    assert [text.split()[6] for text in read_raw(log.parts, positions).values()] == ["/b.log"]


def test_the_client_behind_a_proxy_and_the_host_of_an_absolute_url(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "a.log"
    forwarded = line(7, 7, "http://shop.example/x")[:-1] + ' "203.0.113.9, 192.0.2.8"\n'
    path.write_text(forwarded * 3)
    (event, *_) = events_of(read(path, proxies=("192.0.2.0/24",))).to_dicts()
    assert (event["address"], event["domain"]) == ("203.0.113.9", "shop.example")
    (event, *_) = events_of(read(path)).to_dicts()
    assert event["address"] == "192.0.2.7"


def test_says_where_there_is_nothing_to_scan(tmp_path: Path, read: Read) -> None:
    (tmp_path / "a.log").write_text("notes\n")
    (tmp_path / "b.log").write_text("")
    for names, sentence in (
        (["a.log"], "nothing to scan in .*a.log: its lines are in no format that is known: see `wwwatch parse FILE`"),
        (["b.log"], "nothing to scan in .*b.log: it has no lines"),
        (["a.log", "b.log"], "nothing to scan in 2 files: no line of theirs parses"),
    ):
        with pytest.raises(FormatError, match=sentence):
            read(*(tmp_path / name for name in names))
    with pytest.raises(FormatError, match="no line parses as caddy"):
        read(tmp_path / "a.log", format_name="caddy")


def test_any_bytes_can_be_read(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "a.log"
    hostile = bytes(range(256)).replace(b"\n", b"") + b"\n" + b"\0" * 5_000 + line().encode() + b"A" * 3_000_000 + b"\n"
    path.write_bytes(line().encode() * 20 + hostile + line().encode())
    log = read(path)
    rows = pl.concat(log.take_pieces())
    assert log.counts.parsed == rows.height == 22
    raw = read_raw(log.parts, rows["position"].to_list())
    assert {text.lstrip("\0") for text in raw.values()} == {line().removesuffix("\n")}


@example(b"(\xb5/\xfd").via("the beginning of zstd")
@example(gzip.compress(b"a\nb\n"))
@example(zlib.compress(b"a\nb\n"))
@given(st.binary(max_size=300) | st.lists(st.sampled_from([b"a", b"", b"\xc3\xa4", b"x y"])).map(b"\n".join))
def test_splits_as_the_shipper_does(data: bytes) -> None:
    if not data:
        return
    found = splitting.Piece(7, 7 + len(data), data).split()
    known = split_lines(data, 7, 7 + len(data))
    assert found.lines.to_list() == known.lines.to_list()
    assert found.offsets.to_list() == known.offsets.to_list()
    assert found.is_cut.to_list() == known.is_cut.to_list()


def test_a_plain_address_and_a_bracketed_one(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "a.log"
    names = ("192.0.2.1", "[2001:db8::1]", "fe80::1%eth0", "host.example", "2001:db8::2", "192.0.2.999")
    path.write_text("".join(line().replace("192.0.2.7", name) for name in names))
    found = events_of(read(path))["address"].to_list()
    assert found == ["192.0.2.1", "2001:db8::1", "fe80::1", "host.example", "2001:db8::2", "192.0.2.999"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_of_a_broken_file_is_read_what_can_be(
    pack: Callable[[bytes], bytes], tmp_path: Path, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    whole = pack("".join(line(second=number % 60, url=f"/{number}") for number in range(50_000)).encode())
    (tmp_path / "broken.log").write_bytes(whole[: len(whole) // 2] + b"\xff" * 50 + whole[len(whole) // 2 + 50 :])
    (tmp_path / "fine.log").write_text(line())
    (tmp_path / "lz4.log").write_bytes(b"\x04\x22\x4d\x18rest")
    log = read(tmp_path)
    assert "broken.log' is broken after" in caplog.text
    assert log.counts.parsed >= 1
    assert any("compressed with lz4" in why for why in log.strange.values())
