"""Judging a log: its requests go through the same scorer as the live detector's, in big pages, in time order."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import polars as pl

from detector.evidence import Wanted
from detector.incidents import Incident
from detector.model import SessionModel
from detector.scorer import Scorer
from wwwatch.scan.described import Preparer

PAGE = 400_000
"""Requests that are judged at once: fewer would look at long sessions again and again, more would cost memory."""


class Positions:
    """Evidence by where a line begins: the text is read later, of the few lines that are shown."""

    def fetch(self, wanted: Sequence[Wanted], /) -> list[tuple[str, ...]]:
        """Return positions, counted over all files, as text."""
        return [tuple(map(str, each.rows["position"].to_list())) for each in wanted]


def judge(
    rows: pl.DataFrame,
    order: pl.Series,
    model: tuple[str, SessionModel],
    *,
    threshold: float,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[list[Incident], int]:
    """Judge all requests.

    Args:
        rows: Compact rows.
        order: Their order in time.
        model: The digest and the model.
        threshold: Sessions that score at least this are anomalies.
        now: Wall-clock time.
        progress: Told of requests that were judged since it was told last.

    Returns:
        The incidents with the positions of lines as their evidence, and how many times a session was scored.
    """
    scorer = Scorer(model, threshold=threshold, evidence=Positions())
    found: dict[str, Incident] = {}
    sessions = 0
    for events in _ahead(pages(rows, order)):
        outcome = scorer.take(events, now, is_prepared=True)
        found |= {incident.id: incident for incident in outcome.incidents}
        sessions += outcome.sessions
        progress(events.height)
    return list(found.values()), sessions


def _ahead(pieces: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield pieces as prepared events; the next one is made while the one before is judged."""
    preparer = Preparer()
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[pl.DataFrame] | None = None
        for piece in pieces:
            following = pool.submit(preparer.prepare, piece)
            if waiting:
                yield waiting.result()
            waiting = following
        if waiting:
            yield waiting.result()


def pages(rows: pl.DataFrame, order: pl.Series, size: int = PAGE) -> Iterator[pl.DataFrame]:
    """Yield the rows in the order of time, `size` at a time."""
    for begin in range(0, len(order), size):
        yield rows[order[begin : begin + size]]
