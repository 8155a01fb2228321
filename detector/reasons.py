"""Reasons: the few features that decide a verdict, each as a sentence with this site's usual beside it.

A feature's weight is how far the score falls when the feature alone is set back to this site's median (occlusion), so
that a named reason is true to the model: without it the score would be lower.
"""

from dataclasses import dataclass

import numpy as np

from detector.model import Matrix, SessionModel
from detector.table import BY_NAME, NAMES

MOST = 5


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in numbers: the feature, its value, what is usual here (99th percentile, or 1st where less is stranger)."""

    feature: str
    value: float
    usual: float
    sentence: str


def explain(model: SessionModel, matrix: Matrix, kinds: list[str]) -> list[list[Reason]]:
    """Return the reasons of each session, most decisive first, at most MOST.

    Args:
        model: The model that judged.
        matrix: Features, shape (n_sessions, n_features).
        kinds: The verdicts, length n_sessions.
    """
    return [_explain_one(model, row, kind) for row, kind in zip(matrix, kinds, strict=True)]


def _explain_one(model: SessionModel, row: Matrix, kind: str) -> list[Reason]:
    variants = np.tile(row, (len(NAMES) + 1, 1))
    np.fill_diagonal(variants[1:], model.usual_median)
    strangeness = _strangeness(model, variants, kind)
    drop = strangeness[0] - strangeness[1:]
    unusual = (row > model.usual_high) | (row < model.usual_low)
    # Decisive ones first; those that are merely unusual fill up, by how many times they exceed what is usual.
    excess = np.log1p(np.abs(row)) - np.log1p(
        np.abs(np.where(row > model.usual_high, model.usual_high, model.usual_low))
    )
    order = np.lexsort((-np.abs(excess), -np.round(drop, 2)))
    chosen = [index for index in order if unusual[index]][:MOST]
    return [_reason(model, index, row[index]) for index in chosen] or [
        _reason(model, int(order[0]), row[int(order[0])])
    ]


def _strangeness(model: SessionModel, variants: Matrix, kind: str) -> Matrix:
    if kind == "novel":
        return model.raw_novelty(variants)
    normal = model.kinds.index("normal")
    probability = np.clip(model.probabilities(variants)[:, normal], 1e-9, 1 - 1e-9)
    return np.log((1 - probability) / probability)  # log-odds: near certainty, probabilities hardly move


def _reason(model: SessionModel, index: int, value: float) -> Reason:
    feature = BY_NAME[NAMES[index]]
    high, low = float(model.usual_high[index]), float(model.usual_low[index])
    if feature.unit == "flag":
        return Reason(feature.name, float(value), high, f"{feature.phrase}; rare here")
    said = feature.phrase.format(say(value, feature.unit))
    if value >= high:
        return Reason(
            feature.name, float(value), high, f"{said}; 99 % of sessions here have at most {say(high, feature.unit)}"
        )
    return Reason(
        feature.name, float(value), low, f"{said}; 99 % of sessions here have at least {say(low, feature.unit)}"
    )


def say(value: float, unit: str) -> str:
    """Write a value in its unit as a person would: ``3 min``, ``97 %``, ``412``."""
    if unit == "share":
        return f"{100 * value:.0f} %"
    if unit == "seconds":
        return _scaled(value, ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")))
    if unit == "bytes":
        return _scaled(value, ((1_000_000, "MB"), (1_000, "kB"), (1, "B")))
    if unit == "characters":
        return f"{value:.0f} characters"
    return _number(value)


def _scaled(value: float, units: tuple[tuple[int, str], ...]) -> str:
    size, name = next((unit for unit in units if value >= 2 * unit[0]), units[-1])
    return f"{_number(round(value / size, 1) if value < 10 * size else round(value / size))} {name}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.2g}" if abs(value) < 1 else f"{value:,.1f}"
