"""What each panel of a compiled dashboard shows, asked of the real Elasticsearch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from elasticsearch import Elasticsearch

from core.client import es_errors
from kibana.compile.saved import SavedObject
from kibana.preview.chart import as_spec, draw_heatmap, draw_shares, draw_xy
from kibana.preview.values import number_text, source_text
from kibana.queries.aggregations import Json, Scope
from kibana.queries.rows import Documents, ask
from kibana.vega.expand import expand

HITS = 12
_NEW = ("count", "unique_count")
"""Operations whose numbers are not of the field's kind."""
GRID_COLUMN, GRID_ROW, GAP, TITLE = 33, 20, 8, 30
"""Pixels of a grid column at 1,600 px, of a grid row, between panels, of a title. Source: Kibana's dashboard grid."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel as it is drawn: where, its title, and one of the contents.

    Attributes:
        at: Column, row, width and height on the grid.
        spec: A chart.
        tiles: Numbers: label, value, second line.
        header: Of a table; `rows` are its cells as text.
        markdown: A text.
        is_empty: Nothing was found to show.
    """

    id: str
    at: tuple[int, int, int, int]
    title: str
    spec: Json | None = None
    tiles: tuple[tuple[str, str, str], ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    markdown: str = ""
    is_empty: bool = False
    colors: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """Asks for panels of one dashboard.

    Args:
        client: The cluster.
        objects: All compiled objects: data views and searches are found among them.
        scope: Time range, and queries in KQL on top of the dashboard's own.
    """

    def __init__(self, client: Elasticsearch, objects: Sequence[SavedObject], scope: Scope) -> None:
        self._client = client
        self._objects = {(each.type, each.id): each for each in objects}
        self._scope = scope

    def panels(self, dashboard: SavedObject) -> list[Shown]:
        """Return every panel, in the order of the file."""
        references = {each.name: each.id for each in dashboard.references}
        source = json.loads(dashboard.attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
        query = source["query"]["query"]
        return [self._panel(each, references, query) for each in json.loads(dashboard.attributes["panelsJSON"])]

    def _panel(self, panel: Json, references: Mapping[str, str], query: str) -> Shown:
        grid = panel["gridData"]
        frame = {"id": panel["panelIndex"], "at": (grid["x"], grid["y"], grid["w"], grid["h"]), "title": panel["title"]}
        if panel["type"] == "lens":
            return Shown(**frame, **self._lens(panel, references, query))
        if panel["type"] == "search":
            found = self._objects["search", references[f"{panel['panelIndex']}:{panel['panelRefName']}"]]
            return Shown(**frame, **self._search(found, query))
        saved = panel["embeddableConfig"]["savedVis"]
        if saved["type"] == "markdown":
            return Shown(**frame, markdown=saved["params"]["markdown"])
        own = saved["data"]["searchSource"]["query"]["query"]
        spec = expand(json.loads(saved["params"]["spec"]), self._within(query, own), self._raw)
        return Shown(**frame, spec=as_spec(spec, *_inner_size(grid)), is_empty=not _holds_data(spec))

    def _within(self, *queries: str) -> Scope:
        return Scope(self._scope.start, self._scope.end, (*self._scope.queries, *queries))

    def _raw(self, index: str, body: Json) -> Json:
        with es_errors(f"ask {index} for a Vega panel"):
            answer = self._client.search(index=index, body=body, ignore_unavailable=True, allow_no_indices=True)
        return dict(answer.body)

    def _documents(self, view: str) -> Documents:
        attributes = self._objects["index-pattern", view].attributes
        return Documents(self._client, attributes["title"], attributes["timeFieldName"])

    def _search(self, search: SavedObject, query: str) -> dict[str, Any]:
        source = json.loads(search.attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
        documents = self._documents(search.references[0].id)
        scope = self._within(query, source["query"]["query"])
        columns = search.attributes["columns"]
        with es_errors(f"read {documents.index} for a panel"):
            hits = self._client.search(
                index=documents.index,
                query=scope.query(documents.time),
                sort=[{name: {"order": order, "unmapped_type": "date"}} for name, order in search.attributes["sort"]],
                size=HITS,
                ignore_unavailable=True,
                allow_no_indices=True,
            )["hits"]["hits"]
        names = (documents.time, *columns)
        rows = tuple(tuple(source_text(hit["_source"], name) for name in names) for hit in hits)
        labels = self._labels(search.references[0].id)
        return {"header": tuple(labels.get(name, name) for name in names), "rows": rows, "is_empty": not rows}

    def _labels(self, view: str) -> dict[str, str]:
        told = json.loads(self._objects["index-pattern", view].attributes.get("fieldAttrs", "{}"))
        return {name: each["customLabel"] for name, each in told.items() if "customLabel" in each}

    def _lens(self, panel: Json, references: Mapping[str, str], query: str) -> dict[str, Any]:
        attributes = panel["embeddableConfig"]["attributes"]
        state, layers = attributes["state"], attributes["state"]["datasourceStates"]["formBased"]["layers"]
        scope = self._within(query, state["query"]["query"])
        prefix = f"{panel['panelIndex']}:indexpattern-datasource-layer-"
        frames = {
            name: ask(self._documents(references[prefix + name]), layer, scope)
            for name, layer in layers.items()
            if any(column["operationType"] != "static_value" for column in layer["columns"].values())
        }
        told = {name: self._formatted(layer, references[prefix + name]) for name, layer in layers.items()}
        return _drawn(attributes["visualizationType"], state["visualization"], told, frames, (panel["gridData"], scope))

    def _formatted(self, layer: Json, view: str) -> Json:
        """Return a layer whose numbers without a format of their own have their field's, as in Kibana."""
        formats = json.loads(self._objects["index-pattern", view].attributes["fieldFormatMap"])
        columns = {}
        for name, column in layer["columns"].items():
            fits = not column["isBucketed"] and column["dataType"] == "number" and column["operationType"] not in _NEW
            known = formats.get(column.get("sourceField", "")) if fits else None
            params = {"format": known, **column.get("params", {})} if known else column.get("params", {})
            columns[name] = {**column, "params": params}
        return {**layer, "columns": columns}


def _drawn(
    kind: str, state: Json, layers: Mapping[str, Json], frames: Mapping[str, pl.DataFrame], place: tuple[Json, Scope]
) -> dict[str, Any]:
    empty = not any(_has_numbers(layers[name], frame) for name, frame in frames.items())
    grid, scope = place
    size = _inner_size(grid)
    first = frames.get("layer0", pl.DataFrame())
    if kind == "lnsXY":
        return {"spec": as_spec(draw_xy(state, layers, frames, scope), *size), "is_empty": empty}
    if kind == "lnsPie":
        return {"spec": as_spec(draw_shares(state, first), *size), "is_empty": empty}
    if kind == "lnsHeatmap":
        return {"spec": as_spec(draw_heatmap(state, first), *size), "is_empty": empty}
    columns = layers["layer0"]["columns"]
    if kind == "lnsMetric":
        return {"tiles": _tiles(state, columns, first), "is_empty": empty, "colors": {"tile": state.get("color", "")}}
    names = [each["columnId"] for each in state["columns"] if not each.get("hidden")]
    header = tuple(columns[name]["label"] for name in names)
    rows = tuple(tuple(number_text(columns[name], row[name]) for name in names) for row in first.to_dicts())
    return {"header": header, "rows": rows[: state["paging"]["size"]], "is_empty": empty}


def _has_numbers(layer: Json, frame: pl.DataFrame) -> bool:
    metrics = [name for name, column in layer["columns"].items() if not column["isBucketed"] and name in frame.columns]
    return any(frame[name].drop_nulls().len() > 0 for name in metrics)


def _tiles(state: Json, columns: Mapping[str, Json], frame: pl.DataFrame) -> tuple[tuple[str, str, str], ...]:
    value: str = state["metricAccessor"]
    second: str = state.get("secondaryMetricAccessor", "")
    by: str = state.get("breakdownByAccessor", "")
    tiles = []
    for row in frame.to_dicts():
        label = str(row[by]) if by else columns[value]["label"]
        below = f"{columns[second]['label']} {number_text(columns[second], row[second])}" if second else ""
        tiles.append((label, number_text(columns[value], row[value]), below))
    return tuple(tiles)


def _inner_size(grid: Json) -> tuple[int, int]:
    width = grid["w"] * GRID_COLUMN - GAP - 16
    height = grid["h"] * GRID_ROW + (grid["h"] - 1) * GAP - TITLE - 12
    return max(width, 60), max(height, 30)


def _holds_data(node: Any) -> bool:
    if isinstance(node, list):
        return any(map(_holds_data, node))
    if isinstance(node, dict):
        return bool(node.get("values")) or any(_holds_data(value) for value in node.values())
    return False
