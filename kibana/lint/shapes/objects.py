"""The exact keys of data views, saved searches and dashboards."""

from typing import Annotated, Any, Literal

from pydantic import Field, Json

from kibana.lint.shapes.common import Meta, References, Shape


class FieldFormatParams(Shape):
    """What a field's format is told."""

    inputFormat: Literal["nanoseconds", "milliseconds", "seconds"] | None = None
    outputFormat: Literal["asMilliseconds", "asSeconds", "humanize", "humanizePrecise"] | None = None
    outputPrecision: int | None = Field(None, ge=0, le=20)
    showSuffix: bool | None = None
    useShortSuffix: bool | None = None
    pattern: str | None = None


class FieldFormat(Shape):
    """How a field is shown."""

    id: Literal["bytes", "number", "duration", "percent", "string", "url", "color", "ip"]
    params: FieldFormatParams | None = None


class FieldAttributes(Shape):
    """What a field is called."""

    customLabel: str


class ViewAttributes(Shape):
    """A data view."""

    title: str = Field(min_length=1)
    name: str = Field(min_length=1)
    timeFieldName: str
    fieldFormatMap: Json[dict[str, FieldFormat]]
    fieldAttrs: Json[dict[str, FieldAttributes]]
    runtimeFieldMap: Json[dict[str, Any]]
    sourceFilters: Json[list[Any]]
    fields: Json[list[Any]]
    allowNoIndex: bool
    allowHidden: bool


class SearchAttributes(Shape):
    """A saved search."""

    title: str = Field(min_length=1)
    description: str
    columns: list[str] = Field(min_length=1)
    sort: list[Annotated[list[str], Field(min_length=2, max_length=2)]]
    grid: dict[str, Any]
    hideChart: bool
    isTextBasedQuery: bool
    timeRestore: bool
    kibanaSavedObjectMeta: Meta


class GridData(Shape):
    """A panel's place on the grid of 48 columns."""

    x: int = Field(ge=0, lt=48)
    y: int = Field(ge=0)
    w: int = Field(ge=1, le=48)
    h: int = Field(ge=1)
    i: str


class PanelShape(Shape):
    """A panel: its config is judged by its type."""

    type: Literal["lens", "visualization", "search"]
    panelIndex: str = Field(min_length=1)
    gridData: GridData
    title: str
    embeddableConfig: dict[str, Any]
    panelRefName: str | None = None


class Options(Shape):
    """How panels are shown together."""

    useMargins: bool
    syncColors: bool
    syncCursor: bool
    syncTooltips: bool
    hidePanelTitles: bool


class Refresh(Shape):
    """How often a dashboard looks again, in milliseconds."""

    pause: bool
    value: int = Field(ge=0)


class Ignore(Shape):
    """What controls leave out of the dashboard's context."""

    ignoreFilters: bool
    ignoreQuery: bool
    ignoreTimerange: bool
    ignoreValidations: bool


class ControlInput(Shape):
    """What a control chooses from."""

    id: str
    fieldName: str
    title: str
    enhancements: dict[str, Any] = Field(max_length=0)


class ControlShape(Shape):
    """A control above a dashboard."""

    order: int
    width: Literal["small", "medium", "large"]
    grow: bool
    type: Literal["optionsListControl", "rangeSliderControl"]
    explicitInput: ControlInput


class ControlGroup(Shape):
    """All controls of a dashboard."""

    controlStyle: Literal["oneLine", "twoLine"]
    chainingSystem: Literal["HIERARCHICAL", "NONE"]
    ignoreParentSettingsJSON: Json[Ignore]
    panelsJSON: Json[dict[str, ControlShape]]


class DashboardAttributes(Shape):
    """A dashboard."""

    title: str = Field(min_length=1)
    description: str
    version: Literal[1]
    panelsJSON: Json[list[PanelShape]]
    optionsJSON: Json[Options]
    kibanaSavedObjectMeta: Meta
    timeRestore: bool
    timeFrom: str | None = None
    timeTo: str | None = None
    refreshInterval: Refresh | None = None
    controlGroupInput: ControlGroup | None = None


class Line(Shape):
    """One object of the file."""

    type: Literal["index-pattern", "search", "dashboard"]
    id: str = Field(min_length=1)
    attributes: dict[str, Any]
    references: References
    managed: Literal[False]
    coreMigrationVersion: str
    typeMigrationVersion: str


ATTRIBUTES: dict[str, type[Shape]] = {
    "index-pattern": ViewAttributes,
    "search": SearchAttributes,
    "dashboard": DashboardAttributes,
}
"""The shape of `attributes` by type."""
