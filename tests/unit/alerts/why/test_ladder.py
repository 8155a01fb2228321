"""The gates of `wwwatch why`: one case for each that stops a request."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.notices.notice import Act, Notice, State
from alerts.quiet.gates import Explained
from alerts.why.ladder import GATES, Facts, climb
from tests.alerting import NOW, hit, incident

ANOMALY = {
    "_id": "s1",
    "_source": {
        "wwwatch": {
            "anomaly": {"kind": "bruteforce", "score": 62.0},
            "reasons": [{"sentence": "412 POST /login in 3 min"}],
            "incident": {"id": "i1"},
        }
    },
}


def notice(state: State, gate: str = "", **values: Any) -> Notice:
    return Notice("n1", "incident", "mail", "i1/2", NOW, state=state, gate=gate, thread="i1", **values)


TOLD = Facts(
    client="203.0.113.9",
    threshold=25.0,
    events=412,
    event_ids=["e1"],
    first=NOW,
    last=NOW + timedelta(minutes=3),
    is_judged=True,
    anomalies=[ANOMALY],
    incident=hit(incident()),
    level=2,
    watch=("incident", "Mails what is major."),
    notices=[notice(State.SENT, sent=NOW, recipients=("sysadmin@example.org",), message_id="<n1@example.org>")],
    explained=[Explained(gate, Act.SEND, "fine") for gate in GATES],
)
MINOR = hit(incident({"wwwatch.incident.level": 1, "wwwatch.incident.severity": "minor"}))
KNOWN = hit(incident({"wwwatch.incident.state": "acknowledged"}))
ACKED = {"actions": {"mail": {"ack": {"state": "acked", "timestamp": "2026-03-14T02:00:00.000Z"}}}}


def holding(gate: str) -> list[Explained]:
    return [Explained(each, Act.HOLD if each == gate else Act.SEND, f"{each} says so") for each in GATES]


CASES: list[tuple[str, dict[str, Any], str]] = [
    ("shipped", {"events": 0, "near": NOW, "shippers": {"www1": "warn: late"}}, "www1: warn: late"),
    ("shipped", {"events": 0}, "none has told of itself"),
    ("parsed", {"events": 0, "unparsed": ["u1"]}, "wwwatch parse"),
    ("judged", {"is_judged": False, "anomalies": (), "detector": "ok"}, "not come to them yet: ok"),
    ("judged", {"is_judged": None, "anomalies": ()}, "does `wwwatch detect` run?"),
    ("threshold", {"anomalies": (), "incident": None, "notices": ()}, "below 25"),
    ("rule", {"incident": None, "notices": ()}, "no incident yet"),
    ("rule", {"level": None}, "no watch tells"),
    ("rule", {"incident": MINOR, "notices": ()}, "begins at level 2: Mails what is major."),
    ("acked", {"notices": (), "status": ACKED}, "acked: mail since 2026-03-14T02:00:00.000Z"),
    ("acked", {"notices": (), "status": {"state": {"active": False}}}, "wwwatch alert activate incident"),
    ("acked", {"notices": (), "incident": KNOWN}, "acknowledged before"),
    *((gate, {"notices": [notice(State(gate), gate, reason="because")]}, "because") for gate in GATES[6:-1]),
    *((gate, {"notices": (), "explained": holding(gate)}, f"{gate} says so") for gate in GATES[6:-1]),
    ("mail", {"notices": [notice(State.FAILED, reason="550 no such user")]}, "refused: 550 no such user"),
    ("mail", {"notices": [notice(State.PENDING, attempts=3, reason="greylisted")]}, "after 3 attempts: greylisted"),
    ("mail", {"notices": ()}, "does `wwwatch alert run` run?"),
]


@pytest.mark.parametrize(("gate", "changes", "words"), CASES)
def test_a_request_stops_at_one_gate(gate: str, changes: dict[str, Any], words: str) -> None:
    rungs = climb(replace(TOLD, **changes))
    assert [rung.gate for rung in rungs] == list(GATES)
    (stop,) = [rung for rung in rungs if rung.passed is False]
    assert stop.gate == gate
    assert words in stop.words
    place = GATES.index(gate)
    assert {rung.passed for rung in rungs[:place]} <= {True}
    assert {rung.passed for rung in rungs[place + 1 :]} <= {None}


def test_what_was_mailed_passed_every_gate_with_its_evidence() -> None:
    rungs = {rung.gate: rung for rung in climb(TOLD)}
    assert {rung.passed for rung in rungs.values()} == {True}
    assert rungs["mail"].words == "sent at 2026-03-14T02:15:10.000Z to sysadmin@example.org"
    assert rungs["mail"].evidence["message_id"] == "<n1@example.org>"
    assert rungs["threshold"].evidence == {"anomalies": {"s1": 62.0}, "reasons": ["412 POST /login in 3 min"]}
    assert rungs["shipped"].evidence == {"events": 412, "ids": ["e1"]}


def test_what_was_held_and_told_later_passed_and_says_both() -> None:
    notices = [notice(State.SILENCED, "silenced", reason="until noon"), *TOLD.notices]
    rungs = {rung.gate: rung for rung in climb(replace(TOLD, notices=notices))}
    assert rungs["silenced"].words == "held once: until noon"
    assert {rung.passed for rung in rungs.values()} == {True}


def test_what_went_out_within_a_summary_says_so() -> None:
    rungs = climb(replace(TOLD, notices=[notice(State.GROUPED, "capped", reason="in the summary m1")]))
    assert rungs[-1].words == "told at 2026-03-14T02:15:10.000Z within another mail: in the summary m1"


def test_hostile_words_stay_inert() -> None:
    hostile = {"sentence": "\x1b[2J\u202e"}
    anomaly = {"_id": "s1", "_source": {"wwwatch": {**ANOMALY["_source"]["wwwatch"], "reasons": [hostile]}}}  # type: ignore[index, dict-item]
    (rung,) = [each for each in climb(replace(TOLD, anomalies=[anomaly])) if each.gate == "threshold"]
    assert "\x1b" not in rung.words
    assert "\u202e" not in rung.words
