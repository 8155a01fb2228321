"""What each client did in each 10 s: added up side by side, it is what groups would be."""

import random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from detector.cut import Cut
from detector.describe import DECLARED
from detector.prepare import prepare
from detector.segments import begins, first_known, in_order, is_in_order, joint_key, totals
from detector.slots import SLOTS_SCHEMA, Slots, merge_slots, observe
from detector.spread import CLAIMS, SPARSE, Spread, number_codes
from detector.traffic import SCALES
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
            ((pl.col("path") == "/login") & ~pl.col("is_login")).sum().alias("looks"),
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


def with_browsers(slots: pl.DataFrame) -> pl.DataFrame:
    """Add who browses, by tables of groups."""
    who = ["domain", "client"]
    told = slots.with_columns(
        (pl.col("assets").sum().over(who) > 0).alias("loads"),
        (pl.col("requests").sum().over(who) < 10).alias("asks_little"),
        pl.col("referrer").drop_nulls().first().over(who, order_by="slot").alias("shown"),
    ).with_columns((~pl.col("loads") & pl.col("asks_little") & pl.col("shown").is_not_null()).alias("claims"))
    each = told.unique(who).filter("claims").group_by("domain")
    counted = each.agg(pl.len(), pl.col("shown").n_unique().alias("different"))
    liars = counted.filter((pl.col("len") >= CLAIMS) & (pl.col("different") >= 0.5 * pl.col("len")))
    made_up = pl.col("claims") & pl.col("domain").is_in(liars["domain"].implode())
    return told.with_columns(
        made_up.alias("is_made_up"), (pl.col("loads") | (pl.col("claims") & ~made_up)).alias("browses")
    )


@given(
    st.lists(ONES, min_size=1, max_size=60), st.integers(0, 60), st.lists(st.integers(0, 7000), min_size=4, max_size=4)
)
@settings(max_examples=60, deadline=None)
def test_intervals_are_what_groups_would_be(ones: list[dict[str, Any]], parted: int, since: list[int]) -> None:
    rows = prepared(ones)
    parts = [observe(part) for part in (rows[parted:], rows[:parted]) if part.height]
    slots = with_browsers(observe(rows))
    wanted = [(scale, at(moment)) for scale, moment in zip(SCALES, since, strict=True)]
    cut = Cut(Spread.of(pl.concat(parts)), wanted)
    counted = cut.count(times=2)
    clients = cut.clients(counted["where"])
    for place, (scale, moment) in enumerate(wanted):
        interval = pl.col("slot").dt.truncate(scale.name).alias("interval")
        first = pl.select(pl.lit(moment).dt.truncate(scale.name)).item()
        own = slots.with_columns(interval).filter(pl.col("interval") >= first)
        keys = ["domain", "client", "interval"]
        plain = own.group_by(keys).agg(
            pl.col("requests", "errors", "odd").sum(),
            pl.col("is_made_up").first(),
            (pl.col("browses") | pl.col("declared")).any().alias("others"),
        )
        counts = counted.filter(pl.col("scale") == place)
        members = clients.filter(pl.col("where").is_in(counts["where"].implode()))
        names = [*keys, "requests", "errors", "odd", "is_made_up"]
        assert_frame_equal(members.select(names).sort(keys), plain.select(names).sort(keys), check_dtypes=False)
        both = members.join(plain, on=keys)
        assert both.filter(pl.col("is_bare") == pl.any_horizontal("others", "is_dry", "is_lucky")).is_empty()
        told = members.group_by("domain", "interval").agg(
            (2 * pl.col("is_bare").sum()).alias("bare"),
            (2 * (~pl.col("is_bare")).sum()).alias("browsing"),
            (2 * pl.col("is_dry").sum()).alias("dry"),
        )
        wide = counts.drop("where", "scale")
        assert_frame_equal(wide, told.sort("domain", "interval"), check_dtypes=False)


def test_made_up_referrers_are_those_of_many_that_differ() -> None:
    def browsing(different: int, clients: int) -> float:
        ones = [
            {"seconds": number, "address": f"192.0.2.{number}", "referrer": f"https://{number % different}.example/"}
            for number in range(clients)
        ]
        return float(Spread.of(observe(prepared(ones))).browsing.browses.mean())

    assert browsing(CLAIMS, CLAIMS) == 0
    assert browsing(CLAIMS // 2, CLAIMS) == 0
    assert browsing(CLAIMS // 2 - 1, CLAIMS) == 1
    assert browsing(CLAIMS - 1, CLAIMS - 1) == 1


@given(st.lists(st.integers(0, 40), min_size=1, max_size=50), st.sampled_from([1, 3, SPARSE * 60]))
@settings(max_examples=60, deadline=None)
def test_codes_are_numbered_by_rank(codes: list[int], apart: int) -> None:
    numbers, distinct = number_codes(np.array(codes) * apart)
    assert distinct.tolist() == sorted({code * apart for code in codes})
    assert distinct[numbers].tolist() == [code * apart for code in codes]


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
