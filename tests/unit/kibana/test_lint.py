"""The linter finds nothing in what is shipped, and something in whatever is broken."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from kibana.compile.objects import build_objects
from kibana.compile.saved import pack
from kibana.lint.lint import lint, lint_object, surroundings
from kibana.lint.problem import Problem
from kibana.lint.shapes.objects import Line
from kibana.source.files import read_sources
from wwwatch.views import fields_of_views

SOURCES = read_sources()
FIELDS = fields_of_views(SOURCES)
LINES = pack(build_objects(SOURCES)).splitlines()
OBJECTS = [Line.model_validate(json.loads(line)) for line in LINES]
Change = Callable[[], None]


def test_what_is_shipped_has_no_fault() -> None:
    assert [str(problem) for problem in lint(LINES, FIELDS)] == []


@pytest.mark.parametrize("number", range(len(LINES)), ids=[json.loads(line)["id"] for line in LINES])
def test_breaking_anything_is_found(number: int) -> None:
    mutants = list(_mutants(LINES[number]))
    assert len(mutants) >= len(json.loads(LINES[number])["attributes"])
    assert [name for name, broken in mutants if not _finds(broken)] == []


def _finds(broken: dict[str, Any]) -> bool:
    try:
        line = Line.model_validate(broken)
    except ValidationError:
        return True
    found: list[Problem] = []
    around = surroundings([line, *(each for each in OBJECTS if each.id != line.id)], FIELDS, found)
    lint_object(line, around, found)
    return bool(found)


def _mutants(line: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every broken form of an object: each key, reference, field name, version and grid cell, one at a time."""
    opened = _opened(json.loads(line))
    seen = set()
    for place, value in list(_places(opened, ())):
        for name, change in _changes(place, value):
            # A key that is in each panel's columns is renamed once for each kind of panel and operation.
            alike = (name, _kind(opened, place)) if name == "renamed key" else (name, place)
            if alike not in seen:
                seen.add(alike)
                broken = copy.deepcopy(opened)
                change(broken)
                yield f"{name} at /{'/'.join(map(str, place))}", _closed(broken)


def _kind(root: Any, place: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a place with what it belongs to in the stead of names and numbers."""
    kind: list[Any] = []
    for above, step in zip(("", *place), place, strict=False):
        marks = (
            [root.get(key) for key in ("visualizationType", "operationType", "type")] if isinstance(root, dict) else []
        )
        kind += [str(mark) for mark in marks if isinstance(mark, str)]
        kind.append("*" if isinstance(step, int) or above in ("columns", "layers", "panelsJSON") else step)
        root = root[step]
    return tuple(kind)


FIELD_KEYS = ("sourceField", "fieldName", "timeFieldName", "sortField")
NAME_KEYS = ("xAccessor", "splitAccessor", "metricAccessor", "columnId", "layerId", "forAccessor", "panelRefName")
WRONG_CELLS = {"x": 49, "w": 49, "h": 0, "y": 1000, "i": "another"}


def _changes(place: tuple[Any, ...], value: Any) -> Iterator[tuple[str, Callable[[dict[str, Any]], None]]]:
    key = place[-1]
    if isinstance(key, str) and not _is_free(place):
        yield "renamed key", lambda root: _rename(root, place)
    if len(place) == 2 and place[0] == "references":
        yield "missing reference", lambda root: _drop(root, place)
    for name, wrong in _values(place, value):
        yield name, lambda root, wrong=wrong: _set(root, place, wrong)


def _values(place: tuple[Any, ...], value: Any) -> Iterator[tuple[str, Any]]:
    """Yield wrong values in the place of a right one."""
    key = place[-1]
    if key in ("coreMigrationVersion", "typeMigrationVersion"):
        yield "newer version", "10.9.0"
    if "references" in place and key in ("id", "name", "type"):
        yield "wrong reference", f"{value}-x"
    if isinstance(value, str) and (key in FIELD_KEYS or "columns" in place[-2:-1]):
        yield "wrong field", f"{value}.nowhere"
    if key == "query" and isinstance(value, str) and value:
        yield "wrong field in a query", f"no.where: 1 and ({value})"
    if "gridData" in place and key in WRONG_CELLS:
        yield "wrong cell", WRONG_CELLS[key]
    if key in NAME_KEYS:
        yield "wrong name", f"{value}-x"


def _is_free(place: tuple[Any, ...]) -> bool:
    """Tell whether a key is a name of our own: of a column, a layer, a control, a field's format."""
    if place[-2:-1] and place[-2] in ("columns", "layers", "fieldFormatMap", "fieldAttrs"):
        return place[-2] not in ("fieldFormatMap", "fieldAttrs")
    return place[-3:-1] == ("fieldFormatMap", "params")


TEXTS = ("searchSourceJSON", "panelsJSON", "optionsJSON", "ignoreParentSettingsJSON", "fieldFormatMap", "fieldAttrs")


def _opened(node: Any) -> Any:
    """Return an object with the JSON inside its texts as values."""
    if isinstance(node, list):
        return [_opened(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: _opened(json.loads(value) if key in TEXTS else value) for key, value in node.items()}


def _closed(node: Any) -> Any:
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: json.dumps(_closed(value)) if key in TEXTS else _closed(value) for key, value in node.items()}


def _places(node: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    items = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for key, value in items:
        yield (*place, key), value
        yield from _places(value, (*place, key))


def _parent(root: Any, place: tuple[Any, ...]) -> Any:
    for step in place[:-1]:
        root = root[step]
    return root


def _rename(root: Any, place: tuple[Any, ...]) -> None:
    parent = _parent(root, place)
    parent[f"{place[-1]}X"] = parent.pop(place[-1])


def _set(root: Any, place: tuple[Any, ...], value: Any) -> None:
    _parent(root, place)[place[-1]] = value


def _drop(root: Any, place: tuple[Any, ...]) -> None:
    del _parent(root, place)[place[-1]]


def test_two_panels_in_one_place_are_found() -> None:
    for number, line in enumerate(LINES):
        opened = _opened(json.loads(line))
        panels = opened["attributes"].get("panelsJSON", [])
        for place in range(1, len(panels)):
            broken = copy.deepcopy(opened)
            broken["attributes"]["panelsJSON"][place]["gridData"].update(
                {key: panels[place - 1]["gridData"][key] for key in "xy"}
            )
            found = lint([*LINES[:number], json.dumps(_closed(broken))], FIELDS)
            assert any("overlap" in str(each) for each in found)
