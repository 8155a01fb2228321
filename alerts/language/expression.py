"""Expressions of scripts: CEL (cel.dev), a language without loops, assignments or access to the machine.

An expression sees ``ctx`` and ``params`` as plain values. The library stops after 10,000 steps of its macros and 32
levels of nesting, and matches regular expressions in linear time; how much data can grow is bounded here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from cel_expr_python import cel

from alerts.language.mustache import Context
from core.clock import iso_millis
from core.errors import RuleError

if TYPE_CHECKING:  # the model asks this module whether an expression is right
    from alerts.language.model.script import Script

LONGEST = 2000
"""Characters of a source."""
GROWTH = 200
"""How many times larger than what it is given the value of an expression may be."""
LARGEST = 1_000_000
"""Characters of a value as JSON."""
LARGEST_GIVEN = 20_000_000
"""Characters of ``ctx`` as JSON."""

_TEXTS = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*\'""")
_MACRO = re.compile(r"\.\s*(?:map|filter|all|exists|exists_one|existsOne|transformList|transformMap)\s*\(")
_NEXT = "look at it with: wwwatch alert execute"


def check(source: str) -> str:
    """Return the source if it is an expression whose time and memory are bounded.

    Raises:
        ValueError: It is not; the sentence says where.
    """
    if len(source) > LONGEST:
        raise ValueError(f"an expression has at most {LONGEST} characters")
    bare = _TEXTS.sub('""', source)
    macros = len(_MACRO.findall(bare))
    copies = bare.count("+") + bare.count(",") - macros
    # A macro repeats each value that its body names: of `macros` one behind the other, each at most its share of them.
    if macros and (max(copies, 0) / macros + 1) ** macros > GROWTH:
        raise ValueError(f"the expression is too large for its {macros} macros: split it over a chain")
    try:
        _compile(source)
    except RuntimeError as error:
        raise ValueError(f"the expression is malformed: {_first_line(error)}") from None
    return source


def evaluate(script: "Script", context: Context) -> Any:
    """Return the value of an expression as JSON has it.

    Raises:
        RuleError: It fails, or what it is given or gives is too large or of a kind that JSON does not have.
    """
    _check_given(script, context)
    try:
        value = _compile(script.source).eval(data={"ctx": context["ctx"], "params": script.params})
        failed = value.type() == cel.Type.ERROR
        plain = value.value()
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise RuleError(f"the expression {script.source!r} failed: {_first_line(error)}", _NEXT) from None
    if failed:
        raise RuleError(f"the expression {script.source!r} failed: {_first_line(plain)}", _NEXT)
    try:
        found = _as_json(plain, _Room())
        size = len(json.dumps(found, allow_nan=False))
    except _TooLargeError:
        problem = f"the expression {script.source!r} gives more than {LARGEST} characters"
        raise RuleError(problem, f"give at most {LARGEST}") from None
    except (TypeError, ValueError, RecursionError):
        problem = f"the expression {script.source!r} gives what JSON does not have"
        raise RuleError(problem, "give texts, numbers, lists and maps with texts as keys") from None
    if size > LARGEST:
        raise RuleError(f"the expression {script.source!r} gives {size} characters", f"give at most {LARGEST}")
    return found


def _check_given(script: "Script", context: Context) -> None:
    """Refuse what is so large or so deep that the library, which is written in C++, would end the process."""
    try:
        size = len(json.dumps(context["ctx"], default=str))
    except (RecursionError, ValueError, TypeError):
        size = LARGEST_GIVEN + 1
    if size > LARGEST_GIVEN:
        problem = f"the expression {script.source!r} is given a payload that is too large or nested too deeply"
        raise RuleError(problem, "let the input load less: size, _source, extract")


def holds(script: "Script", context: Context) -> bool:
    """Return whether an expression is true.

    Raises:
        RuleError: It fails, or is neither true nor false.
    """
    value = evaluate(script, context)
    if not isinstance(value, bool):
        raise RuleError(f"the expression {script.source!r} is neither true nor false", "compare its value")
    return value


def transformed(script: "Script", context: Context) -> dict[str, Any]:
    """Return the payload that an expression makes; what is no map stands under ``_value``, as in Watcher.

    Raises:
        RuleError: The expression fails.
    """
    value = evaluate(script, context)
    return value if isinstance(value, dict) else {"_value": value}


@cache
def _environment() -> Any:
    return cel.NewEnv(variables={"ctx": cel.Type.DYN, "params": cel.Type.DYN})


@lru_cache(maxsize=1000)
def _compile(source: str) -> Any:
    return _environment().compile(source)


class _TooLargeError(Exception):
    """A value is larger than `LARGEST`."""


@dataclass(slots=True)
class _Room:
    """What is left of `LARGEST`. A macro that names the payload repeats it for nothing; copying each would not be."""

    left: int = LARGEST

    def take(self, value: Any) -> None:
        self.left -= len(value) + 2 if isinstance(value, str | list | Mapping) else 1
        if self.left < 0:
            raise _TooLargeError


def _as_json(value: Any, room: _Room) -> Any:
    room.take(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError
            room.take(key)
        return {key: _as_json(inner.value(), room) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_json(inner.value(), room) for inner in value]
    if isinstance(value, datetime):
        return iso_millis(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError


def _first_line(error: object) -> str:
    return str(error).split("\n", 1)[0][:300]
