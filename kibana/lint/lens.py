"""Lens panels: layers, columns, accessors and data views fit together."""

from collections.abc import Iterator, Mapping
from typing import Any

from kibana.lint.fields import DATA_TYPES, FITTING, check_field, check_kql
from kibana.lint.problem import Findings
from kibana.lint.shapes.columns import LensColumn, LensLayer
from kibana.lint.shapes.panels import LensAttributes
from kibana.lint.shapes.states import STATES

LAYER = "indexpattern-datasource-layer-"
RECORDS = "___records___"
_BUCKETS = frozenset(("date_histogram", "terms", "filters", "range"))
_SCALES = {"date_histogram": "interval", "range": "interval", "terms": "ordinal", "filters": "ordinal"}
_WANTED: Mapping[str, frozenset[str]] = {
    "date_histogram": frozenset(("interval", "includeEmptyRows", "dropPartials")),
    "filters": frozenset(("filters",)),
    "range": frozenset(("type", "ranges", "maxBars", "includeEmptyRows")),
    "percentile": frozenset(("percentile",)),
    "last_value": frozenset(("sortField", "showArrayValues")),
    "static_value": frozenset(("value",)),
    "count": frozenset(("emptyAsNull",)),
    "unique_count": frozenset(("emptyAsNull",)),
    "sum": frozenset(("emptyAsNull",)),
    "terms": frozenset(
        (
            *("size", "orderBy", "orderDirection", "otherBucket", "missingBucket", "parentFormat"),
            *("include", "exclude", "includeIsRegex", "excludeIsRegex"),
        )
    ),
}
"""What an operation is told, besides its format. Source: exports of Kibana."""
_BUCKET_ROLES = frozenset(("xAccessor", "splitAccessor", "yAccessor", "breakdownByAccessor", "primaryGroups"))


def check_lens(findings: Findings, place: str, panel: LensAttributes, views: Mapping[str, Mapping[str, str]]) -> None:
    """Note what does not fit in a Lens panel.

    Args:
        findings: Where to note it.
        place: The panel's place in its dashboard.
        panel: Its attributes, of the right shape.
        views: Id of each data view to its fields and their types.
    """
    layers = panel.state.datasourceStates.formBased.layers
    wanted = {f"{LAYER}{name}": name for name in layers}
    named = {each.name: each.id for each in panel.references}
    for name in wanted.keys() ^ named.keys():
        findings.add(f"{place}/references", f"{name} is not both a layer and a reference")
    everywhere: dict[str, str] = {}
    for name, layer in layers.items():
        known = views.get(named.get(f"{LAYER}{name}", ""), {})
        everywhere |= known
        _check_layer(findings, f"{place}/state/layers/{name}", layer, known)
    check_kql(findings, f"{place}/state/query", panel.state.query.query, everywhere)
    model = STATES[panel.visualizationType]
    state = findings.shape(f"{place}/state/visualization", model, panel.state.visualization)
    if state is not None:
        _check_state(findings, f"{place}/state/visualization", panel.state.visualization, layers)


def _check_layer(findings: Findings, place: str, layer: LensLayer, known: Mapping[str, str]) -> None:
    if sorted(layer.columnOrder) != sorted(layer.columns):
        findings.add(f"{place}/columnOrder", "it does not list each column once")
    roles = [layer.columns[name].isBucketed for name in layer.columnOrder if name in layer.columns]
    if roles != sorted(roles, reverse=True):
        findings.add(f"{place}/columnOrder", "a metric stands before what it is counted by")
    for name, column in layer.columns.items():
        _check_column(findings, f"{place}/columns/{name}", column, layer, known)


def _check_column(
    findings: Findings, place: str, column: LensColumn, layer: LensLayer, known: Mapping[str, str]
) -> None:
    operation = column.operationType
    if column.isBucketed != (operation in _BUCKETS):
        findings.add(f"{place}/isBucketed", f"{operation} is{'' if operation in _BUCKETS else ' not'} counted by")
    if operation in _SCALES and column.scale != _SCALES[operation]:
        findings.add(f"{place}/scale", f"{operation} has the scale {_SCALES[operation]}")
    _check_source(findings, place, column, known)
    params = column.params.model_dump(exclude_none=True) if column.params else {}
    if params.keys() - {"format"} != _WANTED.get(operation, frozenset()):
        findings.add(
            f"{place}/params", f"{operation} wants {', '.join(sorted(_WANTED.get(operation, ()))) or 'nothing'}"
        )
    order = params.get("orderBy", {})
    by = layer.columns.get(order.get("columnId", ""))
    if order.get("type") == "column" and (by is None or by.isBucketed):
        findings.add(f"{place}/params/orderBy", "it names no metric of the layer")
    if by is not None and by.operationType == "last_value":
        findings.add(f"{place}/params/orderBy", "values cannot be ordered by the latest of a field")
    if order.get("type") == "alphabetical" and "columnId" in order:
        findings.add(f"{place}/params/orderBy", "alphabetical order has no column")
    for number, each in enumerate(params.get("filters", ())):
        check_kql(findings, f"{place}/params/filters/{number}", each["input"]["query"], known)
    if "sortField" in params:
        check_field(findings, f"{place}/params/sortField", params["sortField"], known, FITTING["date_histogram"])
    if column.filter is not None:
        check_kql(findings, f"{place}/filter", column.filter.query, known)


def _check_source(findings: Findings, place: str, column: LensColumn, known: Mapping[str, str]) -> None:
    operation, source = column.operationType, column.sourceField
    if operation in ("filters", "static_value"):
        if source is not None:
            findings.add(f"{place}/sourceField", f"{operation} reads no field")
        return
    if operation == "count":
        if source != RECORDS:
            findings.add(f"{place}/sourceField", f"count reads {RECORDS}")
        return
    if source is None:
        findings.add(f"{place}/sourceField", f"{operation} needs a field")
        return
    check_field(findings, f"{place}/sourceField", source, known, FITTING[operation])
    if operation in ("terms", "last_value", "date_histogram"):
        check_field(findings, f"{place}/dataType", source, known, DATA_TYPES[column.dataType])
    elif column.dataType != "number":
        findings.add(f"{place}/dataType", f"{operation} gives a number")


def _check_state(findings: Findings, place: str, state: Mapping[str, Any], layers: Mapping[str, LensLayer]) -> None:
    used: dict[str, set[str]] = {name: set() for name in layers}
    for where, layer_id, role, column_id in _accessors(state, state.get("layerId")):
        layer = layers.get(layer_id)
        if layer is None or column_id not in layer.columns:
            findings.add(f"{place}/{where}", f"there is no column {column_id!r} in a layer {layer_id!r}")
            continue
        used[layer_id].add(column_id)
        bucket = layer.columns[column_id].isBucketed
        is_free = role in ("columnId", "forAccessor")
        if not is_free and bucket != (role in _BUCKET_ROLES or where.endswith("xAccessor")):
            findings.add(f"{place}/{where}", f"{column_id} has the wrong part: {role}")
    for name, layer in layers.items():
        for column_id in layer.columns.keys() - used[name]:
            findings.add(place, f"the column {column_id} of {name} is shown nowhere")


def _accessors(state: Mapping[str, Any], layer: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield place, layer, role and column of everything that a visualization names."""
    names = ("xAccessor", "splitAccessor", "metricAccessor", "secondaryMetricAccessor", "breakdownByAccessor")
    for role in (*names, "yAccessor", "valueAccessor"):
        if isinstance(state.get(role), str):
            yield role, str(layer), role, state[role]
    for role in ("accessors", "primaryGroups", "metrics"):
        for column in state.get(role, ()):
            yield role, str(layer), role, column
    for column in state.get("columns", ()):
        yield "columns", str(layer), "columnId", column["columnId"]
    for each in state.get("yConfig", ()):
        yield "yConfig", str(layer), "forAccessor", each["forAccessor"]
    for inner in state.get("layers", ()):
        yield from _accessors(inner, inner.get("layerId"))
