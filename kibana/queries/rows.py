"""Answers as frames: one row for each innermost bucket, one column for each of the layer's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from elasticsearch import Elasticsearch

from core.client import es_errors
from kibana.queries.aggregations import Json, Scope, aggregations, buckets_of, metrics_of

OTHER = "Other"
MISSING = "(missing value)"


@dataclass(frozen=True, slots=True)
class Documents:
    """Where a layer's documents are: a data view's index pattern and its time field, in a cluster."""

    client: Elasticsearch
    index: str
    time: str

    def search(self, scope: Scope, aggs: Json) -> Any:
        """Return Elasticsearch's answer without hits; indices that are not there are empty."""
        with es_errors(f"ask {self.index} for a panel"):
            return self.client.search(
                index=self.index,
                query=scope.query(self.time),
                aggs=aggs or {"nothing": {"filter": {"match_all": {}}}},
                size=0,
                track_total_hits=True,
                ignore_unavailable=True,
                allow_no_indices=True,
            ).body


def ask(documents: Documents, layer: Json, scope: Scope) -> pl.DataFrame:
    """Return what a layer shows.

    Args:
        documents: Where they are.
        layer: Of a compiled Lens panel.
        scope: Time range, and the panel's and the dashboard's queries.

    Returns:
        Columns named by the layer's column ids: dates as Datetime (UTC), values of terms as text, metrics as numbers
        (null where there was nothing to measure).
    """
    answer = documents.search(scope, aggregations(layer, scope))
    found = answer.get("aggregations") or {}  # none where no index fits
    is_there = found or not buckets_of(layer)
    rows = list(_rows(layer, buckets_of(layer), found, answer["hits"]["total"]["value"], {})) if is_there else []
    rows += _others(documents, layer, scope, rows)
    schema = {name: _type(layer["columns"][name]) for name in (*buckets_of(layer), *metrics_of(layer))}
    return pl.DataFrame(rows, schema=schema, strict=False)


def _type(column: Json) -> Any:
    if column["operationType"] == "date_histogram":
        return pl.Datetime("ms", "UTC")
    if column["isBucketed"] and column["operationType"] != "range":
        return pl.String
    is_text = column["operationType"] == "last_value" and column["dataType"] != "number"
    return pl.String if is_text else pl.Float64


def _rows(layer: Json, names: Sequence[str], found: Json, count: int, above: Json) -> Iterator[Json]:
    if not names:
        yield above | {name: _value(layer["columns"][name], found.get(name), count) for name in metrics_of(layer)}
        return
    name, rest = names[0], names[1:]
    for key, bucket in _buckets(found[name]["buckets"]):
        yield from _rows(layer, rest, bucket, bucket["doc_count"], {**above, name: key})


def _buckets(buckets: Any) -> Iterator[tuple[Any, Json]]:
    if isinstance(buckets, dict):
        yield from buckets.items()
        return
    for bucket in buckets:
        is_date = "key_as_string" in bucket and isinstance(bucket["key"], int) and bucket["key_as_string"][:1].isdigit()
        key = bucket["key"] if is_date else bucket.get("key_as_string", bucket["key"])
        yield key if isinstance(key, int | float) else str(key), bucket


def _value(column: Json, found: Json | None, count: int) -> Any:
    operation = column["operationType"]
    if operation == "count":
        counted = count if found is None else found["doc_count"]
        return counted or (None if column["params"]["emptyAsNull"] else 0)
    if found is None:
        return None
    inner = found.get("inner", found)
    if operation == "last_value":
        hits = inner["hits"]["hits"]
        return _leaf(hits[0].get("_source", {}), column["sourceField"]) if hits else None
    if operation in ("median", "percentile"):
        return next(iter(inner["values"].values()))
    return inner["value"]


def _leaf(source: Json, path: str) -> Any:
    value: Any = source
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value[0] if isinstance(value, list) and value else value


def _others(documents: Documents, layer: Json, scope: Scope, rows: Sequence[Json]) -> list[Json]:
    """Return the outermost terms' rows of "other" and "missing"; Kibana asks for them in a second request, too."""
    names = buckets_of(layer)
    params = layer["columns"][names[0]].get("params", {}) if names else {}
    wanted = [key for key in ("otherBucket", "missingBucket") if params.get(key)]
    if not wanted:
        return []
    field = layer["columns"][names[0]]["sourceField"]
    shown = sorted({row[names[0]] for row in rows})
    there = {"exists": {"field": field}}
    groups: dict[str, Json] = {}
    if "otherBucket" in wanted:
        groups[OTHER] = {"bool": {"filter": [there], "must_not": [{"terms": {field: shown}}]}}
    if "missingBucket" in wanted:
        groups[MISSING] = {"bool": {"must_not": [there]}}
    inner = aggregations({**layer, "columnOrder": [n for n in layer["columnOrder"] if n != names[0]]}, scope)
    bucket = {"filters": {"filters": groups}, **({"aggs": inner} if inner else {})}
    answer = documents.search(scope, {names[0]: bucket})
    if "aggregations" not in answer:
        return []
    found = _rows(layer, names, answer["aggregations"], 0, {})
    return [row for row in found if any(row[name] for name in metrics_of(layer))]
