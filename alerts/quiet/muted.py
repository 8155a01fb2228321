"""The gate `muted`: what is like an incident that she called a false alarm stays quiet until her verdict ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.notices.notice import Act, Decision
from alerts.quiet.gate import LOOK_AGAIN, Case

FindAlike = Callable[[Mapping[str, Any], datetime], tuple[str, datetime] | None]
"""From an incident's source and the present to why it is muted and until when; None where nothing mutes it."""


@dataclass(frozen=True, slots=True)
class Muted:
    """Holds what a verdict mutes."""

    find: FindAlike
    name: str = "muted"

    def judge(self, case: Case) -> Decision:
        """Judge by the verdicts that mute at present."""
        if not case.subject.incident_id:
            return Decision(Act.SEND, "it is about no incident")
        found = self.find(case.notice.ctx["payload"]["_source"], case.now)
        if found is None:
            return Decision(Act.SEND, "like nothing that was called a false alarm")
        reason, until = found
        return case.held(self.name, reason, min(until, case.now + LOOK_AGAIN))
