"""A forest says what scikit-learn's own trees say, to the last bit."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from detector.forest import Forest


def fitted(*, with_gaps: bool) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    """Return trees, and rows on both sides of everything that they ask for."""
    rng = np.random.default_rng(7)
    matrix = rng.integers(0, 9, (400, 4)).astype(float)
    if with_gaps:
        matrix[rng.random(matrix.shape) < 0.2] = np.nan
    labels = np.nan_to_num(matrix[:, 0]) + rng.normal(0, 2, 400) > np.nan_to_num(matrix[:, 1])
    trees = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8, min_samples_leaf=8, random_state=0)
    return trees.fit(matrix, labels), np.concatenate([matrix, matrix + 0.5, rng.normal(0, 20, (50, 4))])


@pytest.mark.parametrize("with_gaps", [True, False])
def test_a_forest_says_the_same(with_gaps: bool) -> None:
    trees, rows = fitted(with_gaps=with_gaps)
    assert Forest.of(trees).log_odds(rows).tolist() == trees.decision_function(rows).tolist()


def test_nothing_to_judge() -> None:
    trees, rows = fitted(with_gaps=False)
    assert Forest.of(trees).log_odds(rows[:0]).tolist() == []


def test_judging_imports_no_scikit_learn() -> None:
    """It takes longer than a small scan."""
    code = "import sys, detector.judge, detector.model; print(*{'sklearn', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
