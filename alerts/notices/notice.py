"""A notice is one thing to be told once: what it is, and the pure decision whether, and when, it is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from alerts.language.parts import format_duration


class State(StrEnum):
    """Where a notice stands; `throttled` with a time is held until then, without one it is settled."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True)
class Notice:
    """One document of the watch history.

    Attributes:
        id: Derived from watch, action and key, so that two engines mean the same document.
        key: What is told at most once.
        thread: What several notices belong to (an incident's id); empty for none.
        rank: How grave; None where the watch ranks nothing.
        attempts: How often it was tried, the current one included.
        next_attempt: When somebody may take it up (again).
        ctx: The variables of the run that made it, the element as ``payload``.
        seq_no: With `primary_term` the version of the document that this was read from.
    """

    id: str
    watch_id: str
    action_id: str
    key: str
    created: datetime
    state: State = State.PENDING
    thread: str = ""
    rank: float | None = None
    attempts: int = 1
    next_attempt: datetime | None = None
    sent: datetime | None = None
    reason: str = ""
    message_id: str = ""
    recipients: tuple[str, ...] = ()
    ctx: dict[str, Any] = field(default_factory=dict)
    seq_no: int = 0
    primary_term: int = 0


class Act(StrEnum):
    """What to do with a notice."""

    SEND = "send"
    HOLD = "hold"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, why (one clause, stored also when it is "no"), and for HOLD until when."""

    act: Act
    reason: str
    until: datetime | None = None


def decide(notice: Notice, thread: Iterable[Notice], throttle: timedelta, now: datetime) -> Decision:
    """Decide about a notice that is recorded as pending or held.

    Args:
        notice: Its `rank` is the present one, which may differ from when it was recorded.
        thread: The notices of the same thread, read after this one was recorded.
        throttle: Within it at most one notice of a thread is sent.
        now: The present.
    """
    told = [other for other in thread if other.id != notice.id and _comes_first(other, notice)]
    if not told:
        return Decision(Act.SEND, "new")
    highest = max((other.rank for other in told if other.rank is not None), default=None)
    if notice.rank is not None and highest is not None and notice.rank <= highest:
        return Decision(Act.DROP, f"rank {notice.rank:g} is not above rank {highest:g}, which was told already")
    last = max(other.sent or other.created for other in told)
    if now < last + throttle:
        reason = f"at most one in {format_duration(throttle)} about {notice.thread}: held until that is over"
        return Decision(Act.HOLD, reason, last + throttle)
    worse = (
        f"rank {notice.rank:g} after rank {highest:g}" if notice.rank is not None and highest is not None else "more"
    )
    return Decision(Act.SEND, worse)


def _comes_first(other: Notice, notice: Notice) -> bool:
    """Tell whether `other` was sent or has the right to be sent before `notice`.

    Every engine records first and reads the thread after: of two pending notices at least one is seen by the other's
    engine, and the sequence number, which the index's one shard gives out, says to both which was first.
    """
    if other.state is State.SENT:
        return True
    return other.state is State.PENDING and (other.attempts > 1 or other.seq_no < notice.seq_no)
