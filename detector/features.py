"""`features(events) -> frame`: one function for training, scan and the live detector."""

import polars as pl

from detector.context import LOGIN_INTERVAL, Context
from detector.memory import recall
from detector.parties import LINKS, assign_parties, total_parties
from detector.prepare import BROWSER, prepare
from detector.rows import busiest, number_rows
from detector.table import BY_NAME, FEATURES, NAMES
from detector.table_context import DAY, NOW
from detector.table_signs import ATTACK

__all__ = ["IDENTITY", "features", "prepare"]

IDENTITY = ("client", "user_agent", "start", "end", "domain", "top_path")

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
    rows = number_rows(prepared, known.profile)
    sessions = _sessions(rows).hstack(busiest(rows["session"], rows["time"], PEAKS).drop("owner"))
    sessions = sessions.hstack(assign_parties(sessions))
    rows = rows.with_columns(sessions["party"].gather(rows["session"] - 1))
    names = prepared.select("client", "user_agent", "domain").select(pl.all().gather(sessions["row"]))
    sessions = (
        sessions.hstack(names)
        .join(_top_paths(rows, prepared["path"]), on="session", how="left", maintain_order="left")
        .join(_signs(rows), on="session", how="left", maintain_order="left")
        .join(total_parties(rows), on="party", how="left", maintain_order="left")
        .join(known.logins, on=["domain", "interval"], how="left", maintain_order="left")
    )
    day = recall(known.memory, sessions.select("client", "end")).select(feature.name for feature in DAY)
    # What an address did in a day adds to what it does now, and makes no attack of a visit without any. It says nothing
    # of one person among the many behind the address, and little of who browses and got in at last.
    got_in = pl.col("is_browser") & (pl.col("linked_assets") >= LINKS) & (pl.col("login_successes") > 0)
    earlier = [
        pl.when(pl.col("is_shared") | got_in | ((_now(name) == 0) & pl.lit(BY_NAME[name].hostile > 0)))
        .then(0.0)
        .otherwise((pl.col(name).cast(pl.Float64) - _now(name)).clip(0))
        .alias(name)
        for name in NOW
    ]
    numbers = [pl.col(name).cast(pl.Float64).fill_nan(0.0).fill_null(0.0) for name in NAMES]
    return sessions.hstack(day).with_columns(*earlier, pl.col("top_path").fill_null("")).select(*IDENTITY, *numbers)


def _now(name: str) -> pl.Expr:
    return pl.sum_horizontal(pl.col(each).fill_null(0).cast(pl.Float64) for each in NOW[name])


def _sessions(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what each session's own requests tell, sorted by `session`, which counts from 1 without a gap."""
    own = [
        feature.compute.alias(feature.name)
        for feature in FEATURES
        if feature.compute is not None and feature not in ATTACK
    ]
    return rows.group_by("session", maintain_order=True).agg(
        pl.col("visit", "row").first(),
        pl.col("time").min().alias("start"),
        pl.col("time").max().alias("end"),
        pl.col("time").filter("has_failed").max().dt.truncate(LOGIN_INTERVAL).alias("interval"),
        ((pl.col("agent").first() & BROWSER) != 0).alias("is_browser"),
        (pl.col("is_linked") & pl.col("new_path") & ~pl.col("is_change") & ~pl.col("at_login")).sum().alias("links"),
        (pl.col("marks") != 0).sum().alias("signed"),
        (pl.col("is_unknown").sum() / (~pl.col("is_asset")).sum()).alias("unknown_share"),
        *own,
    )


def _top_paths(rows: pl.DataFrame, paths: pl.Series) -> pl.DataFrame:
    """Return each session's most asked page."""
    pages = rows.filter(~pl.col("is_asset")).group_by("session", "path_key").agg(pl.len(), pl.col("row").first())
    most = pages.filter(pl.col("len") == pl.col("len").max().over("session"))
    named = most.select("session", paths.gather(most["row"]).alias("top_path"))
    return named.group_by("session").agg(pl.col("top_path").min())


def _signs(rows: pl.DataFrame) -> pl.DataFrame:
    signed = rows.filter(pl.col("marks") != 0)
    return signed.group_by("session").agg(
        feature.compute.alias(feature.name) for feature in ATTACK if feature.compute is not None
    )
