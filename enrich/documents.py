"""Parsed lines become the JSON of the access event (docs/design.md, "The documents"), column by column.

The text is put together by polars: no Python object per event. A field without a value is left out, and so is an object
without a field.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core import fields
from core.clock import iso_millis
from core.documents import ACCESS_DATASET, ECS_VERSION

_COLUMNS = (
    (fields.SOURCE_ADDRESS, "address"),
    (fields.SOURCE_IP, "ip"),
    (fields.USER_NAME, "user"),
    (fields.METHOD, "method"),
    (fields.REFERRER, "referrer"),
    (fields.HTTP_VERSION, "version"),
    (fields.STATUS, "status"),
    (fields.BODY_BYTES, "bytes"),
    (fields.URL_ORIGINAL, "url"),
    (fields.URL_PATH, "path"),
    (fields.URL_QUERY, "query"),
    (fields.URL_DOMAIN, "domain"),
    (fields.USER_AGENT, "user_agent"),
    (fields.ERROR_MESSAGE, "error"),
    (fields.EVENT_ORIGINAL, "original"),
    (fields.LOG_OFFSET, "offset"),
)
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
    values = frame.with_columns(offsets.alias("offset")).select(_values(origin))
    constants = _constants(origin)
    # polars encodes a whole object at once, much faster than its members one by one, but writes nulls out: so rows that
    # have the same fields are encoded together. A log has few such kinds of rows.
    flags = [pl.col(name).is_null() * (1 << bit) for bit, name in enumerate(values.columns)]
    kinds = values.with_row_index("row").with_columns(pl.sum_horizontal(flags).alias("kind"))
    if lead is not None:
        kinds = kinds.with_columns(lead.alias("lead"))
    parts = [_encode(part, values.columns, constants) for part in kinds.partition_by("kind", include_key=False)]
    empty = pl.DataFrame(schema={"row": pl.get_index_type(), "document": pl.String})
    return pl.concat([empty, *parts]).sort("row")["document"]


def _encode(part: pl.DataFrame, names: list[str], constants: dict[str, str]) -> pl.DataFrame:
    """Return `row` and `document` of rows that have the same fields."""
    present = {name: pl.col(name) for name in names if part[name].null_count() == 0}
    lead = [pl.col("lead")] if "lead" in part.columns else []
    pieces = [*lead, *_object(_nest({**constants, **present}))]
    columns = [pl.lit(piece) if isinstance(piece, str) else piece for piece in pieces]
    return part.select("row", pl.concat_str(columns).alias("document"))


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


def _values(origin: Origin) -> list[pl.Expr]:
    time = pl.coalesce(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"), pl.lit(iso_millis(origin.created)))
    outcome = pl.when(pl.col("status") < _FIRST_FAILURE).then(pl.lit("success")).otherwise(pl.lit("failure"))
    known = pl.when(pl.col("status").is_not_null())
    columns = [pl.col(name).alias(field) for field, name in _COLUMNS]
    return [time.alias(fields.TIMESTAMP), known.then(outcome).alias("event.outcome"), *columns]


def _nest(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for field, value in values.items():
        *parents, leaf = field.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = value
    return tree


def _object(tree: Mapping[str, Any]) -> list[str | pl.Expr]:
    """Return the pieces of an object's text: constants as they are, and what has none encoded by polars at once."""
    fixed = {key: value for key, value in tree.items() if _has_constant(value)}
    plain = {key: value for key, value in tree.items() if key not in fixed}
    encoded = _struct(plain).struct.json_encode() if plain else None
    if encoded is not None and not fixed:
        return [encoded]
    pieces: list[str | pl.Expr] = []
    for key, value in fixed.items():
        pieces += [f',"{key}":', *([value] if isinstance(value, str) else _object(value))]
    pieces += ["}"] if encoded is None else [",", encoded.str.strip_prefix("{")]
    pieces[0] = "{" + str(pieces[0])[1:]
    return _merge(pieces)


def _struct(tree: Mapping[str, Any]) -> pl.Expr:
    return pl.struct((_struct(value) if isinstance(value, dict) else value).alias(key) for key, value in tree.items())


def _merge(pieces: Sequence[str | pl.Expr]) -> list[str | pl.Expr]:
    """Join neighbouring constants: each piece costs time on every row."""
    merged: list[str | pl.Expr] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


def _has_constant(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and any(map(_has_constant, value.values())))
