"""Lens panels: the visualization's state over layers of columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kibana.compile.columns import build_column
from kibana.compile.names import Options
from kibana.compile.saved import Reference
from kibana.source.column import Column
from kibana.source.files import View
from kibana.source.panel import Heatmap, Layer, Metric, Panel, Shares, Table, Xy

LINE_COLOR = "#BD271E"


@dataclass(frozen=True, slots=True)
class _Built:
    """A visualization: its type and state, its layers' columns, and which data view each layer reads."""

    type: str
    state: dict[str, Any]
    layers: dict[str, dict[str, Any]]
    views: dict[str, str]


def build_lens(
    panel: Panel, views: Mapping[str, View], options: Options
) -> tuple[dict[str, Any], tuple[Reference, ...]]:
    """Return a Lens panel's attributes and the references that they need."""
    built = _build(panel, views)
    references = tuple(
        Reference("index-pattern", options.view(view), f"indexpattern-datasource-layer-{layer}")
        for layer, view in built.views.items()
    )
    attributes = {
        "title": panel.title,
        "description": panel.description,
        "visualizationType": built.type,
        "type": "lens",
        "references": [{"type": each.type, "id": each.id, "name": each.name} for each in references],
        "state": {
            "query": {"query": panel.query, "language": "kuery"},
            "filters": [],
            "visualization": built.state,
            "datasourceStates": {"formBased": {"layers": built.layers}},
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }
    return attributes, references


def _build(panel: Panel, views: Mapping[str, View]) -> _Built:
    content = panel.lens
    if isinstance(content, Xy):
        return _xy(content, views)
    if isinstance(content, Metric):
        return _metric(content, views)
    if isinstance(content, Table):
        return _table(content, views)
    if isinstance(content, Shares):
        return _shares(content, views)
    assert isinstance(content, Heatmap)  # noqa: S101 - the last of the kinds
    return _heatmap(content, views)


def _layer(columns: Mapping[str, Column], view: View, *, zero: bool = False) -> dict[str, Any]:
    """Return a layer of columns: those that are counted by come first, as Lens wants it."""
    ordered = sorted(columns, key=lambda name: not columns[name].is_bucket)
    metrics = [name for name in ordered if not columns[name].is_bucket]
    built = {name: build_column(columns[name], metrics, view.time, zero=zero) for name in ordered}
    return {"columns": built, "columnOrder": ordered, "incompleteColumns": {}, "sampling": 1}


def _xy(chart: Xy, views: Mapping[str, View]) -> _Built:
    layers, used, states = {}, {}, []
    for number, layer in enumerate(chart.layers):
        name = f"layer{number}"
        columns = {"x": layer.x, **{f"y{place}": each for place, each in enumerate(layer.y)}}
        if layer.split:
            columns["split"] = layer.split
        layers[name], used[name] = _layer(_split_first(columns), views[layer.view]), layer.view
        states.append(_xy_layer(name, layer))
    if chart.lines:
        view = chart.layers[0].view
        layers["lines"], used["lines"] = _fixed(chart.lines), view
        states.append(_reference_layer(chart.lines))
    state = {
        "legend": {"isVisible": chart.legend != "none", "position": "bottom" if chart.legend == "bottom" else "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "preferredSeriesType": chart.layers[0].type,
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": True, "yRight": True},
        "layers": states,
    }
    return _Built("lnsXY", state, layers, used)


def _split_first(columns: dict[str, Column]) -> dict[str, Column]:
    # Lens cuts by the split first and counts per interval within it.
    return {name: columns[name] for name in sorted(columns, key=lambda each: each != "split")}


def _xy_layer(name: str, layer: Layer) -> dict[str, Any]:
    accessors = [f"y{place}" for place in range(len(layer.y))]
    state: dict[str, Any] = {
        "layerId": name,
        "layerType": "data",
        "seriesType": layer.type,
        "xAccessor": "x",
        "accessors": accessors,
    }
    if layer.split:
        state["splitAccessor"] = "split"
    config = [
        {
            "forAccessor": accessor,
            **({"color": column.color} if column.color else {}),
            **({"axisMode": "right"} if layer.right_axis else {}),
        }
        for accessor, column in zip(accessors, layer.y, strict=True)
    ]
    if kept := [each for each in config if len(each) > 1]:
        state["yConfig"] = kept
    return state


def _fixed(lines: Mapping[str, float]) -> dict[str, Any]:
    columns = {
        f"line{place}": {
            "label": label,
            "customLabel": True,
            "dataType": "number",
            "operationType": "static_value",
            "isBucketed": False,
            "isStaticValue": True,
            "scale": "ratio",
            "params": {"value": f"{value:g}"},
            "references": [],
        }
        for place, (label, value) in enumerate(lines.items())
    }
    return {"columns": columns, "columnOrder": list(columns), "incompleteColumns": {}, "sampling": 1}


def _reference_layer(lines: Mapping[str, float]) -> dict[str, Any]:
    accessors = [f"line{place}" for place in range(len(lines))]
    config = [
        {"forAccessor": each, "axisMode": "left", "color": LINE_COLOR, "lineStyle": "dashed", "textVisibility": True}
        for each in accessors
    ]
    return {"layerId": "lines", "layerType": "referenceLine", "accessors": accessors, "yConfig": config}


def _metric(metric: Metric, views: Mapping[str, View]) -> _Built:
    columns = {"value": metric.value}
    state: dict[str, Any] = {"layerId": "layer0", "layerType": "data", "metricAccessor": "value"}
    if metric.second:
        columns["second"] = metric.second
        state["secondaryMetricAccessor"] = "second"
    if metric.by:
        columns["by"] = metric.by
        state["breakdownByAccessor"] = "by"
    if metric.color:
        state["color"] = metric.color
    layer = _layer(columns, views[metric.view], zero=True)
    return _Built("lnsMetric", state, {"layer0": layer}, {"layer0": metric.view})


def _table(table: Table, views: Mapping[str, View]) -> _Built:
    columns = {f"row{place}": each for place, each in enumerate(table.rows)}
    columns |= {f"value{place}": each for place, each in enumerate(table.values)}
    shown = [
        {"columnId": name, "isTransposed": False, **({"width": each.width} if each.width else {})}
        for name, each in columns.items()
    ]
    state = {
        "layerId": "layer0",
        "layerType": "data",
        "columns": shown,
        "paging": {"size": table.page, "enabled": True},
    }
    return _Built("lnsDatatable", state, {"layer0": _layer(columns, views[table.view])}, {"layer0": table.view})


def _shares(shares: Shares, views: Mapping[str, View]) -> _Built:
    groups = {f"by{place}": each for place, each in enumerate(shares.by)}
    layer = {
        "layerId": "layer0",
        "layerType": "data",
        "primaryGroups": list(groups),
        "metrics": ["value"],
        "numberDisplay": "percent",
        "categoryDisplay": "default",
        "legendDisplay": "default",
        "nestedLegend": False,
    }
    columns = {**groups, "value": shares.value}
    state = {"shape": shares.shape, "layers": [layer]}
    return _Built("lnsPie", state, {"layer0": _layer(columns, views[shares.view])}, {"layer0": shares.view})


def _heatmap(heatmap: Heatmap, views: Mapping[str, View]) -> _Built:
    columns = {"y": heatmap.y, "x": heatmap.x, "value": heatmap.value}
    state = {
        "shape": "heatmap",
        "layerId": "layer0",
        "layerType": "data",
        "xAccessor": "x",
        "yAccessor": "y",
        "valueAccessor": "value",
        "legend": {"isVisible": True, "position": "right", "type": "heatmap_legend"},
        "gridConfig": {
            "type": "heatmap_grid",
            "isCellLabelVisible": False,
            "isYAxisLabelVisible": True,
            "isXAxisLabelVisible": True,
            "isYAxisTitleVisible": False,
            "isXAxisTitleVisible": False,
        },
    }
    return _Built("lnsHeatmap", state, {"layer0": _layer(columns, views[heatmap.view])}, {"layer0": heatmap.view})
