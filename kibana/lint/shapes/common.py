"""What all shapes share: strictness, references, queries.

A key that is unknown or missing is a fault. Source: Kibana's own attribute schemas, and exports of 8.10 to 9.x.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json


class Shape(BaseModel):
    """A strict shape."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class ReferenceShape(Shape):
    """One reference of an object."""

    type: Literal["index-pattern", "search", "visualization", "lens", "dashboard"]
    id: str = Field(min_length=1)
    name: str = Field(min_length=1)


References = Annotated[tuple[ReferenceShape, ...], BeforeValidator(_list)]


class Query(Shape):
    """A query in KQL."""

    query: str
    language: Literal["kuery"]


class SearchSource(Shape):
    """Query and filters; of a search also where its data view is referenced."""

    query: Query
    filter: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_list)]
    indexRefName: str | None = None


class Meta(Shape):
    """The search source, as text."""

    searchSourceJSON: Json[SearchSource]
