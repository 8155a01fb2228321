"""What each client did in each 10 s: added up side by side, it is what groups would be."""

import random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from detector.describe import DECLARED
from detector.prepare import prepare
from detector.segments import begins, first_known, in_order, is_in_order, joint_key, totals
from detector.slots import SLOTS_SCHEMA, SUMS, Slots, merge_slots, observe, with_browsers
from detector.traffic import SCALES, Cut, Scale, Spread
from tests.unit.detector.frames import at, events_of, request

_KEYS = ("domain", "client", "slot")

ONES = st.fixed_dictionaries(
    {
        "seconds": st.floats(0, 7200),
        "address": st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "example.org"]),
        "url": st.sampled_from(["/", "/a.css", "/login", "/x?id=1", "/.env"]),
        "method": st.sampled_from(["GET", "POST"]),
        "status": st.sampled_from([200, 302, 401, 404, 500, None]),
        "referrer": st.sampled_from([None, "-", "https://example.org/", "https://example.com/"]),
        "user_agent": st.sampled_from([None, "a", "Googlebot/2.1"]),
        "domain": st.sampled_from([None, "example.org", "example.com"]),
    }
)


def prepared(ones: list[dict[str, Any]]) -> pl.DataFrame:
    """Return prepared requests, in the order they are given in."""
    return prepare(events_of(*(request(**one) for one in ones)))


def grouped(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what `observe` is to return, by a table of groups."""
    status = pl.col("status")
    ordered = rows.with_columns(pl.col("time").dt.truncate("10s").alias("slot"))
    return (
        ordered.group_by(_KEYS, maintain_order=True)
        .agg(
            pl.len().alias("requests"),
            pl.col("is_asset").sum().alias("assets"),
            pl.col("login_failed").sum().alias("failed"),
            pl.col("login_succeeded").sum().alias("succeeded"),
            pl.col("is_blind_login").sum().alias("blind"),
            (status >= 500).sum().alias("errors"),
            (status.is_in([404, 410]).fill_null(value=False) | (pl.col("marks") != 0)).sum().alias("odd"),
            pl.col("referrer_key").drop_nulls().first().alias("referrer"),
            ((pl.col("agent") & DECLARED) != 0).any().alias("declared"),
            (pl.col("is_asset") | ~pl.col("method").is_in(["GET", "HEAD"])).any().alias("more"),
            pl.col("agent_key").first().alias("agent"),
        )
        .select(pl.col(name).cast(kind) for name, kind in SLOTS_SCHEMA.items() if name not in {"place", "site"})
    )


@given(st.lists(ONES, min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_slots_are_what_groups_would_be(ones: list[dict[str, Any]]) -> None:
    rows = prepared(ones)
    found = observe(rows)
    assert found.schema == SLOTS_SCHEMA
    assert is_in_order(found["place"].to_numpy(), found["slot"].to_physical().to_numpy())
    assert_frame_equal(found.drop("place", "site").sort(_KEYS), grouped(rows).sort(_KEYS))


@given(st.lists(ONES, min_size=1, max_size=60), st.integers(1, 59))
@settings(max_examples=60, deadline=None)
def test_parts_put_together_are_the_whole(ones: list[dict[str, Any]], cut: int) -> None:
    rows = prepared(ones)
    parts = [observe(part) for part in (rows[:cut], rows[cut:]) if part.height]
    merged = merge_slots(pl.concat(parts))
    assert_frame_equal(merged, observe(rows))
    assert_frame_equal(merge_slots(merged), merged)


@given(st.lists(ONES, min_size=1, max_size=60), st.sampled_from(SCALES))
@settings(max_examples=60, deadline=None)
def test_intervals_are_what_groups_would_be(ones: list[dict[str, Any]], scale: Scale) -> None:
    slots = with_browsers(observe(prepared(ones)))
    cut = Cut(Spread.of(slots), scale, at(0))
    counted = cut.count(times=2)
    clients = cut.clients(counted["where"])
    plain = slots.group_by("domain", "client", pl.col("slot").dt.truncate(scale.name).alias("interval")).agg(
        pl.col(*SUMS).sum(), pl.col("declared", "more").any(), pl.col("browses").any()
    )
    keys = ["domain", "client", "interval"]
    # The outcome of attempts depends on all who tried to log in.
    names = [name for name in SUMS if name not in {"failed", "succeeded"}] + ["declared", "more"]
    assert len(cut) == plain.height
    assert_frame_equal(clients.select(keys + names).sort(keys), plain.select(keys + names).sort(keys))
    told = clients.group_by("domain", "interval").agg(
        (2 * pl.col("is_bare").sum()).alias("bare"),
        (2 * (~pl.col("is_bare")).sum()).alias("browsing"),
        (2 * pl.col("is_dry").sum()).alias("dry"),
    )
    assert_frame_equal(counted.drop("where"), told.sort("domain", "interval"), check_dtypes=False)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans())))
@settings(max_examples=60, deadline=None)
def test_segments_lie_side_by_side(rows: list[tuple[int, int, bool]]) -> None:
    keys = joint_key(np.array([key for key, _, _ in rows], np.uint64), np.zeros(len(rows), np.int64))
    times, known = np.array([time for _, time, _ in rows], np.int64), np.array([each for _, _, each in rows], np.bool_)
    order = in_order(keys, times)
    assert order.tolist() == sorted(range(len(rows)), key=lambda row: (keys[row], times[row], row))
    starts = begins(keys[order], times[order])
    ends = [*starts[1:].tolist(), len(rows)][: len(starts)]
    wanted = [
        next((row for row in range(start, end) if known[order][row]), start)
        for start, end in zip(starts.tolist(), ends, strict=True)
    ]
    assert first_known(known[order], starts).tolist() == wanted
    assert totals(times[order], starts).tolist() == [sum(times[order][a:b]) for a, b in zip(starts, ends, strict=True)]
    assert is_in_order(keys, times) == (order.tolist() == list(range(len(rows))) and len(starts) == len(rows))


@pytest.mark.parametrize("most", [50, 1_000])
def test_slots_are_bounded_and_forgotten(most: int) -> None:
    dice = random.Random(1)
    slots = Slots(most)
    for page in range(5):
        ones = [{"seconds": 60 * page + dice.random(), "address": f"192.0.2.{number}"} for number in range(100)]
        slots.add(observe(prepared(ones)))
    assert slots.frame.height <= most
    assert (slots.times > 1) == (most < 500)
    slots.keep(at(600), at(700))
    assert slots.merged().is_empty()
    assert slots.times == 1
