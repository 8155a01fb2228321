"""Batches acknowledged in any order: the entry moves to the lowest byte that is not."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from core.clock import iso_millis
from shipper import Ledger
from shipper.batch import Batch
from shipper.lane import Lane
from shipper.registry import Entry

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def lane_of(entry: Entry) -> Lane:
    tail: Any = SimpleNamespace(entry=entry, identity="a" * 16)
    return Lane(tail)


def batch(start: int, end: int, header: str | None = None) -> Batch:
    return Batch(start, end, pl.DataFrame({"id": [], "request": []}), 0, 0, 0, header)


def test_out_of_order() -> None:
    entry = Entry("/log", 1, 2)
    lane = lane_of(entry)
    lane.reserve(100, NOW)
    flights = [lane.launch(batch(start, start + 10), NOW) for start in (0, 10, 20)]
    assert (entry.offset, entry.in_flight, entry.sent) == (0, (0, 100), iso_millis(NOW))
    flights[2].counts = Ledger(indexed=3)
    flights[1].counts = Ledger(indexed=2)
    assert lane.land() == (0, Ledger())
    flights[0].counts = Ledger(indexed=1)
    assert lane.land() == (30, Ledger(indexed=6))
    assert (entry.offset, entry.in_flight, entry.ledger) == (30, (30, 100), Ledger(indexed=6))
    assert not lane.is_flying
    lane.settle(NOW)
    assert entry.in_flight is None


def test_what_a_crash_left_is_a_repetition_and_keeps_its_time() -> None:
    before = NOW - timedelta(days=1)
    entry = Entry("/log", 1, 2, offset=10, in_flight=(10, 25), sent=iso_millis(before))
    lane = lane_of(entry)
    assert lane.covers(20)
    assert not lane.covers(40)
    lane.reserve(40, NOW)
    assert (entry.in_flight, entry.sent) == ((10, 40), iso_millis(before))
    flights = [lane.launch(batch(start, start + 10), NOW) for start in (10, 20, 30)]
    assert [(flight.is_repeat, flight.sent) for flight in flights] == [(True, before), (True, before), (False, NOW)]
    flights[0].counts = flights[1].counts = Ledger(present=1)
    lane.land()
    lane.settle(NOW)
    assert (entry.offset, entry.in_flight, entry.sent) == (30, (30, 40), iso_millis(NOW))


def test_a_stop_before_anything_was_sent_leaves_the_range_of_the_crash() -> None:
    before = iso_millis(NOW - timedelta(days=1))
    entry = Entry("/log", 1, 2, offset=10, in_flight=(10, 25), sent=before)
    lane_of(entry).settle(NOW)
    assert (entry.in_flight, entry.sent) == ((10, 25), before)


def test_the_header_moves_with_the_offset() -> None:
    entry = Entry("/log", 1, 2)
    lane = lane_of(entry)
    flights = [lane.launch(each, NOW) for each in (batch(0, 10, "first"), batch(10, 20, "second"), batch(20, 30))]
    flights[1].counts = flights[2].counts = Ledger()
    lane.land()
    assert entry.format is None
    flights[0].counts = Ledger()
    lane.land()
    assert entry.format == "second"


@given(st.permutations(range(8)))
def test_in_any_order_nothing_is_counted_before_what_lies_before_it(order: list[int]) -> None:
    entry = Entry("/log", 1, 2)
    lane = lane_of(entry)
    lane.reserve(80, NOW)
    flights = [lane.launch(batch(10 * number, 10 * number + 10), NOW) for number in range(8)]
    done: set[int] = set()
    for number in order:
        flights[number].counts = Ledger(indexed=1)
        done.add(number)
        lane.land()
        whole = next((each for each in range(9) if each not in done), 8)
        assert (entry.offset, entry.ledger.lines) == (10 * whole, whole)
        assert entry.in_flight == ((10 * whole, 80) if whole < 8 else None)
