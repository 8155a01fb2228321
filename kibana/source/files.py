"""Reads the files below `kibana/objects`: one file an object, the file's name the object's name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from core.errors import KibanaError
from kibana.source.panel import Panel
from kibana.source.part import Kql, Name, Part

SHIPPED = Path(__file__).parents[1] / "objects"
_P = TypeVar("_P", bound=Part)


class View(Part):
    """A data view: which indices, their time field, and how fields are shown.

    Attributes:
        formats: Field to Kibana's field format, e.g. ``{"id": "bytes"}``.
        labels: Field to what it is called in Kibana.
    """

    title: str
    name: str
    time: str
    formats: dict[str, dict[str, Any]] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)


class Search(Part):
    """A saved search."""

    title: str
    description: str
    view: Name
    query: Kql = ""
    columns: tuple[str, ...]
    sort: tuple[tuple[str, Literal["asc", "desc"]], ...]


class Control(Part):
    """A control above a dashboard: choose values of a field."""

    view: Name
    field: str
    title: str
    width: Literal["small", "medium", "large"] = "medium"


class Dashboard(Part):
    """A dashboard.

    Attributes:
        time: The time range it opens with, from and to; None keeps the present one (for links with their own).
        refresh_seconds: How often it looks again; 0: not by itself.
    """

    title: str
    description: str
    time: tuple[str, str] | None = ("now-24h", "now")
    refresh_seconds: int = Field(0, ge=0)
    query: Kql = ""
    controls: tuple[Control, ...] = ()
    panels: tuple[Panel, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Sources:
    """Every object's source: name to content, per kind; `vega` holds the Vega-Lite specs as they stand."""

    views: Mapping[str, View]
    searches: Mapping[str, Search]
    dashboards: Mapping[str, Dashboard]
    vega: Mapping[str, Any]


def read_sources(folder: Path = SHIPPED) -> Sources:
    """Read all objects.

    Raises:
        KibanaError: A file is no JSON or malformed; it is named, and the place in it.
    """
    return Sources(
        views={path.stem: _read(path, View) for path in _files(folder / "views")},
        searches={path.stem: _read(path, Search) for path in _files(folder / "searches")},
        dashboards={path.stem: _read(path, Dashboard) for path in _files(folder / "dashboards")},
        vega={path.stem: _load(path) for path in _files(folder / "vega")},
    )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise KibanaError(f"cannot read {path.name}: {error}", "correct the file") from error


def _read(path: Path, model: type[_P]) -> _P:
    data = _load(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        places = "; ".join(f"/{'/'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
        raise KibanaError(f"{path.name} is malformed: {places}", "correct the file") from None
