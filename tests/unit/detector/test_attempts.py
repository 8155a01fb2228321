"""Attempts to log in, added up: redirects that nobody follows, and who only tries."""

import polars as pl
import pytest

from detector.attempts import spray_score, tell_triers, with_outcomes
from detector.features import features, prepare
from detector.memory import recall, remember
from tests.unit.detector.frames import at, events_of, request


def outcome(requests: int, failed: int, succeeded: int, blind: int, looks: int = 0) -> tuple[int, int]:
    told = {"requests": requests, "looks": looks, "failed": failed, "succeeded": succeeded, "blind": blind}
    row = with_outcomes(pl.DataFrame([told])).row(0, named=True)
    return row["failed"], row["succeeded"]


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        ((1, 0, 1, 1), (1, 0)),
        ((2, 0, 1, 1), (0, 1)),  # the page that it was sent on to
        ((17, 0, 16, 16), (16, 0)),
        ((2, 0, 2, 1), (1, 1)),  # one with a referrer: a person
        ((200, 199, 1, 1), (199, 1)),  # wrong ones are refused: this one was right
        ((200, 150, 50, 50), (200, 0)),  # locked out at last: nobody gets in fifty times
        ((3, 0, 1, 1, 2), (1, 0)),  # the form, and the form again
        ((2, 0, 1, 1, 1), (0, 1)),  # a monitor that fetches the form and is content with the redirect
        ((4, 0, 1, 1, 2), (0, 1)),  # the form twice, and then a page
    ],
)
def test_a_redirect_that_nobody_follows_is_a_failure(sums: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert outcome(*sums) == expected


def triers(requests: int, failed: int, succeeded: int, *, others: bool = False) -> tuple[bool, bool]:
    attempts = failed + succeeded
    sums = {"others": [requests - attempts], "failed": [failed], "succeeded": [succeeded], "attempts": [attempts]}
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


def shown_again(path: str) -> list[dict[str, object]]:
    """Return 30 tries, one every 40 minutes, each between the form and the form again."""
    one = [("GET", 200), ("POST", 303), ("GET", 200)]
    return [
        request(2400.0 * number + second, path, method=method, status=status)
        for number in range(30)
        for second, (method, status) in enumerate(one)
    ]


@pytest.mark.parametrize("path", ["/login", "/administrator/index.php"])
def test_tries_that_lead_back_to_the_form_add_up(path: str) -> None:
    drip = prepare(events_of(*shown_again(path)))
    session = pl.DataFrame({"client": ["192.0.2.1"], "end": [at(30 * 2400)]})
    found = recall(remember(drip), session).row(0, named=True)
    assert (found["day_login_failures"] >= 30, found["day_login_successes"]) == (True, 0)
    assert features(drip)["login_failures"].to_list() == [1] * 30


def test_a_try_every_forty_minutes_adds_up_where_wrong_ones_are_redirected() -> None:
    drip = events_of(*(request(2400.0 * number, "/login", method="POST", status=302) for number in range(30)))
    session = pl.DataFrame({"client": ["192.0.2.1"], "end": [at(30 * 2400)]})
    found = recall(remember(prepare(drip)), session).row(0, named=True)
    assert found["day_login_failures"] >= 30
    assert found["day_login_successes"] == 0
    assert features(prepare(drip))["login_failures"].to_list() == [1] * 30
