"""All gates in their order: the first that holds a notice decides, and says why."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.language.mustache import lookup
from alerts.notices.notice import Act, Decision, Notice
from alerts.quiet.allowed import without
from alerts.quiet.capped import MESSAGES
from alerts.quiet.gate import Case, Gate
from alerts.quiet.subject import Network
from alerts.quiet.throttled import Throttled
from core.documents import Document


@dataclass(frozen=True, slots=True)
class Explained:
    """What one gate would do, and why; `act` is SEND where it lets pass."""

    gate: str
    act: Act
    reason: str
    until: datetime | None = None


class Gates:
    """The gates of docs/design.md: allowed, silenced, muted, flapping, throttled, capped.

    Args:
        gates: In their order.
        allowed: The networks whose clients a message leaves out.
        count: Told of each message to people that passed all gates.
    """

    def __init__(
        self,
        gates: Iterable[Gate] = (Throttled(),),
        allowed: Sequence[Network] = (),
        count: Callable[[datetime], None] | None = None,
    ) -> None:
        self._gates = tuple(gates)
        self._allowed = allowed
        self._count = count

    def judge(
        self, notice: Notice, thread: Sequence[Notice], throttle: timedelta, now: datetime, kind: str = "email"
    ) -> Decision:
        """Decide about a notice that is recorded as pending or held.

        Args:
            notice: Its rank and variables are the present ones, which may differ from when it was recorded.
            thread: The notices of the same thread, read after this one was recorded.
            throttle: Within it at most one notice of a thread is told.
            now: The present.
            kind: What the action does, e.g. ``email``.

        Returns:
            The decision of the first gate that holds it; else SEND, with what the gates have to say.
        """
        case = Case(notice, thread, throttle, now, kind in MESSAGES)
        passed = []
        for gate in self._gates:
            decision = gate.judge(case)
            if decision.act is not Act.SEND:
                return decision
            passed.append((gate, decision))
        reasons = [each.reason for gate, each in passed if isinstance(gate, Throttled) or each.note or each.gate]
        return Decision(
            Act.SEND,
            "; ".join(reasons),
            gate=next((each.gate for _, each in passed if each.gate), ""),
            note=" ".join(each.note for _, each in passed if each.note),
        )

    def explain(
        self,
        incident: Document,
        now: datetime,
        thread: Sequence[Notice] = (),
        throttle: timedelta = timedelta(minutes=10),
        watch_id: str = "incident",
    ) -> list[Explained]:
        """Return what every gate would do with an incident, also those behind one that holds it; nothing is sent.

        Args:
            incident: As a search returns it: `_id`, `_source`.
            now: The present.
            thread: What the history has of it for this watch's action (`History.threads`).
            throttle: The action's throttle period.
            watch_id: Whose notice it would be.
        """
        level = lookup("_source.wwwatch.incident.level", incident)
        notice = Notice(
            id="",
            watch_id=watch_id,
            action_id="",
            key="",
            created=now,
            thread=str(incident.get("_id", "")),
            rank=float(level) if isinstance(level, int | float) else None,
            ctx={"payload": incident},
            seq_no=sys.maxsize,
        )
        case = Case(notice, thread, throttle, now)
        decisions = [(gate.name, gate.judge(case)) for gate in self._gates]
        return [Explained(name, each.act, each.reason, each.until) for name, each in decisions]

    def dress(self, notice: Notice, decision: Decision, now: datetime, kind: str = "email") -> Notice:
        """Return the notice as it is told next, and count it: without the clients that are allowed, with a note.

        The note is ``ctx.note``: one sentence or more for the reader, empty for nothing.
        """
        if self._count is not None and kind in MESSAGES:
            self._count(now)
        ctx: dict[str, Any] = without(notice.ctx, self._allowed)
        return replace(notice, ctx={**ctx, "note": decision.note})
