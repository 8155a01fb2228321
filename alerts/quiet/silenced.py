"""The gate `silenced`: somebody said that this shall be quiet now, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.notices.notice import Act, Decision
from alerts.quiet.gate import LOOK_AGAIN, Case
from alerts.quiet.silence import Silence
from core.clock import iso_millis
from core.text import visible


@dataclass(frozen=True, slots=True)
class Silenced:
    """Holds what a silence or a maintenance window covers; what goes on when that ends is told then."""

    silences: Callable[[datetime], Sequence[Silence]]
    name: str = "silenced"

    def judge(self, case: Case) -> Decision:
        """Judge by the silences of the present; of several the one that ends last."""
        found = [
            (until, silence)
            for silence in self.silences(case.now)
            if silence.covers(case.subject, case.notice.watch_id) and (until := silence.until(case.now))
        ]
        if not found:
            return Decision(Act.SEND, "no silence covers it")
        until, silence = max(found, key=lambda pair: pair[0])
        kind = "maintenance window" if silence.every else "silence"
        reason = f"{kind} {silence.id} until {iso_millis(until)} by {visible(silence.by, 60)}: {visible(silence.why)}"
        return case.held(self.name, reason, min(until, case.now + LOOK_AGAIN))
