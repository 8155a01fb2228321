"""Reading pages of search hits, whoever wrote the documents."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from detector.events import EVENT_SCHEMA, read_page
from tests.unit.detector.frames import events_of, request

MILLIS = "1777885200123"
MOMENT = datetime(2026, 5, 4, 9, 0, 0, 123_000, tzinfo=UTC)
FULL = {
    "source": {"ip": "192.0.2.7", "address": "host.example"},
    "url": {"original": "/a?b=c", "path": "/a", "query": "b=c", "domain": "example.org"},
    "http": {
        "request": {"method": "get", "referrer": "https://example.org/"},
        "response": {"status_code": 404, "body": {"bytes": 17}},
    },
    "user_agent": {"original": "Firefox"},
}


def page_of(*sources: dict[str, Any]) -> bytes:
    """Return Elasticsearch's answer with these documents, sequence numbers 5, 6, ..."""
    hits = [
        {"_source": source, "fields": {"@timestamp": [MILLIS]}, "sort": [number]}
        for number, source in enumerate(sources, 5)
    ]
    return json.dumps({"hits": {"hits": hits}}).encode()


def first(*sources: dict[str, Any]) -> dict[str, Any]:
    return read_page(page_of(*sources))[0].row(0, named=True)


def test_a_full_document() -> None:
    events, last = read_page(page_of(FULL))
    assert dict(events.schema) == {
        name: dtype() if isinstance(dtype, type) else dtype for name, dtype in EVENT_SCHEMA.items()
    }
    assert last == 5
    assert events.row(0, named=True) == {
        "time": MOMENT,
        "address": "192.0.2.7",
        "client": "192.0.2.7",
        "user_agent": "Firefox",
        "method": "GET",
        "url": "/a?b=c",
        "path": "/a",
        "status": 404,
        "bytes": 17,
        "referrer": "https://example.org/",
        "domain": "example.org",
    }


def test_the_last_sequence_number_and_the_order_are_the_pages() -> None:
    events, last = read_page(page_of(*({"url": {"original": f"/{number}"}} for number in (3, 1, 2))))
    assert events["url"].to_list() == ["/3", "/1", "/2"]
    assert last == 7


@pytest.mark.parametrize("body", [b"", b"{}", b" {} ", b'{"hits":{"hits":[]}}', b'{"hits":{}}'])
def test_an_empty_page(body: bytes) -> None:
    events, last = read_page(body)
    assert (events.height, last) == (0, None)
    assert events.columns == list(EVENT_SCHEMA)


def test_a_document_without_any_field() -> None:
    row = first({})
    assert row.pop("time") == MOMENT
    assert {name: value for name, value in row.items() if value is not None} == {"client": "-"}


def test_a_line_that_did_not_parse_among_others() -> None:
    events, last = read_page(page_of(FULL, {"error": {"message": "no"}}, FULL))
    assert events["url"].to_list() == ["/a?b=c", None, "/a?b=c"]
    assert last == 7


def test_the_address_stands_in_for_the_ip() -> None:
    assert first({"source": {"address": "host.example"}})["client"] == "host.example"


@pytest.mark.parametrize(
    ("url", "built"),
    [({"path": "/a", "query": "b=c"}, "/a?b=c"), ({"path": "/a"}, "/a"), ({"query": "b"}, None)],
)
def test_a_url_is_built_from_path_and_query(url: dict[str, str], built: str | None) -> None:
    assert first({"url": url})["url"] == built


@pytest.mark.parametrize(
    ("source", "column", "value"),
    [
        ({"http": {"response": {"status_code": "200"}}}, "status", 200),
        ({"http": {"response": {"status_code": [404]}}}, "status", 404),
        ({"http": {"response": {"status_code": 200.0}}}, "status", 200),
        ({"http": {"response": {"status_code": "-"}}}, "status", None),
        ({"http": {"response": {"status_code": 1e300}}}, "status", None),
        ({"http": {"response": {"status_code": "nan"}}}, "status", None),
        ({"http": {"response": {"body": {"bytes": "1234"}}}}, "bytes", 1234),
        ({"http": {"response": {"body": {"bytes": 2**70}}}}, "bytes", None),
        ({"http": {"response": "none"}}, "status", None),
        ({"source": {"ip": ["192.0.2.7", "192.0.2.8"]}}, "address", "192.0.2.7"),
        ({"source": {"ip": []}}, "client", "-"),
        ({"source": "192.0.2.7"}, "client", "-"),
        ({"source": [{"ip": "192.0.2.7"}]}, "client", "192.0.2.7"),
        ({"user_agent": {"original": {"name": "x"}}}, "user_agent", None),
        ({"user_agent": {"original": 7}}, "user_agent", "7"),
        ({"url": {"original": ["/a", "/b"]}}, "url", "/a"),
        ({"http": None, "url": None}, "url", None),
    ],
)
def test_foreign_shapes(source: dict[str, Any], column: str, value: Any) -> None:
    events, last = read_page(page_of(FULL, source))
    assert events.row(0, named=True)["status"] == 404
    assert events.row(1, named=True)[column] == value
    assert last == 6


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8::1", "2001:db8::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::/64"),
        ("not:an:address", "not:an:address"),
        (None, "-"),
    ],
)
def test_clients(address: str | None, client: str) -> None:
    assert events_of(request(address=address))["client"].to_list() == [client]


@pytest.mark.parametrize(("url", "path"), [("/a?b?c", "/a"), ("/a", "/a"), ("?", ""), ("", ""), (None, None)])
def test_paths(url: str | None, path: str | None) -> None:
    assert events_of(request(url=url))["path"].to_list() == [path]


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"\\u0000\\u001b[31m"', '"é\\u00ff"'])
def test_any_text_of_a_url_survives(text: str) -> None:
    body = page_of({"url": {"original": "HERE"}}).replace(b'"HERE"', text.encode())
    assert read_page(body)[0]["url"][0] == json.loads(text)


@pytest.mark.parametrize(
    ("fields", "time"),
    [
        ({"@timestamp": ["1777885200123.456789"]}, MOMENT),  # date_nanos
        ({"@timestamp": ["0"]}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({"@timestamp": ["253402300799999"]}, datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        ({"@timestamp": ["253402300800000"]}, None),
        ({"@timestamp": ["9223372036854775807"]}, None),
        ({"@timestamp": ["-62135596800001"]}, None),
        ({}, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("source", [{}, {"source": {"ip": ["192.0.2.7"]}}], ids=["plain", "foreign"])
def test_times(source: dict[str, Any], fields: dict[str, Any] | None, time: datetime | None) -> None:
    hit = {"_source": source, "sort": [5]} | ({} if fields is None else {"fields": fields})
    events, last = read_page(json.dumps({"hits": {"hits": [hit]}}).encode())
    assert events["time"].to_list() == [time]
    assert last == 5
