"""How the parts of wwwatch say how they are, in real Elasticsearch."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch

from alerts.engine.engine import Run
from alerts.engine.health import EngineHealth
from core.client import connect
from core.documents import WATCH_HISTORY, health_stream
from core.health import EVERY, Health
from core.settings import EsSettings
from detector.feed import ChangeFeed
from detector.health import DetectorHealth
from detector.store import Checkpoint
from es_templates import apply, plan
from shipper import Ledger, Meter, Registry, ShipperHealth
from shipper.registry import Entry
from tests.alerting import HandClock
from tests.server.commands import Command
from tests.server.logs import settings_of, ship_once, write_log
from tests.server.watching import START, document

pytestmark = pytest.mark.es

NOW = HandClock().now()


@pytest.fixture(autouse=True)
def installed(es: Elasticsearch) -> None:
    apply(es, plan(es))


@pytest.fixture
def health(es: Elasticsearch, namespace: str) -> Iterator[Health]:
    health = Health(es, "shipper", host="www1", namespace=namespace)
    yield health
    health.wait()


def told(es: Elasticsearch, namespace: str) -> list[dict[str, Any]]:
    """Return what was told, oldest first."""
    es.indices.refresh(index=health_stream(namespace), ignore_unavailable=True)
    found = es.search(index=health_stream(namespace), sort="@timestamp", size=100, ignore_unavailable=True)
    return [hit["_source"]["wwwatch"]["health"] for hit in found["hits"]["hits"]]


def test_tells_each_15_seconds_and_when_the_status_changes(es: Elasticsearch, namespace: str, health: Health) -> None:
    for seconds, status in ((0, "ok"), (14, "ok"), (15, "ok"), (16, "warn"), (17, "warn"), (18, "ok")):
        health.report(NOW + timedelta(seconds=seconds), status=status, lag_seconds=float(seconds))
        health.wait()
    assert [(each["status"], each["lag_seconds"]) for each in told(es, namespace)] == [
        ("ok", 0.0),
        ("ok", 15.0),
        ("warn", 16.0),
        ("ok", 18.0),
    ]


def test_telling_the_same_slot_twice_is_one_document(es: Elasticsearch, namespace: str) -> None:
    for _ in range(2):  # as after a restart
        health = Health(es, "shipper", host="www1", namespace=namespace)
        health.report(NOW, lines={"indexed": 5})
        health.wait()
    (document,) = told(es, namespace)
    assert document == {"component": "shipper", "status": "ok", "message": "", "lines": {"indexed": 5}}


def test_tells_again_after_the_clock_was_set_back(es: Elasticsearch, namespace: str, health: Health) -> None:
    for moment in (NOW, NOW - timedelta(hours=1)):
        health.report(moment)
        health.wait()
    assert len(told(es, namespace)) == 2


def test_a_dead_cluster_is_logged_once_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with connect(EsSettings(url="http://127.0.0.1:9")) as client, caplog.at_level(logging.WARNING, "core"):
        health = Health(client, "shipper", host="www1")
        for times in range(3):
            health.report(NOW + times * EVERY)
            health.wait()
    assert [record.message.partition(":")[0] for record in caplog.records if record.name == "core.health"] == [
        "cannot tell how the shipper is"
    ]


def test_shipper_tells_its_account_and_what_waits(
    es: Elasticsearch, namespace: str, health: Health, tmp_path: Path
) -> None:
    clock = HandClock()
    meter, registry = Meter(clock), Registry(tmp_path / "registry.json")
    registry.entries["a"] = Entry("/a.log", 1, 2, ledger=Ledger(indexed=90, present=5, rejected=2, skipped=3))
    shipper = ShipperHealth(health, meter, registry, lambda: 7)
    meter.watch("a", "/a.log", 0, is_caught_up=True)
    meter.landed("a", 1_000, Ledger(indexed=10))
    clock.move(90)
    meter.watch("a", "/a.log", 2_000, is_caught_up=False)
    meter.retried("429 es_rejected_execution_exception")
    shipper.beat()
    health.wait()
    (document,) = told(es, namespace)
    assert document["lines"] == {
        "on_disk": 120,
        "indexed": 90,
        "already": 5,
        "dead": 2,
        "skipped": 3,
        "pending": 20,
        "lost": 7,
    }
    assert (document["status"], document["lag_seconds"]) == ("warn", 90.0)
    assert document["message"] == "lines have been waiting for 90 s: 429 es_rejected_execution_exception"


def test_shipper_names_a_file_that_it_cannot_read(
    es: Elasticsearch, namespace: str, health: Health, tmp_path: Path
) -> None:
    meter = Meter(HandClock())
    meter.failed("/a\x1b[2J.log", "permission denied")
    ShipperHealth(health, meter, Registry(tmp_path / "registry.json")).beat()
    health.wait()
    (document,) = told(es, namespace)
    assert document["message"] == r"1 files are left alone, e.g. '/a\x1b[2J.log': permission denied"


def test_verify_tells_what_it_found_and_a_shipper_that_ends_by_itself_nothing(
    es: Elasticsearch, es_url: str, namespace: str, tmp_path: Path
) -> None:
    log, lines = tmp_path / "access.log", [line(number) for number in range(20)]
    write_log(log, lines)
    ship_once(es, settings_of(tmp_path / "state", namespace), log)
    assert told(es, namespace) == [], "one that ends by itself is not missed later"
    command = Command(es_url, tmp_path / "state", namespace)
    code, _, _ = command.run("--verify")
    assert code == 0
    (verified,) = told(es, namespace)
    assert verified["lines"] == {
        "on_disk": 20,
        "indexed": 20,
        "dead": 0,
        "skipped": 0,
        "pending": 0,
        "lost": 0,
        "doubled": 0,
    }


def test_the_running_commands_tell(es: Elasticsearch, es_url: str, namespace: str, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    write_log(log, [line(number) for number in range(3)])
    command = Command(es_url, tmp_path / "state", namespace)
    with command.start(log) as process:
        try:
            while not told_yet(es, namespace):
                assert process.poll() is None
                time.sleep(0.1)
        finally:
            process.terminate()
    assert {each["component"] for each in told(es, namespace)} == {"shipper"}


def told_yet(es: Elasticsearch, namespace: str) -> bool:
    """A data stream that was made in this moment has no shard to ask yet."""
    try:
        return bool(told(es, namespace))
    except ApiError:
        return False


def line(number: int) -> str:
    return f'192.0.2.1 - - [14/Mar/2026:02:12:04 +0000] "GET /{number} HTTP/1.1" 200 512 "-" "curl/8.5.0"'


def test_detector_tells_how_far_it_is_behind(es: Elasticsearch, es_url: str, namespace: str) -> None:
    index = f"logs-www.access-{namespace}"
    for number in range(5):
        es.create(index=index, id=str(number), document=document(number, START))
    health = Health(es, "detector", host="www1", namespace=namespace)
    feed, clock = ChangeFeed(EsSettings(url=es_url), index), HandClock()
    detector = DetectorHealth(health, es, feed, "no-such-model")
    (key,) = feed.now()
    detector.beat(Checkpoint({key: 1}, events=2), clock.now(), is_done=False)
    clock.move(61)
    health.wait()
    detector.beat(Checkpoint({key: 2}, events=3), clock.now(), is_done=False)
    health.wait()
    clock.move(61)
    detector.beat(Checkpoint({key: 4}, events=5), clock.now(), is_done=True)
    health.wait()
    feed.close()
    documents = told(es, namespace)
    assert [each["feed"] for each in documents] == [
        {"events": 2, "behind": 3, "seconds": 0.0},
        {"events": 3, "behind": 2, "seconds": 61.0},
        {"events": 5, "behind": 0, "seconds": 0.0},
    ]
    assert [each["status"] for each in documents] == ["ok", "warn", "ok"]
    assert documents[1]["message"] == "2 events have been waiting for up to 61 s"
    assert documents[0]["model"] == {"digest": "no-such-model"}


def test_engine_tells_what_became_of_notices_and_which_watches_fail(es: Elasticsearch, namespace: str) -> None:
    health = Health(es, "alerts", host="www1", namespace=namespace)
    engine = EngineHealth(health, es)
    engine.beat([Run("one", met=False, reason="no hits")], NOW)
    health.wait()
    for state in ("sent", "sent", "throttled", "silenced", "failed", "pending"):
        notice = {"@timestamp": "2099-01-01T00:00:00Z", "state": state, "watch_id": namespace}
        es.index(index=WATCH_HISTORY, document=notice, refresh=True)
    engine.beat([Run("one", met=False, reason="cannot search", failed=True)], NOW + timedelta(seconds=1))
    health.wait()
    engine.beat([Run("one", met=False, reason="no hits")], NOW + timedelta(seconds=2))
    health.wait()
    forget_notices(es, namespace)
    before, failing, after = told(es, namespace)
    grown = {name: failing["alerts"][name] - before["alerts"][name] for name in failing["alerts"]}
    assert grown == {"sent": 2, "held": 2, "failed": 1, "pending": 1}
    assert [each["status"] for each in (before, failing, after)] == ["ok", "failing", "ok"]
    assert failing["message"] == "the watch one failed: cannot search"


def forget_notices(es: Elasticsearch, watch: str) -> None:
    for hit in es.search(index=WATCH_HISTORY, query={"term": {"watch_id": watch}}, size=100)["hits"]["hits"]:
        es.delete(index=WATCH_HISTORY, id=hit["_id"], refresh=True)
