"""Reasons: the few features that decide a verdict, each as a sentence with this site's usual beside it.

They are found by setting features back to this site's median (occlusion): first the one without which the score falls
furthest, then the next with that one gone, until the verdict falls. So each named reason is true to the model, which
can only fall when evidence is taken away, and without all of them there is no verdict.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.kinds import KINDS
from detector.model import LIKELY, NOVEL_FROM, Matrix, SessionModel
from detector.novelty import COLUMNS
from detector.requirement import LEAST
from detector.table import BY_NAME, NAMES, Feature

MOST = 5

BATCH = 200
"""Sessions explained in one prediction: each needs as many rows as there are features."""

SINGULAR = {
    "requests": "request",
    "paths that do": "path that does",
    "paths": "path",
    "URLs that look": "URL that looks",
    "paths that nothing": "path that nothing",
    "URLs": "URL",
    "attempts that seem": "attempt that seems",
    "attempts": "attempt",
    "failed logins": "failed login",
    "user agents": "user agent",
    "variations": "variation",
}
"""What a count of one does to a feature's phrase; longer ones first."""

DECISIVE = 0.5
"""Points of the score from which on a further feature is a reason."""

CALLED = 100 * LIKELY * LEAST
"""Score below which no kind is called."""


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
        kinds: The verdicts, length n_sessions: no `normal` among them.
    """
    reasons: list[list[Reason]] = [[] for _ in kinds]
    for kind in dict.fromkeys(kinds):
        rows = [row for row, each in enumerate(kinds) if each == kind]
        for begin in range(0, len(rows), BATCH):
            some = rows[begin : begin + BATCH]
            for row, columns in zip(some, _Occlusion(model, kind).choose(matrix[some]), strict=True):
                reasons[row] = [_reason(model, column, float(matrix[row, column])) for column in columns]
    return reasons


class _Occlusion:
    """Sets features back, for sessions of one verdict."""

    def __init__(self, model: SessionModel, kind: str) -> None:
        self.model, self.kind = model, kind
        self.columns, self.directions = _looked_at(kind)
        self.usual = model.usual_median[self.columns]
        self.limit = CALLED if kind in model.kinds else NOVEL_FROM

    def score(self, matrix: Matrix) -> Matrix:
        """Return what the verdict's kind alone scores, shape (n_sessions,)."""
        if self.kind in self.model.kinds:
            return self.model.score_of(self.kind, matrix)
        return self.model.strangeness(matrix)

    def choose(self, matrix: Matrix) -> list[list[int]]:
        """Return the columns that decide, most decisive first, one list per session."""
        left, named = matrix.copy(), np.zeros((len(matrix), len(self.columns)), dtype=bool)
        order: list[list[int]] = [[] for _ in range(len(matrix))]
        hostile = self.directions * (matrix[:, self.columns] - self.usual) > 0
        hostile |= (self.directions == 0) & (matrix[:, self.columns] != self.usual)
        scores = self.score(matrix)
        first = self._drops(matrix, scores, hostile)
        for step in range(MOST):
            open_ = np.flatnonzero(scores >= self.limit)
            drops = self._drops(left[open_], scores[open_], hostile[open_] & ~named[open_]) if step else first[open_]
            for row, drop in zip(open_.tolist(), drops, strict=True):
                best = int(np.argmax(drop))
                if drop[best] > 0:
                    named[row, best] = True
                    order[row].append(best)
                    left[row, self.columns[best]] = self.usual[best]
            scores[open_] = self.score(left[open_])
        return [self._fill_up(chosen, falls) for chosen, falls in zip(order, first, strict=True)]

    def _fill_up(self, chosen: list[int], falls: Matrix) -> list[int]:
        """Return the columns chosen and the next decisive ones, at most MOST, most decisive first."""
        further = [each for each in np.argsort(-falls, kind="stable").tolist() if each not in chosen]
        decisive = [each for each in further if falls[each] >= DECISIVE][: max(MOST - len(chosen), 0)]
        ranked = sorted([*chosen, *decisive], key=falls.__getitem__, reverse=True)
        return [int(self.columns[each]) for each in ranked or [int(np.argmax(falls))]]

    def _drops(self, matrix: Matrix, scores: Matrix, which: NDArray[np.bool_]) -> Matrix:
        """Return how far the score falls when each feature alone is set back, shape (n_sessions, n_columns).

        Where evidence is there twice over, one alone lowers nothing: then what there is most of counts a little.

        Args:
            matrix: Features, shape (n_sessions, n_features).
            scores: What they score as they are, shape (n_sessions,).
            which: Which features to look at, shape (n_sessions, n_columns); 0 is returned of the others.
        """
        rows, places = np.nonzero(which)
        variants = matrix[rows]
        variants[np.arange(len(rows)), self.columns[places]] = self.usual[places]
        evident = np.isin(np.array(NAMES)[self.columns], KINDS[self.kind].evidence)
        much = 1e-3 * evident * np.log1p(np.abs(matrix[:, self.columns] - self.usual))
        drops = np.zeros(which.shape)
        drops[which] = scores[rows] - self.score(variants) + much[which]
        return drops


def _looked_at(kind: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the columns that a verdict rests on, and which direction of each is hostile."""
    if KINDS[kind].amount:
        names, directions = zip(*KINDS[kind].features, strict=True)
        return np.array([NAMES.index(name) for name in names]), np.array(directions)
    return np.array(COLUMNS), np.zeros(len(COLUMNS), dtype=np.int64)


def _reason(model: SessionModel, index: int, value: float) -> Reason:
    feature = BY_NAME[NAMES[index]]
    low, median, high = (float(usual[index]) for usual in (model.usual_low, model.usual_median, model.usual_high))
    if feature.unit == "flag":
        return Reason(feature.name, value, high, feature.phrase)
    if value > high:
        # Nothing at all is said as people say it.
        most = f"at most {say(high, feature.unit)}" if high else "none"
        usual, compared = high, f"99 % of sessions here have {most}"
    elif value < low:
        usual, compared = low, f"99 % of sessions here have at least {say(low, feature.unit)}"
    else:
        usual = median
        compared = (
            f"half of the sessions here have at most {say(median, feature.unit)}"
            if median
            else "most sessions here have none"
        )
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
