"""The exact keys of panels by value: Lens, Vega, text; and of a saved search's."""

from typing import Any, Literal

from pydantic import Field

from kibana.lint.shapes.columns import DatasourceStates
from kibana.lint.shapes.common import Query, References, SearchSource, Shape


class LensState(Shape):
    """The state of a Lens panel; `visualization` is judged by its type."""

    query: Query
    filters: list[dict[str, Any]]
    visualization: dict[str, Any]
    datasourceStates: DatasourceStates
    internalReferences: list[Any] = Field(max_length=0)
    adHocDataViews: dict[str, Any] = Field(max_length=0)


class LensAttributes(Shape):
    """A Lens panel by value."""

    title: str
    description: str
    visualizationType: Literal["lnsXY", "lnsMetric", "lnsDatatable", "lnsPie", "lnsHeatmap"]
    type: Literal["lens"]
    references: References
    state: LensState


class Action(Shape):
    """What a click does."""

    factoryId: Literal["DASHBOARD_TO_DASHBOARD_DRILLDOWN", "OPEN_IN_DISCOVER_DRILLDOWN"]
    name: str = Field(min_length=1)
    config: dict[Literal["useCurrentFilters", "useCurrentDateRange", "openInNewTab"], bool]


class Event(Shape):
    """When a click does it."""

    eventId: str = Field(min_length=1)
    triggers: list[Literal["FILTER_TRIGGER"]] = Field(min_length=1, max_length=1)
    action: Action


class DynamicActions(Shape):
    """The links of a panel."""

    events: list[Event] = Field(min_length=1)


class Enhancements(Shape):
    """What a panel has beside its content."""

    dynamicActions: DynamicActions | None = None


class LensConfig(Shape):
    """The config of a Lens panel by value."""

    attributes: LensAttributes
    enhancements: Enhancements


class SearchConfig(Shape):
    """The config of a saved search's panel."""

    enhancements: dict[str, Any] = Field(max_length=0)


class VegaParams(Shape):
    """A Vega-Lite spec as text."""

    spec: str


class TextParams(Shape):
    """Markdown."""

    markdown: str = Field(min_length=1)
    fontSize: int
    openLinksInNewTab: bool


class VisualizationData(Shape):
    """Query and filters of a visualization by value."""

    aggs: list[Any] = Field(max_length=0)
    searchSource: SearchSource


class SavedVis(Shape):
    """A visualization by value; `params` are judged by its type."""

    title: str
    description: str
    type: Literal["vega", "markdown"]
    params: VegaParams | TextParams
    uiState: dict[str, Any] = Field(max_length=0)
    data: VisualizationData


class VisualizationConfig(Shape):
    """The config of a visualization by value."""

    savedVis: SavedVis
    enhancements: dict[str, Any] = Field(max_length=0)
    hidePanelTitles: Literal[True] | None = None


CONFIGS: dict[str, type[Shape]] = {"lens": LensConfig, "search": SearchConfig, "visualization": VisualizationConfig}
"""The shape of `embeddableConfig` by panel type."""
