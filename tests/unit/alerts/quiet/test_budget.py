"""The alert budget over simulated weeks of incident documents."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.quiet.allowed import Allowed
from alerts.quiet.budget import Budget, propose, replay
from core.clock import iso_millis
from core.documents import Document
from core.severity import severity_label, severity_level
from tests.alerting import NOW, incident

WEEKS = timedelta(weeks=4)
PERIOD = (NOW - WEEKS, NOW)
WEEKLY = Budget(5, timedelta(weeks=1))


def stored(name: str, days_ago: float, score: float, **changes: Any) -> Document:
    begun = NOW - timedelta(days=days_ago)
    values = {
        "event.start": iso_millis(begun),
        "event.end": iso_millis(begun + timedelta(minutes=5)),
        "wwwatch.incident.score": score,
        "wwwatch.incident.level": severity_level(score),
        "wwwatch.incident.severity": severity_label(score),
    }
    return {"_index": "wwwatch-incidents", "_id": name, "_source": incident({**values, **changes})}


def test_the_lowest_threshold_that_keeps_every_week_within_the_budget() -> None:
    weeks = [
        stored(f"{week}-{number}", week * 7 + number / 2 + 0.1, 40 + number)
        for week in range(4)
        for number in range(10)
    ]
    found = propose(weeks, {}, WEEKLY, PERIOD)
    assert found.threshold == 45
    assert found.counts == (5, 5, 5, 5)
    assert {each.score for each in found.told} == {45, 46, 47, 48, 49}
    assert found.by_severity == {"warning": 40, "minor": 40, "major": 0, "critical": 0}


def test_one_bad_week_is_not_averaged_away() -> None:
    bad = [stored(str(number), 3 + number / 10, 60 + number) for number in range(12)]
    found = propose(bad, {}, WEEKLY, PERIOD)
    assert (found.threshold, found.counts) == (67, (0, 0, 0, 5))


def test_it_says_when_no_threshold_does_and_how_far_the_store_reaches() -> None:
    worst = [stored(str(number), 1, 100) for number in range(6)]
    found = propose(worst, {}, WEEKLY, PERIOD)
    assert found.threshold is None
    assert found.reaches == NOW - timedelta(days=1)
    assert propose([], {}, WEEKLY, PERIOD).reaches is None


def test_escalations_and_recoveries_are_mails_too() -> None:
    one = stored("a", 2, 80, **{"wwwatch.incident.state": "closed"})
    begun = NOW - timedelta(days=2)
    steps = {"a": [(begun, 30.0), (begun + timedelta(minutes=1), 55.0), (begun + timedelta(minutes=2), 80.0)]}
    assert [(each.turn, each.score) for each in replay([one], steps, 50)] == [("new", 55), ("worse", 80), ("over", 80)]
    assert [each.turn for each in replay([one], steps, 0)] == ["new", "worse", "worse", "over"]
    assert replay([one], steps, 90) == []


def test_who_is_allowed_costs_nothing() -> None:
    gates = (Allowed((ip_network("203.0.113.0/24"),)),)
    closed = stored("a", 2, 80, **{"wwwatch.incident.state": "closed"})
    assert replay([closed], {}, 0, gates) == []


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0.1, 27.9), st.floats(0, 100)), max_size=25), st.integers(0, 6))
def test_the_budget_is_kept_and_a_lower_threshold_breaks_it(days: list[tuple[float, float]], most: int) -> None:
    incidents = [stored(str(number), ago, score) for number, (ago, score) in enumerate(days)]
    budget = Budget(most, timedelta(weeks=1))
    found = propose(incidents, {}, budget, PERIOD)
    if found.threshold is None:
        assert not budget.keeps([each.at for each in found.told], *PERIOD)
        return
    assert max(found.counts) <= most
    if found.threshold > 0:
        assert not budget.keeps([each.at for each in replay(incidents, {}, found.threshold - 1)], *PERIOD)
