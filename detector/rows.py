"""Requests as numbers: the narrow frame that features are computed on, sorted by session.

Texts are hashed once; sorting and counting numbers costs a tenth of sorting and counting texts.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.prepare import BROKEN, DECLARED, REFUSED, UNAUTHORIZED, mask
from detector.profile import SiteProfile, extension
from detector.sessions import number
from enrich.signs import EXPLICIT, EXPLOITS, PRIVATE, PROBES

Ints = NDArray[np.int64]

FEW_CLIENTS = 2
"""What a site has served to fewer clients may have been served to attackers alone."""

SCRIPTS = (
    "php",
    "php5",
    "php7",
    "phtml",
    "asp",
    "aspx",
    "ashx",
    "asmx",
    "jsp",
    "jspx",
    "do",
    "action",
    "cgi",
    "pl",
    "cfm",
)
"""Extensions that tell a site's technology."""

EXPLICIT_MARKS = mask(set(EXPLICIT) - set(EXPLOITS))
ORDINARY_MARKS = mask(set(PROBES) - set(EXPLICIT))
"""Probes that are attacks by themselves, and those that are ordinary where the site has what was asked for."""
PRIVATE_MARKS = mask(PRIVATE)
"""Probes that are attacks where they are refused to somebody who followed no link."""
MASKS = (EXPLICIT_MARKS, PRIVATE_MARKS, ORDINARY_MARKS)

_BREAK = 120_000_000
"""Microseconds that stand for any longer pause: longer than the widest window that is looked at."""

_BITS = 64
"""Of the widest number there is."""

_TAKEN = (
    "time",
    "status",
    "bytes",
    "is_asset",
    "is_page",
    "is_numbered",
    "is_login",
    "at_login",
    "login_failed",
    "login_succeeded",
    "is_blind_login",
    "is_malformed",
    "is_shell",
    "is_exploit",
    "agent",
    "marks",
    "depth",
    "query_length",
    "query_entropy",
    "client_key",
    "agent_key",
    "path_key",
    "url_key",
)


def number_rows(prepared: pl.DataFrame, profile: SiteProfile) -> pl.DataFrame:
    """Return the requests as numbers, sorted by session and time.

    Args:
        prepared: Output of `detector.prepare.prepare`.
        profile: What the sites serve.

    Returns:
        One row per request: `row` (its place in `prepared`), `visit`, `session`, `gap`, what `prepare` added, and
        `url_length`, `is_linked`, `is_head`, `is_change`, `is_robots`, `is_probe`, `is_knock`,
        `is_unknown`, `is_foreign`, `is_missing`, `new_path`, `new_url`, `new_missing` (first of its session),
        `has_failed`, `has_succeeded`, `is_denied_again`.
    """
    status, method, referrer = pl.col("status").fill_null(0), pl.col("method"), pl.col("referrer").fill_null("-")
    narrow = prepared.select(
        *_TAKEN,
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        pl.col("url").str.len_bytes().alias("url_length"),
        (~referrer.is_in(["-", ""])).alias("is_linked"),
        method.is_in(["HEAD", "OPTIONS"]).alias("is_head"),
        (~method.is_in(["GET", "HEAD", "OPTIONS", "PROPFIND", ""])).alias("is_change"),
        (pl.col("path") == "/robots.txt").alias("is_robots"),
        (status.is_in([404, 410])).alias("is_missing"),
    )
    numbered = number(narrow.hstack(_known(prepared, profile)))
    firsts = [
        _is_first("path_key").alias("new_path"),
        _is_first("url_key").alias("new_url"),
        (pl.when("is_missing").then(_within("path_key")).is_first_distinct() & pl.col("is_missing")).alias(
            "new_missing"
        ),
    ]
    return numbered.with_columns(*firsts, *_login_outcomes())


def _known(prepared: pl.DataFrame, profile: SiteProfile) -> pl.DataFrame:
    """Return what the site's history says to each request: whether it is a probe, unknown, of a foreign technology."""
    explicit, private, ordinary = ((pl.col("marks") & mask) != 0 for mask in MASKS)
    # A server that is down (5xx) refuses its own visitors, who follow links.
    bare = pl.col("referrer").is_in(["-", ""]).fill_null(value=True)
    refused = pl.col("status").fill_null(0).is_between(REFUSED, BROKEN - 1) | ((pl.col("status") >= BROKEN) & bare)
    # Robots that say so ask for whatever somebody linked to; 401 is what owners get before they say who they are.
    snoops = private & refused & (pl.col("status") != UNAUTHORIZED) & bare & ((pl.col("agent") & DECLARED) == 0)
    if profile.is_empty:
        nothing = pl.lit(value=False)
        return prepared.select(
            (explicit | snoops).alias("is_probe"),
            (ordinary & refused & ~snoops).alias("is_knock"),
            nothing.alias("is_unknown"),
            nothing.alias("is_foreign"),
        )
    keys = prepared.select((pl.col("path_key") ^ pl.col("domain").hash(seed=2)).alias("key"))["key"]
    first = keys.arg_unique()
    asked = prepared.select("domain", "path").gather(first)
    known = profile.known(asked).hstack(asked).with_columns(keys.gather(first))
    script = extension().is_in(SCRIPTS)
    facts = known.select(
        "key",
        (pl.col("known_clients") >= FEW_CLIENTS).alias("is_served"),
        (pl.col("is_profiled") & (pl.col("known_clients") == 0)).alias("is_new"),
        (pl.col("is_profiled") & script & (pl.col("extension_clients") == 0)).alias("is_strange"),
    )
    rows = prepared.select("marks", "status", "agent", "is_asset", "referrer", keys).join(
        facts, on="key", how="left", maintain_order="left"
    )
    page = ~pl.col("is_asset")
    return rows.select(
        (explicit | (snoops & ~pl.col("is_served"))).alias("is_probe"),
        (ordinary & refused & ~snoops & ~pl.col("is_served")).alias("is_knock"),
        (pl.col("is_new") & page).alias("is_unknown"),
        (pl.col("is_strange") & page & refused).alias("is_foreign"),
    )


def _within(key: str) -> pl.Expr:
    # Knuth's multiplicative hashing (2^64 over the golden ratio): one number for session and key.
    return pl.col(key) ^ (pl.col("session").cast(pl.UInt64) * pl.lit(0x9E3779B97F4A7C15, pl.UInt64))


def _is_first(key: str) -> pl.Expr:
    return _within(key).is_first_distinct()


def _login_outcomes() -> list[pl.Expr]:
    """Judge logins by what follows: back at the login page, or at the next attempt, nobody has got in."""
    session, status = pl.col("session"), pl.col("status").fill_null(0)
    same = session == session.shift(-1)
    # Who changes the user agent for each attempt shows what follows only in the visit.
    back = pl.when(same).then(pl.col("at_login").shift(-1)).otherwise(pl.col("then_login"))
    # A browser would follow the redirect, and had fetched the form; where others were refused, this one was not.
    comes_first = (session != session.shift(1)) | pl.col("is_blind_login").shift(1)
    unfollowed = pl.col("is_blind_login") & pl.col("then_login").is_null() & comes_first.fill_null(value=True)
    again = back.fill_null(value=False) | unfollowed
    before = (
        (session == session.shift(1))
        & (status.shift(1) == UNAUTHORIZED)
        & (pl.col("path_key") == pl.col("path_key").shift(1))
    )
    refused = pl.col("is_login") & pl.col("login_failed")
    return [
        (refused | (pl.col("login_succeeded") & again)).alias("has_failed"),
        (pl.col("login_succeeded") & ~again).alias("has_succeeded"),
        ((status == UNAUTHORIZED) & before & ~pl.col("is_login")).fill_null(value=False).alias("is_denied_again"),
    ]


def in_time(owners: pl.Series, times: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return owners and times sorted by both, for `busiest`.

    Args:
        owners: UInt32 of shape (n,).
        times: Datetimes of shape (n,).
    """
    if times.null_count():  # what has no time is in no interval
        owners, times = owners.filter(times.is_not_null()), times.drop_nulls()
    owner, stamp = owners.to_numpy(), times.to_physical().to_numpy()
    if not len(owner):
        return owners, times
    # One number for both: numbers alone are sorted some times faster than rows.
    begin = int(stamp.min())
    bits = max(int(stamp.max()) - begin, 1).bit_length()
    if bits + int(owner.max()).bit_length() > _BITS:
        order = np.lexsort((stamp, owner)).astype(np.uint32)
        return owners.gather(order), times.gather(order)
    packed = (owner.astype(np.uint64) << np.uint64(bits)) | (stamp - begin).astype(np.uint64)
    packed.sort()
    found = (packed & np.uint64((1 << bits) - 1)).astype(np.int64) + begin
    ordered = pl.Series(times.name, found).cast(times.dtype)
    return pl.Series(owners.name, (packed >> np.uint64(bits)).astype(np.uint32)), ordered


def busiest(owners: pl.Series, times: pl.Series, windows: dict[str, int]) -> pl.DataFrame:
    """Return each owner's most requests within sliding windows.

    Args:
        owners: Numbers of shape (n,), equal ones side by side.
        times: Datetimes of shape (n,), ascending within an owner.
        windows: Column names and widths in seconds, at most 60.

    Returns:
        `owner` and the columns (UInt32), one row per owner.
    """
    owner, stamp = owners.to_numpy(), times.dt.epoch("us").to_numpy()
    if not len(owner):
        return pl.DataFrame(schema={"owner": owners.dtype, **dict.fromkeys(windows, pl.UInt32)})
    begins = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    steps = np.minimum(np.diff(stamp, prepend=stamp[0]), _BREAK)
    steps[begins] = _BREAK
    # One line of time on which owners lie too far apart to share a window; each of its moments once, for logs tell
    # whole seconds.
    is_new = steps > 0
    line = np.cumsum(steps[is_new])
    moments = np.flatnonzero(is_new)
    until = np.append(moments[1:], len(stamp))
    firsts = np.searchsorted(moments, begins)
    peaks = {
        name: np.maximum.reduceat(until - moments[np.searchsorted(line, line - seconds * 1_000_000, "right")], firsts)
        for name, seconds in windows.items()
    }
    return pl.DataFrame({"owner": owner[begins], **peaks}).cast(
        {"owner": owners.dtype, **dict.fromkeys(windows, pl.UInt32)}
    )
