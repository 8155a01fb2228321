"""Parsed lines become the JSON of the access event (docs/design.md, "The documents"), column by column.

The text is put together by polars: no Python object per event. A field without a value is left out, and so is an object
without a field.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core import fields
from core.clock import iso_millis
from core.documents import ACCESS_DATASET, ECS_VERSION

_CLEAN = (
    (fields.SOURCE_IP, "ip"),
    (fields.METHOD, "method"),
    (fields.HTTP_VERSION, "version"),
)
"""Fields whose characters the parser has checked: they need no escaping."""

_TEXT = (
    (fields.SOURCE_ADDRESS, "address"),
    (fields.USER_NAME, "user"),
    (fields.REFERRER, "referrer"),
    (fields.URL_ORIGINAL, "url"),
    (fields.URL_PATH, "path"),
    (fields.URL_QUERY, "query"),
    (fields.URL_DOMAIN, "domain"),
    (fields.USER_AGENT, "user_agent"),
    (fields.ERROR_MESSAGE, "error"),
    (fields.EVENT_ORIGINAL, "original"),
)
_NUMBER = ((fields.STATUS, "status"), (fields.BODY_BYTES, "bytes"))
_FIRST_FAILURE = 400


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


def to_documents(frame: pl.DataFrame, offsets: pl.Series, origin: Origin, lead: pl.Series | None = None) -> pl.Series:
    """Return each row as a JSON document without line breaks.

    Args:
        frame: The columns of `parse`.
        offsets: Where each line starts in its file, in bytes; of the frame's length.
        origin: What the documents share.
        lead: What to put before each document, such as the action line of a bulk request; here it costs no copy.
    """
    columns = _columns(origin)
    # Two steps: polars would work out again, at every mention, an expression that is not yet a column.
    values = frame.with_columns(offsets.alias("offset")).select(value.alias(name) for name, value in columns.items())
    tree = _nest(_constants(origin) | {name: pl.col(name) for name in columns})
    before: list[str | pl.Expr] = []
    if lead is not None:
        values, before = values.with_columns(lead.alias("lead")), [pl.col("lead")]
    return values.select(_join([*before, *_pieces(tree, is_root=True)]).alias("document")).to_series()


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


def _columns(origin: Origin) -> dict[str, pl.Expr]:
    time = pl.coalesce(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"), pl.lit(iso_millis(origin.created)))
    outcome = pl.when(pl.col("status") < _FIRST_FAILURE).then(pl.lit('"success"')).otherwise(pl.lit('"failure"'))
    known = pl.when(pl.col("status").is_not_null())
    columns: dict[str, pl.Expr] = {fields.TIMESTAMP: pl.format('"{}"', time)}
    columns |= {"event.outcome": known.then(outcome), fields.LOG_OFFSET: pl.col("offset").cast(pl.String)}
    columns |= {field: pl.concat_str(pl.lit('"'), pl.col(name), pl.lit('"')) for field, name in _CLEAN}
    columns |= {field: _escaped(name) for field, name in _TEXT}
    return columns | {field: pl.col(name).cast(pl.String) for field, name in _NUMBER}


def _escaped(name: str) -> pl.Expr:
    """Return a text as a JSON string; polars' own encoder escapes it, as the one member of an object."""
    text = pl.struct(pl.col(name).alias("")).struct.json_encode().str.strip_prefix('{"":').str.strip_suffix("}")
    return pl.when(pl.col(name).is_not_null()).then(text)


def _nest(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for field, value in values.items():
        *parents, leaf = field.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = value
    return tree


def _pieces(tree: Mapping[str, Any], *, is_root: bool = False) -> list[str | pl.Expr]:
    """Return what makes the object's members, or the root object, when put together without the nulls.

    A constant comes first, so that every other member can bring its own comma and be left out with it. An object with
    no constant puts its members together by themselves, to take the first one's comma off.
    """
    members = sorted(tree.items(), key=lambda member: not _is_certain(member[1]))
    pieces = [piece for key, value in members for piece in _member(key, value)]
    if isinstance(pieces[0], str):
        start, end = ("{", "}") if is_root else ("", "")
        return [start + pieces[0][1:], *pieces[1:], end]
    return [_join(pieces).str.strip_prefix(",")]


def _member(key: str, value: Any) -> list[str | pl.Expr]:
    """Return the pieces of ``,"key":value``, all null where the value is."""
    keys = f',"{key}":'
    depth = 0
    while isinstance(value, dict) and len(value) == 1:
        ((key, value),) = value.items()
        keys, depth = f'{keys}{{"{key}":', depth + 1
    ends = "}" * depth
    if isinstance(value, str):
        return [keys + value + ends]
    if isinstance(value, pl.Expr):
        return [_join([keys, value, *([ends] if ends else [])], ignore_nulls=False)]
    pieces = _pieces(value)
    if _is_certain(value):
        return [keys + "{", *pieces, "}" + ends]
    filled = pl.when(pl.any_horizontal(leaf.is_not_null() for leaf in _leaves(value)))
    return [filled.then(pl.lit(keys + "{")), *pieces, filled.then(pl.lit("}" + ends))]


def _join(pieces: Sequence[str | pl.Expr], *, ignore_nulls: bool = True) -> pl.Expr:
    """Put pieces together; neighbouring constants become one, for each piece costs time on every row."""
    merged: list[str | pl.Expr] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    columns = [pl.lit(piece) if isinstance(piece, str) else piece for piece in merged]
    return pl.concat_str(columns, ignore_nulls=ignore_nulls)


def _is_certain(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and any(map(_is_certain, value.values())))


def _leaves(tree: Mapping[str, Any]) -> Iterator[pl.Expr]:
    for value in tree.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        else:
            yield value
