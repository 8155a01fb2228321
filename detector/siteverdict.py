"""Verdicts on sites: which intervals are attacks by many, and the anomaly that says so."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from core.documents import document_id
from detector.anomaly import MOST_ADDRESSES, Anomaly
from detector.attempts import judge_triers
from detector.kinds import FLOOD_KINDS, LOGIN_KINDS
from detector.reasons import Reason

TIMES = 4.0
"""How many times the usual is too much, where visitors load images and styles and so can be told from others."""

TIMES_BLIND = 10.0
"""The same where they don't (all assets on another host, an API): clients must also be alike, or the server suffer."""

ALIKE = 0.5
"""Share of the bare clients with the same user agent, or with made-up referrers, from which on they are alike."""

SUFFERING = 0.2
"""Share of answers 5xx from which on the server suffers."""

MORE = 0.1
"""An anomaly to which no client was added is written again when so many more requests came."""

_TOLD = ("bare", "browsing", "dry", "lucky", "failed", "bare_requests", "bare_errors", "count", "usual")


def reaches_floor() -> pl.Expr:
    """Say whether an interval (with floors) has enough for `judge_floods` or `judge_logins` to name it."""
    return (pl.col("bare") >= pl.col("floor_bare")) | (pl.col("dry") >= pl.col("floor_dry"))


def judge_floods(counted: pl.DataFrame) -> pl.DataFrame:
    """Return the intervals in which a site was flooded or scanned by many.

    Args:
        counted: Output of `with_usual`, with `usual_clients` (0: not known).

    Returns:
        The same columns and `kind` (`ddos` or `scan`), `count`, `usual` and `score`: 50 at the least that is called an
        attack, 25 more for each ten times as many, 10 more where the server suffers.
    """
    bare = pl.col("bare").cast(pl.Float64)
    expected = pl.max_horizontal("usual_bare", pl.col("usual_share") * pl.col("browsing"))
    suffers = pl.col("bare_errors") >= SUFFERING * pl.col("bare_requests")
    lies = pl.col("made_up") >= ALIKE * pl.col("bare")
    can_tell = pl.col("loads_assets") | lies | (pl.col("alike") >= ALIKE * pl.col("bare")) | suffers
    least = pl.max_horizontal(
        pl.col("floor_bare").cast(pl.Float64), pl.when("loads_assets").then(TIMES).otherwise(TIMES_BLIND) * expected
    )
    beyond_learnt = bare + pl.col("browsing") > pl.col("hourly") * pl.col("usual_clients")
    found = counted.filter((bare >= least) & can_tell & beyond_learnt)
    score = 50 + 25 * (bare / least).log10() + pl.when(suffers).then(10).otherwise(0)
    odd = pl.col("bare_odd") >= 0.6 * pl.col("bare")
    return found.with_columns(
        pl.when(odd).then(pl.lit("scan")).otherwise(pl.lit("ddos")).alias("kind"),
        pl.col("bare").alias("count"),
        pl.col("usual_bare").alias("usual"),
        score.clip(0, 100).alias("score"),
    )


def judge_logins(counted: pl.DataFrame) -> pl.DataFrame:
    """Return the intervals in which many tried to log in, few attempts each.

    Args:
        counted: Output of `with_usual`, with `usual_logins` (0: not known); an hour long or less.

    Returns:
        The same columns and `kind` (`spray`, or `stuffing` where some get in), `count`, `usual` and `score`: by how
        many in an hour, as an incident's (detector.incidents).
    """
    dry, lucky = pl.col("dry"), pl.col("lucky")
    least = pl.max_horizontal(pl.col("floor_dry").cast(pl.Float64), TIMES * pl.col("usual_dry"))
    enough = (dry >= least) & (dry >= lucky) & (dry > 3 * pl.col("hourly") * pl.col("usual_logins"))
    return judge_triers(counted.filter(enough), pl.col("usual_dry"), 1.0)


def family_of(kind: str) -> str:
    """Return what grows together at a site: `login`, `flood` or `walk`."""
    return next((name for name, kinds in (("login", LOGIN_KINDS), ("flood", FLOOD_KINDS)) if kind in kinds), "walk")


def grow(
    old: Anomaly | None, worst: dict[str, Any], clients: tuple[str, ...], rows: pl.DataFrame, model: str
) -> Anomaly | None:
    """Return the anomaly of a site as it stands now.

    Args:
        old: As it stood; None where it begins.
        worst: The strangest interval (output of `judge_floods` or `judge_logins`, and `domain` and `within`).
        clients: Who makes it up, old ones first.
        rows: Their requests in memory (prepared) since the first of these intervals.
        model: The model's digest.

    Returns:
        The anomaly without evidence; None where next to nothing has changed.
    """
    known = old.clients if old else ()
    # What the old members did until then is counted already.
    fresh = rows.filter(~pl.col("client").is_in(known) | (pl.col("time") > old.end)) if old else rows
    if fresh.is_empty() or (old and len(clients) == len(known) and fresh.height < MORE * old.requests):
        return None
    start, end = fresh["time"].min(), fresh["time"].max()
    assert isinstance(start, datetime)  # noqa: S101 - there are rows
    assert isinstance(end, datetime)  # noqa: S101
    begun = _begin(worst, rows, start, model) if old is None else old
    if old is not None and worst["score"] > old.score:
        begun = replace(old, kind=worst["kind"], score=worst["score"], features=_told(worst), reasons=_reasons(worst))
    networks = rows.filter(pl.col("client").str.ends_with("/64"))
    real = networks["address"].unique(maintain_order=True)
    return replace(
        begun,
        start=min(start, begun.start),
        end=max(end, begun.end),
        requests=fresh.height + (old.requests if old else 0),
        clients=clients,
        addresses=tuple(dict.fromkeys([*begun.addresses, *real]))[:MOST_ADDRESSES],
    )


def _begin(worst: dict[str, Any], rows: pl.DataFrame, start: datetime, model: str) -> Anomaly:
    agents = rows["user_agent"].value_counts(sort=True)
    domain = worst["domain"]
    return Anomaly(
        # By the hour: which request of an attack comes first is chance where batches arrive in any order.
        session_id=document_id("site", domain, family_of(worst["kind"]), f"{start:%Y-%m-%dT%H}"),
        client="",
        user_agent=agents["user_agent"][0] if agents["count"][0] >= ALIKE * rows.height else "",
        domain=domain,
        top_path=str(rows["path"].mode().sort()[0]),
        start=start,
        end=start,
        requests=0,
        kind=worst["kind"],
        score=worst["score"],
        confidence=1.0 - min(worst["usual"] / worst["count"], 1.0),
        novelty=1.0,
        features=_told(worst),
        reasons=_reasons(worst),
        evidence=(),
        model=model,
    )


def _told(worst: dict[str, Any]) -> dict[str, float]:
    return {f"site_{name}": float(worst[name]) for name in _TOLD}


def _reasons(worst: dict[str, Any]) -> tuple[Reason, ...]:
    within, count, usual = worst["within"], worst["count"], float(worst["usual"])
    if worst["kind"] in LOGIN_KINDS:
        said = f"{worst['dry']:,} addresses within {within} that only tried to log in, few times each, and never got in"
        reasons = [Reason("site_dry_clients", worst["dry"], usual, f"{said}; usual here are {usual:,.0f}")]
        if worst["lucky"]:
            said = f"{worst['lucky']:,} more of this sort seem to have got in; {worst['failed']:,} attempts failed"
            reasons.append(Reason("site_lucky_clients", worst["lucky"], 0.0, said))
        return tuple(reasons)
    if "pages" in worst:
        return _shared(worst)
    said = f"{count:,} addresses within {within} that load no images or styles and follow no link"
    reasons = [Reason("site_bare_clients", count, usual, f"{said}; usual here are {usual:,.0f}")]
    for name, of, words in (
        ("bare_errors", worst["bare_requests"], "of the answers to them were server errors (5xx)"),
        ("bare_odd", count, "of them asked for what does not exist, or for what only attackers ask for"),
        ("alike", count, "of them have the same user agent"),
    ):
        share = worst[name] / max(of, 1)
        if share >= SUFFERING:
            reasons.append(Reason(f"site_{name}", share, 0.0, f"{100 * share:.0f} % {words}"))
    return tuple(reasons)


def _shared(worst: dict[str, Any]) -> tuple[Reason, ...]:
    within, count, usual = worst["within"], worst["count"], float(worst["usual"])
    what = "for what is not there" if worst["kind"] == "scan" else "and loaded no images or styles"
    who = "addresses with the same user agent" if worst["part"] == "team" else "addresses"
    said = f"{count:,} {who} asked within {within} for {worst['pages']:,} pages, nearly each for its own, {what}"
    return (Reason("site_sharing_clients", count, usual, f"{said}; usual here are {usual:,.0f}"),)
