"""Attempts to log in, added up: redirects that nobody follows, and who only tries."""

import polars as pl
import pytest

from detector.attempts import spray_score, tell_triers, with_outcomes
from detector.features import features, prepare
from detector.memory import recall, remember
from tests.unit.detector.frames import at, events_of, request


def outcome(requests: int, failed: int, succeeded: int, blind: int) -> tuple[int, int]:
    sums = pl.DataFrame({"requests": [requests], "failed": [failed], "succeeded": [succeeded], "blind": [blind]})
    row = with_outcomes(sums).row(0, named=True)
    return row["failed"], row["succeeded"]


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ((1, 0, 1, 1), (1, 0)),
        ((2, 0, 1, 1), (0, 1)),  # the page that it was sent on to
        ((17, 0, 16, 16), (16, 0)),
        ((2, 0, 2, 1), (1, 1)),  # one with a referrer: a person
        ((200, 199, 1, 1), (199, 1)),  # wrong ones are refused: this one was right
    ],
)
def test_a_redirect_that_nobody_follows_is_a_failure(sums: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert outcome(*sums) == expected


def triers(requests: int, failed: int, succeeded: int, *, others: bool = False) -> tuple[bool, bool]:
    sums = {"requests": [requests], "failed": [failed], "succeeded": [succeeded], "attempts": [failed + succeeded]}
    row = tell_triers(pl.DataFrame(sums), pl.lit(others)).row(0, named=True)
    return row["is_dry"], row["is_lucky"]


def test_who_only_tries_is_dry_or_lucky() -> None:
    assert triers(4, 2, 0) == (True, False)
    assert triers(4, 1, 1) == (False, True)
    assert triers(40, 2, 0) == (False, False)
    assert triers(40, 40, 0) == (False, False)  # a guesser of its own
    assert triers(4, 2, 0, others=True) == (False, False)


def test_the_score_of_a_spray_grows_with_its_addresses_and_falls_with_its_hours() -> None:
    assert [round(float(spray_score(count, 1))) for count in (1, 10, 115)] == [30, 52, 75]
    assert float(spray_score(100, 0.1)) == float(spray_score(100, 1)) > float(spray_score(100, 24))


def test_a_try_every_forty_minutes_adds_up_where_wrong_ones_are_redirected() -> None:
    drip = events_of(*(request(2400.0 * number, "/login", method="POST", status=302) for number in range(30)))
    session = pl.DataFrame({"client": ["192.0.2.1"], "end": [at(30 * 2400)]})
    found = recall(remember(prepare(drip)), session).row(0, named=True)
    assert found["day_login_failures"] >= 30
    assert found["day_login_successes"] == 0
    assert features(prepare(drip))["login_failures"].to_list() == [1] * 30
