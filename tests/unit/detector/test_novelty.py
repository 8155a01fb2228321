"""The novelty learner: each number by the formula, and its sum."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.novelty import COLUMNS, GRID, HABITS, STRANGEST, UNKNOWN, Novelty, compress, learn_novelty
from detector.table import BY_NAME, NAMES


def plain(habits: Novelty, habit: int, value: float) -> float:
    """Return the surprise of one value as the module's docstring has it, one at a time."""
    grid = habits.grids[habit]
    one_sided = BY_NAME[HABITS[habit]].hostile > 0
    if HABITS[habit] == UNKNOWN and grid[0] == grid[-1]:
        return 0.0
    more = 1 - sum(other < value for other in grid) / (GRID + 1)
    less = sum(other <= value for other in grid) / (GRID + 1)
    tail = min(max(more if one_sided else min(more, less), 1 / (habits.sessions + 1)), 1.0)
    short = 0.0 if one_sided else grid[0] - value
    beyond = max(value - grid[-1], short, 0.0) / habits.spread[habit]
    return max(-math.log2(min(2 * tail, 1.0)), 0.0) + 2 * math.log2(1 + beyond)


def sessions_of(seed: int, count: int, most: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).integers(0, most, (count, len(NAMES))).astype(np.float64) / 2


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), taught=st.sampled_from([1, 30, 400]), most=st.sampled_from([1, 3, 60]))
def test_surprises_follow_the_formula(seed: int, taught: int, most: int) -> None:
    habits = learn_novelty(sessions_of(seed, taught, most))
    asked = sessions_of(seed + 1, 12, most + 3) - 1
    wanted = [[plain(habits, habit, value) for habit, value in enumerate(row)] for row in compress(asked)]
    assert len(wanted[0]) == len(COLUMNS)
    np.testing.assert_allclose(habits.surprises(asked), wanted, atol=1e-12)
    np.testing.assert_allclose(habits.raw(asked), [sum(sorted(row)[-STRANGEST:]) for row in wanted], atol=1e-12)
