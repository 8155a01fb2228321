"""Cron expressions as Watcher takes them: Quartz's six or seven fields, seconds first.

Own code, for what Quartz adds (`L`, `W`, `#`, days of the week from 1 for Sunday, a year) is in no kept package:
croniter and cronsim count days from 0 and know no nearest weekday. Source: Elasticsearch's documentation of cron
expressions; tests/unit/alerts/language/test_cron.py holds it against the times that Elasticsearch's own class gives.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_SEARCHED_YEARS = 100
_PART = re.compile(r"(?:(?P<first>\w+)(?:-(?P<last>\w+))?|\*)?(?:/(?P<step>\d{1,4}))?")
_LAST = re.compile(r"L(?:-(?P<before>\d{1,2}))?(?P<weekday>W)?")
_NEAREST = re.compile(r"(?P<day>\d{1,2})W")
_NTH = re.compile(r"(?P<day>[A-Z]{3}|[1-7])#(?P<nth>[1-5])")
_LAST_DAY = re.compile(r"(?P<day>[A-Z]{3}|[1-7])L")
_SATURDAY = 5  # as date.weekday() counts


@dataclass(frozen=True, slots=True)
class Days:
    """Which days of a month are meant; the first of these that is set says it.

    Attributes:
        of_month: Days from 1 to 31.
        of_week: Days of the week, 1 for Sunday to 7.
        nth: With one day of the week: which of the month, 1 to 5; -1 for the last.
        before_last: So many days before the month's last.
        nearest: The weekday nearest to the day is meant, within the month.
    """

    of_month: tuple[int, ...] = ()
    of_week: tuple[int, ...] = ()
    nth: int = 0
    before_last: int = -1
    nearest: bool = False

    def within(self, year: int, month: int) -> list[int]:
        """Return the days that are meant in a month, in order."""
        weekday, last = monthrange(year, month)
        if self.of_week:
            # monthrange counts from Monday as 0, Quartz from Sunday as 1.
            days = [day for day in range(1, last + 1) if (weekday + day) % 7 + 1 in self.of_week]
            if not self.nth:
                return days
            return days[self.nth - 1 : self.nth] if self.nth > 0 else days[-1:]
        days = [last - self.before_last] if self.before_last >= 0 else [day for day in self.of_month if day <= last]
        if self.nearest:
            days = [_nearest_weekday(year, month, day, last) for day in days if day >= 1]
        return [day for day in days if day >= 1]


@dataclass(frozen=True, slots=True)
class Cron:
    """When a clock on a wall shows what a cron expression means."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...] = ()

    def after(self, wall: datetime) -> datetime | None:
        """Return the first time after `wall` (without a zone); None where there is none within 100 years."""
        start = wall.replace(microsecond=0) + timedelta(seconds=1)
        for day in self._dates(start.date()):
            found = self._time(start.time() if day == start.date() else time())
            if found is not None:
                return datetime.combine(day, found)
        return None

    def _dates(self, start: date) -> Iterator[date]:
        for year in range(start.year, min(start.year + _SEARCHED_YEARS, _LAST_YEAR) + 1):
            if self.years and year not in self.years:
                continue
            for month in self.months:
                if (year, month) >= (start.year, start.month):
                    dates = (date(year, month, day) for day in self.days.within(year, month))
                    yield from (day for day in dates if day >= start)

    def _time(self, start: time) -> time | None:
        """Return the first time of a day that is not before `start`."""
        for hour in self.hours[bisect_left(self.hours, start.hour) :]:
            minutes = self.minutes[bisect_left(self.minutes, start.minute) :] if hour == start.hour else self.minutes
            for minute in minutes:
                same = (hour, minute) == (start.hour, start.minute)
                seconds = self.seconds[bisect_left(self.seconds, start.second) :] if same else self.seconds
                if seconds:
                    return time(hour, minute, seconds[0])
        return None


@lru_cache(maxsize=1000)
def parse_cron(text: str) -> Cron:
    """Return what a cron expression means.

    Raises:
        ValueError: It is malformed, or Quartz has no such thing.
    """
    fields = text.upper().split()
    if len(fields) == 5:  # noqa: PLR2004 # a crontab's
        raise ValueError(f"{text!r} has five fields; {_six(*fields)}")
    if len(fields) not in (6, 7):
        raise ValueError("a cron expression has six or seven fields: second minute hour day month weekday year")
    second, minute, hour, day, month, weekday = fields[:6]
    if (day == "?") == (weekday == "?"):
        raise ValueError("exactly one of day of month and day of week is ?, e.g. '0 0 12 * * ?'")
    return Cron(
        seconds=_numbers("second", second, 0, 59),
        minutes=_numbers("minute", minute, 0, 59),
        hours=_numbers("hour", hour, 0, 23),
        days=_month_days(day) if weekday == "?" else _week_days(weekday),
        months=_numbers("month", month, 1, 12, MONTHS),
        years=_numbers("year", fields[6], _FIRST_YEAR, _LAST_YEAR) if fields[6:] and fields[6] != "*" else (),
    )


def _six(minute: str, hour: str, day: str, month: str, weekday: str) -> str:
    """Say how a crontab's five fields are written with six: its Sunday is 0, Quartz's is 1."""
    begins = "a watch's begins with seconds"
    if day != "*" and weekday != "*":
        return f"its two days cannot be written as one; {begins}"
    if weekday == "*":
        return f"{begins}: write '0 {minute} {hour} {day} {month} ?'"
    shifted = re.sub(r"(?<![/#\d])\d", lambda match: str(int(match[0]) % 7 + 1), weekday)
    return f"{begins}: write '0 {minute} {hour} ? {month} {shifted}'"


def _month_days(field: str) -> Days:
    if last := _LAST.fullmatch(field):
        before = int(last["before"] or 0)
        if before > 30:  # noqa: PLR2004 # the days before a month's last
            raise ValueError(f"the day of month {field!r} lies before every month's first")
        return Days(before_last=before, nearest=bool(last["weekday"]))
    if nearest := _NEAREST.fullmatch(field):
        return Days(of_month=_numbers("day of month", nearest["day"], 1, 31), nearest=True)
    return Days(of_month=_numbers("day of month", field, 1, 31))


def _week_days(field: str) -> Days:
    if nth := _NTH.fullmatch(field):
        return Days(of_week=_numbers("day of week", nth["day"], 1, 7, DAYS), nth=int(nth["nth"]))
    if last := _LAST_DAY.fullmatch(field):
        return Days(of_week=_numbers("day of week", last["day"], 1, 7, DAYS), nth=-1)
    return Days(of_week=(7,) if field == "L" else _numbers("day of week", field, 1, 7, DAYS))


def _numbers(what: str, field: str, lowest: int, highest: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """Return the numbers of a field in order."""
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None or not part:
            raise ValueError(f"{what} {part!r} is neither a number, a range, * nor a step")
        step = int(match["step"]) if match["step"] else 1
        if not 1 <= step <= highest - lowest + 1:
            raise ValueError(f"{what} {part!r} has a step that is not from 1 to {highest - lowest + 1}")
        first, last = lowest, highest
        if match["first"]:
            first = _number(what, match["first"], lowest, highest, names)
            last = highest if match["step"] else first
            last = _number(what, match["last"], lowest, highest, names) if match["last"] else last
        if last < first:  # over the end and on from the beginning
            last += highest - lowest + 1
        found |= {(number - lowest) % (highest - lowest + 1) + lowest for number in range(first, last + 1, step)}
    return tuple(sorted(found))


def _number(what: str, text: str, lowest: int, highest: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + 1
    if not (text.isascii() and text.isdigit()) or not lowest <= int(text[:9]) <= highest:
        allowed = f"a number from {lowest} to {highest}" + (f" or {names[0]} to {names[-1]}" if names else "")
        raise ValueError(f"{what} {text!r} is not {allowed}")
    return int(text)


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    """Return the day from Monday to Friday that is nearest, without leaving the month."""
    day = min(day, last)
    weekday = date(year, month, day).weekday()
    if weekday < _SATURDAY:
        return day
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    return day + 1 if day < last else day - 2
