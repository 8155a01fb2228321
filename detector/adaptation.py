"""Adaptation: a model that knows the kinds of attack learns what is usual at one site."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl

from core.clock import iso_millis
from detector.kinds import NORMAL
from detector.model import Matrix, SessionModel
from detector.novelty import Novelty, learn_novelty
from detector.profile import SiteProfile
from detector.table import NAMES

LEAST_HISTORY = 50
"""Sessions of history below which what was usual to the model before stays."""

MOST_OF_ONE = 5
"""Sessions of one client that the site's usual is learnt from."""

NOT_ATTACKS = (NORMAL, "novel")


def adapt(
    model: SessionModel, history: pl.DataFrame, *, now: datetime, profile: SiteProfile | None = None
) -> SessionModel:
    """Return the model with a site's own usual in place of what was usual to it before.

    Args:
        model: Knows the kinds; it is not changed.
        history: Sessions of the site (IDENTITY and features). Attacks in it are found by the model and left out, so
            that they do not teach it that attacks are usual. With fewer than LEAST_HISTORY other sessions only the
            profile is learnt.
        now: When this takes place, for the card.
        profile: What the site serves, from the same history; None keeps the model's.
    """
    quiet = without_attacks(model, history)
    is_enough = quiet.height >= LEAST_HISTORY
    learnt = replace(model, profile=model.profile if profile is None else profile)
    if is_enough:
        few = model.matrix(_few_of_each(quiet))
        _, learnt.usual_low, learnt.usual_median, learnt.usual_high = learn_usual(few)
        # Here all count: what somebody did before is not new, however often he did it.
        learnt.habits = learn_novelty(model.matrix(quiet))
    learnt.card = {
        **model.card,
        "created": iso_millis(now),
        "history_sessions": history.height,
        "history_left_out_as_attacks": history.height - quiet.height,
        "history_from": _moment(history, "start", "min"),
        "history_to": _moment(history, "end", "max"),
        "usual_from": "history" if is_enough else model.card.get("usual_from", "nothing"),
    }
    return learnt


def _few_of_each(sessions: pl.DataFrame) -> pl.DataFrame:
    """Return a few sessions of each client, so that no one client's many (an attack not found) are the site's usual."""
    few = sessions.filter(pl.int_range(pl.len()).over("client") < MOST_OF_ONE)
    # Where one address stands for everybody, its sessions are all there is.
    return few if few.height >= LEAST_HISTORY else sessions


def without_attacks(model: SessionModel, sessions: pl.DataFrame) -> pl.DataFrame:
    """Return the sessions that the model takes for none of the kinds of attack."""
    if sessions.is_empty():
        return sessions
    kinds = model.judge(model.matrix(sessions))["kind"]
    return sessions.filter(kinds.is_in(NOT_ATTACKS))


def learn_usual(matrix: Matrix, *, is_own: bool = True) -> tuple[Novelty, Matrix, Matrix, Matrix]:
    """Learn what is usual from sessions without attacks.

    Args:
        matrix: Features, shape (n_sessions, n_features).
        is_own: Whether the sessions are the site's own.

    Returns:
        What SessionModel calls habits, usual_low, usual_median and usual_high.
    """
    if not len(matrix):
        matrix = np.zeros((1, len(NAMES)))
    # Values that a session really had: "at most 8", not 8.1.
    low, median = np.percentile(matrix, [1, 50], axis=0, method="lower")
    high = np.percentile(matrix, 99, axis=0, method="higher")
    return learn_novelty(matrix, is_own=is_own), low, median, high


def _moment(sessions: pl.DataFrame, column: str, which: str) -> str | None:
    value = getattr(sessions[column], which)() if sessions.height else None
    return iso_millis(value) if isinstance(value, datetime) else None
