"""Whole lines with their offsets, wherever the cuts fall."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrich import FORMATS, Enrichment, Origin
from shipper.batch import Batch, Documents, build_batches
from shipper.reader import MAX_LINE, Chunk, Read, read_chunk

ENRICHMENT = Enrichment()
ORIGIN = Origin("/var/log/a.log", "host", "default", datetime(2026, 1, 2, tzinfo=UTC), "0.1.0")


@contextmanager
def opened(path: Path, data: bytes) -> Iterator[Read]:
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield lambda size, start: os.pread(descriptor, size, start)
    finally:
        os.close(descriptor)


def read_all(read: Read, size: int, *, closing: bool = True) -> list[Chunk]:
    chunks: list[Chunk] = []
    position = 0
    while chunk := read_chunk(read, position, size, closing=closing):
        assert chunk.start == position
        chunks.append(chunk)
        position = chunk.end
    return chunks


def test_whole_lines_with_their_offsets(tmp_path: Path) -> None:
    with opened(tmp_path / "log", b"one\r\n\ntwo\nthr") as read:
        chunk = read_chunk(read, 0, 100, closing=False)
        assert chunk is not None
        assert chunk.lines.to_list() == ["one", "", "two"]
        assert chunk.offsets.to_list() == [0, 5, 6]
        assert (chunk.start, chunk.end) == (0, 10)
        assert read_chunk(read, 10, 100, closing=False) is None
        last = read_chunk(read, 10, 100, closing=True)
        assert last is not None
        assert (last.lines.to_list(), last.offsets.to_list(), last.end) == (["thr"], [10], 13)
        assert read_chunk(read, 13, 100, closing=True) is None


def test_bytes_that_are_not_text_become_visible(tmp_path: Path) -> None:
    with opened(tmp_path / "log", b"a\xffb\xc3\n\xc3\xa9\n\x00\n") as read:
        chunk = read_chunk(read, 0, 100, closing=False)
    assert chunk is not None
    assert chunk.lines.to_list() == ["a\\xffb\\xc3", "é", ""]
    assert chunk.offsets.to_list() == [0, 5, 8]


@pytest.mark.parametrize("size", [1_000, 4 * MAX_LINE])
@pytest.mark.parametrize("length", [MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE + 7])
def test_a_long_line_is_cut_and_the_next_one_is_found(tmp_path: Path, size: int, length: int) -> None:
    with opened(tmp_path / "log", b"x" * length + b"\nnext\n") as read:
        chunks = read_all(read, size)
    lines = [line for chunk in chunks for line in chunk.lines.to_list()]
    assert [len(line) for line in lines] == [min(length, MAX_LINE), 4]
    assert [cut for chunk in chunks for cut in chunk.is_cut.to_list()] == [length > MAX_LINE, False]
    assert [at for chunk in chunks for at in chunk.offsets.to_list()] == [0, length + 1]


def test_a_long_line_without_end_waits(tmp_path: Path) -> None:
    with opened(tmp_path / "log", b"x" * 3_000) as read:
        assert read_chunk(read, 0, 1_000, closing=False) is None
        chunk = read_chunk(read, 0, 1_000, closing=True)
    assert chunk is not None
    assert (len(chunk.lines), chunk.end) == (1, 3_000)


def batches(chunk: Chunk, lines: int, name: str = "combined") -> list[Batch]:
    return build_batches(chunk, "f" * 16, FORMATS[name], ORIGIN, ENRICHMENT, lines=lines)


def contents(batch: Batch) -> list[tuple[str, Any]]:
    # The order of a document's fields is not part of the contract.
    return [(name, json.loads(batch.documents.document(row))) for row, name in enumerate(batch.documents.ids)]


def test_cut_lines_are_marked_in_the_document(tmp_path: Path) -> None:
    with opened(tmp_path / "log", b"x" * (MAX_LINE + 1) + b"\nnext\n") as read:
        (chunk,) = read_all(read, 4 * MAX_LINE)
    (batch,) = batches(chunk, 10)
    first = json.loads(batch.documents.document(0))["error"]["message"]
    assert (batch.cut, batch.unparsed, first) == (1, 2, "the line was longer than 1000000 bytes and is kept in part")


LINE = st.one_of(
    st.binary(max_size=30),
    st.just(b'192.0.2.7 - - [05/Mar/2021:09:01:38 +0100] "GET /a?b=c HTTP/1.1" 200 5 "-" "curl"'),
    st.just(b'192.0.2.7 - - [05/Mar/2021:09:01:38 +0100] "\xff\xfe" 400 - "-" "-"\r'),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINE, max_size=12).map(b"\n".join), st.integers(1, 200))
def test_where_it_is_cut_changes_nothing(tmp_path: Path, data: bytes, size: int) -> None:
    with opened(tmp_path / "log", data) as read:
        whole, parts = read_all(read, 10_000), read_all(read, size)
    expected, *found = (
        [pair for chunk in chunks for batch in batches(chunk, count) for pair in contents(batch)]
        for chunks, count in ((whole, 10_000), (parts, 10_000), (whole, 3))
    )
    assert found == [expected, expected]
    assert len(expected) == len(data.removesuffix(b"\n").split(b"\n")) * bool(data)


def test_nul_bytes_before_a_line_are_left_out(tmp_path: Path) -> None:
    data = b"one\n\0\0two\nth\0ree\n" + b"\0" * (3 * MAX_LINE) + b"four\n"
    for size in (10, 100, 2 * MAX_LINE, 8 * MAX_LINE):
        with opened(tmp_path / "log", data) as read:
            chunks = read_all(read, size)
        assert [line for chunk in chunks for line in chunk.lines] == ["one", "two", "th\0ree", "four"]
        assert [at for chunk in chunks for at in chunk.offsets] == [0, 4, 10, 17]
        assert not any(cut for chunk in chunks for cut in chunk.is_cut)


@pytest.mark.parametrize(
    ("rest", "lines", "offsets"),
    [
        (b"\nnext\n", ["next"], [4]),
        (b"\r\nnext\n", ["next"], [5]),
        (b"ree\nnext\n", ["ree", "next"], [3, 7]),
    ],
)
def test_the_end_of_a_line_that_was_taken_without_it(
    tmp_path: Path, rest: bytes, lines: list[str], offsets: list[int]
) -> None:
    with opened(tmp_path / "log", b"thr" + rest) as read:
        chunk = read_chunk(read, 3, 100, closing=False)
    assert chunk is not None
    assert (chunk.lines.to_list(), chunk.offsets.to_list()) == (lines, offsets)
    assert (chunk.start, chunk.end) == (3, 3 + len(rest))


def test_the_mere_end_of_a_taken_line_is_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "log", b"three\n") as read:
        assert read_chunk(read, 5, 100, closing=True) is None


def test_bulk_body(tmp_path: Path) -> None:
    with opened(tmp_path / "log", b"one\ntwo\n") as read:
        (chunk,) = read_all(read, 100)
    ((batch,), documents) = batches(chunk, 10), batches(chunk, 10)[0].documents
    body = documents.body()
    assert body.endswith(b"}\n")
    actions, sent = body.splitlines()[::2], body.splitlines()[1::2]
    assert [json.loads(line) for line in actions] == [{"create": {"_id": f"{'f' * 16}-{at}"}} for at in (0, 4)]
    assert [json.loads(line)["event"]["original"] for line in sent] == ["one", "two"]
    assert [documents.document(row) for row in (0, 1)] == [line.decode() for line in sent]
    assert documents.ids.to_list() == [f"{'f' * 16}-0", f"{'f' * 16}-4"]
    assert (batch.start, batch.end) == (0, 8)


def test_batches_are_cut_from_a_stretch(tmp_path: Path) -> None:
    with opened(tmp_path / "log", b"".join(b"%d\n" % number for number in range(7))) as read:
        (chunk,) = read_all(read, 100)
    found = batches(chunk, 3)
    assert [(batch.start, batch.end, len(batch.documents), batch.unparsed) for batch in found] == [
        (0, 6, 3, 3),
        (6, 12, 3, 3),
        (12, 14, 1, 1),
    ]


def test_comments_are_no_documents(tmp_path: Path) -> None:
    fields = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
    lines = (
        fields
        + b"2026-01-02 03:04:05 192.0.2.7 GET / 200\n" * 2
        + b"#Date: 2026\n"
        + b"2026-01-02 03:04:06 ::1 GET / 404\n"
    )
    with opened(tmp_path / "log", lines) as read:
        (chunk,) = read_all(read, 1_000)
    found = batches(chunk, 2, "iis")
    assert [(len(batch.documents), batch.skipped) for batch in found] == [(1, 1), (1, 1), (1, 0)]
    assert [batch.header for batch in found] == [fields.decode().strip(), None, None]
    assert [contents(batch)[0][1]["source"]["ip"] for batch in found] == ["192.0.2.7", "192.0.2.7", "::1"]


def test_documents_are_chosen_and_left_out() -> None:
    documents = Documents.of(["a", "b", "c"], ['{"n":1}', '{"n":2}', '{"n":3}'])
    assert documents.body() == b"".join(
        b'{"create":{"_id":"%c"}}\n{"n":%d}\n' % pair for pair in zip(b"abc", (1, 2, 3), strict=True)
    )
    left = documents.without({"b", "x"})
    assert (left.ids.to_list(), [left.document(row) for row in (0, 1)]) == (["a", "c"], ['{"n":1}', '{"n":3}'])
    assert documents.select(slice(1, None)).ids.to_list() == ["b", "c"]
    nothing = documents.select(slice(0))
    assert (len(nothing), nothing.body(), nothing.ids.to_list()) == (0, b"", [])
