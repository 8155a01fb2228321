"""What a log itself shows to be usual, learnt from some of its clients, without the attacks among them."""

from dataclasses import replace
from datetime import datetime

import polars as pl

from detector.history import HistoryLearner, adapt_to
from detector.model import SessionModel
from wwwatch.scan.rows import to_events

SAMPLE = 200_000
"""Requests to learn from: more cost time and hardly change what is usual."""

LOUDEST = 20
"""A client with more than this part of the sample is not learnt from where there are too many: few would fill it."""


def learn(
    rows: pl.DataFrame, order: pl.Series, model: tuple[str, SessionModel], *, now: datetime
) -> tuple[str, SessionModel]:
    """Adapt a model to a log, as `wwwatch train` does to a history.

    Args:
        rows: Compact rows.
        order: Which of them, in the order of time.
        model: The digest and the model.
        now: For the card.

    Returns:
        The digest of the model before, for what is learnt here is kept nowhere, and the adapted model.
    """
    digest, before = model
    sample = choose_sample(rows, order)
    learner = HistoryLearner(None)
    learner.add(to_events(sample).drop("position"))
    history = learner.learn(before)
    if sample.height < len(order):
        # Some of the clients do not make the hour's traffic.
        profile = replace(history.profile, hours=history.profile.hours.clear())
        history = replace(history, profile=profile, share=sample.height / len(order))
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
    clients = rows["address"].gather(order).rename("address")
    counts = clients.value_counts().filter(pl.col("count") <= max(size // LOUDEST, 1))
    shuffled = counts.sort(pl.col("address").cast(pl.String).hash(seed=0))
    chosen = shuffled.filter(pl.col("count").cum_sum() <= size)["address"]
    return rows[order.filter(clients.is_in(chosen.implode()))]
