"""Bounds of the memory: how many requests of a session, of a client, and of all stay.

A session that has more than SESSION_ROWS requests keeps the newest, and a client with more than CLIENT_ROWS in all its
sessions likewise, so that a flood costs no more at each step than anybody else. What went is counted: a session still
has all its requests and its real beginning.
"""

import polars as pl

from detector.places import may_be_busy
from detector.sessions import GAP

SESSION_ROWS = 2_000
"""Requests of one session that are kept: no feature of an attack tells more beyond them."""

CLIENT_ROWS = 5_000
"""Requests of one client that are kept: enough to see that many people share it."""

SLACK = 1.25
"""Times as many from which on it is worth the work to cut."""

ROOM = 0.9
"""Share of all that stays when there are too many: so that not each page has to cut again."""

CUT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "client": pl.String,
    "user_agent": pl.String,
    "begun": pl.Datetime("us", "UTC"),
    "until": pl.Datetime("us", "UTC"),
    "went": pl.UInt32,
}
"""One row per session of which requests went: the first and the last of them, and how many."""


def empty_cut() -> pl.DataFrame:
    """Return a table of nothing (CUT_SCHEMA)."""
    return pl.DataFrame(schema=CUT_SCHEMA)


def keep_newest(rows: pl.DataFrame, cut: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cut sessions and clients with very many requests.

    Args:
        rows: Prepared requests in any order.
        cut: What went before (CUT_SCHEMA).

    Returns:
        The requests that stay, in their order, and what went until now.
    """
    if not may_be_busy(rows["client_key"].to_numpy(), int(SLACK * SESSION_ROWS)):
        return rows, cut
    busy = rows.group_by("client_key").len().filter(pl.col("len") > SLACK * SESSION_ROWS)
    if busy.is_empty():
        return rows, cut
    numbered = rows.with_row_index("_row")
    known = numbered.join(busy, on="client_key", how="semi").select("_row", "client", "user_agent", "time")
    newest = known.sort("time", "_row", descending=True)
    ranked = newest.with_columns(
        pl.int_range(pl.len()).over("client", "user_agent").alias("_own"),
        pl.len().over("client", "user_agent").alias("_session"),
    ).with_columns(
        ((pl.col("_session") > SLACK * SESSION_ROWS) & (pl.col("_own") >= SESSION_ROWS)).alias("_goes"),
    )
    left = pl.col("_goes").not_().cast(pl.UInt32)
    crowded = left.sum().over("client") > SLACK * CLIENT_ROWS
    gone = ranked.filter(pl.col("_goes") | (crowded & (left.cum_sum().over("client") > CLIENT_ROWS)))
    if gone.is_empty():
        return rows, cut
    own = gone.group_by("client", "user_agent").agg(
        pl.col("time").min().alias("begun"), pl.col("time").max().alias("until"), pl.len().alias("went")
    )
    both = pl.concat([cut, own.cast(pl.Schema(CUT_SCHEMA))]).sort("client", "user_agent", "until")
    stays = numbered.join(gone, on="_row", how="anti", maintain_order="left").drop("_row")
    return stays, _merge(both)


def _merge(cut: pl.DataFrame) -> pl.DataFrame:
    # Parts of one session follow each other within the gap; what lies further apart is another session's.
    key = ["client", "user_agent"]
    apart = (pl.col("begun") - pl.col("until").shift().over(key) > GAP).fill_null(value=True)
    numbered = cut.with_columns(apart.cum_sum().alias("_part"))
    merged = numbered.group_by(*key, "_part").agg(pl.col("begun").min(), pl.col("until").max(), pl.col("went").sum())
    return merged.select(pl.col(name).cast(dtype) for name, dtype in CUT_SCHEMA.items())


def add_cut(sessions: pl.DataFrame, cut: pl.DataFrame) -> pl.DataFrame:
    """Give sessions back what went of them: their beginning, and the number of requests.

    Args:
        sessions: IDENTITY and features.
        cut: CUT_SCHEMA.
    """
    if cut.is_empty() or sessions.is_empty():
        return sessions
    numbered = sessions.with_row_index("_row")
    found = numbered.select("_row", "client", "user_agent", "start", "end").join(cut, on=["client", "user_agent"])
    own = found.filter((pl.col("start") <= pl.col("until") + GAP) & (pl.col("end") >= pl.col("begun")))
    totals = own.group_by("_row").agg(pl.col("begun").min(), pl.col("went").sum())
    went = pl.col("went").fill_null(0)
    start = pl.min_horizontal("start", "begun")
    longer = (pl.col("start") - start).dt.total_microseconds() / 1e6
    joined = numbered.join(totals, on="_row", how="left", maintain_order="left")
    grown = [pl.col(name) + went for name in ("requests", "client_requests") if name in sessions.columns]
    return joined.with_columns(start.alias("start"), pl.col("duration") + longer, *grown).select(sessions.columns)


def keep_active(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """Keep, where there are more than `most` requests, those of the clients that were active last."""
    if rows.height <= most:
        return rows
    clients = rows.group_by("client").agg(pl.col("time").max().alias("last"), pl.len())
    ranked = clients.sort("last", "client", descending=True).filter(pl.col("len").cum_sum() <= ROOM * most)
    return rows.join(ranked, on="client", how="semi", maintain_order="left")
