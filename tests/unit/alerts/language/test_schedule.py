"""When watches run, in Watcher's ways to say it, also where clocks are put forward and back."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.language.model import Schedule
from alerts.language.schedule import describe, next_after, scheduled_at
from core.clock import parse_iso


def times(schedule: Any, start: str, count: int = 3) -> list[str]:
    """Return the next runs in UTC, without seconds."""
    parsed, moment, found = Schedule.model_validate(schedule), parse_iso(start), []
    for _ in range(count):
        following = next_after(parsed, moment)
        if following is None:
            break
        moment = following
        found.append(f"{moment:%m-%dT%H:%M}")
    return found


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [
        ({"interval": "6h"}, ["02-28T00:00", "02-28T06:00", "02-28T12:00"]),
        ({"interval": 21600}, ["02-28T00:00", "02-28T06:00", "02-28T12:00"]),
        ({"cron": "0 0 12 * * ?"}, ["02-28T12:00", "03-01T12:00", "03-02T12:00"]),
        ({"cron": ["0 0 12 * * ?", "0 30 6 ? * SUN"]}, ["02-28T12:00", "03-01T06:30", "03-01T12:00"]),
        ({"hourly": {}}, ["02-28T00:00", "02-28T01:00", "02-28T02:00"]),
        ({"hourly": {"minute": [0, 30]}}, ["02-27T23:30", "02-28T00:00", "02-28T00:30"]),
        ({"daily": {}}, ["02-28T00:00", "03-01T00:00", "03-02T00:00"]),
        ({"daily": {"at": "17:05"}}, ["02-28T17:05", "03-01T17:05", "03-02T17:05"]),
        ({"daily": {"at": ["noon", "midnight"]}}, ["02-28T00:00", "02-28T12:00", "03-01T00:00"]),
        ({"daily": {"at": {"hour": [6, "18"], "minute": [0, 30]}}}, ["02-28T06:00", "02-28T06:30", "02-28T18:00"]),
        ({"weekly": {}}, ["03-02T00:00", "03-09T00:00", "03-16T00:00"]),
        ({"weekly": {"on": "friday", "at": "17:00"}}, ["03-06T17:00", "03-13T17:00", "03-20T17:00"]),
        ({"weekly": {"on": ["Tue", 6], "at": ["noon"]}}, ["03-03T12:00", "03-06T12:00", "03-10T12:00"]),
        ({"weekly": [{"on": "mon"}, {"on": "sat", "at": "9:15"}]}, ["02-28T09:15", "03-02T00:00", "03-07T09:15"]),
        ({"monthly": {}}, ["03-01T00:00", "04-01T00:00", "05-01T00:00"]),
        ({"monthly": {"on": "L", "at": "noon"}}, ["02-28T12:00", "03-31T12:00", "04-30T12:00"]),
        ({"monthly": {"on": ["last_day", 15]}}, ["02-28T00:00", "03-15T00:00", "03-31T00:00"]),
        ({"monthly": [{"on": 10, "at": "noon"}, {"on": "first_day"}]}, ["03-01T00:00", "03-10T12:00", "04-01T00:00"]),
        ({"monthly": {"on": 31}}, ["03-31T00:00", "05-31T00:00", "07-31T00:00"]),
        ({"yearly": {"in": "march", "on": 10, "at": "noon"}}, ["03-10T12:00", "03-10T12:00", "03-10T12:00"]),
        ({"yearly": {"in": ["jan", 7], "on": "L"}}, ["07-31T00:00", "01-31T00:00", "07-31T00:00"]),
        ({"yearly": [{"in": "MAY"}, {"in": "DEC", "on": 24}]}, ["05-01T00:00", "12-24T00:00", "05-01T00:00"]),
        ({"cron": "0 0 0 1 1 ? 2020"}, []),
        ({"timezone": "Asia/Kolkata", "daily": {"at": "05:30"}}, ["02-28T00:00", "03-01T00:00", "03-02T00:00"]),
    ],
)
def test_schedules(schedule: Any, wanted: list[str]) -> None:
    assert times(schedule, "2026-02-27T23:10:00Z") == wanted


BERLIN = "Europe/Berlin"  # 29 March 2026 at 02:00 the clock shows 03:00; 25 October at 03:00 it shows 02:00 again


@pytest.mark.parametrize(
    ("schedule", "start", "wanted"),
    [
        # 02:30 is skipped: it is 01:30 UTC, when the clock shows 03:30.
        ({"daily": {"at": "02:30"}}, "2026-03-28T00:00:00Z", ["03-28T01:30", "03-29T01:30", "03-30T00:30"]),
        # Of two that fall together there is one run, and what is not skipped may come before what is.
        ({"daily": {"at": ["02:30", "03:30"]}}, "2026-03-29T00:00:00Z", ["03-29T01:30", "03-30T00:30", "03-30T01:30"]),
        ({"daily": {"at": ["02:30", "03:10"]}}, "2026-03-29T00:00:00Z", ["03-29T01:10", "03-29T01:30", "03-30T00:30"]),
        ({"hourly": {}}, "2026-03-28T23:30:00Z", ["03-29T00:00", "03-29T01:00", "03-29T02:00"]),
        # 02:30 comes twice: the first counts.
        ({"daily": {"at": "02:30"}}, "2026-10-24T12:00:00Z", ["10-25T00:30", "10-26T01:30", "10-27T01:30"]),
        ({"daily": {"at": "02:30"}}, "2026-10-25T01:10:00Z", ["10-26T01:30", "10-27T01:30", "10-28T01:30"]),
        ({"hourly": {}}, "2026-10-24T23:30:00Z", ["10-25T00:00", "10-25T02:00", "10-25T03:00"]),
        # An interval knows no clock.
        ({"interval": "1h"}, "2026-10-24T23:30:00Z", ["10-25T00:00", "10-25T01:00", "10-25T02:00"]),
    ],
)
def test_clocks_that_are_put_forward_and_back(schedule: Any, start: str, wanted: list[str]) -> None:
    assert times({"timezone": BERLIN, **schedule}, start) == wanted


@given(
    st.sampled_from(
        [
            {"interval": "7m"},
            {"hourly": {"minute": [0, 20]}},
            {"timezone": BERLIN, "daily": {"at": ["02:15", "noon"]}},
            {"timezone": "America/New_York", "cron": "0 */10 1-3 * * ?"},
            {"timezone": "Australia/Lord_Howe", "weekly": {"on": ["sat", "sun"], "at": ["01:45", "02:10"]}},
            {"monthly": {"on": "L"}},
        ]
    ),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 # the zone is set below
)
def test_the_last_time_and_the_next_enclose_the_present(schedule: Any, moment: datetime) -> None:
    parsed = Schedule.model_validate(schedule)
    now = parse_iso(moment.replace(microsecond=0).isoformat())
    last, following = scheduled_at(parsed, now), next_after(parsed, now)
    assert following is not None
    assert last <= now < following
    assert next_after(parsed, last - timedelta(seconds=1)) == last
    assert next_after(parsed, last) == following


def test_a_schedule_that_never_was_due_is_due_now() -> None:
    now = parse_iso("2026-03-14T02:15:10Z")
    assert scheduled_at(Schedule.model_validate({"cron": "0 0 0 1 1 ? 2090"}), now) == now


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"interval": "90s"}, "every 90s"),
        ({"cron": ["0 0 12 * * ?", "0 0 1 * * ?"]}, "cron 0 0 12 * * ?; 0 0 1 * * ?"),
        ({"timezone": BERLIN, "daily": {"at": "noon"}}, "daily, Europe/Berlin"),
    ],
)
def test_schedules_in_words(schedule: Any, words: str) -> None:
    assert describe(Schedule.model_validate(schedule)) == words


@pytest.mark.parametrize(
    ("schedule", "sentence"),
    [
        ({}, "exactly one is wanted of: interval, cron, hourly, daily, weekly, monthly, yearly"),
        ({"hourly": {}, "daily": {}}, "exactly one is wanted of"),
        ({"daily": {"at": "25:00"}}, "an hour is a number from 0 to 23"),
        ({"daily": {"at": "7"}}, 'a time is "HH:mm"'),
        ({"daily": {"at": {"hours": 7}}}, 'a time is "HH:mm"'),
        ({"daily": {"at": []}}, "at least 1"),
        ({"hourly": {"minute": 60}}, "a minute is a number from 0 to 59"),
        ({"weekly": {"on": "firday"}}, r"a day of the week is a name \(sunday, sun\) or"),
        ({"monthly": {"on": 32}}, 'a day of the month is "last_day"'),
        ({"yearly": {"in": 13}}, r"a month is a name \(january, jan\) or"),
        ({"timezone": "Mars/Base", "daily": {}}, "a timezone is a name such as Europe/Berlin"),
        ({"timezone": "../../etc/passwd", "daily": {}}, "a timezone is a name such as Europe/Berlin"),
        ({"interval": "0s"}, "the shortest interval is 1s"),
        ({"interval": "9999999d"}, "the longest interval is 3660d"),
        ({"cron": "0 0 12 * *"}, "write '0 0 0 12"),
    ],
)
def test_a_wrong_schedule_says_what_is_wrong(schedule: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Schedule.model_validate(schedule)
