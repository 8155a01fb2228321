"""When a watch runs."""

from collections.abc import Mapping
from datetime import UTC, timedelta, tzinfo
from itertools import product
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from alerts.language.cron import DAYS, MONTHS, parse_cron
from alerts.language.parts import Part, format_duration, listed, parse_duration

LAST_DAY = 32
"""Stands for a month's last day, as in Watcher."""

_LONG_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_LONG_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_TIMES = {"noon": (12, 0), "midnight": (0, 0)}
_LONGEST = timedelta(days=3660)


def _number(value: Any, lowest: int, highest: int, what: str) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or not lowest <= int(text[:9]) <= highest:
        raise ValueError(f"{what} is a number from {lowest} to {highest}")
    return int(text)


def _moments(value: Any) -> tuple[tuple[int, int], ...]:
    """Return the times of day, hour and minute each, that Watcher writes in one of its ways."""
    return tuple(sorted({moment for each in listed(value) for moment in _at(each)}))


def _at(value: Any) -> list[tuple[int, int]]:
    problem = 'a time is "HH:mm", "noon", "midnight", or {"hour": ..., "minute": ...}'
    if isinstance(value, str):
        if value in _TIMES:
            return [_TIMES[value]]
        hour, colon, minute = value.partition(":")
        if not colon or len(minute) != 2:  # noqa: PLR2004 # the two digits of mm
            raise ValueError(problem)
        return [(_number(hour, 0, 23, "an hour"), _number(minute, 0, 59, "a minute"))]
    if not isinstance(value, Mapping) or set(value) - {"hour", "minute"}:
        raise ValueError(problem)
    hours = [_number(each, 0, 23, "an hour") for each in listed(value.get("hour", 0))]
    minutes = [_number(each, 0, 59, "a minute") for each in listed(value.get("minute", 0))]
    return list(product(hours, minutes))


def _minutes(value: Any) -> tuple[int, ...]:
    return tuple(sorted({_number(each, 0, 59, "a minute") for each in listed(value)}))


def _weekdays(value: Any) -> tuple[int, ...]:
    return tuple(sorted({_named(each, DAYS, _LONG_DAYS, "a day of the week") for each in listed(value)}))


def _months(value: Any) -> tuple[int, ...]:
    return tuple(sorted({_named(each, MONTHS, _LONG_MONTHS, "a month") for each in listed(value)}))


def _named(value: Any, short: tuple[str, ...], long: tuple[str, ...], what: str) -> int:
    name = str(value)
    for names in (short, long):
        if name.lower() in [each.lower() for each in names]:
            return [each.lower() for each in names].index(name.lower()) + 1
    return _number(value, 1, len(short), f"{what} is a name ({long[0]}, {short[0].lower()}) or")


def _month_days(value: Any) -> tuple[int, ...]:
    names = {"l": LAST_DAY, "last_day": LAST_DAY, "first_day": 1}
    what = 'a day of the month is "last_day" (or "L"), or'
    return tuple(sorted({names.get(str(each).lower()) or _number(each, 1, 31, what) for each in listed(value)}))


Moments = Annotated[tuple[tuple[int, int], ...], BeforeValidator(_moments), Field(min_length=1)]
_MIDNIGHT = ((0, 0),)


class Hourly(Part):
    """At minutes of every hour."""

    minute: Annotated[tuple[int, ...], BeforeValidator(_minutes), Field(min_length=1)] = (0,)


class Daily(Part):
    """At times of every day, each an hour and a minute."""

    at: Moments = _MIDNIGHT


class Weekly(Part):
    """At times of days of the week, 1 for Sunday to 7."""

    on: Annotated[tuple[int, ...], BeforeValidator(_weekdays), Field(min_length=1)] = (2,)
    at: Moments = _MIDNIGHT


class Monthly(Part):
    """At times of days of the month; 32 is its last one."""

    on: Annotated[tuple[int, ...], BeforeValidator(_month_days), Field(min_length=1)] = (1,)
    at: Moments = _MIDNIGHT


class Yearly(Part):
    """At times of days of months, 1 to 12."""

    months: Annotated[tuple[int, ...], BeforeValidator(_months), Field(min_length=1)] = Field((1,), alias="in")
    on: Annotated[tuple[int, ...], BeforeValidator(_month_days), Field(min_length=1)] = (1,)
    at: Moments = _MIDNIGHT


def _interval(value: Any) -> timedelta:
    """Return an interval: a time with its unit, or seconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value}s"
    interval = parse_duration(value)
    if not timedelta(seconds=1) <= interval <= _LONGEST:
        raise ValueError("the shortest interval is 1s" if interval < _LONGEST else "the longest interval is 3660d")
    return interval


def _zone(value: Any) -> Any:
    """Return the zone of a name such as Europe/Berlin."""
    if isinstance(value, tzinfo):
        return value
    try:
        return UTC if value in ("UTC", "Z") else ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError, AttributeError):
        raise ValueError("a timezone is a name such as Europe/Berlin or UTC") from None


def _cron(value: str) -> str:
    parse_cron(value)
    return value


Crons = Annotated[tuple[Annotated[str, AfterValidator(_cron)], ...], BeforeValidator(listed), Field(min_length=1)]
Listed = BeforeValidator(listed)


class Schedule(Part):
    """When a watch runs: exactly one of the kinds, by the clocks of a timezone (an interval is the same in all)."""

    timezone: Annotated[Any, BeforeValidator(_zone), PlainSerializer(str)] = UTC
    interval: Annotated[timedelta, BeforeValidator(_interval), PlainSerializer(format_duration)] | None = None
    cron: Crons | None = None
    hourly: Annotated[tuple[Hourly, ...], Listed] | None = None
    daily: Annotated[tuple[Daily, ...], Listed] | None = None
    weekly: Annotated[tuple[Weekly, ...], Listed] | None = None
    monthly: Annotated[tuple[Monthly, ...], Listed] | None = None
    yearly: Annotated[tuple[Yearly, ...], Listed] | None = None

    @model_validator(mode="before")
    @classmethod
    def _want_one(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            kinds = [name for name in cls.model_fields if name != "timezone"]
            if len(set(data) & set(kinds)) != 1:
                raise ValueError(f"exactly one is wanted of: {', '.join(kinds)}; and timezone where it is not UTC")
        return data


class Trigger(Part):
    """What starts a run."""

    schedule: Schedule
