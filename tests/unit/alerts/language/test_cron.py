"""Cron expressions: cron_times.txt holds the times that Elasticsearch 8.18's own class gives for them."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.cron import parse_cron

TIMES = [
    [part.strip() for part in line.split("|")]
    for line in Path(__file__).with_name("cron_times.txt").read_text("utf-8").splitlines()
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z"))


@pytest.mark.parametrize(("expression", "start", "times"), TIMES, ids=[f"{line[0]} {line[1][:7]}" for line in TIMES])
def test_cron_is_elasticsearchs(expression: str, start: str, times: str) -> None:
    if times == "refused":
        with pytest.raises(ValueError, match=r"\w"):
            parse_cron(expression)
        return
    cron, moment = parse_cron(expression), at(start)
    for wanted in times.split():
        found = cron.after(moment)
        if wanted == "none":
            assert found is None
            return
        assert found == at(wanted)
        moment = found


@pytest.mark.parametrize(
    ("expression", "start", "wanted"),
    [
        # Elasticsearch 8.18 itself gives a time before the start for these, again and again: its documentation decides.
        ("0 0 0 15W * ?", "2026-08-01T00:00:00", "2026-08-14T00:00:00"),  # the 15th is a Saturday
        ("0 0 0 15W * ?", "2026-11-01T00:00:00", "2026-11-16T00:00:00"),  # a Sunday
        ("0 0 0 1W * ?", "2026-07-31T00:00:00", "2026-08-03T00:00:00"),  # a Saturday, but no other month
        ("0 0 0 31W * ?", "2026-05-01T00:00:00", "2026-05-29T00:00:00"),  # a Sunday, but no other month
        ("0 0 0 31W * ?", "2026-06-01T00:00:00", "2026-07-31T00:00:00"),  # June has none
        ("0 0 0 LW * ?", "2026-05-01T00:00:00", "2026-05-29T00:00:00"),
    ],
)
def test_the_nearest_weekday(expression: str, start: str, wanted: str) -> None:
    assert parse_cron(expression).after(at(start)) == at(wanted)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("0 12 * * *", "'0 12 \\* \\* \\*' has five fields; a watch's begins with seconds: write '0 0 12 \\* \\* \\?'"),
        ("*/5 * * * 1", "write '0 \\*/5 \\* \\? \\* 2'"),
        ("0 0 1 * 1", "cannot be written as one; a watch's begins with seconds"),
        ("x y z", "has six or seven fields: second minute hour day month weekday year"),
        ("0 0 0 * * *", "exactly one of day of month and day of week is \\?"),
        ("0 0 0 0 * ?", "day of month '0' is not a number from 1 to 31"),
        ("0 0 0 ? * 8", "day of week '8' is not a number from 1 to 7 or SUN to SAT"),
        ("0 0/0 * * * ?", "minute '0/0' has a step that is not from 1 to 60"),
        ("0 0 0 L-31 * ?", "lies before every month's first"),
        ("0 0 0 1,, * ?", "is neither a number, a range, \\* nor a step"),
    ],
)
def test_a_wrong_expression_says_what_is_wrong(expression: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_cron(expression)


@given(st.text(alphabet="0123456789*?/-,LW# JANFRI", max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    try:
        cron = parse_cron(text)
    except ValueError:
        return
    found = cron.after(at("2026-01-01T00:00:00"))
    assert found is None or found > at("2026-01-01T00:00:00")
