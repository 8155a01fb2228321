"""Boosted trees as plain tables: to ask them needs no scikit-learn, whose import takes longer than a small scan.

The numbers are those that `HistGradientBoostingClassifier.decision_function` adds up, in its order, so that the sums
are the same to the last bit.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_ROWS = 256
"""Sessions that are looked at at once: their places in all trees stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees of one classifier of two classes; all nodes stand in one table, and a leaf leads to itself.

    Attributes:
        base: Log-odds before any tree.
        roots: Each tree's first node, shape (n_trees,).
        features: The column that a node looks at, shape (n_nodes,).
        thresholds: What is at most this goes left, shape (n_nodes,).
        is_left: Whether what is not a number goes left, shape (n_nodes,).
        children: The node to the left of each, and the one to the right, shape (2 n_nodes,).
        values: Log-odds that a leaf adds, shape (n_nodes,).
        depth: Of the deepest tree.
    """

    base: float
    roots: NDArray[np.intp]
    features: NDArray[np.intp]
    thresholds: NDArray[np.float64]
    is_left: NDArray[np.bool_]
    children: NDArray[np.intp]
    values: NDArray[np.float64]
    depth: int

    @classmethod
    def of(cls, trees: Any) -> Self:
        """Return the trees of a fitted `HistGradientBoostingClassifier` of two classes without categories."""
        tables = [predictors[0].nodes for predictors in trees._predictors]  # noqa: SLF001 - there is no public way
        roots = np.cumsum([0, *map(len, tables)], dtype=np.intp)
        nodes = np.concatenate(tables)
        is_leaf = nodes["is_leaf"].astype(bool)
        begin = np.repeat(roots[:-1], np.diff(roots))
        children = np.column_stack([nodes["left"] + begin, nodes["right"] + begin]).astype(np.intp)
        children[is_leaf] = np.flatnonzero(is_leaf)[:, np.newaxis]
        return cls(
            base=float(trees._baseline_prediction[0, 0]),  # noqa: SLF001
            roots=roots[:-1],
            features=np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.intp),
            thresholds=nodes["num_threshold"].copy(),
            is_left=nodes["missing_go_to_left"].astype(bool),
            children=children.ravel(),
            values=np.where(is_leaf, nodes["value"], 0.0),
            depth=int(nodes["depth"].max()),
        )

    def log_odds(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of the second class, shape (n_rows,).

        Args:
            matrix: The features that the trees were fitted on, shape (n_rows, n_features).
        """
        parts = [self._add_up(matrix[begin : begin + _ROWS]) for begin in range(0, len(matrix), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _add_up(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        held, has_gaps = matrix.ravel(), bool(np.isnan(matrix).any())
        begins = np.repeat(np.arange(len(matrix)) * matrix.shape[1], len(self.roots))
        places = np.tile(self.roots, len(matrix))
        for _ in range(self.depth):
            found = held.take(begins + self.features.take(places))
            goes_left = found <= self.thresholds.take(places)
            if has_gaps:
                goes_left |= np.isnan(found) & self.is_left.take(places)
            places = self.children.take(2 * places + ~goes_left)
        odds = np.full(len(matrix), self.base)
        for leaves in self.values.take(places).reshape(len(matrix), -1).T:
            odds += leaves
        return odds
