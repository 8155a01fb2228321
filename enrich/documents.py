"""Events become the JSON of the access event (docs/design.md, "The documents"), table by table.

Elasticsearch wants one text per event, and most of that text follows from values that repeat. So each table's part of a
document is written once per distinct value and then put together, line by line; no Python object exists per event. A
field without a value is left out, and so is an object without a field.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from core import fields
from core.clock import iso_millis
from core.documents import ACCESS_DATASET, ECS_VERSION
from enrich.events import Events
from enrich.pieces import Numbers, Pieces, Stack

Has = bool | npt.NDArray[np.bool_]
"""Whether something is there: for all lines alike, or line by line."""

_TIME_TEXT = "%Y-%m-%dT%H:%M:%S%.3fZ"
Tree = dict[str, Any]
"""Objects by key; a leaf is a `_Leaf`, or a constant's JSON."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where lines come from and where they go: what all documents of a batch share.

    Attributes:
        path: The log file, as it was named.
        host: The machine's name.
        namespace: Last part of the data stream's name.
        created: When the lines were read; the `@timestamp` of what does not parse.
        version: The version of this program.
    """

    path: str
    host: str
    namespace: str
    created: datetime
    version: str


@dataclass(frozen=True, slots=True)
class _Source:
    """A table whose values a document takes; `codes` are each line's row in it."""

    values: pl.DataFrame
    codes: Numbers


@dataclass(frozen=True, slots=True)
class _Leaf:
    """Where a field's value is: the source's number, and the column."""

    source: int
    field: str
    is_number: bool


def to_documents(events: Events, ids: pl.Series, offsets: pl.Series, origin: Origin) -> Pieces:
    """Return each event as the two lines of a bulk request that create its document.

    Args:
        events: What `to_events` made of the lines.
        ids: The documents' ids; as many as lines.
        offsets: Where each line starts in its file, in bytes; as many as lines.
        origin: What the documents share.
    """
    lines = events.lines.with_columns(offsets.alias(fields.LOG_OFFSET))
    each = np.arange(lines.height, dtype=np.uint32)
    tables = [_Source(_as_text(table.values, origin), table.codes) for table in events.tables]
    sources = [_Source(lines.select(name), each) for name in lines.columns] + tables
    tree: Tree = {}
    for name, text in _constants(origin).items():
        _plant(tree, name, text)
    for number, source in enumerate(sources):
        for name in source.values.columns:
            _plant(tree, name, _Leaf(number, name, source.values[name].dtype.is_integer()))
    stack = Stack(lines.height)
    stack.add_constant('{"create":{"_id":"')
    stack.add_column(each + stack.add_texts(ids))
    stack.add_constant('"}}\n')
    Writer(stack, sources).write(tree)
    stack.add_constant("\n")
    return stack.pieces()


def _as_text(values: pl.DataFrame, origin: Origin) -> pl.DataFrame:
    if fields.TIMESTAMP not in values.columns:
        return values
    text = pl.col(fields.TIMESTAMP).dt.strftime(_TIME_TEXT).fill_null(iso_millis(origin.created))
    return values.with_columns(text)


def _constants(origin: Origin) -> dict[str, str]:
    read = iso_millis(origin.created)
    plain: dict[str, object] = {
        fields.EVENT_CREATED: read,
        fields.EVENT_INGESTED: read,
        "event.kind": "event",
        "event.category": ["web"],
        "event.type": ["access"],
        "event.dataset": ACCESS_DATASET,
        "event.module": "www",
        "data_stream.type": "logs",
        "data_stream.dataset": ACCESS_DATASET,
        "data_stream.namespace": origin.namespace,
        "ecs.version": ECS_VERSION,
        "host.name": origin.host,
        "agent.type": "wwwatch",
        "agent.version": origin.version,
        fields.LOG_PATH: origin.path,
    }
    return {name: json.dumps(value, separators=(",", ":")) for name, value in plain.items()}


def _plant(tree: Tree, field: str, leaf: object) -> None:
    *parents, name = field.split(".")
    reduce(lambda branch, key: branch.setdefault(key, {}), parents, tree)[name] = leaf


class Writer:
    """Writes objects into a stack of pieces."""

    def __init__(self, stack: Stack, sources: Sequence[_Source]) -> None:
        self._stack = stack
        self._sources = sources

    def write(self, tree: Tree) -> None:
        """Write an object that holds a constant somewhere."""
        fixed = {key: value for key, value in tree.items() if _has_constant(value)}
        separator = "{"
        for key, value in fixed.items():
            self._stack.add_constant(f'{separator}"{key}":' + (value if isinstance(value, str) else ""))
            separator = ","
            if not isinstance(value, str):
                self.write(value)
        self._members({key: tree[key] for key in tree if key not in fixed}, has_before=True)
        self._stack.add_constant("}")

    def _members(self, tree: Tree, has_before: Has) -> Has:
        """Write the members of an object without constants; a comma goes before each but an object's first.

        Args:
            tree: The members.
            has_before: Whether the object has a member already, for all lines alike or line by line.

        Returns:
            Whether it has one now.
        """
        whole: dict[int, Tree] = {}
        for key, value in tree.items():
            numbers = _numbers(value)
            if len(numbers) == 1:
                whole.setdefault(numbers.pop(), {})[key] = value
            else:
                has_before = self._object(key, value, has_before)
        for number, part in whole.items():
            has_before = self._texts(self._sources[number], part, has_before)
        return has_before

    def _object(self, key: str, tree: Tree, has_before: Has) -> Has:
        """Write an object whose members come from several sources; none where it has no member."""
        opened = self._stack.add_column(0)
        has_members = self._members(tree, has_before=False)
        texts = self._stack.add_texts(["", f'"{key}":{{', f',"{key}":{{', "}"])
        opening = np.where(has_members, np.where(has_before, 2, 1), 0)
        self._stack.set_column(opened, np.asarray(texts + opening, np.uint32))
        self._stack.add_column(np.asarray(texts + np.where(has_members, 3, 0), np.uint32))
        return _either(has_before, has_members)

    def _texts(self, source: _Source, tree: Tree, has_before: Has) -> Has:
        names = _fields(tree)
        if all(source.values[name].null_count() == source.values.height for name in names):
            return has_before
        texts = encode_members(source.values.select(names), tree)
        is_there = (texts != "").to_numpy()
        if has_before is True:
            self._stack.add_column(source.codes + np.uint32(self._stack.add_texts(texts)))
            return True
        first = self._stack.add_texts(texts.str.slice(1))  # the same without the comma
        numbers = source.codes + np.uint32(first)
        if has_before is not False:
            numbers += np.asarray(has_before * (self._stack.add_texts(texts) - first), np.uint32)
        self._stack.add_column(numbers)
        return True if is_there.all() else _either(has_before, is_there[source.codes])


def _either(one: Has, other: Has) -> Has:
    if isinstance(one, bool) or isinstance(other, bool):
        return True if one is True or other is True else (other if one is False else one)
    return one | other


def encode_members(values: pl.DataFrame, tree: Tree) -> pl.Series:
    """Return the members of a JSON object, row by row: each begins with a comma; a row without a value gets nothing."""
    # polars encodes a whole object at once, much faster than its members one by one, but writes nulls out: so rows that
    # have the same fields are encoded together. A log has few such kinds of rows.
    holed = [name for name in values.columns if values[name].null_count()]
    if not holed:
        return values.select(_encode(tree, set(values.columns))).to_series()
    flags = [pl.col(name).is_null() * pl.lit(1 << bit, pl.Int64) for bit, name in enumerate(holed)]
    kinds = values.with_columns(pl.sum_horizontal(flags).alias("kind")).with_row_index("row")
    parts = [_encode_kind(part, tree) for part in kinds.partition_by("kind", include_key=False)]
    return pl.concat(parts).sort("row")["text"]


def _encode_kind(part: pl.DataFrame, tree: Tree) -> pl.DataFrame:
    return part.select("row", _encode(tree, {name for name in part.columns if part[name].null_count() == 0}))


def _encode(tree: Tree, present: set[str]) -> pl.Expr:
    ((key, value), *others) = tree.items()
    if not others and isinstance(value, _Leaf) and value.is_number and value.field in present:
        return pl.concat_str(pl.lit(f',"{key}":'), value.field).alias("text")  # a number's text needs no escaping
    encoded = _struct(tree, present)
    if encoded is None:
        return pl.lit("").alias("text")
    return pl.concat_str(pl.lit(","), encoded.struct.json_encode().str.slice(1).str.strip_suffix("}")).alias("text")


def _struct(tree: Tree, present: set[str]) -> pl.Expr | None:
    columns = []
    for key, value in tree.items():
        column = _struct(value, present) if isinstance(value, dict) else pl.col(value.field)
        if column is not None and (isinstance(value, dict) or value.field in present):
            columns.append(column.alias(key))
    return pl.struct(columns) if columns else None


def _fields(value: Any) -> list[str]:
    return [value.field] if isinstance(value, _Leaf) else [name for each in value.values() for name in _fields(each)]


def _numbers(value: Any) -> set[int]:
    return {value.source} if isinstance(value, _Leaf) else set().union(*map(_numbers, value.values()))


def _has_constant(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and any(map(_has_constant, value.values())))
