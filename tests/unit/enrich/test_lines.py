"""Log lines as servers and attackers write them."""

import ipaddress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich import FORMATS, SCHEMA, Enrichment, Format, parse, read_events

COMBINED = FORMATS["combined"]
ENRICHMENT = Enrichment()
PLAIN = '192.0.2.7 - - [05/Mar/2021:09:01:38 +0100] "GET /a/b?c=d HTTP/1.1" 200 1513 "https://example.org/" "curl/8"'

SHORT = {
    "original": "event.original",
    "time": "@timestamp",
    "address": "source.address",
    "ip": "source.ip",
    "user": "user.name",
    "method": "http.request.method",
    "url": "url.original",
    "path": "url.path",
    "query": "url.query",
    "domain": "url.domain",
    "version": "http.version",
    "status": "http.response.status_code",
    "bytes": "http.response.body.bytes",
    "referrer": "http.request.referrer",
    "user_agent": "user_agent.original",
    "error": "error.message",
}


def one(line: str, entry: Format = COMBINED) -> dict[str, Any]:
    frame = read_events(pl.Series([line]), entry, ENRICHMENT).frame()
    assert frame.height == 1
    row = frame.row(0, named=True)
    return {name: row[field] for name, field in SHORT.items()}


def test_plain_line() -> None:
    assert one(PLAIN) == {
        "original": PLAIN,
        "time": datetime(2021, 3, 5, 8, 1, 38, tzinfo=UTC),
        "address": "192.0.2.7",
        "ip": "192.0.2.7",
        "user": None,
        "method": "GET",
        "url": "/a/b?c=d",
        "path": "/a/b",
        "query": "c=d",
        "domain": None,
        "version": "1.1",
        "status": 200,
        "bytes": 1513,
        "referrer": "https://example.org/",
        "user_agent": "curl/8",
        "error": None,
    }


def test_schema_is_the_same_for_no_lines_and_for_garbage() -> None:
    for lines in ([], ["", "garbage", PLAIN]):
        frame = parse(pl.Series(lines, dtype=pl.String), COMBINED)
        assert frame.schema == pl.Schema(SCHEMA)


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("-", {"method": None, "url": None, "path": None}),
        ("", {"method": None, "url": None, "path": None}),
        (r"\x16\x03\x01\x02\x00", {"method": None, "url": r"\x16\x03\x01\x02\x00", "path": None}),
        ("GET /old", {"method": "GET", "url": "/old", "version": None}),
        ("get /x HTTP/1.0", {"method": "GET", "url": "/x", "version": "1.0"}),
        ("GET /with space HTTP/1.1", {"url": "/with space", "path": "/with space", "version": "1.1"}),
        (r"GET /say\"hi\" HTTP/1.1", {"url": r"/say\"hi\"", "status": 200}),
        (r"GET /say\x22hi\x22 HTTP/1.1", {"url": r"/say\x22hi\x22", "status": 200}),
        ("GET /a?b?c=d#e HTTP/2.0", {"path": "/a", "query": "b?c=d#e", "version": "2.0"}),
        ("GET /a? HTTP/1.1", {"path": "/a", "query": ""}),
        ("GET http://proxy.example:8080/x?y HTTP/1.1", {"path": "/x", "query": "y", "domain": "proxy.example"}),
        ("GET http://user:pw@proxy.example HTTP/1.1", {"path": "/", "query": None, "domain": "proxy.example"}),
        ("GET https://[2001:db8::1]:443/ HTTP/1.1", {"path": "/", "domain": "[2001:db8::1]"}),
        ("OPTIONS * HTTP/1.0", {"method": "OPTIONS", "path": "*"}),
        ("CONNECT mail.example:25 HTTP/1.1", {"method": "CONNECT", "path": "mail.example:25", "domain": None}),
        ('GET /raw"quote HTTP/1.1', {"method": "GET", "url": '/raw"quote', "status": 200}),
    ],
)
def test_requests(request_text: str, expected: dict[str, Any]) -> None:
    row = one(f'192.0.2.7 - - [05/Mar/2021:09:01:38 +0100] "{request_text}" 200 5 "-" "a"')
    assert row["error"] is None
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (PLAIN + ' "203.0.113.9" 0.004', {"user_agent": "curl/8"}),
        (PLAIN + "  ", {"user_agent": "curl/8"}),
        (" " + PLAIN, {"address": "192.0.2.7"}),
        (PLAIN.replace("1513", "-"), {"bytes": None, "status": 200}),
        (PLAIN.replace("1513", "9" * 30), {"bytes": None, "status": 200}),
        (PLAIN.replace("- -", "- Jane Doe"), {"user": "Jane Doe"}),
        (PLAIN.replace("- -", '- ""'), {"user": '""'}),
        (PLAIN.replace("192.0.2.7", "2001:db8::7"), {"address": "2001:db8::7", "ip": "2001:db8::7"}),
        (PLAIN.replace("192.0.2.7", "host.example.org"), {"address": "host.example.org", "ip": None}),
        (PLAIN.replace("192.0.2.7", "192.0.2.700"), {"address": "192.0.2.700", "ip": None}),
        (PLAIN.replace("curl/8", r"say \"hi\" \\"), {"user_agent": r"say \"hi\" \\"}),
        (PLAIN.replace("curl/8", "-"), {"user_agent": None}),
        (PLAIN[:-4], {"status": 200, "user_agent": None}),
        (PLAIN[: PLAIN.index(' "https')], {"status": 200, "referrer": None}),
        (PLAIN.replace("+0100", "-0730"), {"time": datetime(2021, 3, 5, 16, 31, 38, tzinfo=UTC)}),
    ],
)
def test_variations(line: str, expected: dict[str, Any]) -> None:
    row = one(line)
    assert row["error"] is None
    assert {name: row[name] for name in expected} == expected


def test_user_name_cannot_forge_a_request() -> None:
    forged = r"x [01/Jan/2020:00:00:00 +0000] \"GET /forged HTTP/1.1\" 200 1 \"-\" \"-\""
    row = one(PLAIN.replace("- -", f"- {forged}"))
    assert (row["path"], row["user"]) == ("/a/b", forged)


@pytest.mark.parametrize("line", ["", " ", "garbage", '- - - [x] "" 0', PLAIN[:40], "\x00\x1b[2J"])
def test_garbage_says_why_without_quoting_it(line: str) -> None:
    row = one(line)
    assert row["error"] == "the line does not fit the format combined"
    assert row["original"] == line
    assert all(row[name] is None for name in SHORT if name not in {"original", "error"})


def test_a_day_that_does_not_exist_keeps_the_rest() -> None:
    row = one(PLAIN.replace("05/Mar", "31/Feb"))
    assert (row["time"], row["error"], row["path"]) == (None, "the line's time does not exist", "/a/b")


@pytest.mark.parametrize(
    ("host", "domain"),
    [("shop.example", "shop.example"), ("shop.example:443", "shop.example"), ("[2001:db8::1]:80", "[2001:db8::1]")],
)
def test_vhost(host: str, domain: str) -> None:
    row = one(f"{host} {PLAIN}", FORMATS["vhost_combined"])
    assert (row["domain"], row["address"], row["error"]) == (domain, "192.0.2.7", None)


def test_common() -> None:
    row = one('192.0.2.7 - jo [05/Mar/2021:09:01:38 +0100] "HEAD / HTTP/1.1" 304 -', FORMATS["common"])
    assert (row["user"], row["method"], row["status"], row["bytes"], row["error"]) == ("jo", "HEAD", 304, None, None)


WORD = st.text(st.characters(codec="utf-8", exclude_characters='"\\ \n[]', exclude_categories=["C", "Z"]), min_size=1)
EVENT = st.fixed_dictionaries(
    {
        "time": st.datetimes(datetime(1970, 1, 1), datetime(2099, 1, 1)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001 - hypothesis wants naive bounds
        "zone": st.integers(-12 * 60, 14 * 60),
        "address": st.ip_addresses().map(str),
        "user": st.none() | WORD.filter(lambda word: word != "-"),
        "method": st.sampled_from(["GET", "POST", "PROPFIND", "M-SEARCH"]),
        "path": st.lists(WORD.map(lambda word: word.replace("?", "")), max_size=4).map(
            lambda words: "/" + "/".join(words)
        ),
        "query": st.none() | WORD,
        "version": st.sampled_from(["1.0", "1.1", "2.0"]),
        "status": st.integers(100, 599),
        "bytes": st.none() | st.integers(0, 2**62),
        "referrer": st.none() | WORD.filter(lambda word: word != "-"),
        "user_agent": st.none() | WORD.filter(lambda word: word != "-"),
    }
)


def render(event: dict[str, Any]) -> str:
    local = event["time"].replace(tzinfo=UTC).astimezone(timezone(timedelta(minutes=event["zone"])))
    url = event["path"] + ("" if event["query"] is None else "?" + event["query"])
    text = {name: "-" if value is None else value for name, value in event.items()}
    return (
        f"{text['address']} - {text['user']} [{local:%d/%b/%Y:%H:%M:%S %z}]"
        f' "{text["method"]} {url} HTTP/{text["version"]}"'
        f' {text["status"]} {text["bytes"]} "{text["referrer"]}" "{text["user_agent"]}"'
    )


@given(st.lists(EVENT, min_size=1, max_size=5))
def test_parse_of_render_is_the_event(events: list[dict[str, Any]]) -> None:
    rows = [one(render(event)) for event in events]
    for event, row in zip(events, rows, strict=True):
        assert row["time"] == event["time"].replace(tzinfo=UTC)
        assert row["ip"] == event["address"]
        shared = event.keys() & row.keys() - {"time"}
        assert {name: row[name] for name in shared} == {name: event[name] for name in shared}


@given(EVENT, st.sampled_from(["combined", "common", "vhost_combined"]))
def test_every_pattern_says_the_same(event: dict[str, Any], name: str) -> None:
    combined = render(event)
    common = '"'.join(combined.split('"')[:2]) + '" 200 5'
    line = {"combined": combined, "common": common, "vhost_combined": f"shop.example:1 {combined}"}[name]
    whole = FORMATS[name]
    tolerant = Format(whole.name, whole.title, whole.patterns[1:])
    assert one(line, whole) == one(line, tolerant)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8")) | st.binary().map(lambda raw: raw.decode(errors="backslashreplace"))
    ),
    st.sampled_from([*FORMATS]),
)
def test_any_text_yields_one_row_per_line(lines: list[str], name: str) -> None:
    frame = parse(pl.Series(lines, dtype=pl.String), FORMATS[name])
    assert frame["event.original"].to_list() == lines


@given(
    st.lists(
        st.sampled_from(["", "0", "1", "ff", "ABCD", "12345", "1.2.3.4", "256.0.0.1", "01.1.1.1", "%1"]), max_size=10
    )
)
def test_addresses_as_the_standard_library_reads_them(parts: list[str]) -> None:
    address = ":".join(parts)
    try:
        expected = None if "%" in address else str(ipaddress.ip_address(address)) and address
    except ValueError:
        expected = None
    assert one(PLAIN.replace("192.0.2.7", address or "x"))["ip"] == expected
