"""When each watch is due: pure, told the time by who asks.

What was missed while no engine ran is run once when one is back, whatever the kind of schedule: a digest of this
morning is worth reading at noon. A watch that never ran begins at once when it has an interval, and else at its time.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from alerts.language.model import Schedule, Watch
from alerts.language.schedule import next_after, retry_delay, scheduled_at
from core.documents import document_id

_NEVER = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
_FAR = timedelta(seconds=60)
_RETRY_FIRST_SECONDS = 1.0
_RETRY_LONGEST_SECONDS = 30.0


class Scheduler:
    """Knows when the watches of one engine are due."""

    def __init__(self) -> None:
        self._watches: dict[str, Watch] = {}
        self._due: dict[str, datetime] = {}
        self._planned: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}

    def add(self, watch: Watch, last_run: datetime | None, now: datetime) -> None:
        """Take over a watch.

        Args:
            watch: The watch.
            last_run: When it last ran or was activated; None when it never did.
            now: The present.
        """
        self._watches[watch.id] = watch
        self._failures[watch.id] = 0
        self._plan(watch.id, first_due(watch.body.trigger.schedule, last_run, now), now)

    def keep(self, names: Iterable[str]) -> None:
        """Forget all watches but these."""
        for name in set(self._watches) - set(names):
            del self._watches[name], self._due[name], self._planned[name], self._failures[name]

    def __contains__(self, name: str) -> bool:
        return name in self._watches

    def due(self, now: datetime) -> list[Watch]:
        """Return the watches whose time has come, the longest waiting first."""
        # A clock that was set back must not silence a watch until it has caught up again.
        ripe = [name for name, due in self._due.items() if due <= now or now < self._planned[name] - _FAR]
        return [self._watches[name] for name in sorted(ripe, key=self._due.__getitem__)]

    def ran(self, name: str, now: datetime, *, failed: bool = False, is_retryable: bool = False) -> None:
        """Plan the next run of a watch; one that failed is tried again, later and later."""
        if name not in self._watches:
            return
        self._failures[name] = self._failures[name] + 1 if failed else 0
        usual = next_after(self._watches[name].body.trigger.schedule, now) or _NEVER
        if not failed:
            self._plan(name, usual, now)
            return
        dice = int(document_id(name, self._failures[name], now)[:8], 16) / 0xFFFFFFFF
        wait = retry_delay(self._failures[name], dice, _RETRY_FIRST_SECONDS, _RETRY_LONGEST_SECONDS)
        self._plan(name, now + wait if is_retryable else max(usual, now + wait), now)

    def pause(self, now: datetime, longest_seconds: float) -> float:
        """Return how many seconds there is nothing to do."""
        seconds = [(due - now).total_seconds() for due in self._due.values()]
        return min(max(0.0, min(seconds, default=longest_seconds)), longest_seconds)

    def _plan(self, name: str, due: datetime, now: datetime) -> None:
        self._due[name] = due
        self._planned[name] = now


def first_due(schedule: Schedule, last_run: datetime | None, now: datetime) -> datetime:
    """Return when a watch is due that an engine takes over.

    Args:
        schedule: Its schedule.
        last_run: When it last ran or was activated; None when it never did.
        now: The present.
    """
    usual = next_after(schedule, now) or _NEVER
    if last_run is None:
        return usual if schedule.interval is None else now
    latest = scheduled_at(schedule, now)
    was_missed = last_run < latest and latest != now  # `now` stands for "never yet"
    return now if was_missed or last_run > now + _FAR else usual
