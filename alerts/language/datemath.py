"""Date math as Elasticsearch writes it: ``now-5m``, ``now/d``, ``2026-03-14T00:00:00Z||+1M``."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta

from core.clock import parse_iso

_MARKED = re.compile(r"<\{(.+)\}>")
_ANCHORED = re.compile(r"(?:now|(.+?)\|\|)(.*)")
_STEP = re.compile(r"([+-]\d{0,6}|/)([yMwdhHms])")
_SIMPLE = {"w": "weeks", "d": "days", "h": "hours", "H": "hours", "m": "minutes", "s": "seconds"}


def marked(value: str) -> str:
    """Return the date math that stands in a comparison as ``<{...}>``; empty where there is none."""
    match = _MARKED.fullmatch(value)
    return match[1] if match else ""


def check(math: str) -> None:
    """Check date math.

    Raises:
        ValueError: It is malformed.
    """
    resolve(math, datetime(2000, 1, 1, tzinfo=UTC))


def resolve(math: str, now: datetime) -> datetime:
    """Return the time that date math means.

    Args:
        math: ``now`` or a date with ``||``, then ``+``, ``-`` and ``/`` with units y, M, w, d, h, m, s.
        now: The present.

    Raises:
        ValueError: It is malformed, or leads beyond the years 1 to 9999.
    """
    match = _ANCHORED.fullmatch(math)
    problem = f"{math!r} is no date math: write now-5m, now/d or a date, || and steps"
    steps = match[2] if match else ""
    if match is None or "".join(step[0] for step in _STEP.finditer(steps)) != steps:
        raise ValueError(problem)
    try:
        moment = parse_iso(match[1]) if match[1] else now
        for sign, unit in _STEP.findall(steps):
            moment = _floor(moment, unit) if sign == "/" else _add(moment, _count(sign), unit)
    except (ValueError, OverflowError):
        raise ValueError(problem) from None
    return moment


def _count(sign: str) -> int:
    return int(f"{sign}1" if len(sign) == 1 else sign)


def _add(moment: datetime, count: int, unit: str) -> datetime:
    if unit in _SIMPLE:
        return moment + timedelta(**{_SIMPLE[unit]: count})
    years, month = divmod(moment.year * 12 + moment.month - 1 + count * (12 if unit == "y" else 1), 12)
    day = min(moment.day, monthrange(years, month + 1)[1]) if 1 <= years <= 9999 else moment.day  # noqa: PLR2004 # the years that Python has
    return moment.replace(year=years, month=month + 1, day=day)


def _floor(moment: datetime, unit: str) -> datetime:
    """Round down, as Elasticsearch does outside of the upper ends of ranges; weeks begin on Monday."""
    moment = moment.replace(microsecond=0)
    if unit == "s":
        return moment
    moment = moment.replace(second=0)
    if unit == "m":
        return moment
    moment = moment.replace(minute=0)
    if unit in "hH":
        return moment
    moment = moment.replace(hour=0)
    if unit == "w":
        return moment - timedelta(days=moment.weekday())
    if unit in "My":
        moment = moment.replace(day=1)
    return moment.replace(month=1) if unit == "y" else moment
