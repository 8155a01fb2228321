"""Parties: who is behind an address, and what each party did in all its sessions.

An address is one party, whatever user agents it shows: changing the user agent on every request hides nothing. An
address that many browsing people share (an office, a mobile carrier, a reverse proxy whose log lost the addresses) is
none: there each user agent is a party of its own, and only what shows signs of an attack is one together.
"""

import polars as pl

from detector.prepare import BROWSER
from detector.rows import ORDINARY_MARKS, PRIVATE_MARKS, busiest, in_time

CROWD = 5
"""User agents that load pages and images as browsers do, from which on an address is shared: a household has fewer."""

LINKS = 2
"""Images, styles or scripts with a referrer that make a browser's session a browsing person's."""

FOLLOWS = 5
"""Links to different pages that a browser's session follows where a site's images and styles are elsewhere."""

FAST = 15
"""Requests of a party below which nobody asks for its most asked page."""

TURNED_AWAY = (301, 302, 303, 307, 308, 403)
TIMEOUTS = (408, 444, 499, 504)
COMMON_ANSWERS = 3
"""Different pages may have the same size by chance; so many panels of different software do not."""


def assign_parties(sessions: pl.DataFrame) -> pl.DataFrame:
    """Say which party each session belongs to.

    Args:
        sessions: `session`, `visit`, `is_browser`, `linked_assets`, `links` and `signed` (requests with signs),
            sorted by `session`.

    Returns:
        `party` (UInt32, the number of one of the party's sessions), `crowd` (UInt32) and `is_shared` (the session is
        one person's among many), one row per session.
    """
    visits = (pl.col("linked_assets") >= LINKS) | (pl.col("links") >= FOLLOWS)
    browses = pl.col("is_browser") & visits & (pl.col("signed") == 0)
    marked = sessions.select("session", "visit", "signed", browses.alias("browses")).with_columns(
        pl.col("browses").sum().over("visit").cast(pl.UInt32).alias("crowd")
    )
    # Among many a program is on its own as well; what attacks may show ever other names.
    alone = (pl.col("signed") == 0) & (pl.col("crowd") >= CROWD)
    others = pl.col("session").filter(~alone).min().over("visit")
    return marked.select(
        pl.when(alone).then(pl.col("session")).otherwise(others).alias("party"), "crowd", alone.alias("is_shared")
    )


def total_parties(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what each party did.

    Args:
        rows: Output of `detector.rows.number_rows` with `party`.

    Returns:
        `party` and the features of `detector.table_context.CLIENT` but `crowd`.
    """
    linked = pl.col("is_asset") & pl.col("is_linked")
    totals = rows.group_by("party").agg(
        pl.len().alias("client_requests"),
        pl.col("agent_key").n_unique().alias("client_user_agents"),
        linked.sum().alias("client_linked_assets"),
        pl.col("status").is_in(TIMEOUTS).sum().alias("client_timeouts"),
        pl.col("is_malformed").sum().alias("client_malformed"),
        pl.col("has_failed").sum().alias("client_login_failures"),
        pl.col("has_succeeded").sum().alias("client_login_successes"),
    )
    missing, page = pl.col("is_missing"), ~pl.col("is_asset")
    # Where all is sent to https or to the front page, or forbidden, guessing shows no 404.
    turned_away = missing | pl.col("status").is_in(TURNED_AWAY)
    got = pl.col("status").is_between(200, 299)
    parts = [
        _distinct(rows, turned_away, client_missing_paths=missing, client_guessed_paths=page & ~pl.col("is_linked")),
        _distinct(rows, pl.col("is_probe"), client_probes=pl.lit(value=True)),
        _distinct(rows, pl.col("is_knock"), client_knocks=pl.lit(value=True)),
        _distinct(rows, pl.col("is_exploit"), "url_key", client_exploits=pl.lit(value=True)),
        _distinct(rows, pl.col("is_shell"), client_shells=pl.lit(value=True)),
        _distinct(rows, pl.col("is_foreign"), client_foreign_paths=pl.lit(value=True)),
        _distinct(rows, page & got, client_got=pl.lit(value=True)),
        _distinct(
            rows.filter("is_page").with_columns(
                pl.when("is_numbered").then("url_key").otherwise("path_key").alias("page_key")
            ),
            got,
            "page_key",
            client_pages=pl.lit(value=True),
            client_unlinked_pages=~pl.col("is_linked") & ((pl.col("agent") & BROWSER) != 0),
        ),
        _same_answers(rows),
        _same_refusals(rows),
        *_peaks(rows.select("party", "time", "path_key", linked.alias("linked")).filter(~pl.col("linked"))),
    ]
    for part in parts:
        totals = totals.join(part, on="party", how="left")
    # An application or a crawler that gets hundreds of pages misses some; who guesses gets next to none.
    guessed, taken = (pl.col(name).fill_null(0).cast(pl.Int64) for name in ("client_guessed_paths", "client_got"))
    knocks = pl.col("client_knocks").fill_null(0) + pl.col("knocks_alike").fill_null(0)
    return totals.with_columns(
        (guessed - taken).clip(0).alias("client_guessed_paths"), knocks.alias("client_knocks")
    ).drop("client_got", "knocks_alike")


def _distinct(rows: pl.DataFrame, which: pl.Expr, key: str = "path_key", **columns: pl.Expr) -> pl.DataFrame:
    """Count the party's distinct keys among some rows, per column those for which its condition held once."""
    chosen = rows.lazy().filter(which).select("party", key, **columns)
    each = chosen.group_by("party", key).agg(pl.col(*columns).any())
    return each.group_by("party").agg(pl.col(*columns).sum()).collect()


def _same_answers(rows: pl.DataFrame) -> pl.DataFrame:
    """Count, at most, the different pages that were answered alike: a site that has no 404 shows guessing so."""
    alike = rows.filter(
        ~pl.col("is_asset")
        & pl.col("status").is_in([200, 302])
        & ~pl.col("is_head")
        & (pl.col("bytes") > 0)
        & pl.col("new_path")
    )
    sizes = alike.group_by("party", "status", "bytes").agg(pl.col("path_key").n_unique().alias("same"))
    most = sizes.group_by("party").agg(pl.col("same").max())
    beyond = (pl.col("same").cast(pl.Int64) - COMMON_ANSWERS).clip(0)
    return most.select("party", beyond.alias("client_same_answers"))


def _same_refusals(rows: pl.DataFrame) -> pl.DataFrame:
    """Count the party's knocks that a site without 404 answers, all alike, with its front page or a redirect."""
    looks = (pl.col("marks") & (PRIVATE_MARKS | ORDINARY_MARKS)) != 0
    alike = rows.filter(
        looks & ~pl.col("is_knock") & ~pl.col("is_probe") & ~pl.col("is_linked") & pl.col("status").is_between(200, 399)
    )
    sizes = alike.group_by("party", "status", "bytes").agg(pl.col("path_key").n_unique().alias("same"))
    many = sizes.filter(pl.col("same") >= COMMON_ANSWERS)
    return many.group_by("party").agg(pl.col("same").sum().alias("knocks_alike"))


def _peaks(rows: pl.DataFrame) -> list[pl.DataFrame]:
    windows = {"client_peak_10s": 10, "client_peak_60s": 60}
    overall = busiest(*in_time(rows["party"], rows["time"]), windows).rename({"owner": "party"})
    fast = overall.filter(pl.col("client_peak_10s") >= FAST).select("party")
    own = rows.select("party", "time", "path_key").join(fast, on="party", how="semi")
    some = own.sort("party", "path_key", "time")
    pages = some.with_columns(pl.struct("party", "path_key").rle_id().alias("owner"))
    peaks = busiest(pages["owner"], pages["time"], {"client_same_10s": 10})
    owners = pages.select("owner", "party").unique()
    same = peaks.join(owners, on="owner").group_by("party").agg(pl.col("client_same_10s").max())
    return [overall, same]
