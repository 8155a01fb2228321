"""The report of one log: all its figures, as JSON."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from core.clock import iso_millis
from core.severity import severity_label
from detector.evaluation.baseline import ban
from detector.evaluation.delay import ban_delays, measure_delays
from detector.evaluation.figures import count, curves
from detector.evaluation.findings import MAILED, Findings, by_client, by_incident, by_session
from detector.evaluation.replay import by_rows, replay
from detector.evaluation.truth import ATTACK, CRAWLER, NORMAL, UNSOLICITED, accepted_kinds
from detector.model import SessionModel

FLAGS = ("reported", "mailed")
CASES = 200
"""Missed attackers and named others that a report lists, each; it says how many there are in all."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A log, judged, and what it is measured with.

    Attributes:
        name: The source's.
        events: EVENT_SCHEMA.
        findings: What the engine said.
        bans: What the plain thresholds said.
    """

    name: str
    events: pl.DataFrame
    findings: Findings
    bans: pl.DataFrame


def judge_log(model: tuple[str, SessionModel], name: str, events: pl.DataFrame, now: datetime) -> Judged:
    """Judge a log with the engine, as `scan` does, and with the plain thresholds.

    Args:
        model: The digest and the model.
        name: The source's.
        events: EVENT_SCHEMA.
        now: Wall-clock time of the incidents' writes.
    """
    return Judged(name, events, replay(model, by_rows(events), now), ban(events))


def describe_log(judged: Judged) -> dict[str, Any]:
    """Return what needs no labels: the log's size and its incidents."""
    events, incidents = judged.events, judged.findings.incidents
    days, first, last = _days(events), events["time"].min(), events["time"].max()
    severity = pl.col("score").map_elements(severity_label, return_dtype=pl.String)
    by_severity = dict(incidents.group_by(severity.alias("severity")).len().iter_rows())
    kinds = incidents.group_by("kind").agg(pl.len(), pl.col("clients").list.len().sum()).sort("len", descending=True)
    return {
        "lines": events.height,
        "clients": events["client"].n_unique(),
        "days": days,
        "from": iso_millis(first) if isinstance(first, datetime) else None,
        "to": iso_millis(last) if isinstance(last, datetime) else None,
        "incidents": incidents.height,
        "incidents_a_day": round(incidents.height / days, 3),
        "mails_a_day": round(incidents.filter(pl.col("score") >= MAILED).height / days, 3),
        "by_severity": {name: by_severity.get(name, 0) for name in ("minor", "major", "critical")},
        "by_kind": {kind: {"incidents": number, "clients": clients} for kind, number, clients in kinds.iter_rows()},
    }


def measure(judged: Judged, truth: pl.DataFrame) -> dict[str, Any]:
    """Return the figures of a log against one sort of labels.

    Args:
        judged: The log.
        truth: TRUTH_SCHEMA, a row for each client of the log.
    """
    clients, sessions = by_client(judged.findings, truth), by_session(judged.findings, truth)
    banned = truth.join(judged.bans, on="client", how="left").with_columns(
        pl.col("banned").fill_null(value=False), pl.col("strikes").fill_null(0.0)
    )
    return {
        "labels": dict(truth.group_by("truth").len().sort("truth").iter_rows()),
        "clients": {**{flag: count(clients, flag).to_dict() for flag in FLAGS}, **curves(clients, "score")},
        "sessions": {**{flag: count(sessions, flag).to_dict() for flag in FLAGS}, **curves(sessions, "score")},
        "baseline": {
            "banned": count(banned, "banned").to_dict(),
            "crawlers": _shares(banned, CRAWLER, ("banned",)),
            **curves(banned, "strikes"),
        },
        "crawlers": _shares(clients, CRAWLER, FLAGS),
        "unsolicited": {**_shares(clients, UNSOLICITED, FLAGS), "baseline": _shares(banned, UNSOLICITED, ("banned",))},
        "attack_types": _by_type(clients),
        "false_incidents": _false_incidents(judged, truth),
        "missed": _cases(clients.filter((pl.col("truth") == ATTACK) & ~pl.col("reported")), "requests"),
        "named": _cases(clients.filter(pl.col("truth").is_in([NORMAL, CRAWLER]) & pl.col("reported")), "score"),
    }


def delays(
    model: tuple[str, SessionModel], judged: Judged, truth: pl.DataFrame, now: datetime
) -> dict[str, dict[str, Any]]:
    """Return how soon attackers are named, and banned by the plain thresholds; see `measure_delays`."""
    found = measure_delays(model, judged.events, truth, now)
    return {**found, "baseline": ban_delays(judged.bans, judged.events, truth)}


def _days(events: pl.DataFrame) -> float:
    """Return how many days the log covers; a source may be single days that lie years apart."""
    times = events["time"].drop_nulls()
    if times.is_empty():
        return 1.0
    ordered = times.sort()
    gaps = ordered.diff().drop_nulls()
    quiet = gaps.filter(gaps > timedelta(days=7)).sum()
    span: Any = ordered[-1] - ordered[0]
    return float(max((span - (quiet or timedelta())) / timedelta(days=1), 1.0))


def _shares(clients: pl.DataFrame, truth: str, flags: tuple[str, ...]) -> dict[str, int]:
    own = clients.filter(pl.col("truth") == truth)
    return {"clients": own.height, **{flag: int(own[flag].sum()) for flag in flags}}


def _by_type(clients: pl.DataFrame) -> dict[str, Any]:
    """Return recall per attack type, and how many of the found are called what they are (or its family)."""
    types = clients.filter(pl.col("truth") == ATTACK)["attack_type"].unique().sort().to_list()
    return {attack_type: _one_type(clients, attack_type) for attack_type in types}


def _one_type(clients: pl.DataFrame, attack_type: str) -> dict[str, Any]:
    own = clients.filter((pl.col("truth") == NORMAL) | (pl.col("attack_type") == attack_type))
    found = own.filter((pl.col("truth") == ATTACK) & pl.col("reported"))
    accepted = accepted_kinds(attack_type)
    areas = curves(own, "score")
    return {
        **{flag: count(own, flag).to_dict() for flag in FLAGS},
        "rightly_called": found.filter(pl.col("kind").is_in(accepted)).height if accepted else None,
        "called": dict(found.group_by("kind").len().sort("len", descending=True).iter_rows()),
        "roc_area": areas["roc_area"],
        "pr_area": areas["pr_area"],
    }


def _false_incidents(judged: Judged, truth: pl.DataFrame) -> dict[str, Any]:
    wrong = by_incident(judged.findings, truth).filter("is_false")
    days, mailed = _days(judged.events), wrong.filter(pl.col("score") >= MAILED).height
    return {
        "reported": wrong.height,
        "mailed": mailed,
        "reported_a_day": round(wrong.height / days, 3),
        "mailed_a_day": round(mailed / days, 3),
    }


def _cases(clients: pl.DataFrame, first: str) -> dict[str, Any]:
    listed = clients.sort(first, descending=True).head(CASES)
    columns = ("client", "truth", "attack_type", "requests", "score", "kind")
    rounded = listed.select(columns).with_columns(pl.col("score").round(2))
    return {"count": clients.height, "cases": rounded.to_dicts()}
