"""The detector against the real server: every event once, also when it is killed; and its commands."""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk, scan

from core.clock import Clock, iso_millis
from core.documents import ANOMALIES, INCIDENTS, MODELS, STATE, access_stream
from core.errors import ModelError, StoreConflictError, StoreError
from core.settings import DetectSettings, EsSettings
from detector.feed import PAGE, ChangeFeed, Positions
from detector.incidents import Incident
from detector.live import Detector, Step
from detector.model import SessionModel
from detector.registry import LIVE, list_models, live_digest, load_model, save_model, set_live
from detector.store import Checkpoint, DetectorStore
from detector.training import label_sessions, train
from enrich.signs import match_signs
from es_templates import apply, plan
from simulator import render_combined, simulate
from tests.server.logs import settings_of, ship_once, write_log
from wwwatch.cli import cli
from wwwatch.examples import as_events, labelled_events

pytestmark = pytest.mark.es

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 5, 5, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def templates(es: Elasticsearch) -> None:
    apply(es, plan(es))


@pytest.fixture(scope="module")
def model() -> SessionModel:
    sessions = label_sessions(labelled_events(5, sessions=400))
    return train(sessions, sessions.clear(), now=NOW)


@pytest.fixture
def feed(es_url: str, namespace: str) -> Iterator[ChangeFeed]:
    found = ChangeFeed(EsSettings(url=es_url), access_stream(namespace))
    yield found
    found.close()


def document(number: int, moment: datetime | None = None, **more: Any) -> dict[str, Any]:
    usual = {
        "@timestamp": iso_millis(moment or START + timedelta(seconds=number)),
        "source": {"ip": "192.0.2.1"},
        "url": {"original": f"/{number}"},
    }
    return usual | more


def write(es: Elasticsearch, index: str, numbers: Iterable[int]) -> None:
    """Write one document per number, and let them be searched at some later time."""
    actions = ({"_op_type": "create", "_index": index, "_source": document(number)} for number in numbers)
    bulk(es, actions, chunk_size=500)


def read(feed: ChangeFeed, positions: Positions) -> list[str]:
    """Read what is new, moving the positions on."""
    urls: list[str] = []
    for page in feed.read(positions):
        urls += page.events["url"].to_list()
        positions.update(page.positions)
    return urls


# The change feed.


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


# The registry.


def test_models_are_stored_made_live_and_loaded(es: Elasticsearch, model: SessionModel) -> None:
    first = save_model(es, replace(model, card={**model.card, "name": "first"}), now=NOW)
    second = save_model(es, replace(model, card={**model.card, "name": "second"}), now=NOW, live=False)
    assert live_digest(es) == first != second
    assert load_model(es)[0] == first
    assert load_model(es, second)[1].card["name"] == "second"
    set_live(es, second, now=NOW)
    assert load_model(es)[1].card["name"] == "second"
    entries = {entry.digest: entry for entry in list_models(es)}
    assert (entries[first].is_live, entries[second].is_live) == (False, True)
    assert entries[first].card["name"] == "first"


def test_a_changed_model_is_refused(es: Elasticsearch, model: SessionModel) -> None:
    digest = save_model(es, replace(model, card={"name": "changed"}), now=NOW, live=False)
    es.update(index=MODELS, id=digest, doc={"wwwatch": {"model": {"bytes": "AAAA"}}})
    with pytest.raises(ModelError, match="another SHA-256"):
        load_model(es, digest)
    es.delete(index=MODELS, id=digest, refresh=True)


def test_a_model_that_is_not_there(es: Elasticsearch) -> None:
    with pytest.raises(ModelError, match="there is no model 0000"):
        load_model(es, "0" * 64)
    with pytest.raises(ModelError, match="there is no model 0000"):
        set_live(es, "0" * 64, now=NOW)


# The detector.

ATTACKS = {"flood": 20, "bruteforce": 30, "spray": 40, "scan": 50, "sqli": 60, "scrape": 70}
"""Minutes after START at which each attack begins."""


class StandingClock(Clock):
    """A clock that stands still, so that two runs can be compared."""

    def now(self) -> datetime:
        return NOW


class Crash(Exception):  # noqa: N818 - it stands for a kill, not for an error
    """What kills a detector between writing and saving."""


class Dying(Detector):
    """Dies after it has written what it found in the first page."""

    def _save(self, page: Any, sessions: int) -> None:
        del page, sessions
        raise Crash


@pytest.fixture(scope="module")
def traffic() -> pl.DataFrame:
    begins = [(name, START + timedelta(minutes=minutes)) for name, minutes in ATTACKS.items()]
    return simulate(START, START + timedelta(hours=2), seed=13, visits_per_hour=60, attacks=begins)


@pytest.fixture
def parts(traffic: pl.DataFrame) -> list[list[str]]:
    """The log in four parts."""
    lines = render_combined(traffic).to_list()
    size = len(lines) // 4 + 1
    return [lines[begin : begin + size] for begin in range(0, len(lines), size)]


class Site:
    """A log of its own that is shipped part by part, and detectors that watch it."""

    def __init__(self, es: Elasticsearch, url: str, folder: Path, namespace: str, model: SessionModel) -> None:
        self.es, self.url, self.model, self.digest = es, url, model, namespace
        self.log, self.settings = folder / f"{namespace}.log", settings_of(folder / namespace, namespace)
        self.watched = DetectSettings(index=access_stream(namespace))

    def ship(self, lines: list[str]) -> None:
        write_log(self.log, lines, "a")
        ship_once(self.es, self.settings, self.log)

    def detector(self, kind: type[Detector] = Detector) -> Detector:
        es = EsSettings(url=self.url)
        detector = kind(self.es, es, self.watched, (self.digest, self.model), StandingClock())
        detector.start(from_beginning=True)
        return detector

    def step(self, kind: type[Detector] = Detector) -> Step:
        detector = self.detector(kind)
        try:
            return detector.step()
        finally:
            detector.close()


@pytest.fixture
def site(es: Elasticsearch, es_url: str, tmp_path: Path, namespace: str, model: SessionModel) -> Site:
    forget_findings(es)
    return Site(es, es_url, tmp_path, namespace, model)


def forget_findings(es: Elasticsearch) -> None:
    """Delete anomalies and incidents: the same traffic in two runs has the same ids."""
    for index in (ANOMALIES, INCIDENTS):
        es.indices.refresh(index=index)
        hits = [{"_op_type": "delete", "_index": hit["_index"], "_id": hit["_id"]} for hit in scan(es, index=index)]
        bulk(es, hits, refresh=True)


def findings(es: Elasticsearch, index: str) -> dict[str, dict[str, Any]]:
    """Return all documents by id, numbers rounded, without the model's name."""
    es.indices.refresh(index=index)
    found = {hit["_id"]: rounded(hit["_source"]) for hit in scan(es, index=index)}
    for source in found.values():
        source["wwwatch"].pop("model", None)
    return found


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, 3) if isinstance(value, float) else value


def test_attacks_in_a_shipped_log_become_incidents(
    es: Elasticsearch, site: Site, traffic: pl.DataFrame, parts: list[list[str]]
) -> None:
    site.ship([line for part in parts for line in part])
    step = site.step()
    assert step.events == traffic.height
    assert step.anomalies > 0
    anomalies, incidents = findings(es, ANOMALIES), findings(es, INCIDENTS)
    attackers = set(as_events(traffic).filter(pl.col("kind") != "normal")["client"])
    kinds = {incident["wwwatch"]["incident"]["kind"] for incident in incidents.values()}
    assert kinds >= {"dos", "bruteforce", "spray", "scan", "injection", "scrape"}
    strangers = [each for each in anomalies.values() if each["source"]["address"] not in attackers]
    assert len(strangers) <= 0.1 * len(anomalies)
    assert step.opened == len(incidents)
    for anomaly in anomalies.values():
        lines = anomaly["wwwatch"]["evidence"]
        assert 0 < len(lines) <= 10
        assert all(ip_address(line.split()[0]) in ip_network(anomaly["source"]["address"]) for line in lines)
        assert anomaly["wwwatch"]["incident"]["id"] in incidents
        assert 1 <= len(anomaly["wwwatch"]["reasons"]) <= 5
    (spray,) = (each for each in incidents.values() if each["wwwatch"]["incident"]["kind"] == "spray")
    assert spray["wwwatch"]["incident"]["clients"] >= 5
    injection = next(each for each in incidents.values() if each["wwwatch"]["incident"]["kind"] == "injection")
    urls = pl.Series([line.split()[6] for line in injection["wwwatch"]["evidence"]])
    assert match_signs(urls).select(pl.any_horizontal(pl.all())).to_series().all()


def test_members_add_up(es: Elasticsearch, site: Site, parts: list[list[str]]) -> None:
    site.ship(parts[1] + parts[2])
    site.step()
    anomalies = findings(es, ANOMALIES)
    for identifier, incident in findings(es, INCIDENTS).items():
        own = incident["wwwatch"]["incident"]
        members = [each for each in anomalies.values() if each["wwwatch"]["incident"]["id"] == identifier]
        assert own["sessions"] == len(members)
        assert own["requests"] == sum(each["wwwatch"]["session"]["requests"] for each in members)
        assert own["clients"] == len({each["source"]["address"] for each in members})


def straight(site: Site, parts: list[list[str]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what one detector finds that is never stopped."""
    detector = site.detector()
    for part in parts:
        site.ship(part)
        detector.step()
    detector.close()
    return findings(site.es, ANOMALIES), findings(site.es, INCIDENTS)


def test_stopped_or_killed_it_finds_what_one_run_finds(
    es: Elasticsearch, site: Site, parts: list[list[str]], tmp_path: Path
) -> None:
    anomalies, incidents = straight(site, parts)
    assert len(incidents) > 3
    for name, is_killed in (("stopped", False), ("killed", True)):
        forget_findings(es)
        other = Site(es, site.url, tmp_path, f"{site.digest}_{name}", site.model)
        seen = 0
        for part in parts:
            other.ship(part)
            if is_killed:
                with pytest.raises(Crash):
                    other.step(Dying)
            seen += other.step().events
        assert seen == sum(map(len, parts))
        checkpoint = DetectorStore(es, other.watched.index).load_checkpoint()
        assert checkpoint is not None
        assert checkpoint.events == seen
        assert findings(es, INCIDENTS) == incidents
        assert findings(es, ANOMALIES) == anomalies


def test_nothing_new_changes_nothing(es: Elasticsearch, site: Site, parts: list[list[str]]) -> None:
    site.ship(parts[1])
    site.step()
    before = findings(es, ANOMALIES), findings(es, INCIDENTS)
    assert site.step() == Step()
    assert (findings(es, ANOMALIES), findings(es, INCIDENTS)) == before


def test_the_second_of_two_detectors_is_told(site: Site, parts: list[list[str]]) -> None:
    first, second = site.detector(), site.detector()
    site.ship(parts[0])
    assert first.step().events == len(parts[0])
    with pytest.raises(StoreConflictError, match="another detector"):
        second.step()
    first.close()
    second.close()


def test_what_she_acknowledged_stays_acknowledged(es: Elasticsearch, site: Site, parts: list[list[str]]) -> None:
    detector = site.detector()
    site.ship(parts[1])
    detector.step()
    es.indices.refresh(index=INCIDENTS)
    open_ones = [each for each, source in findings(es, INCIDENTS).items() if state_of(source) == "open"]
    assert open_ones
    for identifier in open_ones:
        es.update(index=INCIDENTS, id=identifier, doc={"wwwatch": {"incident": {"state": "acknowledged"}}})
    site.ship(parts[2])
    detector.step()
    detector.close()
    states = {identifier: state_of(source) for identifier, source in findings(es, INCIDENTS).items()}
    assert {states[identifier] for identifier in open_ones} <= {"acknowledged", "closed"}


def state_of(incident: dict[str, Any]) -> str:
    return str(incident["wwwatch"]["incident"]["state"])


def test_a_quiet_incident_is_closed(es: Elasticsearch, site: Site, parts: list[list[str]]) -> None:
    site.ship([line for part in parts for line in part])
    later = START + timedelta(hours=6)
    calm = simulate(later, later + timedelta(minutes=30), seed=12, visits_per_hour=60)
    site.step()
    before = set(findings(es, INCIDENTS))
    site.ship(render_combined(calm).to_list())
    site.step()
    found = findings(es, INCIDENTS)
    assert {state_of(found[identifier]) for identifier in before} == {"closed"}


def test_a_first_start_from_now_leaves_the_past_alone(es: Elasticsearch, es_url: str, site: Site) -> None:
    write(es, site.watched.index, range(50))
    detector = Detector(es, EsSettings(url=es_url), site.watched, (site.digest, site.model), StandingClock())
    detector.start(from_beginning=False)
    write(es, site.watched.index, range(50, 60))
    assert detector.step().events == 10
    detector.close()


def test_run_goes_on_until_told(site: Site, parts: list[list[str]]) -> None:
    site.ship(parts[0])
    stop, seen = threading.Event(), []
    detector = site.detector()

    def on_step(step: Step) -> None:
        seen.append(step.events)
        if sum(seen) >= len(parts[0]) + len(parts[1]):
            stop.set()
        elif len(seen) == 1:
            site.ship(parts[1])

    detector.run(stop, on_step)
    detector.close()
    assert sum(seen) == len(parts[0]) + len(parts[1])


def test_checkpoints_are_guarded(es: Elasticsearch, namespace: str) -> None:
    store = DetectorStore(es, namespace)
    assert store.load_checkpoint() is None
    saved = Checkpoint({"a/b/0": 7}, START, START + timedelta(hours=1), 10, 3)
    store.save_checkpoint(saved, NOW)
    assert store.load_checkpoint() == saved
    with pytest.raises(StoreConflictError, match="another detector"):
        store.save_checkpoint(Checkpoint(), NOW)
    store.save_checkpoint(saved, NOW)
    assert store.load_checkpoint() == saved


def test_findings_that_are_refused_are_an_error(es: Elasticsearch, namespace: str) -> None:
    class Odd(Incident):
        def document(self) -> dict[str, Any]:
            return {"@timestamp": "never", "wwwatch": {"incident": {"state": "open"}}}

    with pytest.raises(StoreError, match="1 findings were refused"):
        DetectorStore(es, namespace).write([], [Odd(namespace, "open", NOW, NOW)])


# The commands.


def invoke(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--es-url", url, *arguments])


def test_detect_and_incidents(es: Elasticsearch, es_url: str, site: Site, parts: list[list[str]]) -> None:
    digest = save_model(es, site.model, now=NOW)
    site.ship(parts[1] + parts[2])
    done = invoke(es_url, "detect", "--once", "--index", site.watched.index, "--json")
    assert done.exit_code == 0, done.output
    counts = json.loads(done.stdout)
    assert counts["events"] == len(parts[1]) + len(parts[2])
    again = invoke(es_url, "detect", "--once", "--index", site.watched.index, "--model", digest)
    assert again.stdout.startswith("0 events")
    listed = invoke(es_url, "incidents", "list", "--all", "--json")
    documents = [json.loads(line) for line in listed.stdout.splitlines()]
    assert len(documents) == counts["opened"] > 0
    identifier = documents[0]["wwwatch"]["incident"]["id"]
    assert identifier in invoke(es_url, "incidents", "list", "--all").stdout.replace("\n", "")
    shown = invoke(es_url, "incidents", "show", identifier)
    assert documents[0]["wwwatch"]["reasons"][0]["sentence"] in shown.stdout.replace("\n", " ").replace("  ", " ")
    assert json.loads(invoke(es_url, "incidents", "show", identifier, "--json").stdout) == documents[0]


def test_no_incidents(es: Elasticsearch, es_url: str, site: Site) -> None:
    assert invoke(es_url, "incidents", "list").stdout == "no incidents\n"
    assert invoke(es_url, "incidents", "list", "--json").stdout == ""


def test_an_unknown_incident_is_one_sentence(es_url: str) -> None:
    done = invoke(es_url, "incidents", "show", "nothing")
    assert isinstance(done.exception, StoreError)
    assert str(done.exception) == "there is no incident nothing: see `wwwatch incidents list --all`"


def test_detect_without_a_model_is_one_sentence(es: Elasticsearch, es_url: str, namespace: str) -> None:
    es.options(ignore_status=404).delete(index=STATE, id=LIVE, refresh=True)
    done = invoke(es_url, "detect", "--once", "--index", access_stream(namespace))
    assert isinstance(done.exception, ModelError)
    assert str(done.exception) == "there is no trained model yet: run `wwwatch train`"


def test_train_and_models(es: Elasticsearch, es_url: str, site: Site, parts: list[list[str]]) -> None:
    site.ship(parts[0])
    done = invoke(es_url, "train", "--index", site.watched.index, "--days", "36500", "--json")
    assert done.exit_code == 0, done.output
    trained = json.loads(done.stdout)
    assert trained["card"]["history_sessions"] > 0
    assert live_digest(es) == trained["digest"]
    es.indices.refresh(index=MODELS)
    listed = [json.loads(line) for line in invoke(es_url, "models", "list", "--json").stdout.splitlines()]
    assert [each["digest"] for each in listed if each["live"]] == [trained["digest"]]
    other = save_model(es, site.model, now=NOW, live=False)
    assert invoke(es_url, "models", "use", other).stdout.startswith(f"model {other[:12]} is live")
    assert live_digest(es) == other
    assert other in invoke(es_url, "models", "list").stdout
    assert isinstance(invoke(es_url, "models", "use", "nothing").exception, ModelError)
