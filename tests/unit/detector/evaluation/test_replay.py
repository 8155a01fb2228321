"""Replaying: what the engine says of a whole log, of attackers as they work, and of simulated runs."""

from datetime import UTC, datetime

import polars as pl
import pytest

from detector.evaluation.baseline import ban
from detector.evaluation.delay import ban_delays, measure_delays
from detector.evaluation.replay import by_rows, replay
from detector.evaluation.report import delays, describe_log, judge_log, measure
from detector.evaluation.runs import Raid, Run, Sighting, judge_run
from detector.evaluation.simulation import sum_up
from detector.evaluation.truth import TRUTH_SCHEMA
from detector.model import SessionModel
from tests.unit.detector.frames import at, events_of, logins, request

NOW = datetime(2026, 5, 5, tzinfo=UTC)
ATTACKER, VISITOR = "192.0.2.7", "192.0.2.1"
TRUTH = pl.DataFrame(
    [(ATTACKER, "attack", "login_bruteforce"), (VISITOR, "normal", "")], schema=TRUTH_SCHEMA, orient="row"
)


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    """A visitor of two pages, and an attacker who begins a minute later."""
    visit = [request(0, "/"), request(20, "/about", referrer="https://example.org/")]
    return events_of(*visit, *logins(200, address=ATTACKER, start=60))


@pytest.fixture
def judging(model: SessionModel) -> tuple[str, SessionModel]:
    """The small model and a digest."""
    return "d" * 64, model


def test_a_replay_keeps_every_session_and_the_last_state_of_incidents(
    judging: tuple[str, SessionModel], events: pl.DataFrame
) -> None:
    findings = replay(judging, by_rows(events, 50), NOW)
    sessions = {row["client"]: row for row in findings.sessions.to_dicts()}
    assert {who: row["requests"] for who, row in sessions.items()} == {ATTACKER: 200, VISITOR: 2}
    assert sessions[VISITOR]["kind"] == "normal"
    (incident,) = findings.incidents.to_dicts()
    assert incident["clients"] == [ATTACKER]
    assert incident["end"] == at(259)
    assert incident["score"] >= 50


def test_pages_hold_every_request_once_in_order(events: pl.DataFrame) -> None:
    shuffled = events.sample(fraction=1.0, shuffle=True, seed=1)
    pages = list(by_rows(shuffled, 7))
    assert [page.height for page in pages] == [7] * 28 + [6]
    assert pl.concat(pages)["time"].equals(events["time"].sort())


def test_a_log_is_measured(judging: tuple[str, SessionModel], events: pl.DataFrame) -> None:
    judged = judge_log(judging, "shop", events, NOW)
    log, figures = describe_log(judged), measure(judged, TRUTH)
    assert (log["lines"], log["clients"], log["days"], log["incidents"]) == (202, 2, 1.0, 1)
    assert sum(log["by_severity"].values()) == 1
    assert figures["clients"]["reported"]["recall"] == 1.0
    assert figures["clients"]["mailed"]["precision"] == 1.0
    assert figures["sessions"]["roc_area"] == 1.0
    assert figures["baseline"]["banned"]["recall"] == 1.0
    assert figures["attack_types"]["login_bruteforce"]["rightly_called"] == 1
    assert figures["false_incidents"]["reported"] == 0
    assert (figures["missed"]["count"], figures["named"]["count"]) == (0, 0)


def test_who_is_named_wrongly_is_told_by_address(judging: tuple[str, SessionModel], events: pl.DataFrame) -> None:
    swapped = TRUTH.with_columns(pl.col("truth").reverse())
    figures = measure(judge_log(judging, "shop", events, NOW), swapped)
    assert [case["client"] for case in figures["named"]["cases"]] == [ATTACKER]
    assert [case["client"] for case in figures["missed"]["cases"]] == [VISITOR]
    assert figures["false_incidents"]["reported"] == 1
    assert figures["clients"]["reported"]["recall"] == 0.0


def test_single_days_far_apart_are_not_the_years_between_them(
    judging: tuple[str, SessionModel], events: pl.DataFrame
) -> None:
    later = events.with_columns(pl.col("time").dt.offset_by("400d"))
    log = describe_log(judge_log(judging, "shop", pl.concat([events, later]), NOW))
    assert log["days"] == 1.0


def test_delays_count_from_the_first_hostile_line(judging: tuple[str, SessionModel], events: pl.DataFrame) -> None:
    found = measure_delays(judging, events, TRUTH, NOW)["reported"]
    assert (found["followed"], found["named"]) == (1, 1)
    assert 2 <= found["requests"] <= 30
    assert found["seconds"] == found["requests"] - 1
    both = delays(judging, judge_log(judging, "shop", events, NOW), TRUTH, NOW)
    assert both["reported"] == found
    assert both["baseline"] == ban_delays(ban(events), events, TRUTH)
    assert both["baseline"] == {"followed": 1, "named": 1, "seconds": 4.0, "requests": 5}


def test_without_attackers_there_are_no_delays(judging: tuple[str, SessionModel], events: pl.DataFrame) -> None:
    peaceful = TRUTH.filter(pl.col("truth") == "normal")
    assert measure_delays(judging, events, peaceful, NOW)["mailed"]["named"] == 0


def raid_of(clients: set[str], kind: str = "bruteforce") -> Raid:
    return Raid("guessing", kind, frozenset(clients), at(60), at(259))


def test_an_attack_in_a_run_is_seen_as_it_happens(judging: tuple[str, SessionModel], events: pl.DataFrame) -> None:
    result = judge_run(judging, Run("guessing", 1, events, [raid_of({ATTACKER})]), NOW)
    (sighting,) = result.sightings
    assert sighting.is_found
    assert sighting.is_named_rightly
    assert sighting.reported is not None
    seconds, requests = sighting.reported
    assert seconds == requests - 1
    assert requests <= 30
    assert result.named.is_empty()
    found = sum_up([result])
    assert found["attacks"]["guessing"]["soon"] == 1
    assert found["kinds"]["bruteforce"]["recall"] == 1.0
    assert found["missed"] == []


def test_half_of_the_clients_have_to_be_listed(judging: tuple[str, SessionModel], events: pl.DataFrame) -> None:
    absent = {f"198.51.100.{number}" for number in range(2)}
    result = judge_run(judging, Run("guessing", 1, events, [raid_of({ATTACKER} | absent)]), NOW)
    assert result.sightings[0].listed == pytest.approx(1 / 3)
    assert sum_up([result])["attacks"]["guessing"]["found"] == 0
    assert [missed["attack"] for missed in sum_up([result])["missed"]] == ["guessing"]


def test_a_run_without_attacks_must_be_silent(judging: tuple[str, SessionModel], events: pl.DataFrame) -> None:
    loud = judge_run(judging, Run("sysadmin", 1, events, []), NOW)
    quiet = judge_run(judging, Run("sysadmin", 2, events.head(2), []), NOW)
    row = sum_up([loud, quiet])["quiet_runs"]["sysadmin"]
    assert (row["runs"], row["silent"], row["mail_silent"], row["incidents"]) == (2, 1, 1, 1)
    assert [each["client"] for each in row["named"]] == [ATTACKER]


@pytest.mark.parametrize(
    ("kind", "called", "is_right"),
    [("spray", "stuffing", True), ("scan", "injection", True), ("dos", "scan", False), ("scrape", "", False)],
)
def test_kinds_akin_are_right(kind: str, called: str, *, is_right: bool) -> None:
    assert Sighting(raid_of({ATTACKER}, kind), kind=called).is_named_rightly is is_right


def test_nothing_is_measured_of_nothing(judging: tuple[str, SessionModel]) -> None:
    findings = replay(judging, by_rows(events_of()), NOW)
    assert findings.sessions.is_empty()
    assert findings.incidents.is_empty()
    assert sum_up([])["runs"] == 0
