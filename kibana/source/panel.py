"""A panel of a dashboard: Lens, Vega-Lite, a saved search, or text."""

from typing import Literal

from pydantic import Field, model_validator

from kibana.source.column import Column
from kibana.source.part import Kql, Name, Part

XyType = Literal["bar", "bar_stacked", "bar_horizontal", "bar_horizontal_stacked", "line", "area", "area_stacked"]


class Layer(Part):
    """One layer of a chart with axes."""

    type: XyType
    view: Name
    x: Column
    y: tuple[Column, ...] = Field(min_length=1)
    split: Column | None = None
    right_axis: bool = False


class Xy(Part):
    """A chart with axes: bars, lines, areas; and horizontal lines at fixed values."""

    layers: tuple[Layer, ...] = Field(min_length=1)
    legend: Literal["right", "bottom", "none"] = "right"
    lines: dict[str, float] = Field(default_factory=dict)


class Metric(Part):
    """One number, or one for each group."""

    view: Name
    value: Column
    second: Column | None = None
    by: Column | None = None
    color: str | None = Field(None, pattern=r"^#[0-9A-Fa-f]{6}$")


class Table(Part):
    """Rows by groups, with numbers beside them."""

    view: Name
    rows: tuple[Column, ...] = Field(min_length=1)
    values: tuple[Column, ...] = Field(min_length=1)
    page: int = Field(10, ge=5, le=100)


class Shares(Part):
    """Parts of a whole: donut, pie or treemap."""

    shape: Literal["donut", "pie", "treemap"] = "donut"
    view: Name
    by: tuple[Column, ...] = Field(min_length=1, max_length=2)
    value: Column


class Heatmap(Part):
    """A colour for each pair of groups."""

    view: Name
    x: Column
    y: Column
    value: Column


class Panel(Part):
    """One panel: where it is, its title, and exactly one content.

    Attributes:
        id: Its name on the dashboard.
        at: Column, row, width and height on the grid of 48 columns.
        query: Only what matches, in KQL, beside the dashboard's own query.
        text: Markdown.
        search: A saved search's name.
        vega: The name of a Vega-Lite file in ``kibana/objects/vega``, strict JSON.
        to: The dashboard that a click on a value opens, filters and time taken along; ``discover`` opens the documents.
    """

    id: Name
    at: tuple[int, int, int, int]
    title: str = ""
    description: str = ""
    query: Kql = ""
    xy: Xy | None = None
    metric: Metric | None = None
    table: Table | None = None
    shares: Shares | None = None
    heatmap: Heatmap | None = None
    text: str | None = None
    search: Name | None = None
    vega: Name | None = None
    to: Name | None = None

    @model_validator(mode="after")
    def _one_content(self) -> "Panel":
        names = ("xy", "metric", "table", "shares", "heatmap", "text", "search", "vega")
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError(f"exactly one is wanted of: {', '.join(names)}")
        if self.to and self.lens is None:
            raise ValueError("`to` needs a Lens panel: xy, metric, table, shares or heatmap")
        return self

    @property
    def lens(self) -> Xy | Metric | Table | Shares | Heatmap | None:
        """Return the Lens content; None where the panel is none."""
        return self.xy or self.metric or self.table or self.shares or self.heatmap
