"""Sprays that take a day: one attempt from each of many addresses, a few an hour, show in no shorter interval."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.attempts import count_triers, judge_triers, tell_triers, with_outcomes
from detector.describe import key_of
from detector.memory import SPAN, SUMS
from detector.runs import members
from detector.segments import begins, changes, in_order, joint_key
from detector.sessions import HOUR, moment
from detector.siteverdict import TIMES
from detector.traffic import Scale

DAY = Scale("24h", "24 h", timedelta(hours=24), timedelta(minutes=10), 0, 50, 24.0)

HOURS = 24


def by_day(memory: pl.DataFrame, since: datetime) -> pl.DataFrame:
    """Return who only tried to log in during the day before the end of each hour.

    Args:
        memory: detector.memory.MEMORY_SCHEMA.
        since: The first hour wanted is the one that holds this moment.

    Returns:
        `domain`, `client`, `interval` (the day's beginning), `where` (a number for site and day), `requests`, `failed`,
        and the Booleans `is_dry` and `is_lucky` as in detector.traffic; nothing at all where nobody tried.
    """
    attempts = memory.filter((pl.col("login_failures") > 0) | (pl.col("login_successes") > 0))
    last = attempts["hour"].max()
    if not isinstance(last, datetime):
        return pl.DataFrame()
    first = moment(since) // HOUR - HOURS + 1
    days = _Days.of(attempts, first, moment(last) // HOUR - HOURS + 1)
    sums = {name: days.add_up(attempts[name].to_numpy()) for name in SUMS}
    names = {"login_failures": "failed", "login_successes": "succeeded", "blind_logins": "blind"}
    sites = key_of(attempts["domain"]).to_numpy()
    own = (
        pl.DataFrame(sums)
        .rename(names)
        .with_columns(
            pl.Series("where", joint_key(sites[days.rows], days.begins)),
            pl.Series("interval", days.begins * HOUR).cast(attempts.schema["hour"]),
        )
    )
    told = tell_triers(with_outcomes(own, "where"), others=pl.col("assets") > 0)
    return attempts.select(pl.col("domain", "client").gather(days.rows)).hstack(
        told.select("interval", "where", "requests", "failed", "is_dry", "is_lucky")
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """Each client of each site in each day in which it tried to log in, shape (k,).

    Attributes:
        order: The memory's rows, client by client and hour by hour, shape (n,).
        rows: One of the memory's rows of this client.
        begins: The day's first hour, counted from 1970.
        low: Where in `order` the day's rows begin.
        high: Where they end.
    """

    order: NDArray[np.integer]
    rows: NDArray[np.integer]
    begins: NDArray[np.int64]
    low: NDArray[np.intp]
    high: NDArray[np.intp]

    @classmethod
    def of(cls, attempts: pl.DataFrame, first: int, latest: int) -> "_Days":
        """Look for the days from one that begins at `first` to one that begins at `latest`."""
        hours = attempts["hour"].to_physical().to_numpy() // HOUR
        places = joint_key(key_of(attempts["client"]).to_numpy(), key_of(attempts["domain"]).to_numpy())
        order = in_order(places, hours)
        places, hours = places[order], hours[order]
        starts = begins(places, hours)
        own, client = hours[starts], np.cumsum(changes(places[starts]))
        # A day that holds the hour in which the client tried before begins there.
        oldest = np.maximum(own - HOURS + 1, first)
        again = client[1:] == client[:-1]
        oldest[1:][again] = np.maximum(oldest[1:], own[:-1] + 1)[again]
        sizes = np.maximum(np.minimum(own, latest) - oldest + 1, 0)
        which, days = np.repeat(np.arange(len(starts)), sizes), members(oldest, sizes)
        # Clients and hours in one number, to find each day's end among the rows.
        begun = int(own.min())
        span = int(own.max()) - begun + 1
        ends = client[which] * span + np.minimum(days + HOURS - 1 - begun, span - 1)
        high = np.searchsorted(
            np.repeat(client, np.diff(starts, append=len(hours))) * span + hours - begun, ends, "right"
        )
        return cls(order, order[starts[which]], days, starts[which], high)

    def add_up(self, values: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the sums of something of the memory's rows, shape (n,), over each day."""
        running = np.concatenate([[0], np.cumsum(values[self.order], dtype=np.int64)])
        return np.asarray(running[self.high] - running[self.low], np.int64)


def judge_days(clients: pl.DataFrame, history: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the days in which many tried to log in, and what is worth keeping of all days.

    Args:
        clients: Output of `by_day`.
        history: HISTORY_SCHEMA of days that were seen before.

    Returns:
        Flags as `detector.siteverdict.judge_logins` gives them, and rows for the history.
    """
    named = pl.col("domain", "interval").first()
    seen = clients.group_by("where").agg(named, *count_triers()).drop("where")
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
