"""The report of simulated runs: per attack, per kind, and who was named wrongly."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

import polars as pl

from detector.evaluation.figures import count, curves
from detector.evaluation.findings import MAILED
from detector.evaluation.runs import FAMILIES, RunResult, Sighting
from detector.evaluation.truth import ATTACK, NORMAL

SOON_SECONDS, SOON_REQUESTS = 10.0, 30
"""Floods and brute force are to be found so soon after their first request."""


def sum_up(results: Sequence[RunResult]) -> dict[str, Any]:
    """Return the figures of simulated runs.

    Args:
        results: Of runs whose seeds and parameters the model was not taught on.
    """
    clients = pl.concat([result.clients for result in results]) if results else None
    attacks: dict[str, list[Sighting]] = defaultdict(list)
    for result in results:
        for sighting in result.sightings:
            attacks[sighting.raid.name].append(sighting)
    return {
        "runs": len(results),
        "seeds": sorted({result.seed for result in results}),
        "days": round(sum(result.days for result in results), 2),
        "attacks": {name: _attack(attacks[name]) for name in sorted(attacks)},
        "kinds": _kinds(clients) if clients is not None else {},
        "clients": _clients(clients) if clients is not None else {},
        "quiet_runs": _quiet(results),
        "missed": [
            {"run": result.name, "seed": result.seed, **sighting.to_dict()}
            for result in results
            for sighting in result.sightings
            if not sighting.is_found
        ],
    }


def _attack(sightings: Sequence[Sighting]) -> dict[str, Any]:
    found = [each for each in sightings if each.is_found]
    return {
        "kind": sightings[0].raid.kind,
        "runs": len(sightings),
        "found": len(found),
        "rightly_called": sum(each.is_named_rightly for each in found),
        "exactly_called": sum(each.kind == each.raid.kind for each in found),
        "mailed": sum(each.score >= MAILED for each in found),
        "soon": sum(_is_soon(each) for each in sightings),
        "median_seconds": _median(each.reported[0] for each in sightings if each.reported),
        "median_requests": _median(each.reported[1] for each in sightings if each.reported),
    }


def _is_soon(sighting: Sighting) -> bool:
    after = sighting.reported
    return after is not None and (after[0] <= SOON_SECONDS or after[1] <= SOON_REQUESTS)


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None


def _kinds(clients: pl.DataFrame) -> dict[str, Any]:
    kinds = clients.filter(pl.col("truth") == ATTACK)["attack_type"].unique().sort().to_list()
    return {kind: _kind(clients, kind) for kind in kinds}


def _kind(clients: pl.DataFrame, kind: str) -> dict[str, Any]:
    """Return the figures of one kind.

    Recall: its clients that an incident lists. Precision: of the clients called so, those of its family.
    Areas: of the score, against all peaceful clients.
    """
    family = next((kinds for kinds in FAMILIES if kind in kinds), (kind,))
    own = clients.filter((pl.col("truth") == NORMAL) | (pl.col("attack_type") == kind))
    called = clients.filter(pl.col("reported") & (pl.col("kind") == kind))
    right = called.filter(pl.col("attack_type").is_in(family)).height
    precision = right / called.height if called.height else None
    reported, mailed = count(own, "reported").recall, count(own, "mailed").recall
    return {
        "clients": own.filter(pl.col("truth") == ATTACK).height,
        "recall": reported,
        "recall_mailed": mailed,
        "called": called.height,
        "precision": precision,
        "f1": _f1(precision, reported),
        **curves(own, "score"),
    }


def _f1(precision: float | None, recall: float | None) -> float | None:
    return 2 * precision * recall / (precision + recall) if precision and recall else None


def _clients(clients: pl.DataFrame) -> dict[str, Any]:
    return {**{flag: count(clients, flag).to_dict() for flag in ("reported", "mailed")}, **curves(clients, "score")}


def _quiet(results: Sequence[RunResult]) -> dict[str, Any]:
    """Return what the runs without attacks gave: nothing, at best."""
    grouped: dict[str, list[RunResult]] = defaultdict(list)
    for result in results:
        if not result.sightings:
            grouped[result.name].append(result)
    return {name: _quiet_run(grouped[name]) for name in sorted(grouped)}


def _quiet_run(results: Sequence[RunResult]) -> dict[str, Any]:
    incidents = pl.concat([result.incidents for result in results])
    named = [
        {"seed": result.seed, **row}
        for result in results
        for row in result.named.select("client", "kind", pl.col("score").round(2)).to_dicts()
    ]
    return {
        "runs": len(results),
        "silent": sum(result.incidents.is_empty() for result in results),
        "mail_silent": sum(result.incidents.filter(pl.col("score") >= MAILED).is_empty() for result in results),
        "days": round(sum(result.days for result in results), 2),
        "incidents": incidents.height,
        "mails": incidents.filter(pl.col("score") >= MAILED).height,
        "clients": sum(result.clients.height for result in results),
        "named": named,
    }
