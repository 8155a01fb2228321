"""What is written in a format is read back; no bytes raise or lose a line, in no format and no directive."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from enrich import FORMATS, IS_COMMENT, Enrichment, Format, compile_directive, detect, parse, read_conf, read_events
from enrich.capture import IS_EVENT, capture
from enrich.detection import Detection
from enrich.misfits import explain
from tests.properties.rendering import DIRECTIVE, line_of_shape, written

ENRICHMENT = Enrichment()
LINES = st.lists(
    st.binary(max_size=80).map(lambda raw: raw.replace(b"\n", b"").decode("utf-8", "backslashreplace"))
    | st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=80),
    max_size=8,
)
PLAIN = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
    r"%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D",
    '%t %a "%m %U%q %H" %>s %b %{ms}T %{SSL_PROTOCOL}x "%{X-Own}i"',
    "$remote_addr|$time_iso8601|$host|$request_method|$request_uri|$status|$request_time|$upstream_addr",
    '$msec $remote_addr:$remote_port $server_addr:$server_port "$http_x_forwarded_for" [$request] $request_id',
)


@pytest.mark.parametrize("name", sorted(FORMATS))
@given(data=st.data())
def test_what_is_written_is_read_back(name: str, data: st.DataObject) -> None:
    entry, lines, texts = data.draw(written(name))
    row = capture(pl.Series(lines), entry).row(-1, named=True)
    assert row[IS_EVENT]
    assert {slot: row[slot] for slot in texts} == texts


@pytest.mark.parametrize("directive", PLAIN)
@given(data=st.data())
def test_a_directives_lines_are_read_back(directive: str, data: st.DataObject) -> None:
    entry = compile_directive(directive)
    line, texts = data.draw(line_of_shape(entry, entry.shapes[0]))
    row = capture(pl.Series([line]), entry).row(0, named=True)
    assert row[IS_EVENT]
    assert {slot: row[slot] for slot in texts} == texts


def read_whole(lines: list[str], entry: Format) -> None:
    """Read lines all the way; each is there, once and in order, and has a time, or says why not."""
    frame = read_events(pl.Series(lines, dtype=pl.String), entry, ENRICHMENT).frame()
    assert frame["event.original"].to_list() == lines
    if IS_COMMENT in frame.columns:
        frame = frame.filter(pl.col(IS_COMMENT).not_())
    assert (frame["@timestamp"].is_null() == frame["error.message"].is_not_null()).all()


@given(LINES, st.sampled_from([*FORMATS]))
def test_any_bytes_in_any_format(lines: list[str], name: str) -> None:
    read_whole(lines, FORMATS[name])
    for line in lines:
        explain(line, FORMATS[name])


@given(st.sampled_from([*FORMATS]), st.data())
def test_a_damaged_line_harms_no_other(name: str, data: st.DataObject) -> None:
    entry, (*ahead, line), _ = data.draw(written(name))
    start, end = sorted((data.draw(st.integers(0, len(line))), data.draw(st.integers(0, len(line)))))
    damaged = line[:start] + data.draw(st.text(st.sampled_from('"\\ []{}|-%\x00€,:\t'), max_size=4)) + line[end:]
    lines = [*ahead, line, damaged, line]
    frame = parse(pl.Series(lines), entry)
    assert frame["event.original"].to_list() == lines
    first, _, last = (frame.drop("event.original").row(number) for number in (-3, -2, -1))
    assert first == last


@given(DIRECTIVE, LINES)
def test_any_directive_compiles_and_reads_any_bytes(directive: str, lines: list[str]) -> None:
    entry = compile_directive(directive)
    assert entry.explain()
    read_whole(lines, entry)


@given(DIRECTIVE, st.data())
def test_any_directives_own_lines_are_events(directive: str, data: st.DataObject) -> None:
    entry = compile_directive(directive)
    line, _ = data.draw(line_of_shape(entry, entry.shapes[0]))
    frame = parse(pl.Series([line]), entry)
    assert frame["error.message"].to_list() == [None]


@given(st.text(max_size=60))
def test_any_text_is_a_directive_or_refused(text: str) -> None:
    try:
        entry = compile_directive(text)
    except FormatError:
        return
    assert entry.explain()


@given(st.text(st.sampled_from("log_format access_log'\"{};\\\n #$%ab LogFormat CustomLog"), max_size=80))
def test_any_text_is_a_configuration_or_refused(text: str) -> None:
    try:
        conf = read_conf(text)
    except FormatError:
        return
    assert conf.texts.keys() >= {name for name in conf.files.values() if name == "combined"}


@given(LINES)
def test_detection_finds_or_refuses(lines: list[str]) -> None:
    try:
        found = detect(pl.Series(lines, dtype=pl.String))
    except FormatError:
        return
    assert isinstance(found, Detection)
    assert 0 < found.share <= 1


@given(st.sampled_from([*FORMATS]), st.data())
def test_a_format_is_found_by_its_own_lines(name: str, data: st.DataObject) -> None:
    """A more general one may be found where a line says no more; what is found reads it whole."""
    _, lines, _ = data.draw(written(name))
    found = detect(pl.Series(lines))
    assert found.share == 1
    if name not in {"nginx_json", "apache_json", "vhost_combined", "common"}:
        assert found.format.name == name, json.dumps(lines)
