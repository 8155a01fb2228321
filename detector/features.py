"""`features(events) -> frame`: one function for training, scan and the live detector."""

import numpy as np
import polars as pl

from detector.context import LOGIN_INTERVAL, Context
from detector.describe import BROWSER
from detector.feature import ratio
from detector.memory import recall
from detector.parties import LINKS, assign_parties, follow_own_links
from detector.peaks import Windows
from detector.pieces import gather
from detector.places import is_among
from detector.prepare import prepare
from detector.requests import Floats, Requests
from detector.rows import COUNTED, number_rows
from detector.segments import Bools, Rows, begins
from detector.sessions import NO_TIME
from detector.table import BY_NAME, FEATURES, NAMES
from detector.table_context import DAY, NOW
from detector.totals import Parties, total_parties
from detector.words import BIT, mask

__all__ = ["IDENTITY", "features", "prepare"]

IDENTITY = ("client", "user_agent", "start", "end", "domain", "top_path")

NEEDED = (*COUNTED, "client", "user_agent", "domain", "path")
"""Columns of prepared requests that `features` looks at."""

_ATTEMPTS = ("day_login_failures", "day_login_successes")

PEAKS = {"peak_1s": 1, "peak_10s": 10, "peak_60s": 60}


def features(prepared: pl.DataFrame, context: Context | None = None) -> pl.DataFrame:
    """Compute every feature of every session.

    Args:
        prepared: Output of `prepare`, all requests of the clients in question.
        context: What else is known, of the whole site; None takes what `prepared` tells (`Context.of`).

    Returns:
        One row per session: IDENTITY, then NAMES as Float64 without nulls, in the table's order.
    """
    known = Context.of(prepared) if context is None else context
    requests = number_rows(prepared, known.profile, known.answers)
    windows = Windows(requests.begins, requests.order.times, PEAKS.values())
    own = _own(requests, windows)
    sites = gather(prepared.select("domain_key"), requests.order.rows[requests.begins]).to_series().to_numpy()
    own["agent_missing"] *= is_among(sites, known.naming)
    of_sessions = _sessions(requests, own).with_columns(
        pl.Series("follows", follow_own_links(requests, own["linked_assets"], prepared), pl.Boolean)
    )
    of_sessions = of_sessions.hstack(assign_parties(of_sessions))
    parties = Parties.numbered(of_sessions["party"].to_numpy().astype(np.int64))
    named = gather(prepared.select("client", "user_agent", "domain"), requests.order.rows[requests.begins])
    pages = _top_paths(requests, prepared).alias("top_path")
    numbers = own | total_parties(requests, parties, own, windows, prepared)
    totals = pl.DataFrame(numbers | {"client_unlinked_pages": _unlinked(numbers)})
    sessions = of_sessions.select("visit", "start", "end", "interval", "is_browser", "crowd", "is_shared")
    sessions = sessions.hstack(named).hstack([pages]).hstack(totals)
    sessions = sessions.join(known.logins, on=["domain", "interval"], how="left", maintain_order="left")
    day = recall(known.memory, sessions.select("client", "end")).select(feature.name for feature in DAY)
    # What an address did in a day adds to what it does now, and makes no attack of a visit without any. It says nothing
    # of one person among the many behind the address, and little of who browses and got in at last.
    got_in = pl.col("is_browser") & (pl.col("linked_assets") >= LINKS) & (pl.col("login_successes") > 0)
    earlier = [
        pl.when(pl.col("is_shared") | got_in | ((_now(name) == 0) & pl.lit(BY_NAME[name].hostile > 0)))
        .then(0.0)
        .otherwise(_before(name))
        .alias(name)
        for name in NOW
    ]
    columns = [pl.col(name).cast(pl.Float64).fill_nan(0.0).fill_null(0.0) for name in NAMES]
    return sessions.hstack(day).with_columns(*earlier).select(*IDENTITY, *columns)


def _unlinked(numbers: dict[str, Floats]) -> Floats:
    """Return `client_unlinked_pages`: of who gives no name where others do, and loads nothing, all its pages."""
    nameless = (numbers["agent_missing"] > 0) & (numbers["linked_assets"] == 0)
    return np.where(nameless, numbers["client_pages"], numbers["client_unlinked_pages"])


def _before(name: str) -> pl.Expr:
    """Return what the client did earlier: in the day, less what it does now.

    Of attempts to log in no more were earlier than there were besides this visit's: what follows shows the visit that
    some have failed, which the day, hour by hour, took for successes.
    """
    before = (pl.col(name).cast(pl.Float64) - _now(name)).clip(0)
    if name not in _ATTEMPTS:
        return before
    besides = pl.sum_horizontal(pl.col(each).cast(pl.Float64) - _now(each) for each in _ATTEMPTS).clip(0)
    return pl.min_horizontal(before, besides)


def _now(name: str) -> pl.Expr:
    return pl.sum_horizontal(pl.col(each) for each in NOW[name])


def _own(requests: Requests, windows: Windows) -> dict[str, Floats]:
    """Return the features of each session's own requests, each of shape (m,), NaN where there is no answer."""
    found = {feature.name: feature.compute(requests) for feature in FEATURES if feature.compute is not None}
    found |= {name: windows.most(seconds).astype(np.float64) for name, seconds in PEAKS.items()}
    found["unknown_share"] = ratio(requests.odd.count("is_unknown"), found["pages"])
    return found


def _sessions(requests: Requests, own: dict[str, Floats]) -> pl.DataFrame:
    """Return what else there is to know of each session."""
    times, firsts = requests.order.times, requests.begins
    first = requests.words[requests.paths.first]
    links = requests.paths.owner[(first & mask(("is_linked", "is_change", "at_login"))) == BIT["is_linked"]]
    rows = requests.odd.rows[requests.odd.has("has_failed")]
    failed = np.full(len(firsts), NO_TIME)
    np.maximum.at(failed, requests.order.session[rows], times[rows])
    return pl.DataFrame(
        {
            "visit": requests.visit,
            "start": _datetimes(times[firsts]),
            "end": _datetimes(times[firsts + requests.sizes - 1]),
            "interval": _datetimes(failed).dt.truncate(LOGIN_INTERVAL),
            "is_browser": (requests.agent & BROWSER) != 0,
            "linked_assets": own["linked_assets"],
            "links": requests.each(links),
            "signed": requests.each(requests.order.session[np.flatnonzero(requests.marks)]),
        }
    )


def _datetimes(moments: Rows) -> pl.Series:
    known = pl.Series(moments)
    return known.set(known <= NO_TIME, None).cast(pl.Datetime("us", "UTC"))


def _top_paths(requests: Requests, prepared: pl.DataFrame) -> pl.Series:
    """Return each session's most asked page, of several the one that it asked for first; "" where there is none."""
    pairs, found = requests.paths, pl.Series([""]).new_from_index(0, len(requests.begins))
    pages = np.flatnonzero((pairs.words & BIT["is_asset"]) == 0)
    if not len(pages):
        return found
    top = pages[_is_greatest(pairs.size[pages], pairs.owner[pages])]
    top = top[_is_greatest(-requests.order.times[pairs.first[top]], pairs.owner[top])]
    paths = gather(prepared.select("path"), requests.order.rows[pairs.first[top]]).to_series()
    owner = pairs.owner[top]
    starts = begins(owner)
    if len(starts) == len(top):
        return found.scatter(owner, paths)
    # Of one second there may be several.
    best = pl.DataFrame({"owner": owner, "path": paths}).group_by("owner").agg(pl.col("path").min())
    return found.scatter(best["owner"], best["path"])


def _is_greatest(values: Rows, owners: Rows) -> Bools:
    """Return which values no other of the same owner exceeds, shape (n,); owners ascend."""
    starts = begins(owners)
    most = np.maximum.reduceat(values, starts)
    return np.asarray(values == np.repeat(most, np.diff(starts, append=len(owners))))
