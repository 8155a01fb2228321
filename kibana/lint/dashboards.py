"""Dashboards: panels on the grid, controls, links, and the references of it all."""

import json
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from kibana.lint.fields import check_field, check_kql, fields_of_request
from kibana.lint.lens import check_lens
from kibana.lint.problem import Findings
from kibana.lint.shapes.common import ReferenceShape
from kibana.lint.shapes.objects import DashboardAttributes, GridData, PanelShape
from kibana.lint.shapes.panels import CONFIGS, LensConfig, TextParams, VegaParams, VisualizationConfig

Views = Mapping[str, Mapping[str, str]]
COLUMNS = 48
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_DRILLDOWN = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"


def check_dashboard(
    findings: Findings, dashboard: DashboardAttributes, references: tuple[ReferenceShape, ...], views: Views
) -> None:
    """Note what does not fit in a dashboard.

    Args:
        findings: Where to note it.
        dashboard: Its attributes, of the right shape.
        references: Those of the object.
        views: Id of each data view to its fields and their types.
    """
    _check_grid(findings, dashboard.panelsJSON)
    wanted: dict[str, tuple[str, str | None]] = {}
    everywhere = {name: kind for fields in views.values() for name, kind in fields.items()}
    for panel in dashboard.panelsJSON:
        wanted |= dict(_check_panel(findings, panel, views, everywhere))
    wanted |= dict(_check_controls(findings, dashboard, references, views))
    named = {each.name: each for each in references}
    if len(named) != len(references):
        findings.add("/references", "two have the same name")
    for name in wanted.keys() ^ named.keys():
        findings.add("/references", f"{name!r} is not both used and referenced")
    for name in wanted.keys() & named.keys():
        kind, identity = wanted[name]
        if named[name].type != kind or (identity is not None and named[name].id != identity):
            findings.add(f"/references/{name}", f"it is {named[name].type} {named[name].id}, wanted {kind} {identity}")
    check_kql(
        findings, "/kibanaSavedObjectMeta", dashboard.kibanaSavedObjectMeta.searchSourceJSON.query.query, everywhere
    )
    if dashboard.kibanaSavedObjectMeta.searchSourceJSON.indexRefName is not None:
        findings.add("/kibanaSavedObjectMeta", "a dashboard has no data view of its own")
    restored = (dashboard.timeFrom, dashboard.timeTo, dashboard.refreshInterval)
    if dashboard.timeRestore != all(each is not None for each in restored) or (
        not dashboard.timeRestore and any(each is not None for each in restored)
    ):
        findings.add("/timeRestore", "it goes with timeFrom, timeTo and refreshInterval, and they with it")


def _check_grid(findings: Findings, panels: list[PanelShape]) -> None:
    for number, panel in enumerate(panels):
        grid = panel.gridData
        if grid.x + grid.w > COLUMNS:
            findings.add(f"/panelsJSON/{number}/gridData", f"it ends beyond column {COLUMNS}")
        if grid.i != panel.panelIndex:
            findings.add(f"/panelsJSON/{number}/gridData/i", "it is not the panelIndex")
    if len({panel.panelIndex for panel in panels}) != len(panels):
        findings.add("/panelsJSON", "two panels have the same panelIndex")
    for one, other in combinations(panels, 2):
        if _overlap(one.gridData, other.gridData):
            findings.add("/panelsJSON", f"{one.panelIndex} and {other.panelIndex} overlap")
    for number, panel in enumerate(panels):
        if panel.gridData.y and not any(_stands_on(panel.gridData, other.gridData) for other in panels):
            findings.add(f"/panelsJSON/{number}/gridData", "nothing is right above it: Kibana would move it up")


def _overlap(one: GridData, other: GridData) -> bool:
    return (
        one.x < other.x + other.w and other.x < one.x + one.w and one.y < other.y + other.h and other.y < one.y + one.h
    )


def _stands_on(panel: GridData, other: GridData) -> bool:
    return other.y + other.h == panel.y and other.x < panel.x + panel.w and panel.x < other.x + other.w


def _check_panel(
    findings: Findings, panel: PanelShape, views: Views, everywhere: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """Yield the references that a panel wants: name to type and, where the panel says it, id."""
    place = f"/panelsJSON/{panel.panelIndex}"
    config = findings.shape(f"{place}/embeddableConfig", CONFIGS[panel.type], panel.embeddableConfig)
    if panel.type == "search":
        if panel.panelRefName != f"panel_{panel.panelIndex}":
            findings.add(f"{place}/panelRefName", "it is panel_ and the panelIndex")
        yield f"{panel.panelIndex}:{panel.panelRefName}", ("search", None)
        return
    if panel.panelRefName is not None:
        findings.add(f"{place}/panelRefName", "a panel by value has none")
    if isinstance(config, LensConfig):
        check_lens(findings, f"{place}/attributes", config.attributes, views)
        for each in config.attributes.references:
            yield f"{panel.panelIndex}:{each.name}", (each.type, each.id)
        yield from _check_links(findings, place, panel.panelIndex, config)
    elif isinstance(config, VisualizationConfig):
        _check_visualization(findings, place, config, everywhere)


def _check_links(
    findings: Findings, place: str, panel: str, config: LensConfig
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    for event in config.enhancements.dynamicActions.events if config.enhancements.dynamicActions else ():
        to_dashboard = event.action.factoryId == _DRILLDOWN
        keys = {"openInNewTab"} | ({"useCurrentFilters", "useCurrentDateRange"} if to_dashboard else set())
        if event.action.config.keys() != keys:
            findings.add(f"{place}/enhancements", f"{event.action.factoryId} is told {', '.join(sorted(keys))}")
        if to_dashboard:
            yield f"{panel}:drilldown:{_DRILLDOWN}:{event.eventId}:dashboardId", ("dashboard", None)


def _check_visualization(
    findings: Findings, place: str, config: VisualizationConfig, everywhere: Mapping[str, str]
) -> None:
    saved = config.savedVis
    if isinstance(saved.params, TextParams) != (saved.type == "markdown"):
        findings.add(f"{place}/savedVis/params", f"they are not those of {saved.type}")
    check_kql(findings, f"{place}/savedVis/data", saved.data.searchSource.query.query, everywhere)
    if not isinstance(saved.params, VegaParams):
        return
    try:
        spec = json.loads(saved.params.spec)
    except ValueError as error:
        findings.add(f"{place}/savedVis/params/spec", f"it is no strict JSON: {error}")
        return
    if not isinstance(spec, dict) or spec.get("$schema") != _SCHEMA:
        findings.add(f"{place}/savedVis/params/spec", f"its $schema is not {_SCHEMA}")
    requests = list(_requests(spec))
    if not requests:
        findings.add(f"{place}/savedVis/params/spec", "it asks Elasticsearch for nothing")
    for url in requests:
        _check_request(findings, f"{place}/savedVis/params/spec/url", url, everywhere)


def _requests(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for each in node:
            yield from _requests(each)
    elif isinstance(node, dict):
        if "url" in node:
            yield node["url"] if isinstance(node["url"], dict) else {}
        for key, value in node.items():
            if key != "url":
                yield from _requests(value)


def _check_request(findings: Findings, place: str, url: Mapping[str, Any], everywhere: Mapping[str, str]) -> None:
    if unknown := url.keys() - {"index", "body", "%context%", "%timefield%"}:
        findings.add(place, f"{', '.join(sorted(unknown))} is not known there")
    if not isinstance(url.get("index"), str) or not isinstance(url.get("body"), dict):
        findings.add(place, "it is no request: an index and a body are wanted (other addresses are off in Kibana)")
        return
    if ("%context%" in url or "%timefield%" in url) and "query" in url["body"]:
        findings.add(place, "a query stands beside %context% or %timefield%")
    if "%timefield%" in url:
        check_field(findings, place, str(url["%timefield%"]), everywhere, frozenset(("date",)))
    for name in fields_of_request(url["body"]):
        check_field(findings, place, name, everywhere)


def _check_controls(
    findings: Findings, dashboard: DashboardAttributes, references: tuple[ReferenceShape, ...], views: Views
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    if dashboard.controlGroupInput is None:
        return
    controls = dashboard.controlGroupInput.panelsJSON
    if sorted(each.order for each in controls.values()) != list(range(len(controls))):
        findings.add("/controlGroupInput", "the order is not 0, 1, 2 …")
    ids = {each.name: each.id for each in references}
    for name, control in controls.items():
        place = f"/controlGroupInput/{name}"
        if control.explicitInput.id != name:
            findings.add(place, "its id is not its name")
        reference = f"controlGroup_{name}:{control.type.removesuffix('Control')}DataView"
        yield reference, ("index-pattern", None)
        known = views.get(ids.get(reference, ""), {})
        check_field(findings, f"{place}/fieldName", control.explicitInput.fieldName, known)
