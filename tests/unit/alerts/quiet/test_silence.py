"""Silences and windows: what they cover, when, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.notices.notice import Act
from alerts.quiet.gate import LOOK_AGAIN
from alerts.quiet.silence import Silence, checked
from alerts.quiet.silenced import Silenced
from alerts.quiet.subject import subject_of
from alerts.quiet.windows import parse_every
from core.clock import parse_iso
from core.errors import RuleError
from tests.alerting import NOW, incident, variables
from tests.unit.alerts.quiet.cases import always, case, notice

HOUR = timedelta(hours=1)


def silence(**values: Any) -> Silence:
    base: dict[str, Any] = {"start": NOW - HOUR, "end": NOW + HOUR, "why": "deploy", "by": "anna"}
    return checked(Silence(id="", **{**base, **values}))


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        ({}, True),
        ({"kind": "bruteforce"}, True),
        ({"kind": "scan"}, False),
        ({"path": "/log*"}, True),
        ({"path": "/admin*"}, False),
        ({"watch": "incident"}, True),
        ({"watch": "digest"}, False),
        ({"clients": ("203.0.113.0/24",)}, True),
        ({"clients": ("198.51.100.0/24",)}, False),
        ({"clients": ("198.51.100.0/24", "203.0.113.9")}, True),
        ({"kind": "bruteforce", "clients": ("198.51.100.0/24",)}, False),
    ],
)
def test_a_silence_covers_what_all_its_parts_fit(scope: dict[str, Any], covers: bool) -> None:
    assert silence(**scope).covers(subject_of(variables(incident())), "incident") is covers


@pytest.mark.parametrize(
    ("scope", "is_for_everything"),
    [
        ({}, True),
        ({"path": "*"}, True),
        ({"path": "**"}, True),
        ({"clients": ("0.0.0.0/0",)}, True),
        ({"clients": ("192.0.2.0/24", "::/0")}, True),
        ({"path": "/*"}, False),
        ({"clients": ("192.0.2.0/24",)}, False),
        ({"path": "*", "kind": "scan"}, False),
    ],
)
def test_a_limit_that_everything_is_within_is_none(scope: dict[str, Any], is_for_everything: bool) -> None:
    assert silence(**scope).is_for_everything is is_for_everything


def test_it_silences_from_start_to_end_and_no_longer() -> None:
    quiet = silence()
    assert quiet.until(NOW - HOUR) == NOW + HOUR
    assert quiet.until(NOW - HOUR - timedelta(seconds=1)) is None
    assert quiet.until(NOW + HOUR) is None
    assert not quiet.is_over(NOW)
    assert quiet.is_over(NOW + HOUR)


def test_ended_early_it_silences_no_more() -> None:
    ended = silence().over_by("ben", NOW)
    assert ended.until(NOW) is None
    assert ended.is_over(NOW)
    assert ended.ended_by == "ben"


def test_the_gate_says_until_when_by_whom_and_why() -> None:
    quiet = silence(kind="bruteforce")
    decision = Silenced(always([quiet])).judge(case())
    assert (decision.act, decision.gate, decision.until) == (Act.HOLD, "silenced", NOW + LOOK_AGAIN)
    assert decision.reason == f"silence {quiet.id} until 2026-03-14T03:15:10.000Z by anna: deploy"
    assert Silenced(always([])).judge(case()).act is Act.SEND
    assert Silenced(always([quiet])).judge(case(notice(changes={"wwwatch.incident.kind": "scan"}))).act is Act.SEND


# The incident's NOW is a Saturday.
@pytest.mark.parametrize(
    ("every", "zone", "at", "until"),
    [
        ("sat 02:00", "UTC", "2026-03-14T02:15:10Z", "2026-03-14T04:00:00Z"),
        ("sat 02:00", "UTC", "2026-03-14T01:59:59Z", None),
        ("sat 02:00", "UTC", "2026-03-14T04:00:00Z", None),
        ("mon-fri 22:30", "UTC", "2026-03-13T23:00:00Z", "2026-03-14T00:30:00Z"),
        ("mon-fri 22:30", "UTC", "2026-03-14T23:00:00Z", None),
        ("daily 23:00", "UTC", "2026-03-14T00:30:00Z", "2026-03-14T01:00:00Z"),
        ("0 0 2 ? * SAT#2", "UTC", "2026-03-14T03:00:00Z", "2026-03-14T04:00:00Z"),
        ("sat 02:00", "Europe/Berlin", "2026-03-14T01:30:00Z", "2026-03-14T03:00:00Z"),
        ("0 0 * * * ?", "UTC", "2026-03-14T02:15:10Z", None),
    ],
)
def test_windows_open_on_their_schedule(every: str, zone: str, at: str, until: str | None) -> None:
    window = silence(every=every, lasting=2 * HOUR, timezone=zone, start=NOW - 30 * 24 * HOUR, end=None)
    found = window.until(parse_iso(at))
    if every == "0 0 * * * ?":  # windows that overlap are one without end: looked at again often enough
        assert found is not None
        return
    assert found == (parse_iso(until) if until else None)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"end": None}, "needs an end"),
        ({"end": NOW - HOUR}, "ends before it begins"),
        ({"clients": ("nobody",)}, "'nobody' is no network"),
        ({"every": "sat 02:00"}, "needs a length"),
        ({"every": "5 * * * *", "lasting": HOUR}, "is no schedule"),
        ({"every": "someday", "lasting": HOUR}, "is no schedule"),
        ({"every": "sat 02:00", "lasting": HOUR, "timezone": "Mars/Olympus"}, "is no schedule"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(RuleError, match=words):
        silence(**values)


def test_what_is_kept_comes_back() -> None:
    window = silence(
        kind="scan", clients=("192.0.2.0/24",), path="/x*", watch="w", every="sun 02:00", lasting=HOUR, created=NOW
    ).over_by("ben", NOW)
    assert Silence.of(window.id, window.value()) == window
    assert parse_every(window.every).schedule.cron == ("0 0 2 ? * SUN",)
    assert window.scope() == "kind scan; client 192.0.2.0/24; path /x*; watch w"
    assert silence().scope() == "everything"
