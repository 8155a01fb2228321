"""Whether a run acts: pure, with the reason either way."""

import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.language import datemath, expression
from alerts.language.model import ArrayComparison, Comparison, Condition
from alerts.language.mustache import Context, lookup
from alerts.language.values import as_text
from core.clock import iso_millis, parse_iso
from core.errors import RuleError

_REFERENCE = re.compile(r"\{\{\s*(ctx\.[^\s{}]+)\s*\}\}")
_ORDER: Mapping[str, Callable[[int], bool]] = {
    "eq": lambda order: order == 0,
    "not_eq": lambda order: order != 0,
    "gt": lambda order: order > 0,
    "gte": lambda order: order >= 0,
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
}
_WORDS = {"eq": "=", "not_eq": "≠", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition is met, and why: one clause."""

    met: bool
    reason: str


def evaluate(condition: Condition, context: Context) -> Verdict:
    """Judge a condition over ``{"ctx": ...}``; date math counts from ``ctx.execution_time``.

    Values of different types are compared as Watcher compares them: the one in the watch says how, the found one is
    turned into a number, a text or a time if it can be; if not, the condition is not met.

    Raises:
        RuleError: An expression or date math fails, or array_compare meets something other than a list.
    """
    if condition.never is not None:
        return Verdict(met=False, reason="the condition is never")
    if condition.compare is not None:
        ((path, comparison),) = condition.compare.items()
        return _compare(path, comparison, context)
    if condition.array_compare is not None:
        ((path, elements),) = condition.array_compare.items()
        return _compare_elements(path, elements, context)
    if condition.script is not None:
        met = expression.holds(condition.script, context)
        return Verdict(met, f"the expression is {'' if met else 'not '}true")
    return Verdict(met=True, reason="the condition is always")


def _compare(path: str, comparison: Comparison, context: Context) -> Verdict:
    (name,) = comparison.model_fields_set
    wanted = _wanted(comparison.chosen(), context)
    found = lookup(path, context)
    order = compare(found, wanted)
    met = name == "not_eq" if order is None else _ORDER[name](order)
    return Verdict(met, f"{path} is {_shown(found)}, {'' if met else 'not '}{_WORDS[name]} {_shown(wanted)}")


def _compare_elements(path: str, elements: ArrayComparison, context: Context) -> Verdict:
    found = lookup(path, context)
    if found is not None and not isinstance(found, list | tuple):
        raise RuleError(f"array_compare {path} leads to {_shown(found)}, which is no list", "use compare")
    name, quantified = elements.chosen()
    wanted = _wanted(quantified.value, context)
    values = [lookup(elements.path, element) if elements.path else element for element in found or ()]
    # Here, as in Watcher, what has no order is not met even for not_eq.
    results = [(order := compare(value, wanted)) is not None and _ORDER[name](order) for value in values]
    met = all(results) if quantified.quantifier == "all" else any(results)
    inner = f".{elements.path}" if elements.path else ""
    share = f"{sum(results)} of {len(results)} {path}{inner} {_WORDS[name]} {_shown(wanted)}"
    return Verdict(met, f"{share}, wanted {quantified.quantifier}")


def compare(found: Any, wanted: Any) -> int | None:
    """Return how a value stands to one in a watch: below 0, 0 or above 0; None where they have no order.

    Source: Watcher's lenient comparison, in which the second value says how both are read.
    """
    if isinstance(found, bool) == isinstance(wanted, bool) and found == wanted:
        return 0
    if found is None or wanted is None or isinstance(wanted, bool):
        return None
    if isinstance(wanted, int | float):
        number = _number(found)
        return None if number is None or number != number or wanted != wanted else _sign(number, wanted)  # noqa: PLR0124 # nan
    if isinstance(wanted, str):
        text = _text(found)
        return None if text is None else _sign(text, wanted)
    if isinstance(wanted, datetime):
        moment = _moment(found)
        return None if moment is None else _sign(moment, wanted)
    return None


def _sign(found: Any, wanted: Any) -> int:
    return int(found > wanted) - int(found < wanted)


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    try:
        return as_text(value)
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            return parse_iso(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _wanted(value: Any, context: Context) -> Any:
    if not isinstance(value, str):
        return value
    if math := datemath.marked(value):
        now = lookup("ctx.execution_time", context)
        try:
            return datemath.resolve(math, parse_iso(str(now)))
        except ValueError as error:
            raise RuleError(f"the date math {value} cannot be computed: {error}", "correct the watch") from None
    reference = _REFERENCE.fullmatch(value)
    return lookup(reference[1], context) if reference else value


def _shown(value: Any) -> str:
    return iso_millis(value) if isinstance(value, datetime) else _SHORT.repr(value)
