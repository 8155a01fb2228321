"""Ids, times and bands."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.clock import iso_millis, parse_iso
from core.documents import document_id
from core.severity import severity_label, severity_level, whole_score


def test_ids_are_stable_and_keep_parts_apart() -> None:
    assert document_id("a", 1) == document_id("a", "1") == document_id("a", 1)
    assert len({document_id("ab", "c"), document_id("a", "bc"), document_id("abc"), document_id("abc", "")}) == 4


def test_times_are_written_in_utc_with_milliseconds_and_read_back() -> None:
    moment = datetime(2026, 1, 31, 9, 15, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))
    assert iso_millis(moment) == "2026-01-31T08:15:00.123Z"
    assert parse_iso(iso_millis(moment)) == moment.astimezone(UTC).replace(microsecond=123_000)
    assert parse_iso("2026-01-31T08:15:00") == datetime(2026, 1, 31, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("score", "level", "label"),
    [
        (0, 0, "warning"),
        (24.9, 0, "warning"),
        (25, 1, "minor"),
        (50, 2, "major"),
        (75, 3, "critical"),
        (100, 3, "critical"),
    ],
)
def test_severity_bands(score: float, level: int, label: str) -> None:
    assert (severity_level(score), severity_label(score)) == (level, label)


@pytest.mark.parametrize(("score", "shown"), [(0.0, 0), (49.99, 49), (50.0, 50), (74.7, 74), (100.0, 100)])
def test_a_score_is_shown_within_its_band(score: float, shown: int) -> None:
    assert whole_score(score) == shown
    assert severity_label(whole_score(score)) == severity_label(score)
