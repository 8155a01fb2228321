"""What a log itself shows to be usual, learnt from some of its clients, without the attacks among them."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.history import HistoryLearner, adapt_to
from detector.model import SessionModel

SAMPLE = 200_000
"""Requests to learn from: more cost time and hardly change what is usual."""

LOUDEST = 20
"""A client with more than this part of the sample is not learnt from where there are too many: few would fill it."""

_AT_ONCE = 1_000_000


def learn(
    sample: pl.DataFrame, share: float, model: tuple[str, SessionModel], *, now: datetime
) -> tuple[str, SessionModel]:
    """Adapt a model to a log, as `wwwatch train` does to a history.

    Args:
        sample: Prepared requests, from `choose_sample` and a `Preparer`: in the order of time, all of some clients.
        share: Which part of the log they are, 0 to 1.
        model: The digest and the model.
        now: For the card.

    Returns:
        The digest of the model before, for what is learnt here is kept nowhere, and the adapted model.
    """
    digest, before = model
    learner = HistoryLearner(None)
    learner.add_prepared(sample)
    history = learner.learn(before)
    if share < 1:
        # Some of the clients do not make the hour's traffic.
        profile = replace(history.profile, hours=history.profile.hours.clear())
        history = replace(history, profile=profile, share=share)
    return digest, adapt_to(before, history, source="the log itself", now=now)


def choose_sample(rows: pl.DataFrame, order: pl.Series, size: int = SAMPLE) -> pl.DataFrame:
    """Return all requests of some clients, in the order of time; of all where they are few.

    Args:
        rows: Compact rows.
        order: Which of them, in the order of time.
        size: How many requests at most.
    """
    if len(order) <= size:
        return rows[order]
    places, codes = order.to_numpy(), rows["address"].to_physical().to_numpy()
    counts = _count(codes if len(order) == rows.height else codes[places])
    few = np.flatnonzero((counts > 0) & (counts <= max(size // LOUDEST, 1)))
    example = np.zeros(len(counts), np.uint32)
    example[codes] = np.arange(len(codes), dtype=np.uint32)
    dice = rows["address"].gather(example[few]).cast(pl.String).hash(seed=0).to_numpy()
    shuffled = few[np.argsort(dice, kind="stable")]
    is_chosen = np.zeros(len(counts), np.bool_)
    is_chosen[shuffled[np.cumsum(counts[shuffled]) <= size]] = True
    return rows[pl.Series(places[is_chosen[codes][places]])]


def _count(codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return how often each code occurs, shape (the highest one and 1,)."""
    counts = np.zeros(int(codes.max(initial=0)) + 1, np.int64)
    for begin in range(0, len(codes), _AT_ONCE):  # numpy makes each code an eight-byte number first
        counts += np.bincount(codes[begin : begin + _AT_ONCE], minlength=len(counts))
    return counts
