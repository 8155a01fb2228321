"""When a maintenance window is open: a schedule as a person writes it, and how long each window lasts. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from alerts.language.model import Schedule
from alerts.language.schedule import next_after
from core.errors import RuleError
from core.text import visible

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKLY = re.compile(rf"(daily|(?:{'|'.join(_DAYS)})(?:[,-](?:{'|'.join(_DAYS)}))*) (\d\d?):(\d\d)")
_FORMS = 'write "sun 02:00", "mon-fri 22:30", "daily 03:00" or a cron expression of Quartz\'s six fields'
_MOST = 100


@dataclass(frozen=True, slots=True)
class Every:
    """A schedule of beginnings."""

    schedule: Schedule

    def until(self, now: datetime, lasting: timedelta) -> datetime | None:
        """Return when the window that is open now closes; None where none is. Windows that overlap are one."""
        end = None
        begin = next_after(self.schedule, now - lasting)
        for _ in range(_MOST):
            if begin is None or begin > (end or now):
                break
            end = begin + lasting
            begin = next_after(self.schedule, begin)
        return end


def parse_every(text: str, timezone: str = "UTC") -> Every:
    """Return the schedule of ``sun 02:00``, ``mon-fri 22:30``, ``daily 03:00``, or of a Quartz cron expression.

    Raises:
        RuleError: It is neither, or the time zone does not exist.
    """
    words = _WEEKLY.fullmatch(" ".join(text.lower().split()))
    cron = text.strip()
    if words:
        days = "?" if words[1] == "daily" else words[1].upper()
        cron = f"0 {int(words[3])} {int(words[2])} {'*' if days == '?' else '?'} * {days}"
    try:
        return Every(Schedule.model_validate({"cron": cron, "timezone": timezone}))
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise RuleError(f"--every {visible(text)!r} is no schedule: {reason}", _FORMS) from None
