"""The model: a novelty learner and a classifier of kinds under one score from 0 to 100."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from threadpoolctl import threadpool_limits

from core.errors import ModelError
from detector.kinds import NORMAL
from detector.profile import SiteProfile
from detector.requirement import WEAKEST, has_evidence, weight
from detector.table import BY_NAME, GENERAL, NAMES

Matrix = NDArray[np.float64]

LIKELY = 0.5
"""Probability from which on a session is taken for an attack: likelier than not."""

NOVEL_REQUESTS = 10
"""A session with fewer requests is too short to be called novel: its shares and variations are noise."""

_LOGARITHMIC = np.array([BY_NAME[name].unit not in {"share", "flag", "ratio"} for name in NAMES])
_VERDICT = {"score": pl.Float64, "kind": pl.String, "confidence": pl.Float64, "novelty": pl.Float64}
_REQUESTS = NAMES.index("requests")
_GENERAL = [NAMES.index(name) for name in GENERAL]


@dataclass(slots=True)
class SessionModel:
    """Judges sessions. Higher is always stranger; scikit-learn's opposite sign never leaves this class.

    Attributes:
        names: The feature columns, in order; a frame with others is refused.
        classifier: Probability of each kind, `normal` among them.
        forest: Isolation forest (Liu, Ting and Zhou, 2008) over the site's own sessions.
        novelty_cuts: Sorted quantiles 0, 0.001 ... 1 of the forest's raw novelty on that history, shape (1001,).
        usual_low, usual_median, usual_high: 1st, 50th and 99th percentile of each feature on that history.
        card: What it was trained on, with metrics and versions.
        profile: What the sites of that history serve; empty before any history.
    """

    names: tuple[str, ...]
    classifier: HistGradientBoostingClassifier
    forest: IsolationForest
    novelty_cuts: Matrix
    usual_low: Matrix
    usual_median: Matrix
    usual_high: Matrix
    card: dict[str, Any] = field(default_factory=dict)
    profile: SiteProfile = field(default_factory=SiteProfile.empty)

    @property
    def kinds(self) -> list[str]:
        """The kinds in the order of the classifier's probabilities."""
        return [str(kind) for kind in self.classifier.classes_]

    def matrix(self, sessions: pl.DataFrame) -> Matrix:
        """Return the features as a matrix of shape (n_sessions, n_features).

        Raises:
            ModelError: The frame does not have the features that the model was trained on.
        """
        if self.names != NAMES:
            fact = f"it was trained on {len(self.names)} features, this version computes {len(NAMES)}"
            raise ModelError(f"the model does not fit: {fact}", "run `wwwatch train`")
        return sessions.select(self.names).to_numpy().astype(np.float64)

    def probabilities(self, matrix: Matrix) -> Matrix:
        """Return the probability of each kind, shape (n_sessions, n_kinds); without its evidence a kind has none."""
        return kind_probabilities(self.classifier, matrix, self.usual_high)

    def raw_novelty(self, matrix: Matrix) -> Matrix:
        """Return the forest's novelty, 0 to 1, higher = stranger, shape (n_sessions,)."""
        return -np.asarray(self.forest.score_samples(compress(matrix)), dtype=np.float64)

    def score(self, matrix: Matrix) -> Matrix:
        """Return only the scores, 0 to 100, shape (n_sessions,)."""
        return self.judge(matrix)["score"].to_numpy()

    def judge(self, matrix: Matrix) -> pl.DataFrame:
        """Judge sessions.

        A session is of the likeliest kind when it is likelier an attack than not, and its score is that probability
        in percent, less where there is little evidence yet. Otherwise it is `novel` when it is stranger than all of the
        site's history, with a score of 50 to 74 (never critical: nobody can say what it is) by how far; else it is
        normal, and the score stays below 50.

        Returns:
            One row per session: `score`, `kind` (`normal` included), `confidence` and `novelty` (0 to 1).
        """
        if not len(matrix):
            return pl.DataFrame(schema=_VERDICT)
        probabilities, kinds = self.probabilities(matrix), np.array(self.kinds)
        normal = normal_column(self.classifier)
        attack = 1.0 - probabilities[:, normal]
        others = np.delete(np.arange(len(kinds)), normal)
        likeliest = others[np.argmax(probabilities[:, others], axis=1)]
        raw = self.raw_novelty(matrix)
        novelty = np.searchsorted(self.novelty_cuts, raw, side="right") / len(self.novelty_cuts)
        beyond = (raw - self.novelty_cuts[-1]) / max(1.0 - self.novelty_cuts[-1], 1e-9)
        is_attack = attack >= LIKELY
        is_novel = ~is_attack & (beyond > 0) & (matrix[:, _REQUESTS] >= NOVEL_REQUESTS)
        weights = np.column_stack([weight(matrix, str(each)) for each in kinds])[np.arange(len(matrix)), likeliest]
        # What is no attack gets the weakest weight: else a verdict could score higher once its evidence is gone.
        sure = 100.0 * attack * np.where(is_attack, weights, WEAKEST)
        score = np.where(is_novel, 50.0 + 24.0 * np.clip(beyond * 4, 0, 1), sure)
        kind = np.where(is_attack, kinds[likeliest], np.where(is_novel, "novel", NORMAL))
        confidence = np.where(
            is_attack, probabilities[np.arange(len(matrix)), likeliest], np.where(is_novel, novelty, 1.0 - attack)
        )
        return pl.DataFrame({"score": score, "kind": kind, "confidence": confidence, "novelty": np.clip(novelty, 0, 1)})


def compress(matrix: Matrix) -> Matrix:
    """Return counts, durations and sizes as log(1 + x): the forest cuts ranges evenly, and these span decades."""
    return np.where(_LOGARITHMIC, np.log1p(np.maximum(matrix, 0.0)), matrix)


def kind_probabilities(
    classifier: HistGradientBoostingClassifier, matrix: Matrix, usual_high: Matrix | None = None
) -> Matrix:
    """Return the probability of each kind, shape (n_sessions, n_kinds), in the order of `classifier.classes_`.

    A kind whose evidence a session lacks (detector.requirement) has none: what the classifier gave it goes to `normal`.
    """
    # Hundreds of small trees: threads that wait for one another at each cost far more than they save.
    with threadpool_limits(1, user_api="openmp"):
        found = np.asarray(classifier.predict_proba(matrix[:, _GENERAL]), dtype=np.float64)
    held = np.column_stack([has_evidence(matrix, str(kind), usual_high) for kind in classifier.classes_])
    kept = np.where(held, found, 0.0)
    kept[:, normal_column(classifier)] += 1.0 - kept.sum(axis=1)
    return kept


def normal_column(classifier: HistGradientBoostingClassifier) -> int:
    """Return which column of the probabilities is that of `normal`."""
    return [str(kind) for kind in classifier.classes_].index(NORMAL)
