"""Sprays that take a day: one attempt from each of many addresses, a few an hour, show in no shorter interval."""

from datetime import datetime, timedelta

import polars as pl

from detector.attempts import count_triers, judge_triers, tell_triers, with_outcomes
from detector.memory import SPAN
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
    days = pl.concat([attempts.with_columns(interval=pl.col("hour") - back * _HOUR) for back in range(HOURS)])
    own = days.filter((pl.col("interval") >= first) & (pl.col("interval") <= pl.lit(last) - SPAN + _HOUR))
    sums = own.group_by("domain", "client", "interval").agg(
        pl.col("login_failures").sum().alias("failed"),
        pl.col("login_successes").sum().alias("succeeded"),
        pl.col("blind_logins").sum().alias("blind"),
        pl.col("assets", "requests").sum(),
    )
    told = tell_triers(with_outcomes(sums, "domain", "interval"), others=pl.col("assets") > 0)
    return told.select("domain", "client", "interval", "requests", "failed", "is_dry", "is_lucky")


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
