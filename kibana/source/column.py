"""A column of a Lens panel: what is counted, or what it is counted by."""

from typing import Literal

from pydantic import Field, model_validator

from kibana.source.part import Kql, Part

Format = Literal["bytes", "percent", "number", "duration"]
FieldType = Literal["string", "number", "date", "ip", "boolean"]

METRICS = ("count", "unique", "sum", "avg", "min", "max", "median", "percentile", "last")
BUCKETS = ("date", "terms", "filters", "histogram")


class NamedFilter(Part):
    """One of the groups that a `filters` column counts by."""

    label: str
    query: Kql


class Column(Part):
    """Exactly one operation, and how it is shown.

    Attributes:
        date: Date histogram over a field; Kibana chooses the interval.
        terms: The most frequent values of a field.
        filters: A group for each query.
        histogram: Number ranges of a field.
        count: Documents.
        unique: Distinct values of a field; `sum` … `median` likewise.
        percentile: Of a field, at `at`.
        last: The latest value of a field.
        size: How many values `terms` shows.
        by: Position of the metric that orders `terms` (from 0), or ``alphabetical``.
        ascending: The smallest first.
        other: `terms` also gives everything else as one group.
        missing: `terms` also gives documents without the field.
        type: The field's type for Kibana, of `terms` and `last`.
        where: Only documents that match are counted.
    """

    date: str | None = None
    terms: str | None = None
    filters: tuple[NamedFilter, ...] | None = None
    histogram: str | None = None
    count: Literal[True] | None = None
    unique: str | None = None
    sum: str | None = None
    avg: str | None = None
    min: str | None = None
    max: str | None = None
    median: str | None = None
    percentile: str | None = None
    last: str | None = None
    at: float = Field(95, gt=0, lt=100)
    size: int = Field(10, ge=1, le=1000)
    by: int | Literal["alphabetical"] = 0
    ascending: bool = False
    other: bool = False
    missing: bool = False
    type: FieldType = "string"
    label: str = ""
    format: Format | None = None
    decimals: int = Field(0, ge=0, le=4)
    where: Kql | None = None
    color: str | None = Field(None, pattern=r"^#[0-9A-Fa-f]{6}$")
    width: int | None = None

    @model_validator(mode="after")
    def _one_operation(self) -> "Column":
        chosen = [name for name in (*METRICS, *BUCKETS) if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise ValueError(f"exactly one is wanted of: {', '.join((*METRICS, *BUCKETS))}")
        return self

    @property
    def operation(self) -> str:
        """Return which operation it is, e.g. ``terms``."""
        return next(name for name in (*METRICS, *BUCKETS) if getattr(self, name) is not None)

    @property
    def field(self) -> str | None:
        """Return the field it reads; None for `count` and `filters`."""
        value = getattr(self, self.operation)
        return value if isinstance(value, str) else None

    @property
    def is_bucket(self) -> bool:
        """Return whether it is what is counted by."""
        return self.operation in BUCKETS
