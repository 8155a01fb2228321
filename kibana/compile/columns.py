"""Columns of Lens' form-based data source."""

from typing import Any

from kibana.source.column import Column, NamedFilter

_OPERATIONS = {
    "date": "date_histogram",
    "terms": "terms",
    "filters": "filters",
    "histogram": "range",
    "count": "count",
    "unique": "unique_count",
    "sum": "sum",
    "avg": "average",
    "min": "min",
    "max": "max",
    "median": "median",
    "percentile": "percentile",
    "last": "last_value",
}
_WORDS = {"unique": "Distinct", "sum": "Sum of", "avg": "Average of", "min": "Lowest", "max": "Highest", "last": "Last"}
RECORDS = "___records___"
"""The field that `count` names."""


def build_column(column: Column, metrics: list[str], time: str, *, zero: bool = False) -> dict[str, Any]:
    """Return a column as Lens stores it.

    Args:
        column: The source.
        metrics: Ids of the panel's metrics, by which `terms` may be ordered.
        time: The data view's time field, by which "last" is meant.
        zero: Nothing counted is shown as 0, and not as nothing.
    """
    built: dict[str, Any] = {
        "label": column.label or _label(column),
        "dataType": _data_type(column),
        "operationType": _OPERATIONS[column.operation],
        "isBucketed": column.is_bucket,
        "scale": _scale(column),
    }
    if column.label:
        built["customLabel"] = True
    if column.operation != "filters":
        built["sourceField"] = column.field or RECORDS
    params = _params(column, metrics, time)
    if zero and "emptyAsNull" in params:
        params["emptyAsNull"] = False
    if column.format:
        params["format"] = {"id": column.format, "params": {"decimals": column.decimals}}
    if params:
        built["params"] = params
    if (query := _where(column)) is not None:
        built["filter"] = {"query": query, "language": "kuery"}
    return built


def _where(column: Column) -> str | None:
    if column.where is None and column.operation == "last":
        return f"{column.field}: *"  # else documents without the field make the value empty
    return column.where


def _label(column: Column) -> str:
    if column.operation == "count":
        return "Count"
    if column.operation == "percentile":
        return f"{column.at:g}th percentile of {column.field}"
    if column.operation == "median":
        return f"Median of {column.field}"
    if column.operation == "filters":
        return "Filters"
    return f"{_WORDS[column.operation]} {column.field}" if column.operation in _WORDS else str(column.field)


def _data_type(column: Column) -> str:
    if column.operation == "date":
        return "date"
    if column.operation in ("terms", "last"):
        return column.type
    return "string" if column.operation == "filters" else "number"


def _scale(column: Column) -> str:
    if column.operation in ("date", "histogram"):
        return "interval"
    if column.operation in ("terms", "filters") or (column.operation == "last" and column.type == "string"):
        return "ordinal"
    return "ratio"


_RANGES = {"type": "histogram", "ranges": [{"from": 0, "to": 1000, "label": ""}], "maxBars": "auto"}


def _params(column: Column, metrics: list[str], time: str) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {
        "date": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
        "filters": {"filters": [_group(each) for each in column.filters or ()]},
        "histogram": {**_RANGES, "includeEmptyRows": True},
        "percentile": {"percentile": column.at},
        "last": {"sortField": time, "showArrayValues": False},
        **{name: {"emptyAsNull": True} for name in ("count", "unique", "sum")},
    }
    return _terms(column, metrics) if column.operation == "terms" else dict(known.get(column.operation, {}))


def _group(group: NamedFilter) -> dict[str, Any]:
    return {"input": {"query": group.query, "language": "kuery"}, "label": group.label}


def _terms(column: Column, metrics: list[str]) -> dict[str, Any]:
    order = (
        {"type": "alphabetical"} if column.by == "alphabetical" else {"type": "column", "columnId": metrics[column.by]}
    )
    return {
        "size": column.size,
        "orderBy": order,
        "orderDirection": "asc" if column.ascending else "desc",
        "otherBucket": column.other,
        "missingBucket": column.missing,
        "parentFormat": {"id": "terms"},
        "include": [],
        "exclude": [],
        "includeIsRegex": False,
        "excludeIsRegex": False,
    }
