"""One kind's learner: how likely sessions that hold the kind's evidence are an attack and not an odd visitor.

Gradient boosting (Friedman, 2001) on the kind's own few features, in which more evidence can only raise and less can
only lower the probability (monotonic constraints), so that what it gives as a reason is one by construction.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.forest import Forest
from detector.kinds import FLOOD_KINDS, KINDS, NORMAL
from detector.requirement import amounts
from detector.table import NAMES

Matrix = NDArray[np.float64]

FOLDS = 3
"""Groups of sites: each is judged by what was learnt on the others, to calibrate and to measure."""

NEAR = 0.5
"""Units of evidence from which on a normal session is worth learning from: what is far off teaches little."""

FEW = 20
"""Normal sessions with that much evidence, below which there is nothing to tell apart: the evidence alone decides."""

SLOPES, OFFSETS = (0.4, 2.0), (-2.0, 2.0)
"""Bounds of the calibration."""

FLOOD_OFFSETS = (-1.0, 2.0)
"""Bounds for floods: with a lower offset a few odd lessons, one more or less, would hide plain ones."""

CERTAIN = 0.97
"""Probability where the evidence alone decides: nobody asks for a file with secrets by mistake."""


@dataclass(frozen=True, slots=True)
class Learner:
    """One kind's learner.

    Attributes:
        kind: One of `detector.kinds.LEARNT`.
        columns: Which features it looks at, as columns of the matrix.
        trees: It, None where the evidence alone decides.
        slope, offset: Platt's calibration (1999) of its log-odds on sites that it had not seen.
    """

    kind: str
    columns: tuple[int, ...]
    trees: Forest | None
    slope: float = 1.0
    offset: float = 0.0

    def probability(self, matrix: Matrix) -> Matrix:
        """Return the probability of an attack, shape (n_sessions,), for sessions that hold the kind's evidence.

        Args:
            matrix: Features, shape (n_sessions, n_features).
        """
        if self.trees is None or not len(matrix):
            return np.full(len(matrix), CERTAIN)
        explicit = np.where(amounts(matrix, self.kind, only_explicit=True) >= 1, CERTAIN, 0.0)
        odds = self.slope * self.trees.log_odds(_seen(self.kind, matrix, self.columns)) + self.offset
        return np.maximum(1.0 / (1.0 + np.exp(-odds)), explicit)


def learn(kind: str, matrix: Matrix, labels: NDArray[np.str_], sites: NDArray[np.int64], seed: int) -> Learner:
    """Teach a kind's learner.

    Args:
        kind: One of `detector.kinds.LEARNT`.
        matrix: Features of labelled sessions, shape (n_sessions, n_features).
        labels: Their kinds or `normal`, shape (n_sessions,); sessions of other kinds teach this learner nothing.
        sites: A number per site, shape (n_sessions,).
        seed: Every random choice follows from it.
    """
    found = amounts(matrix, kind)
    columns = tuple(NAMES.index(name) for name, _ in KINDS[kind].features)
    # Who got in once had looked like any guesser until then; of those who log in all day that says nothing.
    less = [NAMES.index(name) for name, _ in KINDS[kind].less]
    tried = np.where(matrix[:, less].sum(axis=1) <= 1, amounts(matrix, kind, forgives=False), found)
    chosen = ((labels == kind) & (found >= 1)) | ((labels == NORMAL) & (tried >= NEAR))
    attack, folds = labels[chosen] == kind, sites[chosen] % FOLDS
    held = _seen(kind, matrix[chosen], columns)
    if min((~attack).sum(), attack.sum()) < FEW:
        return Learner(kind, columns, None)
    odds = np.full(len(held), np.nan)
    for fold in range(FOLDS):
        inside, outside = folds != fold, folds == fold
        if outside.any() and min(attack[inside].sum(), (~attack)[inside].sum()) > 0:
            odds[outside] = _grow(kind, held[inside], attack[inside], seed).log_odds(held[outside])
    known = np.isfinite(odds)
    slope, offset = _calibrate(kind, odds[known], attack[known])
    return Learner(kind, columns, _grow(kind, held, attack, seed), slope, offset)


def _seen(kind: str, matrix: Matrix, columns: tuple[int, ...]) -> Matrix:
    """Return what trees are shown: the kind's features, and how much evidence they make together.

    Not for floods: their kinds have hardly anything in common but speed.
    """
    held = matrix[:, columns]
    return held if kind in FLOOD_KINDS else np.column_stack([held, amounts(matrix, kind, forgives=False)])


def _grow(kind: str, matrix: Matrix, attack: NDArray[np.bool_], seed: int) -> Forest:
    # Only teaching needs these, and importing them takes longer than judging a small log.
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    trees = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.15,
        max_leaf_nodes=8,
        min_samples_leaf=8,
        l2_regularization=1.0,
        monotonic_cst=[*(direction for _, direction in KINDS[kind].features), *([] if kind in FLOOD_KINDS else [1])],
        class_weight="balanced",
        early_stopping=False,
        random_state=seed,
    )
    # Hundreds of small trees: threads that wait for one another at each cost far more than they save.
    with threadpool_limits(limits=1, user_api="openmp"):
        return Forest.of(trees.fit(matrix, attack))


def _calibrate(kind: str, odds: Matrix, attack: NDArray[np.bool_]) -> tuple[float, float]:
    if len(np.unique(attack)) < 2:  # noqa: PLR2004 - attacks and visits
        return 1.0, 0.0
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only teaching needs it

    fitted = LogisticRegression(C=1.0, class_weight="balanced").fit(odds[:, np.newaxis], attack)
    # Few examples, or such as are told apart without a doubt, would bend it out of all reason; and more evidence must
    # not lower the score.
    bounds = FLOOD_OFFSETS if kind in FLOOD_KINDS else OFFSETS
    return float(np.clip(fitted.coef_[0, 0], *SLOPES)), float(np.clip(fitted.intercept_[0], *bounds))
