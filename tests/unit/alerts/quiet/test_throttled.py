"""The gate `throttled`: pure, and with a reason in every case."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.notices.notice import Act, Decision, Notice, State
from alerts.quiet import Gates
from tests.alerting import NOW

THROTTLE = timedelta(minutes=10)


def decide(mine: Notice, thread: list[Notice], throttle: timedelta, now: datetime) -> Decision:
    return Gates().judge(mine, thread, throttle, now)


def notice(name: str, **values: Any) -> Notice:
    base: dict[str, Any] = {"created": NOW, "thread": "i1", "rank": 3.0, "seq_no": 5}
    return Notice(name, "incident", "mail", name, **{**base, **values})


def sent(rank: float, when: datetime, **values: Any) -> Notice:
    return notice("earlier", rank=rank, state=State.SENT, created=when, sent=when, **values)


LONG_AGO = NOW - timedelta(minutes=11)
RECENT = NOW - timedelta(seconds=5)


@pytest.mark.parametrize(
    ("others", "act", "reason"),
    [
        ([], Act.SEND, "new"),
        ([notice("me")], Act.SEND, "new"),
        ([sent(2, LONG_AGO)], Act.SEND, "rank 3 after rank 2"),
        ([sent(2, RECENT)], Act.HOLD, "at most one in 10m about i1"),
        ([sent(3, LONG_AGO)], Act.DROP, "rank 3 is not above rank 3"),
        ([sent(3, RECENT)], Act.DROP, "rank 3 is not above rank 3"),
        ([sent(2, LONG_AGO), sent(1, RECENT)], Act.HOLD, "at most one"),
        ([notice("earlier", rank=2.0, seq_no=4)], Act.HOLD, "at most one"),
        ([notice("later", rank=2.0, seq_no=6)], Act.SEND, "new"),
        ([notice("tried before", rank=2.0, seq_no=6, attempts=2)], Act.HOLD, "at most one"),
        ([sent(2, RECENT, seq_no=9)], Act.HOLD, "at most one"),
        ([notice("held", rank=2.0, seq_no=4, state=State.THROTTLED)], Act.SEND, "new"),
        ([notice("refused", rank=3.0, seq_no=4, state=State.FAILED)], Act.SEND, "new"),
    ],
)
def test_decisions(others: list[Notice], act: Act, reason: str) -> None:
    decision = decide(notice("me"), others, THROTTLE, NOW)
    assert decision.act is act
    assert reason in decision.reason


def test_it_is_held_exactly_until_the_period_ends() -> None:
    held = decide(notice("me"), [sent(2, RECENT)], THROTTLE, NOW)
    assert held.until == RECENT + THROTTLE
    assert decide(notice("me"), [sent(2, RECENT)], THROTTLE, RECENT + THROTTLE).act is Act.SEND


def test_without_ranks_only_the_period_counts() -> None:
    mine = notice("me", rank=None)
    assert decide(mine, [sent(2, RECENT)], THROTTLE, NOW).act is Act.HOLD
    assert decide(mine, [sent(2, LONG_AGO)], THROTTLE, NOW).act is Act.SEND


def test_of_two_engines_at_once_exactly_one_goes_first() -> None:
    first, second = notice("first", rank=2.0, seq_no=1), notice("second", seq_no=2)
    acts = [decide(first, [first, second], THROTTLE, NOW).act, decide(second, [first, second], THROTTLE, NOW).act]
    assert acts == [Act.SEND, Act.HOLD]
