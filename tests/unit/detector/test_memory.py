"""What clients did over the last day."""

import logging

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.features import features, prepare
from detector.memory import DAY, MEMORY_SCHEMA, ClientMemory, empty_memory, merge, recall, remember
from detector.requirement import amounts
from detector.table import NAMES
from tests.unit.detector.frames import at, events_of, logins, request

HOUR = 3600.0


def remembered(*requests: dict[str, object]) -> pl.DataFrame:
    return remember(prepare(events_of(*requests)))


def ended(clients: list[str], hours: float) -> pl.DataFrame:
    ends = [at(hours * HOUR)] * len(clients)
    return pl.DataFrame({"client": clients, "end": ends}).cast({"end": MEMORY_SCHEMA["hour"]})


def recalled(memory: pl.DataFrame, client: str = "192.0.2.1", hours: float = 0.0) -> dict[str, int]:
    return recall(memory, ended([client], hours)).row(0, named=True)


def missing(count: int, every: float = 1.0) -> list[dict[str, object]]:
    return [request(every * number, f"/gone/{number}", status=404) for number in range(count)]


def test_one_try_every_forty_minutes_adds_up() -> None:
    day = remembered(*logins(30, every=2400))
    assert recalled(day, hours=19.4)["day_login_failures"] == 30


def test_the_password_that_an_app_keeps_is_not_remembered() -> None:
    day = remembered(*logins(30, every=2400, user_agent="Apple-iPhone14C5/2105.219"))
    assert recalled(day, hours=19.4)["day_login_failures"] == 0


def test_odd_searches_are_not_remembered() -> None:
    words = "/search?q=drop+table+x%3B+drop+table+y"
    typed = [request(60 * number, f"{words}{number}", referrer="https://example.org/") for number in range(5)]
    assert recalled(remembered(*typed))["day_probes"] == 0
    assert recalled(remembered(*({**each, "referrer": None} for each in typed)))["day_probes"] == 1


def test_what_is_older_than_a_day_or_still_to_come_does_not_count() -> None:
    day = remembered(*logins(48, every=HOUR))
    assert recalled(day, hours=47)["day_login_failures"] == 24
    assert recalled(day, hours=9.5)["day_login_failures"] == 10


def test_another_clients_doings_are_not_ones_own() -> None:
    assert set(recalled(remembered(*logins(5)), "192.0.2.9").values()) == {0}
    assert set(recalled(empty_memory()).values()) == {0}


def test_a_path_asked_again_and_again_counts_once() -> None:
    polled = [request(600.0 * number, "/status.php?a=1", status=404) for number in range(140)]
    assert recalled(remembered(*polled), hours=23.5)["day_missing_paths"] == 1


@pytest.mark.parametrize("count", [1, 5, 12, 40])
def test_different_paths_are_counted_about_right(count: int) -> None:
    found = recalled(merge(*(remembered(each) for each in missing(count))))["day_missing_paths"]
    assert abs(found - count) <= max(1, 0.2 * count)


def test_many_different_paths_are_at_least_many() -> None:
    assert recalled(remembered(*missing(5_000, every=0.01)))["day_missing_paths"] > 200


def test_who_does_nothing_odd_is_not_remembered() -> None:
    assert remembered(
        request(0), request(1, "/a.css", status=404), request(2, "/login", method="POST", status=302, referrer="/")
    ).is_empty()


def test_of_a_known_client_everything_is_remembered() -> None:
    memory = ClientMemory()
    memory.add(prepare(events_of(*logins(3))))
    memory.add(prepare(events_of(request(2 * HOUR, "/login", method="POST", status=302), request(2 * HOUR))))
    found = recalled(memory.frame, hours=3)
    assert (found["day_login_failures"], found["day_login_successes"], found["day_requests"]) == (3, 1, 5)


def test_probes_are_counted_by_path() -> None:
    probes = [request(second, url) for second, url in enumerate(("/.env", "/.env?x", "/.git/config"))]
    assert recalled(remembered(*probes, request(9)))["day_probes"] == 2


def test_knocks_at_what_is_refused_add_up_over_the_day() -> None:
    asked = ("/composer.json", "/vendor/composer/installed.json", "/CHANGELOG.txt")
    knocks = [request(2 * HOUR * number, path, status=404) for number, path in enumerate(asked)]
    assert recalled(remembered(*knocks), hours=5)["day_probes"] == 3
    assert recalled(remembered(*({**each, "status": 403} for each in knocks)), hours=5)["day_probes"] == 3
    for calm in ({"status": 200}, {"referrer": "https://example.org/"}):
        assert recalled(remembered(*({**each, **calm} for each in knocks)), hours=5)["day_probes"] == 0


def test_one_knock_a_visit_is_a_scan_from_the_third_on() -> None:
    asked = ("/composer.json", "/vendor/composer/installed.json", "/CHANGELOG.txt")
    knocks = [request(2 * HOUR * number, path, status=404) for number, path in enumerate(asked)]
    matrix = features(prepare(events_of(*knocks))).sort("end").select(NAMES).to_numpy()
    assert [float(each) >= 1 for each in amounts(matrix, "scan")] == [False, False, True]


def test_it_forgets_after_a_day() -> None:
    memory = ClientMemory()
    memory.add(prepare(events_of(*logins(40, every=HOUR))))
    memory.forget_before(at(40 * HOUR))
    assert memory.frame["hour"].min() >= at(15 * HOUR)  # type: ignore[operator]


def test_it_is_bounded_and_keeps_the_worst(caplog: pytest.LogCaptureFixture) -> None:
    memory = ClientMemory(most=100)
    knocks = [
        request(number, "/gone", status=404, address=f"198.51.{number // 250}.{number % 250}") for number in range(500)
    ]
    with caplog.at_level(logging.WARNING):
        memory.add(prepare(events_of(*logins(50, address="192.0.2.66"), *knocks)))
    assert memory.frame.height <= 100
    assert recalled(memory.frame, "192.0.2.66", hours=1)["day_login_failures"] == 50
    assert "the least odd are forgotten" in caplog.text


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(1, 29))
def test_in_parts_is_as_all_at_once(numbers: list[int], cut: int) -> None:
    requests = [request(number * 1500.0, f"/{number}", status=404) for number in numbers]
    whole = remembered(*requests)
    parts = [remembered(*part) for part in (requests[:cut], requests[cut:]) if part]
    for memory in (merge(*parts), pl.concat(parts)):
        for hours in (0, 5, 17, 30):
            assert recalled(memory, hours=hours) == recalled(whole, hours=hours)


def test_rows_come_in_the_order_asked() -> None:
    memory = merge(remembered(*logins(2)), remembered(*logins(4, address="192.0.2.2")))
    found = recall(memory, ended(["192.0.2.2", "x", "192.0.2.1"], 1))
    assert found.columns == list(DAY)
    assert found["day_login_failures"].to_list() == [4, 0, 2]


def test_what_a_page_links_to_or_an_application_looks_for_is_no_guess() -> None:
    guesses = missing(12)
    assert recalled(remembered(*guesses))["day_missing_paths"] > 0
    for changes in ({"referrer": "https://example.org/old"}, {"user_agent": "npm/9.5.1 node/v18.16.0"}):
        assert recalled(remembered(*({**each, **changes} for each in guesses)))["day_missing_paths"] == 0
