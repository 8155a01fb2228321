"""Sessions: one client's requests with one user agent, with no gap over 30 minutes."""

from datetime import timedelta

import polars as pl

GAP = timedelta(minutes=30)
"""The inactivity time-out that web usage mining has used since Catledge and Pitkow, 1995 (measured: 25.5 minutes)."""

SESSION_KEY = ("client", "user_agent")


def sessionize(events: pl.DataFrame) -> pl.DataFrame:
    """Sort events by session and time, and number the sessions.

    Args:
        events: EVENT_SCHEMA, any order.

    Returns:
        The same rows, sorted, with `session` (UInt32, counted from 1 within this frame) and `gap` (seconds since the
        request before it in the same session, null for the first).
    """
    known = events.with_columns(pl.col("user_agent").fill_null(""))
    ordered = known.sort(*SESSION_KEY, "time", maintain_order=True)
    waited = pl.col("time").diff()
    begins = pl.any_horizontal(pl.col(key) != pl.col(key).shift() for key in SESSION_KEY) | (waited > GAP)
    return (
        ordered.with_columns(begins.fill_null(value=True).alias("_begins"), waited.alias("gap"))
        .with_columns(
            pl.col("_begins").cum_sum().cast(pl.UInt32).alias("session"),
            pl.when(~pl.col("_begins")).then(pl.col("gap").dt.total_microseconds() / 1e6).alias("gap"),
        )
        .drop("_begins")
    )
