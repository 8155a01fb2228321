"""Findings: what an engine said of a log, laid beside the truth, by client, by session and by incident."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from detector.evaluation.truth import ATTACK, CRAWLER, NORMAL
from detector.kinds import NORMAL as NO_KIND

REPORTED, MAILED = 25.0, 50.0
"""Scores from which on an incident is kept, and from which on the mail rule takes it (core/severity.py's bands)."""

MOMENT = pl.Datetime("us", "UTC")
SESSION_SCHEMA: dict[str, pl.DataType] = {
    "client": pl.String(),
    "user_agent": pl.String(),
    "start": MOMENT,
    "end": MOMENT,
    "requests": pl.Float64(),
    "score": pl.Float64(),
    "kind": pl.String(),
}
"""Every session of the log, with its score also where that is below every threshold."""

INCIDENT_SCHEMA: dict[str, pl.DataType] = {
    "incident": pl.String(),
    "kind": pl.String(),
    "score": pl.Float64(),
    "start": MOMENT,
    "end": MOMENT,
    "clients": pl.List(pl.String()),
}
"""Every incident as it stood at the end, with all its clients."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What an engine said of a log.

    Attributes:
        sessions: SESSION_SCHEMA.
        incidents: INCIDENT_SCHEMA.
    """

    sessions: pl.DataFrame
    incidents: pl.DataFrame


def by_client(findings: Findings, truth: pl.DataFrame) -> pl.DataFrame:
    """Lay incidents and scores beside the truth, client by client.

    A client counts as named only where an incident lists it: that is what a sysadmin reads.

    Args:
        findings: Of the whole log.
        truth: TRUTH_SCHEMA, a row for each client of the log.

    Returns:
        TRUTH_SCHEMA and `score` (of its highest session or incident, 0 to 100, 0 where none), `reported`, `mailed`,
        `requests`, and `kind` (of the highest incident that lists it, "" where none does).
    """
    own = findings.sessions.group_by("client").agg(pl.col("score").max().alias("own"), pl.col("requests").sum())
    named = (
        findings.incidents.explode("clients")
        .rename({"clients": "client"})
        .sort("score", descending=True)
        .group_by("client", maintain_order=True)
        .agg(pl.col("score").first().alias("listed"), pl.col("kind").first())
    )
    return (
        truth.join(own, on="client", how="left")
        .join(named, on="client", how="left")
        .select(
            *truth.columns,
            pl.max_horizontal("own", "listed").fill_null(0.0).alias("score"),
            (pl.col("listed") >= REPORTED).fill_null(value=False).alias("reported"),
            (pl.col("listed") >= MAILED).fill_null(value=False).alias("mailed"),
            pl.col("requests").fill_null(0.0),
            pl.col("kind").fill_null(""),
        )
    )


def by_session(findings: Findings, truth: pl.DataFrame) -> pl.DataFrame:
    """Lay sessions beside the truth of their clients.

    Args:
        findings: Of the whole log.
        truth: TRUTH_SCHEMA, a row for each client of the log.

    Returns:
        SESSION_SCHEMA with `truth`, `attack_type`, and `reported` and `mailed` by the session's own score.
    """
    is_named = pl.col("kind") != NO_KIND
    return findings.sessions.join(truth, on="client", how="left").with_columns(
        (is_named & (pl.col("score") >= REPORTED)).alias("reported"),
        (is_named & (pl.col("score") >= MAILED)).alias("mailed"),
    )


def by_incident(findings: Findings, truth: pl.DataFrame) -> pl.DataFrame:
    """Lay incidents beside the truth of the clients that they list.

    Returns:
        INCIDENT_SCHEMA with `attackers`, `normal` and `crawlers` (how many clients of each truth it lists), `size` (all
        its clients) and `is_false`: no attacker is in it, and a normal client or a crawler is.
    """
    each = findings.incidents.select("incident", "clients").explode("clients").rename({"clients": "client"})
    counted = (
        each.join(truth, on="client", how="left")
        .group_by("incident")
        .agg(
            (pl.col("truth") == ATTACK).sum().alias("attackers"),
            (pl.col("truth") == NORMAL).sum().alias("normal"),
            (pl.col("truth") == CRAWLER).sum().alias("crawlers"),
            pl.len().alias("size"),
        )
    )
    is_false = (pl.col("attackers") == 0) & (pl.col("normal") + pl.col("crawlers") > 0)
    return findings.incidents.join(counted, on="incident", how="left").with_columns(is_false.alias("is_false"))


def days_of(events: pl.DataFrame) -> float:
    """Return how many days of the log hold any request: sources may be single days that lie years apart."""
    return float(max(events["time"].drop_nulls().dt.date().n_unique(), 1))


def span_of(events: pl.DataFrame) -> tuple[datetime | None, datetime | None]:
    """Return the first and last time of a log."""
    first, last = events["time"].min(), events["time"].max()
    return (first if isinstance(first, datetime) else None), (last if isinstance(last, datetime) else None)
