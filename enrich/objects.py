"""JSON objects, line by line, out of constants and tables of columns; a column's name is its path in the object."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from enrich.members import Leaf, Tree, encode_members, leaves
from enrich.pieces import Numbers, Stack

Has = bool | npt.NDArray[np.bool_]
"""Whether something is there: for all lines alike, or line by line."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table whose values the objects take.

    Attributes:
        values: Columns named after the fields, e.g. ``http.version``.
        codes: Each line's row in it.
    """

    values: pl.DataFrame
    codes: Numbers


@dataclass(frozen=True, slots=True)
class _Part:
    """Members whose values are all in one source."""

    source: int
    tree: Tree


@dataclass(frozen=True, slots=True)
class _Open:
    """An object begins that has several sources and no constant: without a member in a line, it is left out there."""

    key: str


class _Close:
    """It ends."""


_Step = str | _Part | _Open | _Close


def write_objects(stack: Stack, constants: Mapping[str, object], sources: Sequence[Source]) -> None:
    """Add one object per line to a stack of pieces.

    Args:
        stack: Where they go.
        constants: Values by field that all lines share; at least one.
        sources: The other values; no field twice. A null is left out, and so is an object without a member.
    """
    tree: Tree = {}
    for name, value in constants.items():
        _plant(tree, name, json.dumps(value, separators=(",", ":")))
    for number, source in enumerate(sources):
        for column in source.values.get_columns():
            if column.null_count() < column.len():
                _plant(tree, column.name, Leaf(number, column.name, is_number=column.dtype.is_integer()))
    steps = list(_steps(tree))
    parts = [
        [step.tree for step in steps if isinstance(step, _Part) and step.source == each] for each in range(len(sources))
    ]
    texts = [iter(encode_members(source.values, trees)) for source, trees in zip(sources, parts, strict=True)]
    _Writer(stack).write(steps, sources, texts)


def _plant(tree: Tree, field: str, leaf: object) -> None:
    *parents, name = field.split(".")
    reduce(lambda branch, key: branch.setdefault(key, {}), parents, tree)[name] = leaf


def _steps(tree: Tree) -> Iterator[_Step]:
    """Yield what to write for an object that holds a constant somewhere."""
    fixed = {key: value for key, value in tree.items() if _has_constant(value)}
    separator = "{"
    for key, value in fixed.items():
        yield f'{separator}"{key}":' + (value if isinstance(value, str) else "")
        separator = ","
        if not isinstance(value, str):
            yield from _steps(value)
    yield from _loose_steps({key: tree[key] for key in tree if key not in fixed})
    yield "}"


def _loose_steps(tree: Tree) -> Iterator[_Step]:
    whole: dict[int, Tree] = {}
    for key, value in tree.items():
        sources = {leaf.source for leaf in leaves(value)}
        if len(sources) == 1:
            whole.setdefault(sources.pop(), {})[key] = value
        else:
            yield _Open(key)
            yield from _loose_steps(value)
            yield _Close()
    for number, part in whole.items():
        yield _Part(number, part)


def _has_constant(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and any(map(_has_constant, value.values())))


class _Writer:
    """Writes steps; a comma goes before each member but an object's first, which may differ from line to line."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._before: list[Has] = [
            True
        ]  # whether the open objects have a member yet; in the outermost a constant is one
        self._opened: list[tuple[int, str]] = []

    def write(self, steps: Sequence[_Step], sources: Sequence[Source], texts: Sequence[Iterator[pl.Series]]) -> None:
        """Write all steps; `texts` are each source's, in the order of its parts."""
        for step in steps:
            if isinstance(step, str):
                self._stack.add_constant(step)
            elif isinstance(step, _Open):
                self._opened.append((self._stack.add_column(0), step.key))
                self._before.append(False)
            elif isinstance(step, _Close):
                self._close()
            else:
                self._member(next(texts[step.source]), sources[step.source].codes)

    def _member(self, texts: pl.Series, codes: Numbers) -> None:
        before = self._before[-1]
        if before is True:
            self._stack.add_column(codes + np.uint32(self._stack.add_texts(texts)))
            return
        first = self._stack.add_texts(texts.str.slice(1))  # the same without the comma
        numbers = codes + np.uint32(first)
        if before is not False:
            numbers += np.asarray(before * (self._stack.add_texts(texts) - first), np.uint32)
        self._stack.add_column(numbers)
        is_there = (texts != "").to_numpy()
        self._before[-1] = True if is_there.all() else _either(before, is_there[codes])

    def _close(self) -> None:
        has_members = self._before.pop()
        (opened, key), before = self._opened.pop(), self._before[-1]
        texts = self._stack.add_texts(["", f'"{key}":{{', f',"{key}":{{', "}"])
        opening = np.where(has_members, np.where(before, 2, 1), 0)
        self._stack.set_column(opened, np.asarray(texts + opening, np.uint32))
        self._stack.add_column(np.asarray(texts + np.where(has_members, 3, 0), np.uint32))
        self._before[-1] = _either(before, has_members)


def _either(one: Has, other: Has) -> Has:
    if isinstance(one, bool) or isinstance(other, bool):
        return True if one is True or other is True else (other if one is False else one)
    return one | other
