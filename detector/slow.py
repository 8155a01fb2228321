"""Sprays that take a day: one attempt from each of many addresses, a few an hour, show in no shorter interval."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from detector.attempts import count_triers, judge_triers, tell_triers, with_outcomes
from detector.describe import key_of
from detector.memory import SPAN, SUMS
from detector.segments import begins, joint_key, sort_stably, totals
from detector.siteverdict import TIMES
from detector.traffic import Scale

DAY = Scale("24h", "24 h", timedelta(hours=24), timedelta(minutes=10), 0, 50, 24.0)

HOURS = 24
_HOUR = timedelta(hours=1)


def by_day(memory: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """Return who only tried to log in during the day before the end of each hour.

    Args:
        memory: detector.memory.MEMORY_SCHEMA.
        since: The first hour wanted is the one that holds this moment.

    Returns:
        `domain`, `client`, `interval` (the day's beginning), `requests`, `failed`, and the Booleans `is_dry` and
        `is_lucky` as in detector.traffic; nothing at all where nobody tried.
    """
    attempts = memory.filter((pl.col("login_failures") > 0) | (pl.col("login_successes") > 0))
    last = attempts["hour"].max()
    if not isinstance(last, datetime):
        return pl.DataFrame()
    first = pl.lit(since, dtype=memory.schema["hour"]).dt.truncate("1h") - SPAN + _HOUR
    own = _in_days(attempts, pl.select(first).to_series().to_physical().item(), last)
    order = sort_stably(own["who"].to_numpy())
    starts = begins(own["who"].to_numpy()[order])
    begun = order[starts]
    sums = own.select(pl.col("row", "where", "interval").gather(begun)).with_columns(
        pl.Series(name, totals(own[name].to_numpy()[order], starts)) for name in SUMS
    )
    sums = sums.rename({"login_failures": "failed", "login_successes": "succeeded", "blind_logins": "blind"})
    told = tell_triers(with_outcomes(sums, "where"), others=pl.col("assets") > 0)
    return attempts.select(pl.col("domain", "client").gather(told["row"])).hstack(
        told.select("interval", "requests", "failed", "is_dry", "is_lucky")
    )


def _in_days(attempts: pl.DataFrame, first: int, last: datetime) -> pl.DataFrame:
    """Return each row of a memory once in each day that holds it.

    Args:
        attempts: MEMORY_SCHEMA.
        first: The first day's beginning, microseconds since 1970.
        last: The hour with which the last day ends.

    Returns:
        The sums, `row` in `attempts`, `interval`, and numbers for day and site (`where`) and day and client (`who`).
    """
    ends = attempts["hour"].to_physical().to_numpy()
    hour = _HOUR // timedelta(microseconds=1)
    days = ends - np.arange(HOURS)[:, np.newaxis] * hour
    latest = pl.select(pl.lit(last, attempts.schema["hour"])).to_series().to_physical().item() - (HOURS - 1) * hour
    rows = np.nonzero((days >= first) & (days <= latest))
    sites, intervals = key_of(attempts["domain"]).to_numpy(), days[rows]
    places = joint_key(key_of(attempts["client"]).to_numpy(), sites)
    return attempts.select(pl.col(SUMS).gather(rows[1])).with_columns(
        pl.Series("row", rows[1]),
        pl.Series("interval", intervals).cast(attempts.schema["hour"]),
        pl.Series("where", joint_key(sites[rows[1]], intervals)),
        pl.Series("who", joint_key(places[rows[1]], intervals)),
    )


def judge_days(clients: pl.DataFrame, history: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the days in which many tried to log in, and what is worth keeping of all days.

    Args:
        clients: Output of `by_day`.
        history: HISTORY_SCHEMA of days that were seen before.

    Returns:
        Flags as `detector.siteverdict.judge_logins` gives them, and rows for the history.
    """
    seen = clients.group_by("domain", "interval").agg(count_triers())
    before = history.filter(pl.col("scale") == DAY.name).select(
        "domain", pl.col("interval") + SPAN, pl.col("dry").alias("usual")
    )
    here = seen.select("domain", pl.col("interval") + SPAN, pl.col("dry").alias("usual"))
    usual = pl.concat([before.cast({"usual": pl.UInt32}), here.cast({"usual": pl.UInt32})])
    usual = usual.unique(["domain", "interval"], keep="last")
    known = seen.join(usual, on=["domain", "interval"], how="left").with_columns(pl.col("usual").fill_null(0))
    dry, lucky = pl.col("dry"), pl.col("lucky")
    flagged = known.filter((dry >= DAY.floor_dry) & (dry >= TIMES * pl.col("usual")) & (dry >= lucky))
    nothing = [pl.lit(0, pl.UInt32).alias(name) for name in ("bare", "browsing", "bare_requests", "bare_errors")]
    return judge_triers(flagged.with_columns(nothing), pl.col("usual"), HOURS), known
