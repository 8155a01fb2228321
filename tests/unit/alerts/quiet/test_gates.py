"""Each gate alone: what it holds, what it lets pass, and the words it says."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from alerts.notices.notice import Act, State, Turn
from alerts.quiet import Gates
from alerts.quiet.allowed import Allowed, without
from alerts.quiet.capped import Capped, Sent
from alerts.quiet.flapping import Flapping
from alerts.quiet.gate import LOOK_AGAIN
from alerts.quiet.muted import Muted
from alerts.quiet.subject import Network, subject_of
from alerts.quiet.throttled import Throttled
from tests.alerting import NOW, incident, variables
from tests.unit.alerts.quiet.cases import THROTTLE, always, case, notice, told

OURS: tuple[Network, ...] = (ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"))


def clients(*addresses: str, count: int | None = None) -> dict[str, Any]:
    return {"source.address": list(addresses), "wwwatch.incident.clients": count or len(addresses)}


@pytest.mark.parametrize(
    ("changes", "act", "words"),
    [
        (clients("203.0.113.9"), Act.HOLD, "alert.allow has 203.0.113.9"),
        (clients("203.0.113.9", "203.0.113.10"), Act.HOLD, "alert.allow has all its 2 clients"),
        (clients("2001:db8:1:2::/64"), Act.HOLD, "alert.allow has 2001:db8:1:2::/64"),
        (clients("::ffff:203.0.113.9"), Act.HOLD, "alert.allow has"),
        (clients("203.0.113.9", "198.51.100.1"), Act.SEND, "1 of its clients are in alert.allow, not all"),
        (clients("203.0.113.9", count=340), Act.SEND, "not all"),
        (clients("198.51.100.1"), Act.SEND, "no client is in alert.allow"),
        (clients("2001::/16"), Act.SEND, "no client"),
        (clients("host.example.org"), Act.SEND, "no client"),
        ({"source": None}, Act.SEND, "no client"),
    ],
)
def test_allowed_wins_only_where_all_clients_are_inside(changes: dict[str, Any], act: Act, words: str) -> None:
    decision = Allowed(OURS).judge(case(notice(changes=changes)))
    assert (decision.act, decision.gate) == (act, "" if act is Act.SEND else "allowed")
    assert words in decision.reason


def test_mixed_incidents_leave_the_allowed_out_and_say_so() -> None:
    mixed = notice(changes=clients("203.0.113.9", "198.51.100.1"))
    gates = Gates([Allowed(OURS), Throttled()], OURS)
    decision = gates.judge(mixed, [], THROTTLE, NOW)
    dressed = gates.dress(mixed, decision, NOW)
    assert dressed.ctx["note"] == "Of its 2 clients, 1 are in alert.allow and left out here: 203.0.113.9."
    assert dressed.ctx["payload"]["_source"]["source"]["address"] == ["198.51.100.1"]
    assert mixed.ctx["payload"]["_source"]["source"]["address"] == ["203.0.113.9", "198.51.100.1"]


@pytest.mark.parametrize("ctx", [{}, {"payload": None}, {"payload": {"_source": "x"}}, {"payload": {"hits": {}}}])
def test_what_is_no_incident_has_nothing_to_leave_out(ctx: dict[str, Any]) -> None:
    assert without(ctx, OURS) == ctx
    assert subject_of(ctx).incident_id == ""


def test_a_verdict_mutes_until_it_ends_and_is_asked_again_meanwhile() -> None:
    until = NOW + timedelta(days=3)
    held = Muted(always(("like i0", until))).judge(case())
    assert (held.act, held.gate, held.state, held.until) == (Act.HOLD, "muted", State.MUTED, NOW + LOOK_AGAIN)
    assert Muted(always(None)).judge(case()).act is Act.SEND


def flips(count: int, **last: Any) -> list[Any]:
    """Return a thread that began and ended in turn, `count` notices, ten minutes apart, up to ten minutes ago."""
    turns = [(Turn.NEWS, Turn.OVER)[number % 2] for number in range(count)]
    moments = [NOW - timedelta(minutes=10 * (count - number)) for number in range(count)]
    thread = [told(str(number), moment, turn) for number, (moment, turn) in enumerate(zip(moments, turns, strict=True))]
    return [*thread[:-1], told("last", moments[-1], turns[-1], **last)]


def test_more_than_four_changes_are_told_once_to_flap() -> None:
    assert Flapping().judge(case(notice(), flips(4))).gate == ""
    first = Flapping().judge(case(notice(turn=Turn.OVER), flips(5)))
    assert (first.act, first.gate) == (Act.SEND, "flapping")
    assert "5 times within a day" in first.note
    again = Flapping().judge(case(notice(), flips(6, gate="flapping")))
    assert (again.act, again.gate) == (Act.HOLD, "flapping")
    assert Flapping().judge(case(notice(turn=Turn.OVER), flips(7, gate="flapping"))).act is Act.DROP


def test_what_flaps_passes_when_it_is_graver_or_calm_again() -> None:
    thread = flips(6, gate="flapping")
    assert Flapping().judge(case(notice(rank=3.0), thread)).act is Act.SEND
    later = NOW + timedelta(days=1)
    assert Flapping().judge(case(notice(created=later), thread, later)).act is Act.SEND
    assert Flapping().judge(case(notice(turn=Turn.AGAIN), thread)).act is Act.SEND


def capped(hour: int, day: int) -> Capped:
    return Capped(10, 50, always(Sent(hour, day)))


@pytest.mark.parametrize(
    ("hour", "day", "severity", "until"),
    [
        (9, 9, "major", None),
        (10, 10, "major", "2026-03-14T03:00:00+00:00"),
        (10, 10, "critical", None),
        (20, 20, "critical", "2026-03-14T03:00:00+00:00"),
        (0, 50, "major", "2026-03-15T00:00:00+00:00"),
        (0, 100, "critical", "2026-03-15T00:00:00+00:00"),
    ],
)
def test_caps_hold_until_the_hour_or_day_ends(hour: int, day: int, severity: str, until: str | None) -> None:
    mine = notice(changes={"wwwatch.incident.severity": severity})
    decision = capped(hour, day).judge(case(mine))
    assert (decision.until.isoformat() if decision.until else None) == until
    assert decision.act is (Act.HOLD if until else Act.SEND)


def test_machines_and_the_summary_are_not_capped() -> None:
    assert capped(99, 99).judge(case(is_message=False)).act is Act.SEND
    summary = notice()
    summary = type(summary)("s", "capped", "mail", "s", NOW)
    assert capped(99, 99).judge(case(summary)).act is Act.SEND
    assert Capped(0, 0, always(Sent(99, 99))).judge(case()).act is Act.SEND


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("thread", "act", "reason"),
    [
        ([], Act.DROP, "nobody was told that it began"),
        ([told("a", NOW - MINUTE)], Act.SEND, "it is over"),
        ([told("a", NOW)], Act.DROP, "over when it was told"),
        ([notice("a", seq_no=4)], Act.HOLD, "still on its way"),
        ([notice("a", seq_no=4, state=State.SILENCED)], Act.DROP, "nobody was told"),
        ([told("a", NOW - 2 * MINUTE), told("b", NOW - MINUTE, Turn.OVER)], Act.DROP, "nobody was told"),
    ],
)
def test_that_it_is_over_is_told_once_where_it_was_told_to_begin(thread: list[Any], act: Act, reason: str) -> None:
    decision = Throttled().judge(case(notice(turn=Turn.OVER), thread))
    assert decision.act is act
    assert reason in decision.reason


def test_after_it_was_over_it_begins_anew() -> None:
    thread = [told("a", NOW - 20 * MINUTE), told("b", NOW - 15 * MINUTE, Turn.OVER)]
    assert Throttled().judge(case(notice(), thread)).reason == "new"


def test_it_is_told_again_only_after_the_period() -> None:
    mine = notice(turn=Turn.AGAIN)
    held = Throttled().judge(case(mine, [told("a", NOW - MINUTE)]))
    assert (held.act, held.until) == (Act.HOLD, NOW - MINUTE + THROTTLE)
    sent = Throttled().judge(case(mine, [told("a", NOW - THROTTLE)]))
    assert (sent.act, sent.reason) == (Act.SEND, "it goes on: not told for 10m")


def test_the_first_gate_that_holds_decides_and_explaining_shows_all() -> None:
    gates = Gates([Allowed(OURS), Muted(always(("like i0", NOW))), Throttled()])
    assert gates.judge(notice(), [], THROTTLE, NOW).gate == "allowed"
    hit = variables(incident())["payload"]
    steps = gates.explain(hit, NOW, [told("a", NOW - MINUTE)])
    assert [(each.gate, each.act) for each in steps] == [
        ("allowed", Act.HOLD),
        ("muted", Act.HOLD),
        ("throttled", Act.DROP),
    ]


def test_without_a_thread_what_is_held_is_settled() -> None:
    alone = notice(thread="")
    decision = Allowed(OURS).judge(case(alone))
    assert (decision.act, decision.until) == (Act.DROP, None)
