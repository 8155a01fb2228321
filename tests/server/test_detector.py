"""The detector against the real server: what it finds, also when it is killed and resumed."""

import threading
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from elasticsearch import Elasticsearch

from core.documents import ANOMALIES, INCIDENTS
from core.errors import StoreConflictError, StoreError
from core.settings import EsSettings
from core.severity import MAJOR
from detector.features import prepare
from detector.incidents import Incident
from detector.live import Detector, Step
from detector.memory import remember
from detector.scorer import Kept
from detector.store import Checkpoint, DetectorStore
from detector.trend import HISTORY_SCHEMA
from enrich.signs import match_signs
from simulator import render_combined, simulate
from tests.server.watching import NOW, START, Crash, Dying, Site, StandingClock, findings, forget_findings, write
from tests.unit.detector.frames import events_of, logins
from wwwatch.examples import as_events

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


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
    strangers = [each for each in anomalies.values() if not attackers & set(each["wwwatch"]["anomaly"]["members"])]
    assert len(strangers) <= 0.1 * len(anomalies)
    assert step.opened == len(incidents)
    for anomaly in anomalies.values():
        lines = anomaly["wwwatch"]["evidence"]
        assert 0 < len(lines) <= 10
        members = [ip_network(member) for member in anomaly["wwwatch"]["anomaly"]["members"]]
        assert all(any(ip_address(line.split()[0]) in member for member in members) for line in lines)
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
        sessions = [each for each in members if each["wwwatch"]["anomaly"]["scope"] == "session"]
        clients = {client for each in members for client in each["wwwatch"]["anomaly"]["members"]}
        assert own["clients"] == len(clients)
        # Of a client that only the site's interval tells of, its requests are in that anomaly's.
        alone = clients - {client for each in sessions for client in each["wwwatch"]["anomaly"]["members"]}
        assert own["sessions"] == len(sessions) + len(alone)
        told = sum(each["wwwatch"]["session"]["requests"] for each in sessions)
        assert own["requests"] == told if len(sessions) == len(members) else own["requests"] >= told


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


def lines_of(address: str, begin: timedelta, request: str, count: int) -> list[str]:
    times = (START + begin + timedelta(seconds=2 * number) for number in range(count))
    return [f'{address} - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "{request}" 200 4523 "-" "curl/8"' for time in times]


@pytest.mark.parametrize("has_left", [False, True])
def test_killed_after_a_page_that_closes_what_it_adds_to(
    es: Elasticsearch, site: Site, tmp_path: Path, *, has_left: bool
) -> None:
    guesses = [lines_of("192.0.2.66", timedelta(minutes=begin), "POST /wp-login.php HTTP/1.1", 60) for begin in (0, 95)]
    # With somebody in between, the session that opened the incident has left the window.
    between = lines_of("192.0.2.8", timedelta(minutes=80), "GET / HTTP/1.1", 40) if has_left else []
    later = lines_of("192.0.2.9", timedelta(hours=9), "GET / HTTP/1.1", 40)
    parts = [guesses[0], *([between] if between else []), guesses[1] + later]
    anomalies, incidents = straight(site, parts)
    assert (len(anomalies), [state_of(each) for each in incidents.values()]) == (2, ["closed"])
    forget_findings(es)
    other = Site(es, site.url, tmp_path, f"{site.digest}_killed", site.model)
    for part in parts[:-1]:
        other.ship(part)
        other.step()
    other.ship(parts[-1])
    with pytest.raises(Crash):
        other.step(Dying)
    other.step()
    assert findings(es, INCIDENTS) == incidents
    assert findings(es, ANOMALIES) == anomalies


def test_a_late_request_that_the_window_does_not_keep_is_remembered_after_a_restart(site: Site) -> None:
    late = lines_of("192.0.2.66", timedelta(hours=1), "POST /wp-login.php HTTP/1.1", 3)
    detector = site.detector()
    for begin, more in ((10, []), (10.1, late)):
        site.ship(lines_of("192.0.2.9", timedelta(hours=begin), "GET / HTTP/1.1", 60) + more)
        detector.step()
    detector.close()
    again = site.detector()
    again.close()
    for each in (detector, again):
        memory = each.scorer.window.memory.frame
        assert memory.filter(pl.col("client") == "192.0.2.66")["login_failures"].sum() == 3


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
    left = [found[identifier]["event"] for identifier in before if state_of(found[identifier]) != "closed"]
    # What is light is kept for a day: it may become more.
    assert [each for each in left if each["risk_score"] >= MAJOR] == []
    assert len(left) < len(before)


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


def test_the_memory_of_the_last_day_is_kept(es: Elasticsearch, namespace: str) -> None:
    store = DetectorStore(es, namespace)
    assert store.load_kept(NOW) is None
    memory = remember(prepare(events_of(*logins(30, every=2400.0))))
    until = START + timedelta(hours=20)
    store.save_kept(Kept(until, memory, pl.DataFrame(schema=HISTORY_SCHEMA)), NOW)
    kept = store.load_kept(START + timedelta(hours=10))
    assert kept is not None
    assert kept.until == until
    assert kept.memory.sort("hour").equals(memory.filter(pl.col("hour") < START + timedelta(hours=10)).sort("hour"))


def test_findings_that_are_refused_are_an_error(es: Elasticsearch, namespace: str) -> None:
    class Odd(Incident):
        def document(self) -> dict[str, Any]:
            return {"@timestamp": "never", "wwwatch": {"incident": {"state": "open"}}}

    with pytest.raises(StoreError, match="1 findings were refused"):
        DetectorStore(es, namespace).write([], [Odd(namespace, "open", NOW, NOW)])
