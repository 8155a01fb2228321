"""The change feed against the real server: every event once, whoever writes and whenever."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from elasticsearch import Elasticsearch

from core.clock import iso_millis
from core.documents import access_stream
from core.settings import EsSettings
from detector.feed import PAGE, ChangeFeed, Positions
from tests.server.watching import START, document, write

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


@pytest.fixture
def feed(es_url: str, namespace: str) -> Iterator[ChangeFeed]:
    found = ChangeFeed(EsSettings(url=es_url), access_stream(namespace))
    yield found
    found.close()


def read(feed: ChangeFeed, positions: Positions) -> list[str]:
    """Read what is new, moving the positions on."""
    urls: list[str] = []
    for page in feed.read(positions):
        urls += page.events["url"].to_list()
        positions.update(page.positions)
    return urls


def test_every_event_once_while_three_write(es: Elasticsearch, feed: ChangeFeed) -> None:
    each = 4_000
    write(es, feed.index, [-1])
    positions: Positions = {}
    found = Counter(read(feed, positions))
    ranges = [range(writer * each, (writer + 1) * each) for writer in range(3)]
    writers = [threading.Thread(target=write, args=(es, feed.index, numbers)) for numbers in ranges]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found.update(read(feed, positions))
    found.update(read(feed, positions))
    assert found == Counter(f"/{number}" for number in range(-1, 3 * each))
    assert read(feed, positions) == []


def test_after_a_rollover_both_indices_are_read(es: Elasticsearch, feed: ChangeFeed) -> None:
    positions: Positions = {}
    write(es, feed.index, range(10))
    assert len(read(feed, positions)) == 10
    write(es, feed.index, range(10, 20))
    es.indices.rollover(alias=feed.index)
    write(es, feed.index, range(20, 30))
    assert sorted(read(feed, positions)) == sorted(f"/{number}" for number in range(10, 30))
    assert len({shard.index for shard in feed.shards()}) == 2


def test_a_page_can_be_repeated_and_positions_resume(es: Elasticsearch, feed: ChangeFeed, es_url: str) -> None:
    write(es, feed.index, range(PAGE + 5))
    pages = list(feed.read({}))
    assert [page.events.height for page in pages] == [PAGE, 5]
    assert next(iter(feed.read({}))).events.equals(pages[0].events)
    other = ChangeFeed(EsSettings(url=es_url), feed.index)
    assert [page.events.height for page in other.read(dict(pages[0].positions))] == [5]
    assert list(other.read(dict(pages[1].positions))) == []
    assert other.now() == pages[1].positions
    other.close()


def test_stop_leaves_the_rest_for_the_next_call(es: Elasticsearch, feed: ChangeFeed) -> None:
    write(es, feed.index, range(PAGE + 5))
    answers = iter([False, True])
    assert [page.events.height for page in feed.read({}, lambda: next(answers))] == [PAGE]


def test_late_and_future_events_are_read_like_any_other(es: Elasticsearch, feed: ChangeFeed) -> None:
    positions: Positions = {}
    write(es, feed.index, [1])
    read(feed, positions)
    for year in (1971, 2250):
        es.index(index=feed.index, document=document(year, datetime(year, 1, 1, tzinfo=UTC)), op_type="create")
    assert sorted(read(feed, positions)) == ["/1971", "/2250"]


def test_an_index_that_is_not_there_yet(es: Elasticsearch, feed: ChangeFeed) -> None:
    assert feed.shards() == []
    assert feed.now() == {}
    assert list(feed.read({})) == []


def test_an_index_deleted_and_made_anew_starts_anew(es: Elasticsearch, es_url: str, namespace: str) -> None:
    index = f"foreign-{namespace.replace('_', '-')}"
    feed = ChangeFeed(EsSettings(url=es_url), index)
    positions: Positions = {}
    for _ in range(2):
        es.index(index=index, document=document(1))
        assert read(feed, positions) == ["/1"]
        es.indices.delete(index=index)
    feed.close()


def test_foreign_documents_however_odd(es: Elasticsearch, es_url: str, namespace: str) -> None:
    index = f"filebeat-{namespace.replace('_', '-')}"
    odd: list[dict[str, Any]] = [
        {"http": {"response": {"status_code": "404", "body": {"bytes": ["7"]}}}, "source": {"ip": ["192.0.2.9"]}},
        {"url": {"path": "/b", "query": "x=1"}, "source": {"ip": None}},
        {"message": "no web request at all", "source": {}},
        {},
    ]
    mappings = {"properties": {"@timestamp": {"type": "date"}}, "dynamic": False}
    es.indices.create(index=index, mappings=mappings, settings={"number_of_shards": 3})
    for number, more in enumerate(odd):
        es.index(index=index, document={"@timestamp": iso_millis(START), "n": number} | more)
    es.index(index=index, document={"message": "not even a time"})
    feed = ChangeFeed(EsSettings(url=es_url), "filebeat-test*")
    feed.index = index
    pages = list(feed.read({}))
    events = pl.concat([page.events for page in pages])
    feed.close()
    assert events.height == 5
    assert events["time"].null_count() == 1
    assert events.drop_nulls("address").select("address", "status", "bytes").rows() == [("192.0.2.9", 404, 7)]
    assert events.drop_nulls("url")["url"].to_list() == ["/b?x=1"]


def test_reading_back_gives_the_window_up_to_the_positions(es: Elasticsearch, feed: ChangeFeed) -> None:
    write(es, feed.index, range(100))
    positions = feed.now()
    write(es, feed.index, range(100, 200))
    events = pl.concat(list(feed.read_back(positions, START + timedelta(seconds=40))))
    assert sorted(events["url"]) == sorted(f"/{number}" for number in range(40, 100))
    assert list(feed.read_back({}, START)) == []


def test_positions_of_deleted_indices_are_let_go(es: Elasticsearch, feed: ChangeFeed) -> None:
    positions: Positions = {}
    write(es, feed.index, range(3))
    read(feed, positions)
    gone = next(iter(positions)).split("/")[0]
    es.indices.rollover(alias=feed.index)
    write(es, feed.index, range(3, 6))
    read(feed, positions)
    assert feed.without_deleted(positions) == positions
    es.indices.close(index=gone)
    assert feed.without_deleted(positions) == positions
    es.indices.delete(index=gone)
    assert [key.split("/")[0] == gone for key in feed.without_deleted(positions)] == [False]
