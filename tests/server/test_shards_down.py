"""What is read while a shard is not up, as after a restart: an error that is waited out, never a hole."""

from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl
import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from core.documents import access_stream
from core.errors import StoreBusyError
from core.settings import EsSettings
from detector.feed import ChangeFeed
from es_templates import apply, plan
from shipper.lookup import find_existing

pytestmark = pytest.mark.es

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
IDS = [f"line-{number}" for number in range(10)]


@pytest.fixture
def stream(es: Elasticsearch, namespace: str) -> str:
    """A data stream of two backing indices; the older one holds documents."""
    apply(es, plan(es))
    name = access_stream(namespace)
    source = {"@timestamp": "2026-05-04T09:00:00Z", "source": {"ip": "192.0.2.1"}, "url": {"original": "/"}}
    bulk(es, ({"_op_type": "create", "_index": name, "_id": each, "_source": source} for each in IDS))
    es.indices.rollover(alias=name)
    return name


@pytest.fixture
def down(es: Elasticsearch, stream: str) -> Iterator[str]:
    """The older backing index, whose shard no node takes until the test ends."""
    index = min(es.indices.get(index=stream))
    setting = "index.routing.allocation.require._name"
    es.indices.close(index=index)
    es.indices.put_settings(index=index, settings={setting: "nobody"})
    es.indices.open(index=index, wait_for_active_shards=0)
    yield index
    es.indices.put_settings(index=index, settings={setting: None})
    es.cluster.health(index=index, wait_for_status="yellow")


@pytest.fixture
def feed(es_url: str, stream: str) -> Iterator[ChangeFeed]:
    found = ChangeFeed(EsSettings(url=es_url), stream)
    yield found
    found.close()


def test_the_window_is_not_read_back_with_a_hole(
    es: Elasticsearch, feed: ChangeFeed, request: pytest.FixtureRequest
) -> None:
    positions = feed.now()
    assert sum(events.height for events in feed.read_back(positions, LONG_AGO)) == len(IDS)
    down = request.getfixturevalue("down")
    with pytest.raises(StoreBusyError, match=f"{down}.*primary shard is not up"):
        list(feed.read_back(positions, LONG_AGO))


def test_now_is_not_said_of_a_part(feed: ChangeFeed, down: str) -> None:
    with pytest.raises(StoreBusyError, match=f"{down}.*primary shard is not up"):
        feed.now()


def test_positions_of_deleted_indices_do_not_matter(feed: ChangeFeed) -> None:
    positions = feed.now() | {"gone/uuid/0": 7}
    assert sum(events.height for events in feed.read_back(positions, LONG_AGO)) == len(IDS)


def test_a_line_is_not_taken_for_new_while_its_index_is_down(es: Elasticsearch, stream: str) -> None:
    index = min(es.indices.get(index=stream))
    sentences = []
    for _ in range(
        20
    ):  # how long the shard stays down is Elasticsearch's affair; whatever the moment, no line is missing
        es.indices.close(index=index)
        es.indices.open(index=index, wait_for_active_shards=0)
        try:
            assert find_existing(es, stream, pl.Series(IDS), LONG_AGO) == set(IDS)
        except StoreBusyError as error:
            sentences.append(str(error))
        es.cluster.health(index=index, wait_for_status="yellow")
    assert sentences
    assert all(f"cannot look for delivered lines in {index}" in sentence for sentence in sentences)
