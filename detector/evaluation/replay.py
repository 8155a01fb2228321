"""Replaying a log through the engine that live detection and scan share, in pages as large as wanted."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import polars as pl

from detector.evaluation.findings import INCIDENT_SCHEMA, REPORTED, SESSION_SCHEMA, Findings
from detector.evidence import NoEvidence
from detector.incidents import Incident
from detector.model import SessionModel
from detector.scorer import Scorer

PAGE = 50_000
"""Requests in a page of a log that is judged in retrospect."""


def replay(
    model: tuple[str, SessionModel],
    pages: Iterable[pl.DataFrame],
    now: datetime,
    look: Callable[[pl.DataFrame, list[Incident]], None] = lambda _page, _incidents: None,
) -> Findings:
    """Judge a log, and keep what a user would have at its end.

    Args:
        model: The digest and the model.
        pages: EVENT_SCHEMA, in the order of time.
        now: Wall-clock time of the incidents' writes.
        look: Shown each page and the incidents that it changed.

    Returns:
        Every session with its last score, and every incident as it was last written.
    """
    scored: list[pl.DataFrame] = []

    def keep(judged: pl.DataFrame) -> None:
        scored.append(judged.select(pl.col(name).cast(dtype) for name, dtype in SESSION_SCHEMA.items()))

    scorer = Scorer(model, threshold=REPORTED, evidence=NoEvidence(), watch=keep)
    written: dict[str, tuple[str, str, float, datetime, datetime, list[str]]] = {}
    for page in pages:
        changed = scorer.take(page, now).incidents
        written |= {incident.id: _row(incident) for incident in changed}
        look(page, changed)
    incidents = pl.DataFrame(list(written.values()), schema=INCIDENT_SCHEMA, orient="row")
    # An incident whose sessions all fell below the threshold again stands with the score that it has now.
    return Findings(_latest(scored), incidents.filter(pl.col("score") >= REPORTED))


def by_rows(events: pl.DataFrame, rows: int = PAGE) -> Iterator[pl.DataFrame]:
    """Cut a log into pages of so many requests, in the order of time."""
    ordered = events.drop_nulls("time").sort("time", maintain_order=True)
    yield from ordered.iter_slices(rows)


def _row(incident: Incident) -> tuple[str, str, float, datetime, datetime, list[str]]:
    return incident.id, incident.kind, incident.score, incident.start, incident.end, incident.clients


def _latest(scored: list[pl.DataFrame]) -> pl.DataFrame:
    """Keep each session as it was last scored: it begins at the same moment every time that it grows."""
    every = pl.concat([pl.DataFrame(schema=SESSION_SCHEMA), *scored])
    return every.unique(["client", "user_agent", "start"], keep="last", maintain_order=True)
