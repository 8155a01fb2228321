"""The gate `capped`: so many messages an hour and a day at most; what is held, a summary tells."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.notices.notice import Act, Decision
from alerts.quiet.gate import Case

SUMMARY_WATCH = "capped"
"""The watch that tells what was held here; itself it is never capped."""
MESSAGES = frozenset(("email", "slack"))
"""The channels that reach people: only these are capped, and only what went out by them counts."""
RESERVE = 2
"""What is critical is capped only at so many times as many: who makes noise cannot hide behind it what is grave."""
_CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Sent:
    """How many messages to people went out in the clock's present hour and day (UTC)."""

    hour: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True)
class Capped:
    """Holds what goes beyond `alert.max_per_hour` or `alert.max_per_day` (0: no limit)."""

    max_per_hour: int
    max_per_day: int
    sent: Callable[[datetime], Sent]
    name: str = "capped"

    def judge(self, case: Case) -> Decision:
        """Judge by how many messages went out in this hour and on this day."""
        if not self.max_per_hour and not self.max_per_day:
            return Decision(Act.SEND, "there is no cap")
        if not case.is_message or case.notice.watch_id == SUMMARY_WATCH:
            return Decision(Act.SEND, "no message to people is capped here")
        sent = self.sent(case.now)
        times = RESERVE if case.subject.severity == _CRITICAL else 1
        hour, day = hour_of(case.now), day_of(case.now)
        if self.max_per_day and sent.day >= self.max_per_day * times:
            return self._held(f"{sent.day} messages went out today: alert.max_per_day is {self.max_per_day}", day, 24)
        if self.max_per_hour and sent.hour >= self.max_per_hour * times:
            return self._held(
                f"{sent.hour} messages went out this hour: alert.max_per_hour is {self.max_per_hour}", hour, 1
            )
        return Decision(Act.SEND, f"{sent.hour} messages went out this hour, {sent.day} today")

    def _held(self, reason: str, begun: datetime, hours: int) -> Decision:
        return Decision(Act.HOLD, f"{reason}; a summary tells of it", begun + timedelta(hours=hours), self.name)


def hour_of(moment: datetime) -> datetime:
    """Return when the clock's hour began."""
    return moment.replace(minute=0, second=0, microsecond=0)


def day_of(moment: datetime) -> datetime:
    """Return when the day began."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
