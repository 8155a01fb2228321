"""Figures: precision, recall and their kin, areas and curves, and how far chance may have moved them."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from detector.evaluation.truth import ATTACK, NORMAL

Numbers = NDArray[np.float64]

RESAMPLES = 2_000
"""Bootstrap resamples (Efron, 1979); 2,000 fix the ends of a 95 % percentile interval to about a hundredth."""

_ENDS = (2.5, 97.5)
_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class Counts:
    """The four cells: attackers found and missed, normal clients named and left in peace."""

    found: int = 0
    missed: int = 0
    named: int = 0
    spared: int = 0

    @property
    def precision(self) -> float | None:
        """Share of attackers among the labelled clients that are named, 0 to 1; None where none is named."""
        return _share(self.found, self.found + self.named)

    @property
    def recall(self) -> float | None:
        """Share of the attackers that are found, 0 to 1; None where there are none."""
        return _share(self.found, self.found + self.missed)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall, 0 to 1; None where neither an attacker nor a name exists."""
        return _share(2 * self.found, 2 * self.found + self.missed + self.named)

    def __add__(self, other: "Counts") -> "Counts":
        """Add up two tables."""
        pairs = zip(asdict(self).values(), asdict(other).values(), strict=True)
        return Counts(*(one + two for one, two in pairs))

    def to_dict(self, seed: int = 0) -> dict[str, Any]:
        """Return counts, shares, and their 95 % intervals over resampled clients."""
        shares = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {**asdict(self), **shares, "intervals": intervals(self, seed)}


def count(clients: pl.DataFrame, flag: str) -> Counts:
    """Count the labelled clients.

    Args:
        clients: `truth` and the Boolean column.
        flag: Its name: whether the client is named.
    """
    attack, normal, named = pl.col("truth") == ATTACK, pl.col("truth") == NORMAL, pl.col(flag)
    cells = (attack & named, attack & ~named, normal & named, normal & ~named)
    return Counts(
        *(int(each) for each in clients.select(cell.sum().alias(str(n)) for n, cell in enumerate(cells)).row(0))
    )


def intervals(counts: Counts, seed: int = 0) -> dict[str, tuple[float, float] | None]:
    """Return 95 % percentile intervals of precision, recall and F1, clients drawn with replacement.

    The clients are alike but for their cell, so a resample of them is a multinomial draw of the four cells.
    """
    cells = np.array(list(asdict(counts).values()), dtype=np.float64)
    total = int(cells.sum())
    if not total:
        return {"precision": None, "recall": None, "f1": None}
    found, missed, named, _ = np.random.default_rng(seed).multinomial(total, cells / total, RESAMPLES).T
    return {
        "precision": _interval(found, found + named),
        "recall": _interval(found, found + missed),
        "f1": _interval(2 * found, 2 * found + missed + named),
    }


def curves(clients: pl.DataFrame, score: str) -> dict[str, Any]:
    """Return areas and curves of a score over labelled attackers and normal clients.

    Args:
        clients: `truth` and the score.
        score: The column, higher = more hostile.

    Returns:
        `roc_area` and `pr_area` (average precision), 0 to 1, and points of both curves, at most 200 each; areas None
        where only one of the two classes is there. `chance` is the area under a precision-recall curve of a coin.
    """
    known = clients.filter(pl.col("truth").is_in([ATTACK, NORMAL]))
    is_attack = (known["truth"] == ATTACK).to_numpy()
    if not is_attack.any() or is_attack.all():
        return {"roc_area": None, "pr_area": None, "chance": None, "roc": [], "pr": []}
    scores = known[score].to_numpy()
    false_share, true_share, _ = roc_curve(is_attack, scores)
    precision, recall, _ = precision_recall_curve(is_attack, scores)
    return {
        "roc_area": round(float(roc_auc_score(is_attack, scores)), 4),
        "pr_area": round(float(average_precision_score(is_attack, scores)), 4),
        "chance": round(float(is_attack.mean()), 4),
        "roc": _points(false_share, true_share),
        "pr": _points(recall[::-1], precision[::-1]),
    }


def mean(values: list[float | None]) -> float | None:
    """Return the mean of what is known, None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _interval(part: NDArray[np.int64], whole: NDArray[np.int64]) -> tuple[float, float] | None:
    is_known = whole > 0
    if not is_known.any():
        return None
    low, high = np.percentile(part[is_known] / whole[is_known], _ENDS)
    return round(float(low), 4), round(float(high), 4)


def _points(x: Numbers, y: Numbers) -> list[tuple[float, float]]:
    step = max(len(x) // _CURVE_POINTS, 1)
    kept = sorted({*range(0, len(x), step), len(x) - 1})
    return [(round(float(x[index]), 4), round(float(y[index]), 4)) for index in kept]
