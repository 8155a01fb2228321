"""The memory is bounded, and a flood is still counted whole."""

import logging
from typing import Any

import polars as pl
import pytest

from detector.bounds import CLIENT_ROWS, SESSION_ROWS, SLACK
from detector.window import Window
from tests.unit.detector.frames import at, events_of, request


def fed(window: Window, requests: list[dict[str, Any]], size: int = 1_000) -> pl.DataFrame:
    """Feed pages, tidied after each; return the sessions of the last."""
    sessions = pl.DataFrame()
    for begin in range(0, len(requests), size):
        sessions = window.add(events_of(*requests[begin : begin + size]))
        window.evict()
    return sessions


def test_a_flood_keeps_its_newest_requests_and_is_counted_whole() -> None:
    window = Window()
    sessions = fed(window, [request(number / 100, "/a") for number in range(10_000)])
    assert window.rows.height <= SLACK * SESSION_ROWS
    assert sessions.select("requests", "client_requests", "start", "end").rows() == [(10_000, 10_000, at(0), at(99.99))]
    assert sessions["duration"].item() == pytest.approx(99.99)
    assert window.rows["time"].max() == at(99.99)


def test_many_user_agents_of_one_client_are_bounded_together() -> None:
    window = Window()
    fed(window, [request(number / 100, "/a", user_agent=str(number % 900)) for number in range(12_000)])
    assert window.rows.height <= SLACK * CLIENT_ROWS


def test_a_cut_session_that_ended_is_not_added_to_the_next() -> None:
    window = Window()
    fed(window, [request(number / 100, "/a") for number in range(6_000)])
    sessions = window.add(events_of(request(7_200, "/b")))
    assert sessions.filter(pl.col("start") == at(7_200))["requests"].to_list() == [1]


def test_others_beside_a_flood_lose_nothing() -> None:
    window = Window()
    quiet = [request(number * 5.0, "/q", address="192.0.2.9") for number in range(20)]
    flood = [request(number / 100, "/a") for number in range(10_000)]
    fed(window, sorted(quiet + flood, key=lambda each: each["time"]))
    assert window.rows.filter(pl.col("client") == "192.0.2.9").height == 20


def test_beyond_the_limit_the_longest_silent_leave_first(caplog: pytest.LogCaptureFixture) -> None:
    window = Window(most=500)
    requests = [request(float(number), "/", address=f"2001:db8:{number:x}::1") for number in range(1_200)]
    with caplog.at_level(logging.WARNING):
        fed(window, requests, 100)
    assert window.rows.height <= 500
    assert window.rows["time"].min() >= at(1_200 - 500)
    assert caplog.text.count("detect.window_rows") == 1


def test_tidying_waits_until_it_is_worth_it() -> None:
    window = Window()
    window.add(events_of(*(request(float(second)) for second in range(50))))
    window.tidy()
    window.add(events_of(*(request(60.0 + second, address="192.0.2.2") for second in range(5))))
    before = window.rows.n_chunks()
    window.tidy()
    assert window.rows.n_chunks() == before > 1
    window.add(events_of(*(request(7_200.0 + second, address="192.0.2.2") for second in range(50))))
    window.tidy()
    assert set(window.rows["client"]) == {"192.0.2.2"}
