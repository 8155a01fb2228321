"""A fault of an object: which, where in it, and what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

_M = TypeVar("_M", bound=BaseModel)

Fields = Mapping[str, Mapping[str, str]]
"""Index pattern of a data view to its fields: name to Elasticsearch type."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault; `place` is a JSON pointer into the object, texts inside texts included."""

    object: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.object} at {self.place or '/'}: {self.what}"


@dataclass(slots=True)
class Findings:
    """Collects the faults of one object."""

    object: str
    found: list[Problem]

    def add(self, place: str, what: str) -> None:
        """Note a fault."""
        self.found.append(Problem(self.object, place, what))

    def shape(self, place: str, model: type[_M], value: Any) -> _M | None:
        """Return a value as its shape; None, with each wrong key noted, where it has another."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                self.add("/".join((place, *map(str, problem["loc"]))), problem["msg"])
            return None
