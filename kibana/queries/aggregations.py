"""The aggregations that Kibana sends for a Lens layer: buckets within buckets, metrics inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import iso_millis
from core.errors import KibanaError
from kibana.kql.dsl import to_dsl
from kibana.queries.interval import auto_interval

Json = dict[str, Any]

_METRICS = {
    "unique_count": "cardinality",
    "sum": "sum",
    "average": "avg",
    "min": "min",
    "max": "max",
    "median": "percentiles",
    "percentile": "percentiles",
}
ORDER = "order"
"""The aggregation that values are ordered by."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a dashboard looks at: a time range (its end excluded by a millisecond), and queries in KQL."""

    start: datetime
    end: datetime
    queries: tuple[str, ...] = ()

    def query(self, time: str) -> Json:
        """Return it as Query DSL over a time field."""
        within = {"range": {time: {"gte": iso_millis(self.start), "lte": iso_millis(self.end)}}}
        return {"bool": {"filter": [within, *(to_dsl(query) for query in self.queries if query.strip())]}}


def buckets_of(layer: Json) -> list[str]:
    """Return the ids of a layer's buckets, the outermost first."""
    return [name for name in layer["columnOrder"] if layer["columns"][name]["isBucketed"]]


def metrics_of(layer: Json) -> list[str]:
    """Return the ids of a layer's metrics that are asked for."""
    fixed = "static_value"
    columns = layer["columns"]
    return [n for n in layer["columnOrder"] if not columns[n]["isBucketed"] and columns[n]["operationType"] != fixed]


def aggregations(layer: Json, scope: Scope) -> Json:
    """Return the aggregations of a layer.

    Raises:
        KibanaError: A column's operation is not known here.
    """
    columns: Mapping[str, Json] = layer["columns"]
    inner = {name: _metric(columns[name]) for name in metrics_of(layer) if _needs_asking(columns[name])}
    for name in reversed(buckets_of(layer)):
        bucket = _bucket(columns[name], columns, scope)
        inside = inner | _ordering(columns[name], columns)
        inner = {name: {**bucket, "aggs": inside} if inside else bucket}
    return inner


def _needs_asking(column: Json) -> bool:
    return column["operationType"] != "count" or "filter" in column


def _metric(column: Json) -> Json:
    operation = column["operationType"]
    asked: Json
    if operation == "count":
        return {"filter": to_dsl(column["filter"]["query"])}
    if operation == "last_value":
        order = [{column["params"]["sortField"]: "desc"}]
        asked = {"top_hits": {"size": 1, "sort": order, "_source": [column["sourceField"]]}}
    elif operation in _METRICS:
        asked = {_METRICS[operation]: {"field": column["sourceField"], **_percents(column)}}
    else:
        raise KibanaError(f"the operation {operation} cannot be asked here", "use another one")
    if "filter" not in column:
        return asked
    return {"filter": to_dsl(column["filter"]["query"]), "aggs": {"inner": asked}}


def _percents(column: Json) -> Json:
    if column["operationType"] == "median":
        return {"percents": [50]}
    return {"percents": [column["params"]["percentile"]]} if column["operationType"] == "percentile" else {}


def _bucket(column: Json, columns: Mapping[str, Json], scope: Scope) -> Json:
    operation, params = column["operationType"], column.get("params", {})
    if operation == "date_histogram":
        interval = auto_interval(scope.end - scope.start)
        bounds = {"min": iso_millis(scope.start), "max": iso_millis(scope.end)}
        histogram = {"field": column["sourceField"], "fixed_interval": interval, "min_doc_count": 0}
        return {"date_histogram": {**histogram, "extended_bounds": bounds}}
    if operation == "filters":
        groups = {each["label"] or each["input"]["query"]: to_dsl(each["input"]["query"]) for each in params["filters"]}
        return {"filters": {"filters": groups}}
    if operation == "terms":
        return {"terms": {"field": column["sourceField"], "size": params["size"], "order": _order(params, columns)}}
    if operation == "range":
        return {"histogram": {"field": column["sourceField"], "interval": 1, "min_doc_count": 1}}
    raise KibanaError(f"the operation {operation} cannot be asked here", "use another one")


def _order(params: Json, columns: Mapping[str, Json]) -> Json:
    direction = params["orderDirection"]
    if params["orderBy"]["type"] == "alphabetical":
        return {"_key": direction}
    column = columns[params["orderBy"]["columnId"]]
    if not _needs_asking(column):
        return {"_count": direction}
    path = ORDER + (">inner" if "filter" in column and column["operationType"] != "count" else "")
    percents = _percents(column).get("percents")
    return {f"{path}[{percents[0]:g}]" if percents else path: direction}


def _ordering(column: Json, columns: Mapping[str, Json]) -> Json:
    """Return what values are ordered by, right inside them: other buckets may lie between them and the metric."""
    order = column.get("params", {}).get("orderBy", {})
    if order.get("type") != "column" or not _needs_asking(columns[order["columnId"]]):
        return {}
    return {ORDER: _metric(columns[order["columnId"]])}
