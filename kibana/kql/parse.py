"""Reads KQL into a tree.

The part of the language that our objects use: ``field: value``, ``field: "phrase"``, ``field: (a or b)``, wildcards,
ranges (``field >= 5``), ``and``, ``or``, ``not`` and brackets. Free text without a field is refused: it searches
whatever fields a data view has, which nobody means in a dashboard.
Source: Kibana's documentation of its query language.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from core.errors import KibanaError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<quoted>"(?:\\.|[^"\\])*")
  | (?P<mark><=|>=|[<>:()])
  | (?P<word>(?:\\.|[^\s<>:()"\\])+)
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
_CONTROL = {"t": "\t", "r": "\r", "n": "\n"}


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it stands: `is_phrase` where it was quoted, so that its stars are stars."""

    text: str
    is_phrase: bool


@dataclass(frozen=True, slots=True)
class Is:
    """A field has a value; for ranges `operator` says which side, else it is ``:``."""

    field: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Group:
    """All of the parts, or any of them; all of none is everything."""

    every: bool
    parts: tuple["Node", ...]


Node = Is | Not | Group


@cache
def parse(query: str) -> Node:
    """Return the tree of a query; an empty one matches everything.

    Raises:
        KibanaError: It is malformed, or uses what is not supported here.
    """
    if not query.strip():
        return Group(every=True, parts=())
    reader = _Reader(query)
    node = reader.any()
    reader.end()
    return node


def fields(node: Node) -> Iterator[str]:
    """Yield the fields that a query names, in order."""
    if isinstance(node, Is):
        yield node.field
    elif isinstance(node, Not):
        yield from fields(node.part)
    else:
        for part in node.parts:
            yield from fields(part)


class _Reader:
    """Reads a query from left to right: `or` binds weaker than `and`, `not` strongest."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._tokens = list(_tokens(query))
        self._place = 0

    def any(self) -> Node:
        """Read parts with `or` between."""
        return self._joined("or", self._all)

    def end(self) -> None:
        """Refuse what is left over."""
        if self._place < len(self._tokens):
            raise self._wrong(f"{self._tokens[self._place][1]!r} was not expected")

    def _all(self) -> Node:
        return self._joined("and", self._one)

    def _joined(self, word: str, read: Callable[[], Node]) -> Node:
        parts = [read()]
        while self._takes(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else Group(every=word == "and", parts=tuple(parts))

    def _one(self) -> Node:
        if self._takes("not"):
            return Not(self._one())
        if self._takes("("):
            inner = self.any()
            self._want(")")
            return inner
        name = self._value().text
        operator = self._next()
        if operator not in (":", "<", "<=", ">", ">="):
            raise self._wrong(f"{name!r} is no field with a value")
        if operator == ":" and self._takes("("):
            return self._values(name)
        return Is(name, operator, self._value())

    def _values(self, name: str) -> Node:
        word, parts = "", [self._listed(name)]
        while not self._takes(")"):
            found = self._next().lower()
            if found not in ("and", "or") or (word and found != word):
                raise self._wrong("a list of values takes either `or` or `and`")
            word = found
            parts.append(self._listed(name))
        return Group(every=word == "and", parts=tuple(parts)) if word else parts[0]

    def _listed(self, name: str) -> Node:
        return Not(self._listed(name)) if self._takes("not") else Is(name, ":", self._value())

    def _value(self) -> Value:
        kind, text = self._tokens[self._place] if self._place < len(self._tokens) else ("", "")
        if kind not in ("word", "quoted"):
            raise self._wrong("a field or a value is missing")
        self._place += 1
        if kind == "quoted":
            return Value(_ESCAPE.sub(lambda found: _CONTROL.get(found[1], found[1]), text[1:-1]), is_phrase=True)
        return Value(text, is_phrase=False)

    def _takes(self, text: str) -> bool:
        found = self._place < len(self._tokens) and self._tokens[self._place][0] != "quoted"
        if found and self._tokens[self._place][1].lower() == text:
            self._place += 1
            return True
        return False

    def _want(self, text: str) -> None:
        if not self._takes(text):
            raise self._wrong(f"{text!r} is missing")

    def _next(self) -> str:
        if self._place >= len(self._tokens):
            raise self._wrong("it ends too early")
        self._place += 1
        return self._tokens[self._place - 1][1]

    def _wrong(self, why: str) -> KibanaError:
        return KibanaError(f"the query {self._query!r} is malformed: {why}", "correct the query")


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(query):
        found = _TOKEN.match(query, place)
        if found is None:
            raise KibanaError(f"the query {query!r} is malformed at {query[place:]!r}", "correct the query")
        place = found.end()
        if found.lastgroup != "space":
            yield str(found.lastgroup), found[0]
