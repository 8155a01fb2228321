"""Reasons: the few features that decide a verdict, each as a sentence with this site's usual beside it.

A feature's weight is how far the score falls when the feature alone is set back to this site's median (occlusion), so
that a named reason is true to the model: without it the score would be lower.
"""

from dataclasses import dataclass

import numpy as np

from detector.kinds import KINDS
from detector.model import Matrix, SessionModel, normal_column
from detector.table import BY_NAME, NAMES, Feature

MOST = 5
FEW = 2

BATCH = 200
"""Sessions explained in one prediction: each needs as many rows as there are features."""

SINGULAR = {
    "requests": "request",
    "paths that do": "path that does",
    "paths": "path",
    "URLs that look": "URL that looks",
    "URLs": "URL",
    "attempts that seem": "attempt that seems",
    "attempts": "attempt",
    "failed logins": "failed login",
    "user agents": "user agent",
    "variations": "variation",
}
"""What a count of one does to a feature's phrase; longer ones first."""

DECISIVE = 0.1
"""Fall of the log-odds (for `novel`: of the raw novelty times 10) from which on a feature is a reason."""


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
    reasons: list[list[Reason]] = []
    for begin in range(0, len(matrix), BATCH):
        rows, verdicts = matrix[begin : begin + BATCH], kinds[begin : begin + BATCH]
        for row, kind, drop in zip(rows, verdicts, _drops(model, rows, verdicts), strict=True):
            reasons.append(_choose(model, row, kind, drop))
    return reasons


def _drops(model: SessionModel, matrix: Matrix, kinds: list[str]) -> Matrix:
    """Return how far setting each feature back makes each session less strange, shape (n_sessions, n_features)."""
    variants = np.repeat(matrix[:, np.newaxis, :], len(NAMES) + 1, axis=1)
    features = np.arange(len(NAMES))
    variants[:, features + 1, features] = model.usual_median
    flat = variants.reshape(-1, len(NAMES))
    novel = np.repeat([kind == "novel" for kind in kinds], len(NAMES) + 1)
    strangeness = np.empty(len(flat))
    for is_novel, measure in ((True, _rarity), (False, _log_odds)):
        if (novel == is_novel).any():
            strangeness[novel == is_novel] = measure(model, flat[novel == is_novel])
    table = strangeness.reshape(len(matrix), -1)
    return table[:, :1] - table[:, 1:]


def _choose(model: SessionModel, row: Matrix, kind: str, drop: Matrix) -> list[Reason]:
    unusual = (row > model.usual_high) | (row < model.usual_low)
    essential = np.isin(NAMES, [name for names, _ in KINDS[kind].evidence for name in names]) & (
        row > model.usual_median
    )
    # Evidence that the verdict rests on together with other evidence hardly moves it alone: it is named all the same.
    weight = np.where(essential, np.maximum(drop, DECISIVE), drop)
    ranked = [index for index in np.lexsort((-weight, ~essential)) if weight[index] >= DECISIVE]
    # What a person believes is what is unusual here; the rest of what moved the model fills up where that is little.
    telling = [index for index in ranked if unusual[index] or essential[index]][:MOST]
    rest = [index for index in ranked if index not in telling][: max(FEW - len(telling), 0)]
    chosen = sorted(telling + rest, key=lambda index: -weight[index]) or [np.argmax(weight)]
    return [_reason(model, int(index), float(row[index])) for index in chosen]


def _rarity(model: SessionModel, variants: Matrix) -> Matrix:
    return 10 * model.raw_novelty(variants)


def _log_odds(model: SessionModel, variants: Matrix) -> Matrix:
    # Near certainty probabilities hardly move; log-odds do.
    normal = np.clip(model.probabilities(variants)[:, normal_column(model.classifier)], 1e-9, 1 - 1e-9)
    return np.asarray(np.log((1 - normal) / normal))


def _reason(model: SessionModel, index: int, value: float) -> Reason:
    feature = BY_NAME[NAMES[index]]
    low, median, high = (float(usual[index]) for usual in (model.usual_low, model.usual_median, model.usual_high))
    if feature.unit == "flag":
        return Reason(feature.name, value, high, feature.phrase)
    if value > high:
        usual, compared = high, f"99 % of sessions here have at most {say(high, feature.unit)}"
    elif value < low:
        usual, compared = low, f"99 % of sessions here have at least {say(low, feature.unit)}"
    else:
        usual, compared = median, f"the median here is {say(median, feature.unit)}"
    return Reason(feature.name, value, usual, f"{_phrase(feature, value)}; {compared}")


def _phrase(feature: Feature, value: float) -> str:
    said = feature.phrase.format(say(value, feature.unit))
    if feature.unit == "count" and value == 1:
        plural = next((word for word in SINGULAR if word in said), "")
        return said.replace(plural, SINGULAR[plural], 1) if plural else said
    return said


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
