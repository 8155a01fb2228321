"""Sessions: one client's requests with one user agent, with no gap over 30 minutes."""

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

GAP = timedelta(minutes=30)
"""The inactivity time-out that web usage mining has used since Catledge and Pitkow, 1995 (measured: 25.5 minutes)."""


def sessionize(events: pl.DataFrame) -> pl.DataFrame:
    """Sort events by session and time, and number sessions and visits.

    Args:
        events: At least `client`, `user_agent` and `time`, any order.

    Returns:
        The same rows, sorted, with `visit` and `session` (UInt32, counted within this frame) and `gap` (seconds since
        the request before it in the same session, null for the first). A visit is all that one client does with no
        gap over 30 minutes, whatever user agents it shows: every session lies in one visit.
    """
    keys = events.select(
        "time",
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.col("client").hash(seed=1).alias("client_key"),
        pl.col("user_agent").fill_null("").hash(seed=1).alias("agent_key"),
        pl.lit(value=False).alias("at_login"),
    )
    numbered = number(keys)
    named = events.with_columns(pl.col("user_agent").fill_null(""))
    return named.select(pl.all().gather(numbered["row"])).hstack(numbered.select("visit", "session", "gap"))


def number(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort rows by session and time, and number sessions and visits: see `sessionize`.

    Args:
        rows: At least `client_key` and `agent_key` (hashes, UInt64), `time` and `at_login`; `client_key` goes.

    Returns:
        The rows, sorted, with `visit`, `session`, `gap`, and `then_login`: whether the visit's next request goes to a
        login page (null for its last).
    """
    order = rows.select("client_key", "time", "agent_key", "at_login").with_row_index("_at")
    # Sorting is most of the work here: requests mostly come in the order of time, and what is sorted stays so.
    if not order["time"].is_sorted():
        order = order.sort("time", maintain_order=True)
    order = order[sort_stably(order["client_key"].to_numpy())]
    new_client = pl.col("client_key") != pl.col("client_key").shift()
    visit = _count(new_client | _is_late())
    order = order.with_columns(visit.alias("visit"))
    follows = pl.col("visit") == pl.col("visit").shift(-1)
    order = order.with_columns(pl.when(follows).then(pl.col("at_login").shift(-1)).alias("then_login"))
    order = order[_by_agent(order["visit"].to_numpy(), order["agent_key"].to_numpy())]
    changes = (pl.col("visit") != pl.col("visit").shift()) | (pl.col("agent_key") != pl.col("agent_key").shift())
    order = order.with_columns(_count(changes | _is_late()).alias("session"))
    first = (pl.col("session") != pl.col("session").shift()).fill_null(value=True)
    waited = pl.col("time").diff().dt.total_microseconds() / 1e6
    order = order.with_columns(pl.when(~first).then(waited).alias("gap"))
    found = rows.drop("client_key").select(pl.all().gather(order["_at"]))
    return found.hstack(order.select("visit", "session", "gap", "then_login"))


def sort_stably(keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the rows in the order of their keys, equal ones as they stand.

    A key's last bits give way to the row's number, and the numbers alone are sorted: some times faster than sorting
    rows by keys. Keys are hashes, so that others hardly ever begin alike; where they do, it takes the long way.

    Args:
        keys: Hashes of shape (n,).
    """
    count = len(keys)
    last = np.uint64((1 << max(count - 1, 1).bit_length()) - 1)
    packed = (keys & ~last) | np.arange(count, dtype=np.uint64)
    packed.sort()
    rows = (packed & last).astype(np.uint32)
    ordered = keys[rows]
    return rows if bool((ordered[1:] >= ordered[:-1]).all()) else np.argsort(keys, kind="stable").astype(np.uint32)


def _by_agent(visits: NDArray[np.uint32], agents: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the rows in the order of visit and agent, equal ones as they stand; they are sorted by visit."""
    rows = np.arange(len(visits), dtype=np.uint32)
    changes = (visits[1:] == visits[:-1]) & (agents[1:] != agents[:-1])
    several = np.isin(visits, visits[1:][changes]) if changes.any() else np.zeros(len(visits), np.bool_)
    mixed = np.flatnonzero(several)
    if len(mixed):  # most visits show one agent and stay as they are
        rows[mixed] = mixed[np.lexsort((agents[mixed], visits[mixed]))]
    return rows


def _is_late() -> pl.Expr:
    return pl.col("time").diff() > GAP


def _count(begins: pl.Expr) -> pl.Expr:
    return begins.fill_null(value=True).cum_sum().cast(pl.UInt32)
