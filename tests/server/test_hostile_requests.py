"""What stands in a value and what comes over a socket, against real Elasticsearch and the real page server."""

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from alerts.engine.search import search
from alerts.language.files import parse_watch
from alerts.verdicts import server as pages
from tests.alerting import HandClock
from tests.server.verdict_pages import serving

pytestmark = pytest.mark.es

HOSTILE = ["a OR *", "*", "AND", "OR", "TO", ">0", "/.*/", "x) OR (y", '"', "\\", "a b", "ns:x", "[a TO b]", "~", "!"]


@pytest.fixture
def index(es: Elasticsearch) -> Iterator[str]:
    """An index with one document for each hostile value, and one more."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    es.indices.create(index=name, mappings={"properties": {"v": {"type": "keyword"}}})
    for value in ["other", *HOSTILE]:
        es.index(index=name, document={"v": value})
    es.indices.refresh(index=name)
    yield name
    es.indices.delete(index=name)


def found(es: Elasticsearch, index: str, query: dict[str, Any], value: str) -> list[str]:
    request = {"indices": [index], "body": {"query": query, "size": 100}}
    body = {"trigger": {"schedule": {"interval": "1m"}}, "input": {"search": {"request": request}}}
    watch = parse_watch(body, Path("made-up.json"))
    assert watch.body.input.search is not None
    answer, _ = search(es, watch, watch.body.input.search, {"value": value})
    return [hit["_source"]["v"] for hit in answer["hits"]["hits"]]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_in_a_query_finds_itself_alone(es: Elasticsearch, index: str, value: str) -> None:
    without = [] if value == ">0" else [value]  # ">" cannot be escaped and is left out
    assert found(es, index, {"query_string": {"query": "v:{{ctx.value}}"}}, value) == without
    assert found(es, index, {"query_string": {"query": 'v:"{{ctx.value}}"'}}, value) == without
    assert found(es, index, {"regexp": {"v": "{{ctx.value}}"}}, value) == [value]
    assert found(es, index, {"wildcard": {"v": {"value": "{{ctx.value}}"}}}, value) == [value]


def everything(connection: socket.socket) -> bytes:
    """Return all that comes until the other side hangs up."""
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_a_request_in_the_body_of_another_is_not_answered(es: Elasticsearch, head: bytes) -> None:
    hidden = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    with serving(es, HandClock()) as address, socket.create_connection(address, timeout=20) as connection:
        connection.sendall((head % len(hidden) if b"%d" in head else head) + hidden)
        assert everything(connection).count(b"HTTP/1.") == 1


def test_who_sends_slowly_is_left_and_holds_no_room(es: Elasticsearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_WHOLE_SECONDS", 0.3)
    monkeypatch.setattr(pages, "_MOST_CONNECTIONS", 2)
    with serving(es, HandClock()) as address:
        slow = [socket.create_connection(address, timeout=20) for _ in range(2)]
        for each in slow:
            each.sendall(b"GET / HT")
        with socket.create_connection(address, timeout=20) as third:
            third.sendall(b"GET / HTTP/1.1\r\n\r\n")  # either no room, or those before are gone already
            everything_of(third)
        for each in slow:
            everything_of(each)  # the server hangs up
            each.close()
        with socket.create_connection(address, timeout=20) as next_one:
            next_one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert everything(next_one).startswith(b"HTTP/1.0 404")


def everything_of(connection: socket.socket) -> bytes:
    """Return what comes, also where the other side hangs up in the middle."""
    try:
        return everything(connection)
    except ConnectionError:
        return b""
