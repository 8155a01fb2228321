"""Lens panels with axes, shares and heat maps as Vega-Lite: Kibana's colours, Kibana's shapes."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import polars as pl

from kibana.queries.aggregations import Json, Scope
from kibana.queries.interval import BARS

PALETTE = (
    "#54B399",
    "#6092C0",
    "#D36086",
    "#9170B8",
    "#CA8EAE",
    "#D6BF57",
    "#B9A888",
    "#DA8B45",
    "#AA6556",
    "#E7664C",
)
"""Kibana's default palette for categories (Elastic UI's colours for the colour blind)."""

_MARKS: Mapping[str, Json] = {
    "line": {"type": "line", "interpolate": "monotone", "strokeWidth": 1.5},
    "area": {"type": "area", "opacity": 0.5, "line": True},
    "bar": {"type": "bar"},
}
_QUIET_AXIS = {"title": None, "labelLimit": 260}
CLOCK = {"hours": "%H:%M", "minutes": "%H:%M", "date": "%b %d", "day": "%b %d"}
"""How an axis of time writes its moments, by the unit that begins there."""
NOT_CROWDED = {"labelOverlap": "greedy", "labelSeparation": 12}
CONFIG: Json = {
    "font": "sans-serif",
    "background": "white",
    "view": {"stroke": None},
    "axis": {"labelColor": "#69707D", "titleColor": "#69707D", "gridColor": "#EEF1F6", "domain": False, "ticks": False},
    "legend": {"labelColor": "#343741", "title": None, "symbolType": "circle"},
}


def draw_xy(state: Json, layers: Mapping[str, Json], frames: Mapping[str, pl.DataFrame], scope: Scope) -> Json:
    """Return a chart with axes.

    Args:
        state: The visualization's state of a Lens panel.
        layers: Its layers' columns.
        frames: What each layer shows, as `kibana.queries.rows.ask` gives it.
        scope: Its time range is the axis of time's, whatever was found in it.
    """
    parts, taken = [], 0
    for layer in state["layers"]:
        columns = layers[layer["layerId"]]["columns"]
        if layer["layerType"] == "referenceLine":
            parts += _lines(layer, columns)
            continue
        part, taken = _series(layer, columns, frames[layer["layerId"]], taken, scope)
        parts.append(part)
    right = any(each.get("axisMode") == "right" for layer in state["layers"] for each in layer.get("yConfig", ()))
    legend = state["legend"]
    spec: Json = {"layer": parts, "config": CONFIG}
    spec["resolve"] = {"scale": {"color": "independent", **({"y": "independent"} if right else {})}}
    if not legend["isVisible"]:
        spec["config"] = {**CONFIG, "legend": {"disable": True}}
    elif legend["position"] == "bottom":
        spec["config"] = {**CONFIG, "legend": {**CONFIG["legend"], "orient": "bottom"}}
    return spec


def _series(
    layer: Json, columns: Mapping[str, Json], frame: pl.DataFrame, taken: int, scope: Scope
) -> tuple[Json, int]:
    """Return one layer's marks, and how many of the palette's colours are taken after it."""
    long = _long(layer, columns, frame)
    names = long["series"].unique(maintain_order=True).to_list()
    fixed = {
        columns[each["forAccessor"]]["label"]: each["color"] for each in layer.get("yConfig", ()) if "color" in each
    }
    colors = [fixed.get(name, PALETTE[(taken + place) % len(PALETTE)]) for place, name in enumerate(names)]
    kind = layer["seriesType"]
    x, y = _x_axis(columns[layer["xAccessor"]], scope), _y_axis(layer, columns, stacked="stacked" in kind)
    if kind.startswith("bar_horizontal"):
        x, y = y, {**x, "sort": None}
    scale = {"domain": names, "range": colors}
    base = kind.removesuffix("_stacked").removesuffix("_horizontal")
    encoding = {"x": x, "y": y, "color": {"field": "series", "type": "nominal", "scale": scale}}
    # A bar without a width of its own would be as thin as a hair on a continuous axis of time.
    mark = {**_MARKS[base], **_bar_width(base, x)}
    return {"data": {"values": long.to_dicts()}, "mark": mark, "encoding": encoding}, taken + len(names)


def _bar_width(base: str, x: Json) -> Json:
    if base != "bar" or x.get("type") != "temporal":
        return {}
    return {"size": {"expr": f"max(1, width / {BARS} * 0.85)"}}


def _long(layer: Json, columns: Mapping[str, Json], frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row per mark: x, series, value."""
    split = layer.get("splitAccessor")
    parts = []
    for accessor in layer["accessors"]:
        label = columns[accessor]["label"]
        series = pl.col(split) if split else pl.lit(label)
        if split and len(layer["accessors"]) > 1:
            series = pl.concat_str([pl.col(split), pl.lit(f" - {label}")])
        x = pl.col(layer["xAccessor"])
        if frame.schema[layer["xAccessor"]] == pl.Datetime:
            x = x.dt.strftime("%Y-%m-%dT%H:%M:%S")
        parts.append(frame.select(x=x, series=series, value=pl.col(accessor).cast(pl.Float64)))
    return pl.concat(parts)


def _x_axis(column: Json, scope: Scope) -> Json:
    if column["operationType"] == "date_histogram":
        half = (scope.end - scope.start) / BARS / 2  # the first bar stands around its beginning
        domain = [f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" for moment in (scope.start - half, scope.end)]
        axis = {**_QUIET_AXIS, "format": CLOCK, "grid": False, **NOT_CROWDED}
        return {"field": "x", "type": "temporal", "axis": axis, "scale": {"domain": domain}}
    kind = "quantitative" if column["operationType"] == "range" else "nominal"
    return {"field": "x", "type": kind, "axis": {**_QUIET_AXIS, "grid": False, "labelAngle": 0}, "sort": None}


def _y_axis(layer: Json, columns: Mapping[str, Json], *, stacked: bool) -> Json:
    first = columns[layer["accessors"][0]]
    right = any(each.get("axisMode") == "right" for each in layer.get("yConfig", ()))
    title = first["label"] if len(layer["accessors"]) == 1 else None
    axis: Json = {"title": title, "tickCount": 5, **number_axis(first)}
    axis |= {"tickMinStep": 1} if first["operationType"] == "count" else {}
    axis |= {"orient": "right", "grid": False} if right else {}
    return {"field": "value", "type": "quantitative", "axis": axis, "stack": "zero" if stacked else None}


def _lines(layer: Json, columns: Mapping[str, Json]) -> list[Json]:
    made = []
    for accessor in layer["accessors"]:
        column = columns[accessor]
        values = [{"at": float(column["params"]["value"]), "label": column["label"]}]
        color = next((each["color"] for each in layer["yConfig"] if each["forAccessor"] == accessor), "#BD271E")
        at = {"y": {"field": "at", "type": "quantitative"}}
        rule = {"mark": {"type": "rule", "color": color, "strokeDash": [4, 3]}, "encoding": at}
        text = {"type": "text", "align": "left", "dx": 4, "dy": -5, "x": 0, "color": color}
        words = {"mark": text, "encoding": {**at, "text": {"field": "label"}}}
        made += [{"data": {"values": values}, **each} for each in (rule, words)]
    return made


def draw_shares(state: Json, frame: pl.DataFrame) -> Json:
    """Return a donut or pie; a treemap is drawn as a donut too: Vega-Lite has none."""
    (layer,) = state["layers"]
    group, value = layer["primaryGroups"][0], layer["metrics"][0]
    sums = frame.group_by(group, maintain_order=True).agg(pl.col(value).sum()).drop_nulls()
    total = sums[value].sum() or 1
    rows = [
        {"group": f"{name}  {100 * number / total:.0f} %", "value": number, "place": place}
        for place, (name, number) in enumerate(sums.iter_rows())
    ]
    scale = {"domain": [row["group"] for row in rows], "range": [PALETTE[row["place"] % len(PALETTE)] for row in rows]}
    encoding = {
        "theta": {"field": "value", "type": "quantitative", "stack": True},
        "order": {"field": "place"},
        "color": {"field": "group", "type": "nominal", "scale": scale, "sort": None},
    }
    mark = {"type": "arc", "innerRadius": 45 if state["shape"] != "pie" else 0, "stroke": "white"}
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding, "config": CONFIG}


def draw_heatmap(state: Json, frame: pl.DataFrame) -> Json:
    """Return a heat map: Kibana's greens, from few to many."""
    x, y, value = state["xAccessor"], state["yAccessor"], state["valueAccessor"]
    is_time = frame.schema[x] == pl.Datetime
    shown = frame.select(
        x=pl.col(x).dt.strftime("%Y-%m-%dT%H:%M:%S") if is_time else pl.col(x), y=pl.col(y), value=pl.col(value)
    )
    axis: Json = {"field": "x", "type": "ordinal", "axis": {**_QUIET_AXIS, "labelAngle": 0, **NOT_CROWDED}}
    if is_time:
        axis["timeUnit"] = "monthdatehoursminutes"
        axis["axis"] = {**axis["axis"], "format": "%H:%M"}
    encoding = {
        "x": axis,
        "y": {"field": "y", "type": "nominal", "axis": _QUIET_AXIS, "sort": None},
        "color": {"field": "value", "type": "quantitative", "scale": {"scheme": "greens"}},
    }
    return {"data": {"values": shown.to_dicts()}, "mark": "rect", "encoding": encoding, "config": CONFIG}


def number_axis(column: Json) -> Json:
    """Return how an axis writes a column's numbers."""
    chosen = column.get("params", {}).get("format", {})
    decimals = chosen.get("params", {}).get("decimals", 0)
    if chosen.get("id") == "duration":  # nanoseconds in the documents
        return {"labelExpr": "format(datum.value / 1e6, ',.0f') + ' ms'"}
    return {"format": {"percent": f".{decimals}%", "bytes": ".3~s"}.get(chosen.get("id", ""), "~s")}


def as_spec(part: Json, width: int, height: int) -> dict[str, Any]:
    """Return a drawable spec of a size in pixels, axes and legend included."""
    schema = "https://vega.github.io/schema/vega-lite/v5.json"
    fit = {"autosize": {"type": "fit", "contains": "padding"}, "padding": 4}
    return {"$schema": schema, "width": width, "height": height, **fit, **part}
