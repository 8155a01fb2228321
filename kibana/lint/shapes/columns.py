"""The exact keys of Lens' columns and layers."""

from typing import Any, Literal

from pydantic import Field

from kibana.lint.shapes.common import Query, Shape


class Filter(Shape):
    """One group of a `filters` column."""

    input: Query
    label: str


class OrderBy(Shape):
    """By what `terms` are ordered."""

    type: Literal["column", "alphabetical"]
    columnId: str | None = None


class FormatParams(Shape):
    """Decimals of a number."""

    decimals: int


class Format(Shape):
    """How a column's numbers are written."""

    id: Literal["bytes", "percent", "number", "duration"]
    params: FormatParams


class Params(Shape):
    """What an operation is told; each operation wants its own: kibana/lint/lens.py."""

    interval: Literal["auto"] | None = None
    includeEmptyRows: bool | None = None
    dropPartials: bool | None = None
    filters: list[Filter] | None = None
    type: Literal["histogram"] | None = None
    ranges: list[dict[str, Any]] | None = None
    maxBars: str | None = None
    percentile: float | None = None
    sortField: str | None = None
    showArrayValues: bool | None = None
    emptyAsNull: bool | None = None
    size: int | None = Field(None, ge=1, le=10_000)
    orderBy: OrderBy | None = None
    orderDirection: Literal["asc", "desc"] | None = None
    otherBucket: bool | None = None
    missingBucket: bool | None = None
    parentFormat: dict[Literal["id"], Literal["terms"]] | None = None
    include: list[str] | None = None
    exclude: list[str] | None = None
    includeIsRegex: bool | None = None
    excludeIsRegex: bool | None = None
    value: str | None = None
    format: Format | None = None


Operation = Literal[
    "date_histogram",
    "terms",
    "filters",
    "range",
    "count",
    "unique_count",
    "sum",
    "average",
    "min",
    "max",
    "median",
    "percentile",
    "last_value",
    "static_value",
]


class LensColumn(Shape):
    """A column of a layer."""

    label: str = Field(min_length=1)
    dataType: Literal["string", "number", "date", "ip", "boolean"]
    operationType: Operation
    isBucketed: bool
    scale: Literal["ordinal", "interval", "ratio"]
    sourceField: str | None = None
    customLabel: bool | None = None
    params: Params | None = None
    filter: Query | None = None
    isStaticValue: bool | None = None
    references: list[str] | None = None


class LensLayer(Shape):
    """A layer of columns."""

    columns: dict[str, LensColumn]
    columnOrder: list[str] = Field(min_length=1)
    incompleteColumns: dict[str, Any] = Field(max_length=0)
    sampling: Literal[1]


class FormBased(Shape):
    """The data source."""

    layers: dict[str, LensLayer] = Field(min_length=1)


class DatasourceStates(Shape):
    """The data sources of a Lens panel."""

    formBased: FormBased
