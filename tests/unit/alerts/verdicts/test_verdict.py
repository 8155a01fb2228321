"""What a false alarm mutes, and what it must never mute."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.verdicts.verdict import MUTED, Verdict, alike, first_alike
from tests.alerting import CRITICAL, NOW, incident

OTHER_CLIENT = {"source.address": ["198.51.100.7"], "source.ip": ["198.51.100.7"]}
OTHER = {**OTHER_CLIENT, "user_agent.original": "curl/8.5.0"}


def false_alarm(**changes: Any) -> Verdict:
    verdict = Verdict.about("i0", incident(), NOW)
    return replace(verdict, verdict=False, by="admin", mutes_until=NOW + MUTED, **changes)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({}, "site and clients"),
        ({"user_agent.original": "curl/8.5.0", "url.path": "/admin"}, "site and clients"),
        (OTHER_CLIENT, "user agent and path"),
        ({"wwwatch.incident.clients": 4000}, "user agent and path"),
    ],
)
def test_alike_is_muted_with_a_reason(changes: dict[str, Any], because: str) -> None:
    reason = alike(false_alarm(), incident(changes))
    assert reason is not None
    assert reason.endswith(because)
    assert "admin called a false alarm on 2026-03-14" in reason


@pytest.mark.parametrize(
    "changes",
    [
        OTHER,
        {**OTHER_CLIENT, "url.path": "/admin"},
        {"wwwatch.incident.kind": "scan"},
        {"url.domain": "blog.example"},
        CRITICAL,
        {"source.address": ["203.0.113.9", "198.51.100.7"], "user_agent.original": "curl/8.5.0"},
        {"wwwatch.incident.clients": 4000, "user_agent.original": "curl/8.5.0"},
    ],
    ids=["another client", "another path", "another kind", "another site", "graver", "one more client", "unnamed ones"],
)
def test_what_is_not_alike_is_told(changes: dict[str, Any]) -> None:
    assert alike(false_alarm(), incident(changes)) is None


def test_an_incident_without_user_agent_is_alike_by_its_clients_only() -> None:
    bare = {"user_agent": None, "url.path": None}
    verdict = replace(false_alarm(), user_agent="", path="")
    assert alike(verdict, incident(bare)) is not None
    assert alike(verdict, incident(bare | OTHER_CLIENT)) is None


def test_the_incident_itself_is_muted_until_it_gets_graver() -> None:
    own = {"wwwatch.incident.id": "i0", **OTHER}
    assert alike(false_alarm(), incident(own)) == "i0, which admin called a false alarm on 2026-03-14"
    assert alike(false_alarm(), incident(own | CRITICAL)) is None


def test_an_address_of_a_network_that_was_judged_is_one_of_its_clients() -> None:
    judged = replace(false_alarm(), clients=("2001:db8::/64",), user_agent="")
    assert alike(judged, incident({"source.address": ["2001:db8::7"]})) is not None
    assert alike(judged, incident({"source.address": ["2001:db8:0:1::7"]})) is None
    assert alike(judged, incident({"source.address": ["203.0.113.9"]})) is None


def test_only_false_alarms_mute_and_only_until_their_time_is_over() -> None:
    verdict = false_alarm()
    late = NOW + MUTED
    assert first_alike([verdict], incident(), NOW) == (alike(verdict, incident()), late)
    assert first_alike([verdict], incident(), late) is None
    assert first_alike([replace(verdict, verdict=True)], incident(), NOW) is None
    assert first_alike([replace(verdict, verdict=None)], incident(), NOW) is None
    assert first_alike([], incident(), NOW) is None


def test_a_document_comes_back_as_it_was() -> None:
    verdict = false_alarm(note="ours", done=({"at": "x"},), sample={"sessions": []})
    assert Verdict.of(verdict.document()) == verdict
    bare = Verdict("i9", NOW - timedelta(days=1))
    assert Verdict.of(bare.document()) == bare


junk = st.none() | st.integers() | st.text(max_size=9) | st.lists(st.none() | st.text(max_size=9), max_size=2)


@given(
    st.dictionaries(
        st.sampled_from(["source", "source.address", "url", "wwwatch.incident.level", "wwwatch.incident.clients"]), junk
    )
)
def test_no_document_breaks_the_comparison(changes: dict[str, Any]) -> None:
    parents = {"source", "url"} & changes.keys()
    usable = {path: value for path, value in changes.items() if not any(path.startswith(f"{up}.") for up in parents)}
    assert isinstance(alike(false_alarm(), incident(usable)), str | None)
