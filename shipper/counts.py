"""Counts by name that are added up."""

from dataclasses import asdict, fields
from typing import Any, ClassVar, Self


class Counts:
    """Base of frozen dataclasses whose fields all are numbers."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)
