"""When a watch is due: counted from the epoch, so that engines beside each other agree on every run's time."""

from datetime import UTC, datetime, timedelta

from alerts.language.model import Schedule

_EPOCH = datetime.fromtimestamp(0, UTC)


def scheduled_at(schedule: Schedule, now: datetime) -> datetime:
    """Return the latest time at or before `now` at which the schedule wants a run."""
    return now - (now - _EPOCH) % schedule.interval


def next_after(schedule: Schedule, now: datetime) -> datetime:
    """Return the first time after `now` at which the schedule wants a run."""
    return scheduled_at(schedule, now) + schedule.interval


def retry_delay(attempts: int, dice: float, first_seconds: float = 5.0, longest_seconds: float = 900.0) -> timedelta:
    """Return how long to wait after a failed attempt: doubling from 5 s to 15 min, give or take half.

    Args:
        attempts: How many there were, from 1.
        dice: From 0 to 1; spreads those who failed together.
        first_seconds: The wait after the first attempt, on average.
        longest_seconds: The longest wait, on average.
    """
    seconds = min(longest_seconds, first_seconds * 2.0 ** min(attempts - 1, 30))
    return timedelta(seconds=seconds * (0.5 + dice))
