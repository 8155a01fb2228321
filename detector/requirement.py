"""How much evidence of a kind a session holds, and what that does to the score.

The table is in detector/kinds.py. One unit of evidence is the least before a kind's learner is asked. Levels mean
amount: one request for a file with secrets is true, but not worth a mail, and a flood is.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.kinds import EXPLICIT, KINDS
from detector.table import NAMES

LEAST = 0.36
"""Share of the probability that counts with one unit of evidence: a certain verdict is minor, 36."""

MAJOR, CRITICAL = 0.52, 0.79
"""Shares at a kind's `major` and `critical` amounts: a verdict of 96 % is just major, just critical."""

PLENTY = 4.0
"""Times the critical amount from which on the probability counts in full."""

_DECLARED = NAMES.index("agent_crawler")


def amounts(
    matrix: NDArray[np.float64], kind: str, *, only_explicit: bool = False, forgives: bool = True
) -> NDArray[np.float64]:
    """Return how many units of evidence of a kind sessions hold, shape (n_sessions,).

    Args:
        matrix: Features, shape (n_sessions, n_features).
        kind: One of `LEARNT`.
        only_explicit: Whether only evidence counts that no visitor gives by mistake.
        forgives: Whether what takes evidence away does so.
    """
    declared = matrix[:, _DECLARED] > 0
    groups = [tuple(one for one in group if not only_explicit or one[0] in EXPLICIT) for group in KINDS[kind].amount]
    found = np.where(declared, _sum(matrix, KINDS[kind].declared), _sum(matrix, [group for group in groups if group]))
    for name, each in KINDS[kind].less if forgives else ():
        found = np.maximum(found - each * matrix[:, NAMES.index(name)], 0.0)
    for name, least in KINDS[kind].also:
        found = np.where(matrix[:, NAMES.index(name)] >= least, found, 0.0)
    return found


def _sum(matrix: NDArray[np.float64], amount: Sequence[tuple[tuple[str, float], ...]]) -> NDArray[np.float64]:
    total = np.zeros(len(matrix))
    for group in amount:
        total += np.max([matrix[:, NAMES.index(name)] / unit for name, unit in group], axis=0)
    return total


def has_evidence(
    matrix: NDArray[np.float64], kind: str, usual_high: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Say of each session whether it holds what a kind requires.

    Args:
        matrix: Features, shape (n_sessions, n_features).
        kind: One of `LEARNT`.
        usual_high: This site's 99th percentiles, shape (n_features,); None where they are not known yet.

    Returns:
        Shape (n_sessions,).
    """
    held = amounts(matrix, kind) >= KINDS[kind].least
    if usual_high is not None:
        for name in KINDS[kind].beyond_usual:
            held &= matrix[:, NAMES.index(name)] > usual_high[NAMES.index(name)]
    return held


def weight(matrix: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    """Return how much of the probability counts, LEAST to 1, by the amount of evidence on a logarithmic scale."""
    least, major, critical = KINDS[kind].least, KINDS[kind].major, KINDS[kind].critical
    points = np.log([least, major, critical, PLENTY * critical])
    return np.interp(np.log(np.maximum(amounts(matrix, kind), least)), points, [LEAST, MAJOR, CRITICAL, 1.0])
