"""The exact keys of Lens' visualizations."""

from typing import Literal

from pydantic import Field

from kibana.lint.shapes.common import Shape


class YConfig(Shape):
    """How one series of a chart is drawn."""

    forAccessor: str
    color: str | None = Field(None, pattern="^#[0-9A-Fa-f]{6}$")
    axisMode: Literal["left", "right"] | None = None
    lineStyle: Literal["dashed", "solid"] | None = None
    textVisibility: bool | None = None


class XyLayer(Shape):
    """A layer of a chart with axes."""

    layerId: str
    layerType: Literal["data", "referenceLine"]
    accessors: list[str] = Field(min_length=1)
    seriesType: str | None = None
    xAccessor: str | None = None
    splitAccessor: str | None = None
    yConfig: list[YConfig] | None = None


class XyLegend(Shape):
    """The legend of a chart with axes."""

    isVisible: bool
    position: Literal["right", "bottom"]


class AxisTitles(Shape):
    """Which axes have a title."""

    x: bool
    yLeft: bool
    yRight: bool


class XyState(Shape):
    """A chart with axes."""

    legend: XyLegend
    valueLabels: Literal["hide", "show"]
    fittingFunction: Literal["None", "Zero", "Linear"]
    preferredSeriesType: str
    axisTitlesVisibilitySettings: AxisTitles
    layers: list[XyLayer] = Field(min_length=1)


class MetricState(Shape):
    """One number, or one a group."""

    layerId: str
    layerType: Literal["data"]
    metricAccessor: str
    secondaryMetricAccessor: str | None = None
    breakdownByAccessor: str | None = None
    color: str | None = Field(None, pattern="^#[0-9A-Fa-f]{6}$")


class TableColumn(Shape):
    """A column of a table."""

    columnId: str
    isTransposed: bool
    width: int | None = None


class Paging(Shape):
    """Rows a page."""

    size: int
    enabled: bool


class TableState(Shape):
    """A table."""

    layerId: str
    layerType: Literal["data"]
    columns: list[TableColumn] = Field(min_length=1)
    paging: Paging


class PieLayer(Shape):
    """The layer of parts of a whole."""

    layerId: str
    layerType: Literal["data"]
    primaryGroups: list[str] = Field(min_length=1)
    metrics: list[str] = Field(min_length=1)
    numberDisplay: Literal["percent", "value", "hidden"]
    categoryDisplay: Literal["default", "inside", "hide"]
    legendDisplay: Literal["default", "show", "hide"]
    nestedLegend: bool


class PieState(Shape):
    """Parts of a whole."""

    shape: Literal["donut", "pie", "treemap"]
    layers: list[PieLayer] = Field(min_length=1, max_length=1)


class HeatmapLegend(Shape):
    """The legend of a heat map."""

    isVisible: bool
    position: Literal["right", "bottom"]
    type: Literal["heatmap_legend"]


class HeatmapGrid(Shape):
    """Labels of a heat map."""

    type: Literal["heatmap_grid"]
    isCellLabelVisible: bool
    isYAxisLabelVisible: bool
    isXAxisLabelVisible: bool
    isYAxisTitleVisible: bool
    isXAxisTitleVisible: bool


class HeatmapState(Shape):
    """A heat map."""

    shape: Literal["heatmap"]
    layerId: str
    layerType: Literal["data"]
    xAccessor: str
    yAccessor: str
    valueAccessor: str
    legend: HeatmapLegend
    gridConfig: HeatmapGrid


STATES: dict[str, type[Shape]] = {
    "lnsXY": XyState,
    "lnsMetric": MetricState,
    "lnsDatatable": TableState,
    "lnsPie": PieState,
    "lnsHeatmap": HeatmapState,
}
"""The shape of a visualization's state by its type."""
