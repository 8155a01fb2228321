"""Training: labelled sessions teach the kinds, the site's own history teaches what is usual."""

import platform
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import iso_millis
from core.errors import ModelError
from detector.adaptation import adapt, learn_usual
from detector.features import features, prepare
from detector.kinds import LEARNT, LOGIN_KINDS, NORMAL
from detector.learner import learn
from detector.model import SessionModel
from detector.profile import SiteProfile
from detector.table import NAMES

PREFIXES = (5, 10, 20, 30, 40, 100)
"""Labelled clients are also shown as they looked after so many requests: the live detector meets them young."""

ALIKE = {"stuffing": "spray", "ddos": "dos"}
"""Kinds that only a whole site shows, and what one session of them is an example of."""

HELD_OUT = 4
"""Every fourth labelled site is kept out of training and measures the classifier."""


def label_sessions(events: pl.DataFrame) -> pl.DataFrame:
    """Turn labelled events into labelled sessions, grown and at their first steps.

    Args:
        events: EVENT_SCHEMA and `kind` (`normal` or an attack's); an attacking client makes no normal requests.

    Returns:
        IDENTITY, the features, `kind`, and `is_grown`: whether all of the session is in.
    """
    prepared = prepare(events)
    order = pl.col("time").rank("ordinal").over("domain", "client")
    ranked = prepared.with_columns(order.alias("_rank"), pl.len().over("domain", "client").alias("_total"))
    parts = [_labelled(prepared, grown=True)]
    for size in PREFIXES:
        # A young attack of a loud kind that has done next to nothing yet is no example of it; a spray never does more.
        started = pl.col("kind").is_in([NORMAL, *LOGIN_KINDS]) | (pl.lit(size) > PREFIXES[0])
        young = ranked.filter((pl.col("_total") > size) & (pl.col("_rank") <= size) & started)
        parts.append(_labelled(young.drop("_rank", "_total"), grown=False))
    # What an attacker does before the attack is no example of a visit.
    attackers = prepared.filter(pl.col("kind") != NORMAL).select("client", "domain").unique()
    attacks, visits = (
        pl.concat(parts).filter(condition) for condition in (pl.col("kind") != NORMAL, pl.col("kind") == NORMAL)
    )
    return pl.concat([attacks, visits.join(attackers, on=["client", "domain"], how="anti")])


def _labelled(prepared: pl.DataFrame, *, grown: bool) -> pl.DataFrame:
    kinds = prepared.group_by("client", "domain").agg(pl.col("kind").sort_by(pl.col("kind") == NORMAL).first())
    sessions = features(prepared).join(kinds, on=["client", "domain"], how="left")
    return sessions.with_columns(pl.lit(grown).alias("is_grown"))


def train(
    labelled: pl.DataFrame,
    history: pl.DataFrame,
    *,
    now: datetime,
    seed: int = 0,
    profile: SiteProfile | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> SessionModel:
    """Teach the kinds, and then what is usual here.

    Args:
        labelled: Output of `label_sessions`.
        history: Sessions of the site (IDENTITY and features): see `adapt`.
        now: When this training takes place, for the card.
        seed: Every random choice follows from it.
        profile: What the site serves, from the same history.
        progress: Told of each step.

    Raises:
        ModelError: There are no labelled sessions.
    """
    model = teach(labelled, now=now, seed=seed, progress=progress)
    progress("learning what is usual here")
    return adapt(model, history, now=now, profile=profile)


def teach(
    labelled: pl.DataFrame, *, now: datetime, seed: int = 0, progress: Callable[[str], None] = lambda _: None
) -> SessionModel:
    """Teach the kinds of attack; the labelled normal sessions stand in for the history that there is not yet.

    Args:
        labelled: Output of `label_sessions`.
        now: When this training takes place, for the card.
        seed: Every random choice follows from it.
        progress: Told of each step.

    Raises:
        ModelError: There are no labelled sessions.
    """
    if labelled.is_empty():
        raise ModelError("cannot train without labelled sessions", "give some, or let the simulator make them")
    progress("learning the kinds of attack")
    matrix = labelled.select(NAMES).to_numpy()
    kinds, sites = _taught_kinds(labelled), (labelled["domain"].hash(seed=0) % 1_000_003).to_numpy()
    held_out = sites % HELD_OUT == 0
    normal = matrix[(kinds == NORMAL) & labelled["is_grown"].to_numpy()]

    def taught(rows: NDArray[np.bool_]) -> SessionModel:
        learners = tuple(learn(kind, matrix[rows], kinds[rows], sites[rows], seed) for kind in LEARNT)
        return SessionModel(NAMES, learners, *learn_usual(normal, is_own=False))

    metrics = _measure(taught(~held_out), labelled.filter(pl.Series(held_out)))
    model = taught(np.full(len(matrix), fill_value=True))
    model.card = {
        "created": iso_millis(now),
        "features": list(NAMES),
        "kinds": model.kinds,
        "labelled_sessions": dict(labelled.group_by("kind").len().sort("kind").iter_rows()),
        "history_sessions": 0,
        "history_left_out_as_attacks": 0,
        "usual_from": "labelled normal sessions",
        "held_out_sites": metrics,
        "seed": seed,
        "versions": {
            "python": platform.python_version(),
            "scikit-learn": version("scikit-learn"),
            "numpy": np.__version__,
        },
    }
    return model


def _taught_kinds(labelled: pl.DataFrame) -> NDArray[np.str_]:
    """Return what each session is an example of: one session of a distributed attack looks like its undivided kin."""
    return labelled["kind"].replace(ALIKE).to_numpy().astype(str)


def _measure(model: SessionModel, held_out: pl.DataFrame) -> dict[str, Any]:
    """Return what grown sessions of sites that were not trained on are taken for."""
    grown = held_out.filter("is_grown")
    if grown.is_empty():
        return {}
    verdicts = model.judge(model.matrix(grown))["kind"]
    # By client: who shows a new user agent with each request has as many sessions, most of them of one request.
    judged = grown.select("client", "kind", (~verdicts.is_in([NORMAL, "novel"])).alias("is_attack"))
    clients = judged.group_by("client", "kind").agg(pl.col("is_attack").any())
    shares = {
        str(kind): round(share, 4) for kind, share in clients.group_by("kind").agg(pl.col("is_attack").mean()).rows()
    }
    return {"sessions": grown.height, "false_positive_share": shares.pop(NORMAL, 0.0), "recall": shares}
