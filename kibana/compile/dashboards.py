"""Dashboards: panels on the grid, controls, links, and the references of it all."""

from collections.abc import Mapping
from typing import Any

from kibana.compile.lens import build_lens
from kibana.compile.names import Options
from kibana.compile.saved import Reference, SavedObject, as_text
from kibana.source.files import Dashboard, Sources
from kibana.source.panel import Panel

_PANEL_OPTIONS = {
    "useMargins": True,
    "syncColors": False,
    "syncCursor": True,
    "syncTooltips": False,
    "hidePanelTitles": False,
}
_IGNORE = {"ignoreFilters": False, "ignoreQuery": False, "ignoreTimerange": False, "ignoreValidations": False}


def build_dashboard(name: str, dashboard: Dashboard, sources: Sources, options: Options) -> SavedObject:
    """Return a dashboard as a saved object."""
    panels, references = [], []
    for panel in dashboard.panels:
        built, needed = _panel(panel, sources, options)
        panels.append(built)
        references += needed
    controls, control_references = _controls(dashboard, options)
    query = {"query": {"query": dashboard.query, "language": "kuery"}, "filter": []}
    attributes: dict[str, Any] = {
        "title": dashboard.title,
        "description": dashboard.description,
        "version": 1,
        "panelsJSON": as_text(panels),
        "optionsJSON": as_text(_PANEL_OPTIONS),
        "kibanaSavedObjectMeta": {"searchSourceJSON": as_text(query)},
        "timeRestore": dashboard.time is not None,
    }
    if dashboard.time is not None:
        pause = dashboard.refresh_seconds == 0
        interval = {"pause": pause, "value": dashboard.refresh_seconds * 1000}
        attributes |= {"timeFrom": dashboard.time[0], "timeTo": dashboard.time[1], "refreshInterval": interval}
    if controls:
        attributes["controlGroupInput"] = controls
    return SavedObject("dashboard", options.dashboard(name), attributes, (*references, *control_references))


def _panel(panel: Panel, sources: Sources, options: Options) -> tuple[dict[str, Any], list[Reference]]:
    x, y, width, height = panel.at
    built: dict[str, Any] = {
        "panelIndex": panel.id,
        "gridData": {"x": x, "y": y, "w": width, "h": height, "i": panel.id},
        "title": panel.title,
    }
    if panel.search is not None:
        reference = f"panel_{panel.id}"
        built |= {"type": "search", "panelRefName": reference, "embeddableConfig": {"enhancements": {}}}
        return built, [Reference("search", options.search(panel.search), f"{panel.id}:{reference}")]
    if panel.lens is None:
        params = _text(panel) if panel.text is not None else {"spec": as_text(sources.vega[panel.vega or ""])}
        built |= {"type": "visualization", "embeddableConfig": _visualization(panel, params)}
        return built, []
    attributes, inner = build_lens(panel, sources.views, options)
    enhancements, links = _links(panel, options)
    built |= {"type": "lens", "embeddableConfig": {"attributes": attributes, "enhancements": enhancements}}
    return built, [Reference(each.type, each.id, f"{panel.id}:{each.name}") for each in (*inner, *links)]


def _text(panel: Panel) -> dict[str, Any]:
    return {"markdown": panel.text, "fontSize": 12, "openLinksInNewTab": False}


def _visualization(panel: Panel, params: Mapping[str, Any]) -> dict[str, Any]:
    saved = {
        "title": panel.title,
        "description": panel.description,
        "type": "markdown" if panel.text is not None else "vega",
        "params": params,
        "uiState": {},
        "data": {"aggs": [], "searchSource": {"query": {"query": panel.query, "language": "kuery"}, "filter": []}},
    }
    hidden = {"hidePanelTitles": True} if panel.text is not None and not panel.title else {}
    return {"savedVis": saved, "enhancements": {}, **hidden}


def _links(panel: Panel, options: Options) -> tuple[dict[str, Any], list[Reference]]:
    if panel.to is None:
        return {}, []
    event: dict[str, Any] = {"eventId": f"{panel.id}-to-{panel.to}", "triggers": ["FILTER_TRIGGER"]}
    if panel.to == "discover":
        config: dict[str, Any] = {"openInNewTab": False}
        event["action"] = {"factoryId": "OPEN_IN_DISCOVER_DRILLDOWN", "name": "See the documents", "config": config}
        return {"dynamicActions": {"events": [event]}}, []
    config = {"useCurrentFilters": True, "useCurrentDateRange": True, "openInNewTab": False}
    factory = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"
    event["action"] = {"factoryId": factory, "name": f"Go to {panel.to}", "config": config}
    name = f"drilldown:{factory}:{event['eventId']}:dashboardId"
    return {"dynamicActions": {"events": [event]}}, [Reference("dashboard", options.dashboard(panel.to), name)]


def _controls(dashboard: Dashboard, options: Options) -> tuple[dict[str, Any], list[Reference]]:
    if not dashboard.controls:
        return {}, []
    panels, references = {}, []
    for order, control in enumerate(dashboard.controls):
        name = f"control{order}"
        explicit = {"id": name, "fieldName": control.field, "title": control.title, "enhancements": {}}
        panels[name] = {
            "order": order,
            "width": control.width,
            "grow": True,
            "type": "optionsListControl",
            "explicitInput": explicit,
        }
        view = options.view(control.view)
        references.append(Reference("index-pattern", view, f"controlGroup_{name}:optionsListDataView"))
    group = {
        "controlStyle": "oneLine",
        "chainingSystem": "HIERARCHICAL",
        "ignoreParentSettingsJSON": as_text(_IGNORE),
        "panelsJSON": as_text(panels),
    }
    return group, references
