"""Whatever a log holds, the detector counts and judges it without failing."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.anomaly import source_object
from detector.events import EVENT_SCHEMA, complete
from detector.features import IDENTITY, features, prepare
from detector.kinds import KINDS, NORMAL
from detector.model import SessionModel
from detector.reasons import MOST, explain
from detector.sessions import GAP, sessionize
from detector.table import NAMES
from detector.training import label_sessions, train
from detector.window import Window
from enrich.signs import SIGNS, match_signs
from wwwatch.examples import labelled_events

TEXT = st.none() | st.text(max_size=20)
URL = TEXT | st.sampled_from(["/", "/login", "/a?b=c", "/%00%ff%25", "?", "//", "/a.css", "/../../etc/passwd"])
ADDRESS = (
    st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "::ffff:192.0.2.1", ":", None]) | TEXT
)
MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)) | st.datetimes(  # noqa: DTZ001 - made aware below
    datetime(2026, 5, 4, 9),  # noqa: DTZ001
    datetime(2026, 5, 4, 11),  # noqa: DTZ001
)
NUMBER = st.none() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([200, 302, 401, 404, 500])
REQUEST = st.fixed_dictionaries(
    {
        "time": st.none() | MOMENT.map(lambda moment: moment.replace(tzinfo=UTC)),
        "address": ADDRESS,
        "user_agent": TEXT,
        "method": TEXT | st.sampled_from(["GET", "POST", "HEAD"]),
        "url": URL,
        "status": NUMBER,
        "bytes": NUMBER,
        "referrer": TEXT,
        "domain": st.sampled_from(["example.org", None]) | TEXT,
    }
)
RAW = {name: dtype for name, dtype in EVENT_SCHEMA.items() if name not in {"client", "path"}}
EVENTS: st.SearchStrategy[pl.DataFrame] = st.lists(REQUEST, max_size=25).map(
    lambda requests: complete(pl.DataFrame(requests, schema=RAW))
)
Check = Callable[..., Any]
usual = settings(max_examples=60)


@pytest.fixture(scope="module")
def model() -> SessionModel:
    """A very small model."""
    sessions = label_sessions(labelled_events(3, sessions=150)).filter("is_grown")
    return train(sessions, sessions.clear(), now=datetime(2026, 5, 1, tzinfo=UTC))


@usual
@given(EVENTS)
def test_any_events_give_finite_features(events: pl.DataFrame) -> None:
    prepared = prepare(events)
    assert prepared.height == events.height
    sessions = features(prepared)
    assert sessions.columns == [*IDENTITY, *NAMES]
    assert np.isfinite(sessions.select(NAMES).to_numpy()).all()
    assert sessions["requests"].sum() == events.height


@usual
@given(EVENTS)
def test_any_events_are_judged_and_explained(model: SessionModel, events: pl.DataFrame) -> None:
    sessions = Window().add(events)
    matrix = model.matrix(sessions)
    verdicts = model.judge(matrix)
    assert verdicts["score"].is_between(0, 100).all()
    assert verdicts["confidence"].is_between(0, 1).all()
    assert set(verdicts["kind"]) <= {NORMAL, *KINDS}
    kinds = [kind if kind != NORMAL else "novel" for kind in verdicts["kind"]]
    for some in explain(model, matrix, kinds):
        assert 1 <= len(some) <= MOST
        assert all(reason.sentence and np.isfinite([reason.value, reason.usual]).all() for reason in some)


@usual
@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_events_changes_no_feature(events: pl.DataFrame, dice: Any) -> None:
    known = events.drop_nulls("time")
    order = list(range(known.height))
    dice.shuffle(order)
    key = ["client", "user_agent", "start"]
    # Of one client's requests at the same moment, which comes first is the log's to say: the domain is the first one's.
    numbers = [name for name in NAMES if name != "site_login_clients"]
    straight = features(prepare(known)).sort(key).select(*key, *numbers)
    mixed = features(prepare(known[order])).sort(key).select(*key, *numbers)
    assert straight.select(key).equals(mixed.select(key))
    np.testing.assert_allclose(straight.select(numbers).to_numpy(), mixed.select(numbers).to_numpy(), rtol=1e-9)


@usual
@given(EVENTS)
def test_sessions_part_the_events_and_hold_no_long_gap(events: pl.DataFrame) -> None:
    rows = sessionize(events.drop_nulls("time"))
    assert rows.height == events.drop_nulls("time").height
    grouped = rows.group_by("session").agg(
        pl.col("client", "user_agent", "visit").n_unique(), pl.col("time").diff().max().alias("longest")
    )
    assert grouped.select(pl.col("client", "user_agent", "visit").eq(1).all()).row(0) == (True, True, True)
    assert grouped["visit"].len() == rows["session"].n_unique()
    assert (rows["gap"].drop_nulls() >= 0).all()
    # A session may wait longer than the gap only while its client goes on under another user agent - never: it ends.
    assert (rows["gap"].drop_nulls() <= GAP.total_seconds()).all()


@usual
@given(st.lists(EVENTS, max_size=5))
def test_pages_of_any_events_never_break_the_window(pages: list[pl.DataFrame]) -> None:
    window = Window()
    total = 0
    for page in pages:
        window.add(page)
        window.evict()
        total += page.height
        assert window.rows.height <= total
        assert window.rows["time"].null_count() == 0


@usual
@given(st.lists(TEXT, max_size=20))
def test_any_urls_are_matched_in_their_order(urls: list[str | None]) -> None:
    matched = match_signs(pl.Series("url", urls, dtype=pl.String))
    assert matched.shape == (len(urls), len(SIGNS))
    assert matched.null_count().sum_horizontal().item() == 0
    for url, row in zip(urls, matched.rows(), strict=True):
        assert match_signs(pl.Series([url], dtype=pl.String)).row(0) == row


@given(st.text(max_size=40))
def test_only_addresses_become_an_ip(client: str) -> None:
    source = source_object(client)
    assert source["address"] == client
    assert all(character in "0123456789abcdefABCDEF:.%" for character in source.get("ip", ""))
