"""What every gate gets and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from alerts.notices.notice import Act, Decision, Notice
from alerts.quiet.subject import Subject, subject_of

LOOK_AGAIN = timedelta(minutes=1)
"""After it a notice that is held for what its incident is (its clients, its path) is judged by what it is then."""


@dataclass(frozen=True, slots=True)
class Case:
    """A notice on its way.

    Attributes:
        notice: Recorded as pending or held; its rank and variables are the present ones.
        thread: The notices of the same thread, read after this one was recorded, oldest first.
        throttle: Within it at most one notice of a thread is told.
        now: The present.
        is_message: Whether it would reach people (e-mail, Slack), and not an index or a log.
        subject: What it is about.
    """

    notice: Notice
    thread: Sequence[Notice]
    throttle: timedelta
    now: datetime
    is_message: bool = True
    subject: Subject = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", subject_of(self.notice.ctx))

    def held(self, gate: str, reason: str, until: datetime | None = None) -> Decision:
        """Return the decision to hold it: until then where its thread may still be worth telling, else for good."""
        if not self.notice.thread:
            return Decision(Act.DROP, reason, gate=gate)
        return Decision(Act.HOLD, reason, until or self.now + LOOK_AGAIN, gate)


class Gate(Protocol):
    """One reason not to tell."""

    @property
    def name(self) -> str:
        """What the history and the state of a notice call it."""
        ...

    def judge(self, case: Case) -> Decision:
        """Return SEND to let a notice pass (with the reason, and a note for the reader), else HOLD or DROP."""
        ...
