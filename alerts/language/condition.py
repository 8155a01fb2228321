"""Whether a run acts: pure, with the reason either way."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alerts.language.model import Comparison, Condition
from alerts.language.mustache import Context, lookup

_REFERENCE = re.compile(r"\{\{\s*(ctx\.[^\s{}]+)\s*\}\}")
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_WORDS = {"eq": "=", "not_eq": "≠", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition is met, and why: one clause."""

    met: bool
    reason: str


def evaluate(condition: Condition, context: Context) -> Verdict:
    """Judge a condition over ``{"ctx": ...}``.

    Ordering values of different types, or nothing, is not an error and is not met, as in Watcher.
    """
    if condition.never is not None:
        return Verdict(met=False, reason="the condition is never")
    if condition.compare is None:
        return Verdict(met=True, reason="the condition is always")
    ((path, comparison),) = condition.compare.items()
    (name,) = comparison.model_fields_set
    wanted = _wanted(comparison, context)
    found = lookup(path, context)
    met = _compare(name, found, wanted)
    return Verdict(met, f"{path} is {found!r}, {'' if met else 'not '}{_WORDS[name]} {wanted!r}")


def _wanted(comparison: Comparison, context: Context) -> Any:
    value = comparison.chosen()
    reference = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return lookup(reference[1], context) if reference else value


def _compare(name: str, found: Any, wanted: Any) -> bool:
    if name in ("eq", "not_eq"):
        return bool(found == wanted) == (name == "eq")
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (found, wanted))
    texts = isinstance(found, str) and isinstance(wanted, str)
    return (numbers or texts) and _ORDER[name](found, wanted)
