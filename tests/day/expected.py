"""What panels must show, worked out by polars over the same documents: nothing here asks Elasticsearch to count."""

import fnmatch
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from kibana.kql.parse import Is, Node, Not, parse
from kibana.queries.aggregations import buckets_of, metrics_of
from kibana.queries.rows import MISSING, OTHER

Json = Mapping[str, Any]
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def flat(source: Json, prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Yield a document's fields, each with all its values."""
    for name, value in source.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            continue
        elif value is not None:
            yield f"{prefix}{name}", value if isinstance(value, list) else [value]


def frame_of(documents: list[Json]) -> pl.DataFrame:
    """Return documents as a frame of lists of text: a column a field, null where a document has it not."""
    rows = [{name: list(map(_text, values)) for name, values in flat(each)} for each in documents]
    names = sorted({name for row in rows for name in row})
    return pl.DataFrame({name: pl.Series([row.get(name) for row in rows], dtype=pl.List(pl.String)) for name in names})


def narrowed(layer: Json, frame: pl.DataFrame) -> pl.DataFrame:
    """Return only the columns that a layer looks at: filtering all of them for each row would take minutes."""
    text = json.dumps(layer)
    return frame.select(name for name in frame.columns if name in text or name == "@timestamp")


def holds(query: str, frame: pl.DataFrame) -> pl.Expr:
    """Return which documents a query in KQL matches."""
    return _node(parse(query), frame)


def expected(layer: Json, row: Json, frame: pl.DataFrame, interval: str) -> dict[str, Any]:
    """Return the metrics of one row of what a layer shows.

    Args:
        layer: A compiled Lens layer.
        row: Its buckets are believed, its numbers are not looked at.
        frame: What matches the panel's and the dashboard's queries.
        interval: Of date histograms.
    """
    for name in buckets_of(dict(layer)):
        frame = frame.filter(_in_bucket(layer["columns"][name], row[name], frame, interval))
    return {name: _metric(layer["columns"][name], frame) for name in metrics_of(dict(layer))}


def _in_bucket(column: Json, key: Any, frame: pl.DataFrame, interval: str) -> pl.Expr:
    operation = column["operationType"]
    if operation == "filters":
        chosen = {each["label"]: each["input"]["query"] for each in column["params"]["filters"]}
        return holds(chosen[key], frame)
    field = pl.col(column["sourceField"])
    if operation == "date_histogram":
        moment = field.list.first().str.to_datetime(time_zone="UTC")
        length = timedelta(**{_UNITS[interval[-1]]: int(interval[:-1])})
        return (moment >= key) & (moment < key + length)
    return field.is_null() if key == MISSING else field.list.contains(_text(key))


def is_other(row: Json) -> bool:
    """Return whether a row is of all the values that are not shown."""
    return OTHER in row.values()


def _metric(column: Json, frame: pl.DataFrame) -> Any:
    if "filter" in column:
        frame = frame.filter(holds(column["filter"]["query"], frame))
    operation, field = column["operationType"], column["sourceField"]
    if operation == "count":
        return frame.height
    if field not in frame.columns or frame.is_empty():
        return None
    if operation == "last_value":
        times = frame[column["params"]["sortField"]].list.first()
        return set(frame.filter(times == times.max())[field].list.first())
    values = frame[field].explode().drop_nulls()
    return values.n_unique() if operation == "unique_count" else _number(column, values.cast(pl.Float64))


def _number(column: Json, numbers: pl.Series) -> Any:
    operation = column["operationType"]
    if operation == "percentile":
        return numbers.quantile(column["params"]["percentile"] / 100, "linear")
    known = {"sum": numbers.sum, "average": numbers.mean, "min": numbers.min, "max": numbers.max}
    return (known | {"median": numbers.median})[operation]()


def _node(node: Node, frame: pl.DataFrame) -> pl.Expr:
    if isinstance(node, Not):
        return ~_node(node.part, frame)
    if isinstance(node, Is):
        return _is(node, frame)
    if not node.parts:
        return pl.lit(value=True)
    join = pl.all_horizontal if node.every else pl.any_horizontal
    return join([_node(part, frame) for part in node.parts])


def _is(node: Is, frame: pl.DataFrame) -> pl.Expr:
    if node.field not in frame.columns:
        return pl.lit(value=False)
    field, text = pl.col(node.field), node.value.text
    if node.operator != ":":
        number = field.list.first().cast(pl.Float64)
        compared = {"<": number < float(text), "<=": number <= float(text), ">": number > float(text)}
        return compared.get(node.operator, number >= float(text)).fill_null(value=False)
    if text == "*" and not node.value.is_phrase:
        return field.is_not_null()
    if "*" in text and not node.value.is_phrase:
        return field.list.eval(pl.element().str.contains(fnmatch.translate(text))).list.any().fill_null(value=False)
    return field.list.contains(text).fill_null(value=False)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
