"""What a log itself shows to be usual, learnt from some of its clients, without the attacks among them."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from detector.adaptation import NOT_ATTACKS, adapt
from detector.features import features, prepare
from detector.model import SessionModel
from detector.profile import ProfileLearner
from wwwatch.scan.rows import to_events

SAMPLE = 300_000
"""Requests to learn from: more cost time and hardly change what is usual."""

LOUDEST = 20
"""A client with more than this part of the sample is not learnt from where there are too many: few would fill it."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The adapted model.

    Attributes:
        model: Its digest is of the model before: what is learnt here is kept nowhere.
        sessions: Sessions that it was adapted to.
    """

    model: tuple[str, SessionModel]
    sessions: int


def learn(rows: pl.DataFrame, order: pl.Series, model: tuple[str, SessionModel], *, now: datetime) -> Learnt:
    """Adapt a model to a log.

    Args:
        rows: Compact rows.
        order: Which of them, in the order of time.
        model: The digest and the model.
        now: For the card.
    """
    digest, before = model
    prepared = prepare(to_events(choose_sample(rows, order)))
    sessions = features(prepared)
    if sessions.is_empty():
        return Learnt(model, 0)
    judged = sessions.select("client", "user_agent").with_columns(before.judge(before.matrix(sessions))["kind"])
    hostile = judged.filter(~pl.col("kind").is_in(NOT_ATTACKS)).select("client").unique()
    quiet = prepared.join(hostile, on="client", how="anti")
    learner = ProfileLearner()
    learner.add(quiet)
    profile = learner.profile()
    usual = features(quiet)
    return Learnt((digest, adapt(before, usual, now=now, profile=profile)), usual.height)


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
