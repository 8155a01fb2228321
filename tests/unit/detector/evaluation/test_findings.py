"""What the engine said, beside the truth."""

import polars as pl
import pytest

from detector.evaluation.findings import INCIDENT_SCHEMA, SESSION_SCHEMA, Findings, by_client, by_incident, by_session
from detector.evaluation.truth import TRUTH_SCHEMA
from tests.unit.detector.frames import at

TRUTH = pl.DataFrame(
    [("a", "attack", "probe"), ("n", "normal", ""), ("c", "crawler", ""), ("q", "attack", "probe")],
    schema=TRUTH_SCHEMA,
    orient="row",
)


@pytest.fixture
def findings() -> Findings:
    """An attacker of two sessions in two incidents, one of them with a crawler; an attacker who is below all."""
    sessions = [
        ("a", "x", at(0), at(9), 5.0, 30.0, "scan"),
        ("a", "y", at(0), at(9), 7.0, 60.0, "dos"),
        ("n", "x", at(0), at(9), 3.0, 12.0, "normal"),
        ("c", "x", at(0), at(9), 4.0, 26.0, "scan"),
        ("q", "x", at(0), at(9), 4.0, 24.0, "scan"),
    ]
    incidents = [
        ("1", "scan", 30.0, at(0), at(9), ["a", "c"]),
        ("2", "dos", 80.0, at(0), at(9), ["a"]),
        ("3", "scrape", 26.0, at(0), at(9), ["n"]),
    ]
    return Findings(
        pl.DataFrame(sessions, schema=SESSION_SCHEMA, orient="row"),
        pl.DataFrame(incidents, schema=INCIDENT_SCHEMA, orient="row"),
    )


def test_a_client_is_named_where_an_incident_lists_it(findings: Findings) -> None:
    rows = {row["client"]: row for row in by_client(findings, TRUTH).to_dicts()}
    assert [(who, row["reported"], row["mailed"], row["kind"]) for who, row in rows.items()] == [
        ("a", True, True, "dos"),
        ("n", True, False, "scrape"),
        ("c", True, False, "scan"),
        ("q", False, False, ""),
    ]
    assert {who: row["score"] for who, row in rows.items()} == {"a": 80.0, "n": 26.0, "c": 30.0, "q": 24.0}
    assert rows["a"]["requests"] == 12


def test_sessions_are_named_by_their_own_score(findings: Findings) -> None:
    rows = by_session(findings, TRUTH).select("client", "reported", "mailed", "truth").rows()
    assert rows == [
        ("a", True, False, "attack"),
        ("a", True, True, "attack"),
        ("n", False, False, "normal"),
        ("c", True, False, "crawler"),
        ("q", False, False, "attack"),
    ]


def test_an_incident_is_false_when_no_attacker_is_in_it(findings: Findings) -> None:
    rows = by_incident(findings, TRUTH).sort("incident").select("attackers", "normal", "crawlers", "size", "is_false")
    assert rows.rows() == [(1, 0, 1, 2, False), (1, 0, 0, 1, False), (0, 1, 0, 1, True)]


def test_of_a_silent_engine_nobody_is_named() -> None:
    silent = Findings(pl.DataFrame(schema=SESSION_SCHEMA), pl.DataFrame(schema=INCIDENT_SCHEMA))
    clients = by_client(silent, TRUTH)
    assert clients["score"].to_list() == [0.0] * 4
    assert not clients["reported"].any()
    assert by_incident(silent, TRUTH).is_empty()
