"""Where one session ends and the next begins."""

import polars as pl
import pytest

from detector.events import EVENT_SCHEMA
from detector.sessions import GAP, sessionize
from tests.unit.detector.frames import events_of, request

HALF_HOUR = GAP.total_seconds()


def test_a_gap_of_exactly_thirty_minutes_is_still_one_session() -> None:
    assert sessionize(events_of(request(0), request(1800)))["session"].n_unique() == 1
    assert HALF_HOUR == 1800


def test_a_gap_a_microsecond_longer_is_two_sessions_and_two_visits() -> None:
    rows = sessionize(events_of(request(0), request(HALF_HOUR + 1e-6)))
    assert rows["session"].n_unique() == rows["visit"].n_unique() == 2


def test_a_change_of_user_agent_is_another_session_of_the_same_visit() -> None:
    rows = sessionize(events_of(request(0), request(1, user_agent="other"), request(2)))
    assert rows["session"].n_unique() == 2
    assert rows["visit"].n_unique() == 1
    assert rows.group_by("session").len()["len"].sort().to_list() == [1, 2]


def test_another_user_agent_bridges_the_gap_of_the_first() -> None:
    # 25 minutes each: the visit goes on although the first user agent was silent for 50.
    rows = sessionize(events_of(request(0), request(1500, user_agent="other"), request(3000)))
    assert (rows["visit"].n_unique(), rows["session"].n_unique()) == (1, 3)


def test_clients_do_not_share_sessions() -> None:
    rows = sessionize(events_of(request(0), request(1, address="192.0.2.2"), request(2)))
    assert rows.group_by("client").agg(pl.col("session").n_unique())["session"].to_list() == [1, 1]


def test_no_user_agent_is_one_like_any_other() -> None:
    assert sessionize(events_of(request(0, user_agent=None), request(1, user_agent="")))["session"].n_unique() == 1


def test_gaps_are_seconds_within_the_session_and_null_for_its_first() -> None:
    rows = sessionize(events_of(request(7), request(0), request(1.5, user_agent="other"), request(9999)))
    assert rows.sort("time")["gap"].to_list() == [None, None, 7.0, None]


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_changes_nothing(seed: int) -> None:
    rows = events_of(*(request(second * 700, f"/{second}", user_agent=str(second % 2)) for second in range(20)))
    mixed = sessionize(rows.sample(fraction=1.0, shuffle=True, seed=seed))
    wanted = sessionize(rows)
    assert mixed.equals(wanted)


def test_no_events_make_no_sessions() -> None:
    assert sessionize(pl.DataFrame(schema=EVENT_SCHEMA)).is_empty()
