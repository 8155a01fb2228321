"""Sessions: one client's requests with one user agent, with no gap over 30 minutes."""

from datetime import timedelta

import polars as pl

GAP = timedelta(minutes=30)
"""The inactivity time-out that web usage mining has used since Catledge and Pitkow, 1995 (measured: 25.5 minutes)."""


def sessionize(events: pl.DataFrame) -> pl.DataFrame:
    """Sort events by session and time, and number sessions and visits.

    Args:
        events: EVENT_SCHEMA, any order.

    Returns:
        The same rows, sorted, with `visit` and `session` (UInt32, counted within this frame) and `gap` (seconds since
        the request before it in the same session, null for the first). A visit is all that one client does with no
        gap over 30 minutes, whatever user agents it shows: every session lies in one visit.
    """
    known = events.with_columns(pl.col("user_agent").fill_null(""))
    visits = _number(known.sort("client", "time", maintain_order=True), ["client"], "visit")
    sessions = _number(
        visits.sort("visit", "user_agent", "time", maintain_order=True), ["visit", "user_agent"], "session"
    )
    first = pl.col("session") != pl.col("session").shift()
    waited = pl.col("time").diff().dt.total_microseconds() / 1e6
    return sessions.with_columns(pl.when(~first.fill_null(value=True)).then(waited).alias("gap"))


def _number(ordered: pl.DataFrame, keys: list[str], name: str) -> pl.DataFrame:
    begins = pl.any_horizontal(pl.col(key) != pl.col(key).shift() for key in keys) | (pl.col("time").diff() > GAP)
    return ordered.with_columns(begins.fill_null(value=True).cum_sum().cast(pl.UInt32).alias(name))
