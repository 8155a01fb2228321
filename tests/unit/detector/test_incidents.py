"""What belongs together is one incident, however often it is folded."""

import json
import math
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from detector.anomaly import MOST_CLIENTS, Anomaly
from detector.folding import DAY, QUIET, TOGETHER, OpenIncidents, close_quiet, fold
from detector.incidents import DDOS_CLIENTS, MOST_EVIDENCE, MOST_WHOLE, SPRAY_CLIENTS, Incident, restore
from detector.tally import LIGHT_ATTEMPTS
from tests.unit.detector.findings import anomaly, login_anomaly
from tests.unit.detector.frames import at
from tests.unit.detector.test_anomaly import unpromised

NOW = at(10_000)
SILENCE = QUIET.total_seconds()


def folded(*anomalies: Anomaly) -> list[Incident]:
    """Return the incidents that anomalies make, the first opened first."""
    incidents = OpenIncidents()
    fold(incidents, anomalies, NOW)
    return sorted(incidents.values(), key=lambda incident: (incident.start, incident.id))


def sizes(*anomalies: Anomaly) -> list[int]:
    return [len(incident.anomalies) for incident in folded(*anomalies)]


def test_one_client_is_one_incident_whatever_it_does() -> None:
    assert sizes(anomaly(kind="scan"), anomaly(kind="injection", start=100), anomaly(kind="dos", start=500)) == [3]


def test_strangers_are_apart() -> None:
    assert sizes(anomaly("192.0.2.1"), anomaly("192.0.2.2", user_agent="other")) == [1, 1]


def test_many_light_clients_at_one_login_page_are_one_spray() -> None:
    incidents = folded(*(login_anomaly(number, 2, start=number * 60.0) for number in range(60)))
    assert [(incident.kind, len(incident.clients)) for incident in incidents] == [("spray", 60)]
    message = incidents[0].document()["message"]
    assert message == "password spraying from 60 addresses on example.org: 120 requests"


def test_a_few_light_clients_are_not_called_a_spray() -> None:
    few = [login_anomaly(number, 3) for number in range(SPRAY_CLIENTS - 1)]
    assert [incident.kind for incident in folded(*few)] == ["bruteforce"]
    assert [incident.kind for incident in folded(*few, login_anomaly(99, 3))] == ["spray"]


def test_a_heavy_bruteforcer_stays_apart_from_a_spray_at_the_same_page() -> None:
    spray = [login_anomaly(number, 3, start=number) for number in range(10)]
    heavy = login_anomaly(200, 400, start=5)
    incidents = folded(*spray, heavy)
    assert sorted((incident.kind, len(incident.anomalies)) for incident in incidents) == [
        ("bruteforce", 1),
        ("spray", 10),
    ]


@pytest.mark.parametrize(("failures", "together"), [(LIGHT_ATTEMPTS - 1, True), (LIGHT_ATTEMPTS, False)])
def test_light_is_below_the_limit(failures: int, together: bool) -> None:
    assert (len(folded(login_anomaly(1, 3), login_anomaly(2, failures))) == 1) == together


def test_sprays_on_two_sites_are_two() -> None:
    assert sizes(login_anomaly(1, 3), login_anomaly(2, 3, domain="example.com")) == [1, 1]


def test_a_flood_from_two_addresses_is_one() -> None:
    incidents = folded(anomaly("192.0.2.1", "dos"), anomaly("192.0.2.2", "dos", start=30, requests=90))
    assert [incident.clients for incident in incidents] == [["192.0.2.2", "192.0.2.1"]]


def test_a_flood_and_a_scan_are_two() -> None:
    assert sizes(anomaly("192.0.2.1", "dos"), anomaly("192.0.2.2", "scan")) == [1, 1]


@pytest.mark.parametrize(("gap", "count"), [(SILENCE, 1), (SILENCE + 1, 2)])
def test_a_longer_silence_is_another_incident(gap: float, count: int) -> None:
    assert len(folded(anomaly(seconds=60), anomaly(start=60 + gap))) == count


@pytest.mark.parametrize(("gap", "count"), [(SILENCE, 1), (SILENCE + 1, 2)])
def test_late_events_before_it_join_by_the_same_rule(gap: float, count: int) -> None:
    incidents = OpenIncidents()
    fold(incidents, [anomaly(start=60 + gap)], NOW)
    fold(incidents, [anomaly(start=0, seconds=60)], NOW)
    assert len(incidents) == count


def test_ids_are_the_same_each_time_and_in_any_order() -> None:
    many = [login_anomaly(number, 3, start=number * 10.0) for number in range(20)] + [anomaly(), anomaly("192.0.2.9")]
    wanted = [incident.document() for incident in folded(*many)]
    for seed in range(5):
        shuffled = random.Random(seed).sample(many, len(many))
        assert [incident.document() for incident in folded(*shuffled)] == wanted


def test_a_grown_anomaly_takes_its_old_place() -> None:
    incidents = OpenIncidents()
    (first,), _ = fold(incidents, [anomaly()], NOW)
    grown = replace(first, requests=500, end=at(7_000), score=99.0)
    placed, changed = fold(incidents, [grown], at(20_000))
    assert placed == [grown]
    assert [(incident.id, incident.updated, incident.opened) for incident in changed] == [
        (first.incident, at(20_000), NOW)
    ]
    assert incidents[first.incident].document()["wwwatch"]["incident"]["requests"] == 500
    assert len(incidents) == 1


def test_an_anomaly_keeps_its_incident_where_another_would_take_it() -> None:
    incidents = OpenIncidents()
    (light,), _ = fold(incidents, [login_anomaly(1, 3)], NOW)
    heavy = replace(light, features={"client_login_failures": 300.0}, requests=300)
    fold(incidents, [heavy], NOW)
    # Now it is no longer light: it keeps its incident, and strangers are no longer put there.
    fold(incidents, [login_anomaly(2, 3)], NOW)
    assert sorted(len(incident.anomalies) for incident in incidents.values()) == [1, 1]


def test_folding_again_after_a_crash_gives_the_same_documents() -> None:
    batches = [[login_anomaly(number, 3, start=number * 50.0) for number in range(low, low + 5)] for low in (0, 5, 10)]
    straight = OpenIncidents()
    for batch in batches:
        fold(straight, batch, NOW)
    crashed = OpenIncidents()
    fold(crashed, batches[0], NOW)
    # Killed after the second batch was written, before its checkpoint: it is read back, and the batch comes again.
    written, changed = fold(crashed, batches[1], NOW)
    kept = [incident.document() for incident in changed]
    members = [member for incident in crashed.values() for member in incident.anomalies.values()]
    back = OpenIncidents(
        restore(
            json.loads(json.dumps(document)),
            [Anomaly.from_document(json.loads(json.dumps(member.document()))) for member in members],
        )
        for document in kept
    )
    again, _ = fold(back, batches[1], NOW)
    assert again == written
    fold(back, batches[2], NOW)
    assert [incident.document() for incident in back.values()] == [
        incident.document() for incident in straight.values()
    ]


def test_the_order_in_which_anomalies_came_shows_nowhere() -> None:
    many = [login_anomaly(number, 3, start=number // 3, score=90.0) for number in range(9)]
    many += [anomaly("198.51.100.1", kind, start=20 + number) for number, kind in enumerate(("scan", "injection"))]
    (straight,) = (each for each in folded(*many) if len(each.anomalies) == len(many))
    for seed in range(5):
        members = random.Random(seed).sample(list(straight.anomalies.values()), len(many))
        assert restore(straight.document(), members).document() == straight.document()


def test_a_quiet_incident_closes_by_the_events_time() -> None:
    incidents = OpenIncidents()
    fold(incidents, [anomaly(seconds=60), anomaly("192.0.2.2", start=1000, user_agent="")], NOW)
    assert close_quiet(incidents, at(60 + SILENCE), NOW) == []
    later = NOW + timedelta(hours=1)
    (closed,) = close_quiet(incidents, at(61 + SILENCE), later)
    assert (closed.state, closed.updated, closed.clients) == ("closed", later, ["192.0.2.1"])
    assert [incident.clients for incident in incidents.values()] == [["192.0.2.2"]]


def test_an_incident_is_as_bad_as_its_worst() -> None:
    (incident,) = folded(anomaly(score=60.0, kind="scan"), anomaly(start=100, score=90.0, kind="scan", requests=7))
    document = incident.document()
    assert document["event"]["risk_score"] == 90
    assert document["wwwatch"]["incident"] | {"id": ""} == {
        "id": "",
        "state": "open",
        "kind": "scan",
        "score": 90,
        "severity": "critical",
        "level": 3,
        "confidence": 0.75,
        "opened": "2026-05-04T11:46:40.000Z",
        "updated": "2026-05-04T11:46:40.000Z",
        "clients": 1,
        "sessions": 2,
        "requests": 27,
    }


@pytest.mark.parametrize("count", [1, 3, 150])
def test_every_field_is_promised_and_lists_are_bounded(count: int) -> None:
    lines = tuple(f"line {number}" for number in range(10))
    (incident,) = folded(*(login_anomaly(number, 3, evidence=lines) for number in range(count)))
    document = incident.document()
    assert unpromised(document, "wwwatch-incidents") == []
    assert len(document["source"]["ip"]) == min(count, MOST_CLIENTS)
    assert 0 < len(document["wwwatch"]["evidence"]) <= MOST_EVIDENCE
    assert document["wwwatch"]["incident"]["clients"] == count


def test_evidence_shows_many_addresses() -> None:
    own = [login_anomaly(number, 3, evidence=tuple(f"{number} {line}" for line in range(10))) for number in range(5)]
    (incident,) = folded(*own)
    shown = {line.split()[0] for line in incident.document()["wwwatch"]["evidence"]}
    assert shown == {"0", "1", "2", "3", "4"}


def test_a_client_that_is_no_address_has_no_ip() -> None:
    (incident,) = folded(anomaly("host.example"))
    assert incident.document()["source"] == {"ip": [], "address": ["host.example"]}


def test_light_probing_by_whomever_is_one_incident_a_day() -> None:
    knocks = [anomaly(f"192.0.2.{number}", start=number * 600.0, score=30.0, requests=1) for number in range(200)]
    incidents = folded(*knocks)
    assert [len(incident.anomalies) for incident in incidents] == [144, 56]
    assert [incident.score for incident in incidents] == [30.0, 30.0]


def test_light_probing_closes_when_its_day_is_over() -> None:
    incidents = OpenIncidents()
    fold(incidents, [anomaly(score=30.0)], NOW)
    assert close_quiet(incidents, at(0) + DAY, NOW) == []
    assert len(close_quiet(incidents, at(1) + DAY, NOW)) == 1


def test_a_light_prober_that_becomes_an_attacker_gets_an_incident_of_its_own() -> None:
    incidents = OpenIncidents()
    (first, second), _ = fold(incidents, [anomaly(score=30.0), anomaly("192.0.2.2", start=9, score=30.0)], NOW)
    assert first.incident == second.incident
    (heavy,), changed = fold(incidents, [replace(first, score=90.0)], NOW)
    assert heavy.incident != second.incident
    assert sorted((incident.score, incident.clients) for incident in changed) == [
        (30.0, ["192.0.2.2"]),
        (90.0, ["192.0.2.1"]),
    ]
    (light,), _ = fold(incidents, [anomaly(start=300, score=28.0, user_agent="b")], NOW)
    assert light.incident == heavy.incident


def test_a_lone_prober_that_becomes_an_attacker_keeps_its_incident() -> None:
    incidents = OpenIncidents()
    (first,), _ = fold(incidents, [anomaly(score=30.0)], NOW)
    (grown,), _ = fold(incidents, [replace(first, score=90.0)], NOW)
    (other,), _ = fold(incidents, [anomaly("192.0.2.2", score=30.0)], NOW)
    assert grown.incident == first.incident != other.incident


def test_one_tool_from_many_addresses_within_an_hour_is_one() -> None:
    scan = [anomaly(f"192.0.2.{number}", start=number * 300.0, user_agent="probe/1", score=60.0) for number in range(9)]
    (incident,) = folded(*scan)
    assert incident.score == pytest.approx(60 + 10 * math.log10(9))
    assert sizes(scan[0], anomaly("192.0.2.1", start=TOGETHER.total_seconds() + 61, user_agent="probe/1")) == [1, 1]
    assert sizes(scan[0], anomaly("192.0.2.1", start=9, user_agent="probe/1", kind="scrape")) == [1, 1]


def test_a_flood_from_many_is_distributed() -> None:
    for count, kind in ((DDOS_CLIENTS - 1, "dos"), (DDOS_CLIENTS, "ddos")):
        (incident,) = folded(*(anomaly(f"192.0.2.{number}", "dos", user_agent=str(number)) for number in range(count)))
        assert incident.kind == kind


def test_a_spray_is_worse_the_more_take_part() -> None:
    scores = [
        folded(*(login_anomaly(number, 2, score=40.0) for number in range(count)))[0].score for count in (4, 10, 115)
    ]
    assert scores[0] == 40.0
    assert 50 <= scores[1] < 75 <= scores[2]


def test_whoever_gets_in_is_no_spray() -> None:
    tries = [login_anomaly(number, 2) for number in range(20)]
    inside = [
        login_anomaly(number, 2, features={"client_login_failures": 1.0, "login_successes": 1.0}) for number in (30, 31)
    ]
    assert folded(*tries)[0].kind == "spray"
    assert folded(*tries, *inside)[0].kind == "stuffing"


def site_anomaly(*clients: str, **more: Any) -> Anomaly:
    usual: dict[str, Any] = {"requests": 2 * len(clients), "user_agent": "", "session_id": "site"}
    return anomaly("", "ddos", clients=clients, **usual | more)


def test_what_a_site_tells_lists_its_clients_and_takes_their_sessions() -> None:
    swarm = [f"198.51.{number // 250}.{number % 250}" for number in range(400)]
    (incident,) = folded(site_anomaly(*swarm), anomaly(swarm[7], "novel", start=30, requests=5, score=55.0))
    assert incident.kind == "ddos"
    assert incident.addresses[0] == swarm[7]
    assert sorted(incident.addresses) == sorted(swarm)
    assert (incident.sessions, incident.requests) == (400, 800)
    document = incident.document()
    assert unpromised(document, "wwwatch-incidents") == []
    assert document["wwwatch"]["incident"]["clients"] == 400
    (member, site) = sorted(incident.anomalies.values(), key=lambda each: len(each.clients))
    again = [Anomaly.from_document(json.loads(json.dumps(each.document()))) for each in (site, member)]
    assert restore(document, again).document() == document


def test_real_addresses_of_networks_are_listed() -> None:
    seen = ("2001:db8::1", "2001:db8::2")
    (incident,) = folded(anomaly("2001:db8::/64", addresses=seen), anomaly("192.0.2.1"))
    assert sorted(incident.addresses) == ["192.0.2.1", *seen]
    assert sorted(incident.document()["source"]["ip"]) == ["192.0.2.1", *seen]


def test_thousands_of_sessions_are_kept_light() -> None:
    many = [
        anomaly(f"192.0.{number // 250}.{number % 250}", "dos", start=number / 10, score=60 + number % 40)
        for number in range(5 * MOST_WHOLE)
    ]
    (incident,) = folded(*many)
    whole = [each for each in incident.anomalies.values() if each.reasons]
    assert len(whole) <= 2 * MOST_WHOLE
    assert incident.worst.reasons
    assert len(incident.document()["wwwatch"]["evidence"]) == MOST_EVIDENCE
    assert (incident.sessions, incident.requests) == (len(many), 20 * len(many))


def test_what_outgrows_or_closes_leaves_the_index() -> None:
    incidents = OpenIncidents()
    fold(incidents, [anomaly(f"192.0.2.{number}", user_agent=str(number)) for number in range(50)], NOW)
    close_quiet(incidents, at(60) + 2 * QUIET, NOW)
    assert (len(incidents), len(incidents._index)) == (0, 0)
