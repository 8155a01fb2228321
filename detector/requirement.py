"""What a kind requires of a session before the classifier is believed, and how much of it there is.

The table is in detector/kinds.py. Together with the classifier's probability this makes the score: sure and much is
critical, sure but little is not.
"""

import math

import numpy as np
from numpy.typing import NDArray

from detector.kinds import KINDS
from detector.table import NAMES

WEAKEST = 0.4
"""Share of the probability that counts where there is just as much evidence as required."""

PLENTY = 4.0
"""Times the required evidence from which on the probability counts in full."""


def has_evidence(
    matrix: NDArray[np.float64], kind: str, usual_high: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Say of each session whether it holds what a kind requires.

    Args:
        matrix: Features, shape (n_sessions, n_features).
        kind: A kind, or `normal`, which requires nothing.
        usual_high: This site's 99th percentiles, shape (n_features,); None where they are not known yet.

    Returns:
        Shape (n_sessions,).
    """
    held = _least_ratio(matrix, kind, above=0.0) >= 1.0
    if usual_high is not None and kind in KINDS:
        for name in KINDS[kind].beyond_usual:
            held &= matrix[:, NAMES.index(name)] > usual_high[NAMES.index(name)]
    return held


def weight(matrix: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    """Return how much of the probability counts, WEAKEST to 1, by the evidence on a logarithmic scale.

    A requirement of one is a yes or no, and says nothing of how much.
    """
    ratio: NDArray[np.float64] = np.clip(_least_ratio(matrix, kind, above=1.0), 1.0, PLENTY)
    return WEAKEST + (1.0 - WEAKEST) * np.log(ratio) / math.log(PLENTY)


def _least_ratio(matrix: NDArray[np.float64], kind: str, *, above: float) -> NDArray[np.float64]:
    needs = [need for need in (KINDS[kind].evidence if kind in KINDS else ()) if need[1] > above]
    ratios = (matrix[:, [NAMES.index(name) for name in names]].sum(axis=1) / enough for names, enough in needs)
    least = np.full(len(matrix), np.inf)
    for ratio in ratios:
        least = np.minimum(least, ratio)
    return least
