"""The model: a learner per kind and a novelty learner under one score from 0 to 100."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import ModelError
from detector.kinds import LEARNT, NORMAL
from detector.learner import Learner
from detector.novelty import Novelty
from detector.profile import SiteProfile
from detector.requirement import has_evidence, weight
from detector.table import NAMES

Matrix = NDArray[np.float64]

LIKELY = 0.5
"""Probability from which on a session is taken for an attack: likelier than not."""

NOVEL_REQUESTS = 10
"""A session with fewer requests is too short to be called novel: its shares and variations are noise."""

NOVEL_FROM, NOVEL_TO = 30.0, 60.0
"""Scores of what is just stranger than all history, and of what is far stranger: nobody can say what it is."""

NORMAL_TO = 17.0
"""Scores of normal sessions end below those of the least attack, LIKELY with one unit of evidence."""

_VERDICT = {"score": pl.Float64, "kind": pl.String, "confidence": pl.Float64, "novelty": pl.Float64}
_REQUESTS, _DECLARED = NAMES.index("requests"), NAMES.index("agent_crawler")


@dataclass(slots=True)
class SessionModel:
    """Judges sessions. Higher is always stranger.

    Attributes:
        names: The feature columns, in order; a frame with others is refused.
        learners: One per kind, in the order of `detector.kinds.LEARNT`.
        habits: What the site's own sessions are like.
        usual_low, usual_median, usual_high: 1st, 50th and 99th percentile of each feature on that history.
        card: What it was trained on, with metrics and versions.
        profile: What the sites of that history serve; empty before any history.
    """

    names: tuple[str, ...]
    learners: tuple[Learner, ...]
    habits: Novelty
    usual_low: Matrix
    usual_median: Matrix
    usual_high: Matrix
    card: dict[str, Any] = field(default_factory=dict)
    profile: SiteProfile = field(default_factory=SiteProfile.empty)

    @property
    def kinds(self) -> list[str]:
        """The kinds that have a learner, in order."""
        return list(LEARNT)

    def matrix(self, sessions: pl.DataFrame) -> Matrix:
        """Return the features as a matrix of shape (n_sessions, n_features).

        Raises:
            ModelError: The frame does not have the features that the model was trained on.
        """
        if self.names != NAMES:
            fact = f"it was trained on {len(self.names)} features, this version computes {len(NAMES)}"
            raise ModelError(f"the model does not fit: {fact}", "run `wwwatch train`")
        return sessions.select(self.names).to_numpy().astype(np.float64, copy=False)

    def probabilities(self, matrix: Matrix) -> Matrix:
        """Return the probability of each kind, shape (n_sessions, n_kinds); without its evidence a kind has none."""
        found = np.zeros((len(matrix), len(self.learners)))
        for column, learner in enumerate(self.learners):
            held = has_evidence(matrix, learner.kind, self.usual_high)
            found[held, column] = learner.probability(matrix[held])
        return found

    def score_of(self, kind: str, matrix: Matrix) -> Matrix:
        """Return what one kind scores, 0 to 100, shape (n_sessions,): probability times amount, 0 if not likely."""
        learner = next(each for each in self.learners if each.kind == kind)
        held = has_evidence(matrix, kind, self.usual_high)
        found = np.zeros(len(matrix))
        found[held] = learner.probability(matrix[held])
        return np.where(found >= LIKELY, 100.0 * found * weight(matrix, kind), 0.0)

    def score(self, matrix: Matrix) -> Matrix:
        """Return only the scores, 0 to 100, shape (n_sessions,)."""
        return self.judge(matrix)["score"].to_numpy()

    def strangeness(self, matrix: Matrix) -> Matrix:
        """Return the score that novelty alone gives, 0 to NOVEL_TO, shape (n_sessions,): from NOVEL_FROM on novel."""
        return self._strangeness(matrix, self.habits.raw(matrix))

    def _strangeness(self, matrix: Matrix, raw: Matrix) -> Matrix:
        most = max(float(self.habits.cuts[-1]), 1e-9)
        can_be = (matrix[:, _REQUESTS] >= NOVEL_REQUESTS) & (matrix[:, _DECLARED] == 0) & self.habits.is_own
        beyond = np.clip(raw / most - 1.0, 0.0, 1.0)
        usual = NORMAL_TO * np.minimum(raw / most, 1.0)
        return np.where(can_be & (raw > most), NOVEL_FROM + (NOVEL_TO - NOVEL_FROM) * beyond, usual)

    def judge(self, matrix: Matrix) -> pl.DataFrame:
        """Judge sessions.

        A session is of the kind that scores most among those that are likelier an attack than not: its probability in
        percent, less where there is little evidence. Otherwise it is `novel` when it is stranger than all of the
        site's history, else normal, with a score up to NORMAL_TO.

        Returns:
            One row per session: `score`, `kind` (`normal` included), `confidence` and `novelty` (0 to 1).
        """
        if not len(matrix):
            return pl.DataFrame(schema=_VERDICT)
        probabilities, rows = self.probabilities(matrix), np.arange(len(matrix))
        likely = np.where(probabilities >= LIKELY, probabilities, 0.0)
        for column, learner in enumerate(self.learners):
            called = likely[:, column] > 0  # few
            likely[called, column] *= weight(matrix[called], learner.kind)
        best = np.argmax(likely, axis=1)
        is_attack = likely[rows, best] > 0
        raw = self.habits.raw(matrix)
        strange = self._strangeness(matrix, raw)
        is_novel = ~is_attack & (strange >= NOVEL_FROM)
        novelty = np.searchsorted(self.habits.cuts, raw, side="right") / len(self.habits.cuts)
        attack = probabilities.max(axis=1)
        # An attack scores at least what its strangeness would: else it could score higher with its evidence gone.
        score = np.maximum(100.0 * likely[rows, best], strange)
        numbers = np.where(is_attack, best, np.where(is_novel, len(self.learners), len(self.learners) + 1))
        kind = pl.Series([*self.kinds, "novel", NORMAL]).gather(numbers)
        confidence = np.where(is_attack, probabilities[rows, best], np.where(is_novel, novelty, 1.0 - attack))
        return pl.DataFrame({"score": score, "kind": kind, "confidence": confidence, "novelty": np.clip(novelty, 0, 1)})
