"""JSON values: as text, and only some of their parts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any


def as_text(value: Any) -> str:
    """Return a JSON value as text: texts as they are, all else as JSON writes it.

    Raises:
        ValueError: It is nested too deeply.
    """
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        raise ValueError("the value is nested too deeply") from None


def extract(payload: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return only what stands at some dotted paths of a payload, in its place; a path leads through lists.

    E.g. of ``{"hits": {"total": 2, "hits": [{"_id": "a"}]}}`` the path ``hits.total`` leaves
    ``{"hits": {"total": 2}}``. What is not there is left out.
    """
    wanted: dict[str, Any] = {}
    for path in paths:
        inner = wanted
        for step in path.split("."):
            inner = inner.setdefault(step, {})
    return dict(_filtered(payload, wanted))


def _filtered(value: Any, wanted: Mapping[str, Any]) -> Any:
    if not wanted:
        return value
    if isinstance(value, Mapping):
        return {key: _filtered(value[key], inner) for key, inner in wanted.items() if _leads_on(value.get(key), inner)}
    return [_filtered(each, wanted) for each in value if isinstance(each, Mapping)]


def _leads_on(value: Any, wanted: Mapping[str, Any]) -> bool:
    return value is not None and (not wanted or isinstance(value, Mapping | list))
