"""The scorer: the engine that live detection and scan share."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import polars as pl

from core.documents import Document
from detector.evidence import NoEvidence, RowEvidence
from detector.incidents import Incident
from detector.memory import recall
from detector.model import SessionModel
from detector.scorer import Scorer
from detector.window import make_ready
from tests.unit.detector.frames import START, events_of, logins, request

NOW = datetime(2026, 5, 5, tzinfo=UTC)
PAGE = 500


def scorer_of(model: SessionModel) -> Scorer:
    return Scorer(("d" * 64, model), threshold=50, evidence=NoEvidence())


def lines_of(events: pl.DataFrame) -> pl.DataFrame:
    return events.with_columns(line=pl.concat_str("client", pl.lit(" "), "method", pl.lit(" "), pl.col("url")))


def taken(scorer: Scorer, pages: Iterable[pl.DataFrame]) -> dict[str, Document]:
    """Return the latest document of every incident."""
    found: dict[str, Document] = {}
    for page in pages:
        found |= {incident.id: incident.document() for incident in scorer.take(page, NOW).incidents}
    return found


def pages_of(events: pl.DataFrame) -> list[pl.DataFrame]:
    return [events[begin : begin + PAGE] for begin in range(0, events.height, PAGE)]


def test_pages_prepared_beforehand_bring_the_same(model: SessionModel) -> None:
    pages = [lines_of(events_of(*logins(60, address=f"192.0.2.{each}"))) for each in range(3)]
    at_once, ahead = scorer_of(model), scorer_of(model)
    for page in pages:
        assert ahead.take(make_ready(page), NOW, is_prepared=True) == at_once.take(page, NOW)


def test_pages_that_were_looked_at_ahead_bring_the_same(model: SessionModel, traffic: pl.DataFrame) -> None:
    pages = pages_of(traffic.sort("time").head(8_000))
    at_once, ahead = scorer_of(model), scorer_of(model)
    wanted = [at_once.take(page, NOW) for page in pages]
    seen = [ahead.look(page) for page in pages]
    assert [ahead.settle(each, NOW) for each in seen] == wanted
    assert any(outcome.incidents for outcome in wanted)


def test_an_attack_is_an_incident_with_its_lines(model: SessionModel) -> None:
    scorer = Scorer(("d" * 64, model), threshold=25, evidence=RowEvidence())
    outcome = scorer.take(lines_of(events_of(request(0), *logins(60, address="192.0.2.7"))), NOW)
    assert (outcome.events, outcome.sessions, outcome.opened) == (61, 2, 1)
    (incident,) = outcome.incidents
    assert incident.clients == ["192.0.2.7"]
    assert [anomaly.incident for anomaly in outcome.anomalies] == [incident.id]
    assert outcome.anomalies[0].evidence == ("192.0.2.7 POST /login",) * 10
    assert scorer.incidents == {incident.id: incident}


def test_what_goes_quiet_is_closed_and_told(model: SessionModel) -> None:
    scorer = scorer_of(model)
    (opened,) = scorer.take(events_of(*logins(60)), NOW).incidents
    later = scorer.take(events_of(*(request(4 * 86_400 + second, address="192.0.2.9") for second in range(30))), NOW)
    assert [(incident.id, incident.state) for incident in later.incidents] == [(opened.id, "closed")]
    assert scorer.incidents == {}


def test_a_restored_scorer_goes_on_where_the_first_stopped(model: SessionModel, traffic: pl.DataFrame) -> None:
    pages = pages_of(traffic.sort("time").head(8_000))
    half = len(pages) // 2
    straight, first, second = scorer_of(model), scorer_of(model), scorer_of(model)
    wanted = taken(straight, pages)
    found = taken(first, pages[:half])
    since = first.window.start or NOW
    kept: list[Incident] = list(first.incidents.values())
    second.restore(kept, [page.filter(pl.col("time") >= since) for page in pages[:half]], first.window.watermark)
    assert found | taken(second, pages[half:]) == wanted
    assert wanted


def test_nothing_comes_of_nothing(model: SessionModel) -> None:
    outcome = scorer_of(model).take(events_of(), NOW + timedelta(1))
    assert (outcome.events, outcome.sessions, outcome.anomalies, outcome.incidents) == (0, 0, [], [])


def test_who_watches_sees_every_session_also_the_normal_ones(model: SessionModel) -> None:
    seen: list[pl.DataFrame] = []
    scorer = Scorer(("d" * 64, model), threshold=25, evidence=NoEvidence(), watch=seen.append)
    scorer.take(events_of(request(0), *logins(60, address="192.0.2.7")), NOW)
    (judged,) = seen
    assert dict(judged.select("client", "kind").rows()) == {"192.0.2.1": "normal", "192.0.2.7": "bruteforce"}
    assert {"start", "end", "user_agent", "requests", "score"} <= set(judged.columns)


def test_slow_guessing_is_remembered_beyond_the_window_and_a_restart(model: SessionModel) -> None:
    tries = [events_of(*logins(1, start=2400.0 * number)) for number in range(30)]
    first, second = scorer_of(model), scorer_of(model)
    for page in tries[:20]:
        first.take(page, NOW)
    since, kept = first.since, first.keep()
    assert since is not None
    assert kept is not None
    assert since > START + timedelta(hours=4)
    again = [page.filter(pl.col("time") >= since) for page in tries[:20]]
    second.restore([], again, first.window.watermark, kept)
    for page in tries[20:]:
        second.take(page, NOW)
    end = START + timedelta(seconds=2400 * 29)
    asked = pl.DataFrame({"client": ["192.0.2.1"], "end": [end]})
    assert recall(second.window.memory.frame, asked)["day_login_failures"].item() == 30


def test_the_real_addresses_of_an_ipv6_network_are_told(model: SessionModel) -> None:
    tries = [each for number in (1, 2) for each in logins(40, address=f"2001:db8::{number}", start=number * 100.0)]
    (incident,) = scorer_of(model).take(events_of(*tries), NOW).incidents
    assert incident.clients == ["2001:db8::/64"]
    assert sorted(incident.addresses) == ["2001:db8::1", "2001:db8::2"]


def test_a_late_line_counts_for_the_session_that_it_belongs_to(model: SessionModel) -> None:
    scorer = scorer_of(model)
    tries = logins(60)
    (first,) = scorer.take(events_of(*tries[:20], *tries[30:]), NOW).anomalies
    outcome = scorer.take(events_of(*reversed(tries[20:30])), NOW)
    (late,) = outcome.anomalies
    assert (late.session_id, late.incident, late.start, late.end) == (
        first.session_id,
        first.incident,
        first.start,
        first.end,
    )
    assert (first.requests, late.requests, outcome.opened) == (50, 60, 0)
