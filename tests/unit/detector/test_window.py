"""The requests in memory: who stays, who leaves, and what a page touches."""

from datetime import UTC, datetime

import polars as pl
from polars.testing import assert_frame_equal

from detector.events import EVENT_SCHEMA
from detector.features import features, prepare
from detector.window import HORIZON, RECENT, Window
from tests.unit.detector.frames import at, events_of, logins, request

HOUR = 3600


def filled(*requests: dict[str, object]) -> Window:
    window = Window()
    window.add(events_of(*requests))
    return window


def test_a_page_gives_the_whole_sessions_that_it_touches() -> None:
    window = filled(request(0, "/a"), request(1, "/b"), request(1, address="192.0.2.2"))
    touched = window.add(events_of(request(60, "/c")))
    assert touched.select("client", "requests", "start", "end").rows() == [("192.0.2.1", 3, at(0), at(60))]


def test_sessions_that_ended_before_are_as_they_were() -> None:
    window = filled(request(0))
    assert window.add(events_of(request(3 * HOUR)))["start"].to_list() == [at(0), at(3 * HOUR)]


def test_a_page_of_old_and_new_requests_takes_no_client_away_whose_rest_is_still_to_come() -> None:
    window = filled(request(0))
    rest = [request(60.0 + second, address="192.0.2.2") for second in range(20)]
    window.add(events_of(*rest, *(request(2 * HOUR, address=f"198.51.100.{number}") for number in range(80))))
    window.evict()
    assert window.add(events_of(request(90)))["requests"].to_list() == [2]


def test_another_user_agent_is_touched_too_since_the_clients_context_changed() -> None:
    window = filled(request(0, user_agent="one"), request(50, user_agent="one"))
    touched = window.add(events_of(request(20, user_agent="two")))
    assert dict(touched.select("user_agent", "client_user_agents").rows()) == {"one": 2, "two": 2}


def test_a_late_event_is_put_where_it_belongs() -> None:
    window = filled(request(0, "/a"), request(100, "/c"))
    touched = window.add(events_of(request(50, "/b")))
    assert touched.select("requests", "start", "end").rows() == [(3, at(0), at(100))]


def test_a_failed_login_touches_everybody_who_failed_lately() -> None:
    window = filled(*logins(1, address="192.0.2.1"), *logins(1, address="192.0.2.2"), request(2, address="192.0.2.3"))
    touched = window.add(events_of(*logins(1, address="192.0.2.4", start=200)))
    assert sorted(touched["client"]) == ["192.0.2.1", "192.0.2.2", "192.0.2.4"]
    assert set(touched["site_login_clients"]) == {3}


def test_page_by_page_is_as_all_at_once(traffic: pl.DataFrame) -> None:
    some = traffic.head(4_000)
    window = Window()
    latest: dict[tuple[object, ...], dict[str, object]] = {}
    for begin in range(0, some.height, 250):
        for row in window.add(some[begin : begin + 250]).iter_rows(named=True):
            latest[row["client"], row["user_agent"], row["start"]] = row
    wanted = features(prepare(some)).sort("client", "user_agent", "start")
    # A session that has ended is not looked at again when its client goes on with another.
    own = [name for name in wanted.columns if not name.startswith(("client_", "site_", "day_"))]
    found = pl.DataFrame(list(latest.values()), schema=wanted.schema).sort("client", "user_agent", "start")
    assert_frame_equal(found.select(own), wanted.select(own))


def test_a_silent_client_leaves_with_all_it_did() -> None:
    window = filled(request(0), request(10, address="192.0.2.2"))
    window.add(events_of(*(request(1811, address="192.0.2.2") for _ in range(30))))
    window.evict()
    assert set(window.rows["client"]) == {"192.0.2.2"}


def test_a_client_that_goes_on_stays_whole() -> None:
    window = filled(*(request(second * 600.0) for second in range(20)))
    window.evict()
    assert window.rows.height == 20


def test_nothing_stays_beyond_the_horizon() -> None:
    window = filled(*(request(minute * 60.0) for minute in range(0, 8 * 60, 5)))
    window.evict()
    assert window.start is not None
    assert window.watermark is not None
    assert window.start >= window.watermark - HORIZON
    assert window.rows.height < 8 * 12


def test_a_line_with_a_wild_clock_does_not_empty_it() -> None:
    window = filled(*(request(second) for second in range(50)))
    wild = request(0, address="203.0.113.9", time=datetime(2099, 1, 1, tzinfo=UTC))
    window.add(events_of(*(request(50 + second) for second in range(50)), wild))
    window.evict()
    assert window.rows.filter(pl.col("client") == "192.0.2.1").height == 100


def test_one_wild_line_alone_does_not_empty_it() -> None:
    window = filled(*(request(second) for second in range(50)))
    window.add(events_of(request(0, address="203.0.113.9", time=datetime(2099, 1, 1, tzinfo=UTC))))
    window.evict()
    assert window.rows.filter(pl.col("client") == "192.0.2.1").height == 50


def test_an_old_line_does_not_set_the_clock_back() -> None:
    window = filled(*(request(second) for second in range(50)))
    before = window.watermark
    window.add(events_of(request(0, time=datetime(2001, 1, 1, tzinfo=UTC))))
    assert window.watermark is not None
    assert before is not None
    assert window.watermark >= before


def test_lines_with_a_wild_clock_do_not_pile_up() -> None:
    window = Window()
    for minute in range(100):
        wild = request(0, address="203.0.113.9", time=datetime(2099, 1, 1, tzinfo=UTC))
        window.add(events_of(*(request(minute * 60.0 + second) for second in range(9)), wild))
        window.evict()
    assert window.rows.filter(pl.col("client") == "203.0.113.9").height <= RECENT


def test_after_a_long_silence_the_window_goes_on() -> None:
    window = filled(*(request(second) for second in range(50)))
    for second in range(10):
        touched = window.add(events_of(request(200 * HOUR + second)))
        window.evict()
        assert touched["requests"].to_list()[-1] == second + 1
    assert window.rows.height == 10


def test_lines_without_address_or_time_stay_out() -> None:
    window = Window()
    assert window.add(events_of(request(address=None), request(time=None))).is_empty()
    assert window.rows.is_empty()
    assert (window.start, window.watermark) == (None, None)


def test_no_events_change_nothing() -> None:
    window = filled(request(0))
    assert window.add(pl.DataFrame(schema=EVENT_SCHEMA)).is_empty()
    assert window.rows.height == 1
    Window().evict()


def test_memory_is_bounded_by_the_horizon_however_long_it_goes_on() -> None:
    window = Window()
    for hour in range(24):
        window.add(events_of(*(request(hour * HOUR + minute * 60.0) for minute in range(60))))
        window.evict()
        assert window.rows.height <= 7 * 60
