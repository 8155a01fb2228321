"""The plain thresholds: who is banned, and when."""

from typing import Any

import polars as pl
import pytest

from detector.evaluation.baseline import ban
from tests.unit.detector.frames import at, events_of, logins, request


def bans_of(*requests: dict[str, Any]) -> dict[str, bool]:
    return dict(ban(events_of(*requests)).select("client", "banned").rows())


def missing(count: int, every: float, **more: Any) -> list[dict[str, Any]]:
    return [request(number * every, f"/page{number}", status=404, **more) for number in range(count)]


def test_five_missing_pages_in_ten_minutes_ban_and_four_do_not() -> None:
    assert bans_of(*missing(5, 60), *missing(4, 60, address="192.0.2.2")) == {"192.0.2.1": True, "192.0.2.2": False}


def test_what_comes_slowly_is_never_banned() -> None:
    assert bans_of(*missing(100, 151)) == {"192.0.2.1": False}


def test_the_ban_falls_when_the_threshold_is_reached() -> None:
    (row,) = ban(events_of(*missing(9, 10))).to_dicts()
    assert row["banned_at"] == at(40)
    assert row["strikes"] == pytest.approx(9 / 5)


def test_logins_count_whatever_their_answer() -> None:
    assert bans_of(*logins(5, status=200)) == {"192.0.2.1": True}


def test_two_known_bot_paths_are_enough() -> None:
    probes = [request(0, "/.env", status=404), request(1, "/phpMyAdmin/", status=404)]
    assert bans_of(*probes) == {"192.0.2.1": True}
    assert bans_of(request(0, "/.env", status=404), request(1, "/about", status=404)) == {"192.0.2.1": False}


def test_ordinary_visitors_are_in_the_table_too() -> None:
    assert ban(events_of(request(), request(1, "/a"))).select("banned", "strikes").rows() == [(False, 0.0)]
    assert ban(events_of()).is_empty()
    assert ban(events_of(request(status=None))).schema["banned"] == pl.Boolean
