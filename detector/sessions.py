"""Sessions: one client's requests with one user agent, with no gap over 30 minutes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.segments import Bools, Keys, Rows, changes, order_within, put_in_order

GAP = timedelta(minutes=30)
"""The inactivity time-out that web usage mining has used since Catledge and Pitkow, 1995 (measured: 25.5 minutes)."""

NO_TIME = -(1 << 61)
"""The moment of a request without a time, in microseconds: before all others, and too long ago for any visit."""

SECOND = 1_000_000
"""In microseconds."""

HOUR = 3600 * SECOND
"""Likewise."""

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Numbered:
    """Requests in the order of session and time.

    Attributes:
        rows: Their places before, shape (n,).
        times: Microseconds since 1970, shape (n,).
        visit, session: Numbers from 0 on without a gap, ascending, shape (n,).
        begins: The first request of each session, shape (m,).
        gap: Microseconds since the request before it in the same session; 0 for the first.
        then_login: Whether the visit's next request goes to a login page (1) or not (0); -1 for the visit's last.
    """

    rows: Rows
    times: Rows
    visit: Rows
    session: Rows
    begins: Rows
    gap: Rows
    then_login: NDArray[np.int8]


def moments(times: pl.Series) -> Rows:
    """Return datetimes of shape (n,) as microseconds since 1970, NO_TIME where one is null."""
    return times.dt.cast_time_unit("us").to_physical().fill_null(NO_TIME).to_numpy()


def moment(time: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def microseconds(length: timedelta) -> int:
    """Return how many microseconds a length has."""
    return length // _MICROSECOND


def sessionize(events: pl.DataFrame) -> pl.DataFrame:
    """Sort events by session and time, and number sessions and visits.

    Args:
        events: At least `client`, `user_agent` and `time`, any order.

    Returns:
        The same rows, sorted, with `visit` and `session` (UInt32, counted from 1 within this frame) and `gap` (seconds
        since the request before it in the same session, null for the first). A visit is all that one client does with
        no gap over 30 minutes, whatever user agents it shows: every session lies in one visit.
    """
    named = events.with_columns(pl.col("user_agent").fill_null(""))
    clients, agents = (named[name].hash(seed=1).to_numpy() for name in ("client", "user_agent"))
    found = number(clients, moments(named["time"]), agents, np.zeros(named.height, np.bool_))
    gap = np.where(changes(found.session), np.nan, found.gap / SECOND)
    return named.select(pl.all().gather(found.rows)).with_columns(
        pl.Series("visit", found.visit + 1, dtype=pl.UInt32),
        pl.Series("session", found.session + 1, dtype=pl.UInt32),
        pl.Series("gap", gap, nan_to_null=True, dtype=pl.Float64),
    )


def number(clients: Keys, times: Rows, agents: Keys, at_login: Bools) -> Numbered:
    """Sort requests by session and time, and number sessions and visits: see `sessionize`.

    Args:
        clients: Hashes of shape (n,).
        agents: Likewise.
        times: Output of `moments`.
        at_login: Which of them go to a login page.
    """
    rows, clients = put_in_order(clients, times)
    times, agents, login = times[rows], agents[rows], at_login[rows]
    begins_visit = changes(clients)
    begins_visit[1:] |= _is_late(times)
    visit = np.cumsum(begins_visit) - 1
    then_login = np.full(len(rows), -1, np.int8)
    then_login[:-1] = login[1:]
    then_login[:-1][begins_visit[1:]] = -1
    mixed, order = _by_agent(visit, agents)
    for column in (rows, times, agents, then_login):
        column[mixed] = column[order]
    begins_session = changes(visit, agents)
    begins_session[1:] |= _is_late(times)
    gap = np.diff(times, prepend=times[:1])
    gap[begins_session] = 0
    session = np.cumsum(begins_session) - 1
    return Numbered(rows, times, visit, session, np.flatnonzero(begins_session), gap, then_login)


def _by_agent(visits: Rows, agents: Keys) -> tuple[Rows, Rows]:
    """Return the places of rows in visits with several agents, and which row comes to each place."""
    differ = (visits[1:] == visits[:-1]) & (agents[1:] != agents[:-1])
    has_several = np.zeros(int(visits[-1]) + 1 if len(visits) else 0, np.bool_)
    has_several[visits[1:][differ]] = True
    mixed = np.flatnonzero(has_several[visits])
    return mixed, mixed[order_within(visits[mixed], agents[mixed])]


def _is_late(times: Rows) -> Bools:
    return np.asarray((np.diff(times) > microseconds(GAP)) | (times[1:] == NO_TIME))
