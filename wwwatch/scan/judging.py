"""Judging a log: its requests go through the same scorer as the live detector's, in big pages, in time order."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TypeVar

import numpy as np
import polars as pl

from detector.evidence import Wanted
from detector.incidents import Incident
from detector.model import SessionModel
from detector.scorer import Scorer
from wwwatch.scan.described import Preparer

PAGE = 400_000
"""Requests that are judged at once: fewer would look at long sessions again and again, more would cost memory."""

PREPARED = 2
"""Pages that are prepared ahead, some 100 MB each: meanwhile it is learnt what is usual."""

Item = TypeVar("Item")


class Positions:
    """Evidence by where a line begins: the text is read later, of the few lines that are shown."""

    def fetch(self, wanted: Sequence[Wanted], /) -> list[tuple[str, ...]]:
        """Return positions, counted over all files, as text."""
        return [tuple(map(str, each.rows["position"].to_list())) for each in wanted]


def prepare_pages(rows: pl.DataFrame, order: pl.Series, preparer: Preparer) -> Iterator[pl.DataFrame]:
    """Begin to prepare a log's requests, and return an iterator over the pages for `judge`: it needs no model yet.

    Args:
        rows: Compact rows.
        order: Their order in time.
        preparer: Not to be used by another thread from now on.
    """
    return ahead(map(preparer.prepare, pages(rows, order)), PREPARED)


def judge(
    prepared: Iterator[pl.DataFrame],
    model: tuple[str, SessionModel],
    *,
    threshold: float,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[list[Incident], int]:
    """Judge all requests.

    Args:
        prepared: From `prepare_pages`.
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
    # Two maps, not loops: these would hold on to the last page while they wait for the next one.
    seen = ahead(map(partial(scorer.look, is_prepared=True), prepared))
    for outcome in map(partial(scorer.settle, now=now), seen):
        found |= {incident.id: incident for incident in outcome.incidents}
        sessions += outcome.sessions
        progress(outcome.events)
    return list(found.values()), sessions


def ahead(items: Iterator[Item], count: int = 1) -> Iterator[Item]:
    """Work items out in a thread of its own, from now on, and return an iterator over them.

    Args:
        items: None of them is None.
        count: How many are worked out before they are asked for.
    """
    pool = ThreadPoolExecutor(1)
    return _as_they_come(pool, items, deque(pool.submit(next, items, None) for _ in range(count)))


def _as_they_come(
    pool: ThreadPoolExecutor, items: Iterator[Item], coming: deque[Future[Item | None]]
) -> Iterator[Item]:
    with pool:
        while (item := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, items, None))
            yield item
            del item  # it would be held until the next one is there


def pages(rows: pl.DataFrame, order: pl.Series, size: int = PAGE) -> Iterator[pl.DataFrame]:
    """Yield the rows in the order of time, `size` at a time."""
    for begin in range(0, len(order), size):
        own = order[begin : begin + size].to_numpy().astype(np.int64)
        low, high = int(own.min()), int(own.max())
        if high - low >= 2 * len(own):
            yield rows[order[begin : begin + size]]
            continue
        # To copy a stretch costs less than to gather its rows from all the pieces, and most logs are nearly in order.
        stretch = rows.slice(low, high - low + 1).rechunk()
        yield stretch if bool((np.diff(own) == 1).all()) else stretch[own - low]
