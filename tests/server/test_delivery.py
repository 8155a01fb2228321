"""Several batches in flight against the real server, through every kind of failure: each line there once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from isal import isal_zlib

from core.client import connect
from core.clock import Clock
from core.documents import access_stream
from core.settings import EsSettings
from shipper import Ledger, Meter, Registry, Shipper, read_status
from shipper.registry import read_registry
from tests.server.faulty import faulty_proxy
from tests.server.logs import count, eventually, make_lines, originals, settings_of, ship_once, shipping, write_log

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]

DEAD = "http://127.0.0.1:9"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


class Plan:
    """Fates of bulk requests by their number, from 0 on; counts them and how many were there at once."""

    def __init__(self, fates: dict[int, str | int], *, together: int = 0) -> None:
        self.fates = fates
        self.seen = self.now = self.most = 0
        self._lock = threading.Lock()
        self._meeting = threading.Barrier(together) if together else None

    def __call__(self, _path: str, _body: bytes) -> str | int:
        with self._lock:
            number, self.seen = self.seen, self.seen + 1
        if self._meeting and number < self._meeting.parties:
            self._meeting.wait(60)  # so many must be on their way at the same time for any to go on
        return self.fates.get(number, "pass")


@contextmanager
def through(url: str, plan: Callable[[str, bytes], str | int], *after: Callable[[], None]) -> Iterator[Elasticsearch]:
    with faulty_proxy(url, plan, *after) as proxy, connect(EsSettings(url=proxy)) as client:
        yield client


def test_several_are_in_flight_at_once(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = make_lines(800)
    write_log(log, lines)
    with through(es_url, Plan({}, together=3)) as client:
        counts = ship_once(client, settings_of(tmp_path, namespace, batch_lines=100, in_flight=3), log)
    assert counts == Ledger(indexed=800)
    assert originals(es, namespace) == Counter(lines)


@pytest.mark.parametrize("fate", ["lose", "cut"])
def test_lost_answers_among_several_and_a_rollover_in_between(
    es: Elasticsearch, es_url: str, tmp_path: Path, namespace: str, fate: str
) -> None:
    log = tmp_path / "access.log"
    lines = make_lines(1_000)
    write_log(log, lines)

    def roll() -> None:
        es.indices.rollover(alias=access_stream(namespace))

    with through(es_url, Plan({0: "lose", 1: "pass", 2: fate, 3: 503}, together=4), roll) as client:
        counts = ship_once(client, settings_of(tmp_path, namespace, batch_lines=100, in_flight=4), log)
    assert counts.lines == 1_000
    assert counts.present >= 100
    assert originals(es, namespace) == Counter(lines)
    (status,) = read_status(tmp_path / "ship" / f"{namespace}.json")
    assert (status.missing, status.pending) == (0, 0)


def test_acknowledged_out_of_order_the_registry_stays_at_the_lowest(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = make_lines(400)
    write_log(log, lines)
    settings = settings_of(tmp_path, namespace, batch_lines=100, in_flight=4)
    registry = tmp_path / "ship" / f"{namespace}.json"
    with through(es_url, Plan({0: "hang"}, together=4)) as client:
        with shipping(client, settings, log):
            eventually(lambda: count(es, namespace) == 300)
        ((host, entries),) = [read_registry(registry) or ("", {})]
        (entry,) = entries.values()
        assert host
        assert entry.in_flight is not None
        assert entry.offset == entry.in_flight[0]
        assert entry.ledger.lines <= 300
    es.indices.rollover(alias=access_stream(namespace))
    counts = ship_once(es, settings, log)
    assert counts.indexed == 100
    assert originals(es, namespace) == Counter(lines)
    (status,) = read_status(registry)
    assert (status.missing, status.pending, status.ledger.lines) == (0, 0, 400)


def test_an_answer_that_is_none_is_asked_again(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    write_log(log, make_lines(10))
    with through(es_url, Plan({0: "page"})) as client:
        assert ship_once(client, settings_of(tmp_path, namespace), log) == Ledger(indexed=10)
    assert count(es, namespace) == 10


@pytest.mark.parametrize("block", ["read_only_allow_delete", "write", "cluster"])
def test_a_read_only_index_is_waited_for(
    es: Elasticsearch, tmp_path: Path, log: Path, namespace: str, block: str
) -> None:
    lines = make_lines(300)
    write_log(log, lines[:10])
    settings = settings_of(tmp_path, namespace, batch_lines=50)
    ship_once(es, settings, log)

    def switch(is_on: bool | None) -> None:
        if block == "cluster":
            es.cluster.put_settings(persistent={"cluster.blocks.read_only_allow_delete": is_on})
        else:
            es.indices.put_settings(index=access_stream(namespace), settings={f"index.blocks.{block}": is_on})

    meter = Meter(Clock())
    write_log(log, lines[10:], "a")
    switch(True)
    try:
        with shipping(es, settings, log, meter=meter):
            eventually(lambda: meter.totals.retries > 1)
            switch(None)
            eventually(lambda: count(es, namespace) == 300)
    finally:
        switch(None)
    assert originals(es, namespace) == Counter(lines)
    assert not (tmp_path / "ship" / f"{namespace}.dead-letters.ndjson").exists()


def test_compressed_it_is_the_same(es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str) -> None:
    lines = [*make_lines(100), "\\xff é \udcff".encode("utf-8", "replace").decode()]
    write_log(log, lines)
    bodies: list[bytes] = []

    def keep(_path: str, body: bytes) -> str:
        bodies.append(body)
        return "pass"

    with through(es_url, keep) as client:
        ship_once(client, settings_of(tmp_path, namespace, compression="gzip"), log)
    assert originals(es, namespace) == Counter(lines)
    (body,) = bodies
    assert isal_zlib.decompress(body, 31).count(b'{"create":') == 101


def test_a_dead_host_is_passed_over(es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str) -> None:
    lines = make_lines(500)
    write_log(log, lines)
    with connect(EsSettings(url=f"{DEAD}, {es_url}")) as client:
        counts = ship_once(client, settings_of(tmp_path, namespace, batch_lines=50), log)
    assert counts.lines == 500
    assert originals(es, namespace) == Counter(lines)


def test_a_host_that_dies_hands_over_to_the_other(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = make_lines(1_000)
    write_log(log, lines)
    with faulty_proxy(es_url, Plan(dict.fromkeys(range(1, 99), "lose"))) as proxy:
        client = connect(EsSettings(url=f"{proxy},{es_url}"))
        counts = ship_once(client, settings_of(tmp_path, namespace, batch_lines=50), log)
        client.close()
    assert counts.lines == 1_000
    assert originals(es, namespace) == Counter(lines)


def test_an_unreadable_file_does_not_stop_the_others(
    es: Elasticsearch, tmp_path: Path, log: Path, namespace: str
) -> None:
    write_log(log, make_lines(5))
    broken = tmp_path / "broken.log"
    broken.write_bytes(b"\x04\x22\x4d\x18rest")
    settings = settings_of(tmp_path, namespace)
    meter = Meter(Clock())
    with shipping(es, settings, tmp_path / "*.log", meter=meter):
        eventually(lambda: count(es, namespace) == 5 and bool(meter.errors))
    assert list(meter.errors) == [str(broken)]
    with pytest.raises(Exception, match=r"broken\.log: it is compressed with lz4"):
        ship_once(es, settings_of(tmp_path / "again", namespace), broken, log)
    assert read_status(tmp_path / "again" / "ship" / f"{namespace}.json")[0].ledger.present == 5


def test_the_limits_hold(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    class FastClock(Clock):
        """Waiting takes no time: it is added up."""

        waited = 0.0

        def monotonic(self) -> float:
            return self.waited

        def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
            self.waited += seconds
            return stop is not None and stop.is_set()

    write_log(log, make_lines(1_000))
    clock = FastClock()
    settings = settings_of(tmp_path, namespace, batch_lines=100, max_lines_per_second=10)
    with Registry(tmp_path / "r.json") as registry:
        assert Shipper(es, settings, clock, registry).run_once([str(log)]).lines == 1_000
    assert 89 < clock.waited < 110
