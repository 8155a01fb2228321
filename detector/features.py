"""`features(events) -> frame`: one function for training, scan and the live detector."""

import polars as pl

from detector.context import LOGIN_INTERVAL, Context
from detector.sessions import sessionize
from detector.table import FEATURES, NAMES
from enrich.signs import ASSET_PATH, CRAWLER_AGENT, EXPLOITS, LOGIN_PATH, PROBES, TOOL_AGENT, match_signs

IDENTITY = ("client", "user_agent", "start", "end", "domain", "top_path")


def prepare(events: pl.DataFrame) -> pl.DataFrame:
    """Add to each request what the features count: assets, logins, attack signs, the user agent's class.

    Args:
        events: EVENT_SCHEMA.

    Returns:
        The same rows in the same order with Boolean columns; a user agent, domain or path that is null becomes "".
    """
    path, agent = pl.col("path").str.to_lowercase(), pl.col("user_agent").str.to_lowercase()
    status = pl.col("status")
    login = path.str.contains(LOGIN_PATH) & pl.col("method").is_in(["POST", "PUT"])
    ready = events.with_columns(
        pl.col("user_agent", "domain", "path", "method").fill_null(""), pl.col("url").fill_null("")
    )
    flagged = ready.with_columns(path.str.contains(ASSET_PATH).alias("is_asset"), login.alias("is_login")).with_columns(
        (pl.col("is_login") & status.is_in([200, 400, 401, 403, 422, 429])).alias("login_failed"),
        (pl.col("is_login") & (status.is_between(300, 399) | status.is_in([201, 204]))).alias("login_succeeded"),
    )
    distinct = flagged.select("user_agent").unique()
    classes = distinct.with_columns(
        agent.str.contains(TOOL_AGENT).alias("agent_tool"), agent.str.contains(CRAWLER_AGENT).alias("agent_crawler")
    )
    signs = match_signs(flagged["url"]).select(pl.all().name.prefix("sign_"))
    return flagged.join(classes, on="user_agent", how="left", maintain_order="left").hstack(signs)


def features(prepared: pl.DataFrame, context: Context | None = None) -> pl.DataFrame:
    """Compute every feature of every session.

    Args:
        prepared: Output of `prepare`, all requests of the clients in question.
        context: What else is known, of the whole site; None takes what `prepared` tells (`Context.of`).

    Returns:
        One row per session: IDENTITY, then NAMES as Float64 without nulls, in the table's order.
    """
    rows = sessionize(prepared)
    own = [feature.compute.alias(feature.name) for feature in FEATURES if feature.compute is not None]
    sessions = rows.group_by("session", maintain_order=True).agg(
        pl.col("visit", "client", "user_agent", "domain").first(),
        pl.col("time").min().alias("start"),
        pl.col("time").max().alias("end"),
        pl.col("path").filter(~pl.col("is_asset")).mode().sort().first().fill_null("").alias("top_path"),
        pl.col("time").filter("login_failed").max().dt.truncate(LOGIN_INTERVAL).alias("interval"),
        *own,
    )
    site = (Context.of(prepared) if context is None else context).logins
    joined = (
        sessions.join(_peaks(rows, "session", "peak_10s"), on="session", how="left", maintain_order="left")
        .join(_visits(rows), on="visit", how="left", maintain_order="left")
        .join(site, on=["domain", "interval"], how="left", maintain_order="left")
    )
    numbers = [pl.col(name).cast(pl.Float64).fill_nan(0.0).fill_null(0.0) for name in NAMES]
    return joined.select(*IDENTITY, *numbers)


def _peaks(rows: pl.DataFrame, whose: str, name: str) -> pl.DataFrame:
    """Return each session's or visit's most requests in one interval of 10 s."""
    counts = rows.group_by(whose, pl.col("time").dt.truncate("10s")).len()
    return counts.group_by(whose).agg(pl.col("len").max().alias(name))


def _visits(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what the client did as a whole, whatever user agents it showed."""
    probes, exploits = (pl.any_horizontal(f"sign_{name}" for name in names) for names in (PROBES, EXPLOITS))
    totals = rows.group_by("visit").agg(
        pl.len().alias("client_requests"),
        pl.col("user_agent").n_unique().alias("client_user_agents"),
        pl.col("path").filter(pl.col("status").is_in([404, 410])).n_unique().alias("client_missing_paths"),
        probes.sum().alias("client_probes"),
        exploits.sum().alias("client_exploits"),
        pl.col("login_failed").sum().alias("client_login_failures"),
    )
    return totals.join(_peaks(rows, "visit", "client_peak_10s"), on="visit")
