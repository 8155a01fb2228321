"""When a watch is due: by the clock alone, so that engines beside each other agree on every run's time.

Intervals are counted from the epoch. All other schedules follow the clocks on the walls of their timezone: a time that
a clock skips when it is put forward is that much later, and one that it shows twice counts when it comes first, as
Watcher's documentation has it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from alerts.language.cron import Cron, Days, parse_cron
from alerts.language.model.schedule import LAST_DAY, Schedule
from alerts.language.parts import format_duration

_EPOCH = datetime.fromtimestamp(0, UTC)
_SECOND = timedelta(seconds=1)
_LOOK_BACK = timedelta(days=3653)
_EVERY = tuple(range(1, 13))


def scheduled_at(schedule: Schedule, now: datetime) -> datetime:
    """Return the latest time at or before `now` at which the schedule wants a run.

    That is `now` itself where there was none in ten years.
    """
    if schedule.interval is not None:
        return now - (now - _EPOCH) % schedule.interval
    # The later the question, the later the answer: the last time before `now` is found by halving.
    early, late = now - _LOOK_BACK, now
    found = next_after(schedule, early)
    if found is None or found > now:
        return now
    while late - early > _SECOND:
        middle = early + (late - early) / 2
        later = next_after(schedule, middle)
        if later is not None and later <= now:
            early, found = middle, later
        else:
            late = middle
    return found


def next_after(schedule: Schedule, now: datetime) -> datetime | None:
    """Return the first time after `now` at which the schedule wants a run; None where 100 years have none."""
    if schedule.interval is not None:
        return scheduled_at(schedule, now) + schedule.interval
    times = (_next(cron, schedule.timezone, now) for cron in _crons(schedule))
    return min((moment for moment in times if moment is not None), default=None)


def describe(schedule: Schedule) -> str:
    """Say when in a few words, e.g. ``every 5m`` or ``daily, Europe/Berlin``."""
    if schedule.interval is not None:
        return f"every {format_duration(schedule.interval)}"
    zone = "" if schedule.timezone is UTC else f", {schedule.timezone}"
    if schedule.cron is not None:
        return f"cron {'; '.join(schedule.cron)}{zone}"
    return next(name for name in schedule.model_fields_set if name != "timezone") + zone


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


def _next(cron: Cron, zone: tzinfo, now: datetime) -> datetime | None:
    found = []
    for wall in _walls(zone, now):
        fire = cron.after(wall)
        while fire is not None and _instant(fire, zone) <= now:  # the second time that the clock shows it
            fire = cron.after(fire)
        if fire is None:
            continue
        instant = _instant(fire, zone)
        found.append(instant)
        # A skipped time is moved behind others that are not: those come first.
        shown = instant.astimezone(zone).replace(tzinfo=None)
        other = cron.after(fire) if shown > fire else None
        while other is not None and other < shown:
            found.append(_instant(other, zone))
            other = cron.after(other)
    return min((moment for moment in found if moment > now), default=None)


def _walls(zone: tzinfo, now: datetime) -> Iterator[datetime]:
    """Yield what the clock shows, and what it would show had it not been put forward within the last day."""
    shown = now.astimezone(zone).replace(tzinfo=None)
    yield shown
    before = (now - timedelta(days=1)).astimezone(zone).utcoffset()
    offset = now.astimezone(zone).utcoffset()
    if before is not None and offset is not None and offset > before:
        yield shown - (offset - before)


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return when a clock shows a time first; of a time that it skips, what it would have been."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


@lru_cache(maxsize=1000)
def _crons(schedule: Schedule) -> tuple[Cron, ...]:
    """Return the expressions that mean the same as a schedule, as Watcher translates it, too."""
    found = [parse_cron(text) for text in schedule.cron or ()]
    found += [Cron((0,), hourly.minute, tuple(range(24)), _ALL, _EVERY) for hourly in schedule.hourly or ()]
    for daily in schedule.daily or ():
        found += _at(daily.at, _ALL)
    for weekly in schedule.weekly or ():
        found += _at(weekly.at, Days(of_week=weekly.on))
    for monthly in schedule.monthly or ():
        for days in _month_days(monthly.on):
            found += _at(monthly.at, days)
    for yearly in schedule.yearly or ():
        for days in _month_days(yearly.on):
            found += _at(yearly.at, days, yearly.months)
    return tuple(found)


_ALL = Days(of_month=tuple(range(1, 32)))


def _at(moments: tuple[tuple[int, int], ...], days: Days, months: tuple[int, ...] = _EVERY) -> list[Cron]:
    return [Cron((0,), (minute,), (hour,), days, months) for hour, minute in moments]


def _month_days(on: tuple[int, ...]) -> list[Days]:
    """Return the days of a month; its last one is a rule of its own."""
    numbered = tuple(day for day in on if day != LAST_DAY)
    return ([Days(of_month=numbered)] if numbered else []) + ([Days(before_last=0)] if LAST_DAY in on else [])
