"""The novelty learner: how unlike all of a site's own sessions one is, without labels.

Like ECOD (Li et al., 2022) it looks at each habit by itself: how few of the site's sessions go as far, as a logarithm.
What lies beyond all of them is followed on, further out counting more. A session's novelty is the sum of its few
strangest habits, so that each reason is a summand. benchmarks/bench_novelty.py compares it with others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.table import BY_NAME, NAMES

Matrix = NDArray[np.float64]

HABITS = tuple(name for name in NAMES if BY_NAME[name].is_habit)
COLUMNS = tuple(NAMES.index(name) for name in HABITS)

UNKNOWN = "unknown_share"
"""The habit that only a site's profile can tell."""

STRANGEST = 3
"""Habits that are added up: one strange habit alone is an accident, and many are not needed."""

GRID = 200
"""Quantiles that are kept of each habit."""

_HOSTILE = tuple(BY_NAME[name].hostile for name in HABITS)
_LOGARITHMIC = np.array([BY_NAME[name].unit not in {"share", "flag", "ratio"} for name in HABITS])


_PARTS = np.arange(GRID + 2) / (GRID + 1)


@dataclass(frozen=True, slots=True)
class Novelty:
    """What a site's sessions are like.

    Attributes:
        grids: Sorted quantiles of each habit, compressed, shape (n_habits, GRID + 1).
        spread: Distance from each habit's 10th to its 90th percentile, shape (n_habits,), never 0.
        sessions: How many taught it.
        is_own: Whether they are the site's own: of other sites' sessions nobody can say what is new here.
        cuts: Sorted quantiles 0, 0.001 ... 1 of the novelty of those sessions, shape (1001,).
    """

    grids: Matrix
    spread: Matrix
    sessions: int
    cuts: Matrix
    is_own: bool = True

    def surprises(self, matrix: Matrix) -> Matrix:
        """Return how surprising each habit is, shape (n_sessions, n_habits), 0 for what half of the sessions exceed.

        Args:
            matrix: Features, shape (n_sessions, n_features).
        """
        values = compress(matrix)
        found = np.empty_like(values)
        more, less = self._rarity(1.0 - _PARTS), self._rarity(_PARTS)
        for habit, grid in enumerate(self.grids):
            if HABITS[habit] == UNKNOWN and grid[0] == grid[-1]:
                found[:, habit] = 0.0  # learnt before the site's profile was: it could not tell
                continue
            value = values[:, habit]
            # Of the sessions, so many go as far on this side, or further: on the hostile one, where there is one.
            below = np.searchsorted(grid, value, "left")
            surprise, outside = more[below], value > grid[-1]
            if _HOSTILE[habit] <= 0:
                up_to = np.append(np.searchsorted(grid, grid, "right"), GRID + 1)  # those that are equal are more
                is_on = np.append(grid, np.nan)[below] == value
                surprise = np.maximum(surprise, less[np.where(is_on, up_to[below], below)])
                outside |= value < grid[0]
            if outside.any():
                far = value[outside]
                beyond = np.maximum(far - grid[-1], grid[0] - far) / self.spread[habit]
                surprise[outside] += 2.0 * np.log2(1.0 + beyond)
            found[:, habit] = surprise
        return found

    def _rarity(self, tail: Matrix) -> Matrix:
        """Return how surprising it is that such a share of the sessions goes as far, shape of `tail`."""
        held = np.clip(tail, 1.0 / (self.sessions + 1.0), 1.0)
        return np.asarray(np.maximum(-np.log2(np.minimum(2.0 * held, 1.0)), 0.0), dtype=np.float64)

    def raw(self, matrix: Matrix) -> Matrix:
        """Return the novelty, 0 and higher, higher = stranger, shape (n_sessions,)."""
        strangest = np.partition(self.surprises(matrix), -STRANGEST, axis=1)[:, -STRANGEST:]
        return np.asarray(np.sort(strangest, axis=1).sum(axis=1), dtype=np.float64)


def learn_novelty(matrix: Matrix, *, is_own: bool = True) -> Novelty:
    """Learn what a site's sessions are like.

    Args:
        matrix: Features of sessions without attacks, shape (n_sessions, n_features), at least one.
        is_own: Whether they are the site's own.
    """
    values = compress(matrix)
    grids = np.quantile(values, np.linspace(0, 1, GRID + 1), axis=0, method="nearest").T
    spread = np.quantile(values, 0.9, axis=0) - np.quantile(values, 0.1, axis=0)
    least = np.where(_LOGARITHMIC, np.log(2.0), 0.1)
    learnt = Novelty(grids, np.maximum(spread, least), len(matrix), np.zeros(1001))
    return Novelty(grids, learnt.spread, len(matrix), np.quantile(learnt.raw(matrix), np.linspace(0, 1, 1001)), is_own)


def compress(matrix: Matrix) -> Matrix:
    """Return the habits of a matrix of features, counts, durations and sizes as log(1 + x): these span decades."""
    habits = matrix[:, COLUMNS]
    habits[:, _LOGARITHMIC] = np.log1p(np.maximum(habits[:, _LOGARITHMIC], 0.0))
    return habits
