"""A notice is one thing to be told once: what it is, what became of it, and what a gate decided about it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What became of a notice; of those held (HELD) one with a time is looked at again then, one without is settled."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    ACKED = "acked"
    ALLOWED = "allowed"
    SILENCED = "silenced"
    MUTED = "muted"
    FLAPPING = "flapping"
    THROTTLED = "throttled"
    CAPPED = "capped"
    GROUPED = "grouped"


HELD = frozenset((State.ALLOWED, State.SILENCED, State.MUTED, State.FLAPPING, State.THROTTLED))
"""Held by a gate that may open: looked at again when the time has come. What is capped, a summary tells."""
TOLD = frozenset((State.SENT, State.GROUPED))
"""Told: by a message of its own, or inside a digest or a summary."""


class Turn(StrEnum):
    """Which turn of a thread a notice tells: that something is so, that it still is, or that it is over."""

    NEWS = "news"
    AGAIN = "again"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Notice:
    """One document of the watch history.

    Attributes:
        id: Derived from watch, action and key, so that two engines mean the same document.
        key: What is told at most once.
        thread: What several notices belong to (an incident's id); empty for none.
        rank: How grave; None where the watch ranks nothing.
        turn: What of its thread it tells.
        gate: The gate that held it, or that let it through only this time; empty where none had a say.
        attempts: How often it was tried, the current one included.
        next_attempt: When somebody may take it up (again).
        owner: The engine that has it in hand; empty while it waits and when it is settled.
        expires: After this time, what fails once more is given up.
        recipients: Who got it; of an attempt that some recipients put off, those are not among them.
        refused: Recipients that refused it for good.
        by_hand: Somebody asked for it, so nothing holds it back.
        ctx: The variables of the run that made it, the element as ``payload``.
        channel: How its action tells, e.g. ``email``; empty in a history of before there was the word.
        about: What it is about in a few words, where it was read from the history; empty where nobody has said.
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
    turn: Turn = Turn.NEWS
    gate: str = ""
    attempts: int = 1
    next_attempt: datetime | None = None
    owner: str = ""
    expires: datetime | None = None
    sent: datetime | None = None
    reason: str = ""
    message_id: str = ""
    recipients: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    by_hand: bool = False
    ctx: dict[str, Any] = field(default_factory=dict)
    channel: str = ""
    about: str = ""
    seq_no: int = 0
    primary_term: int = 0


class Act(StrEnum):
    """What to do with a notice."""

    SEND = "send"
    HOLD = "hold"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a gate, or all of them, made of a notice.

    Attributes:
        act: What to do with it.
        reason: Why, one clause, stored also when it is "no".
        until: For HOLD, when to look again.
        gate: Whose decision it is; empty where every gate let it pass.
        note: What the message's reader should know of it, one sentence; empty for nothing.
    """

    act: Act
    reason: str
    until: datetime | None = None
    gate: str = ""
    note: str = ""

    @property
    def state(self) -> State:
        """What the notice becomes when it is not sent."""
        return State(self.gate) if self.gate else State.THROTTLED
