"""A directive that is the text of a JSON object, with variables in it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from enrich.entry import Key
from enrich.slots import label

_MARK = re.compile("\ue000([^\ue001]*)\ue001")
_STRING_OR_MARK = re.compile('"(?:[^"\\\\]|\\\\.)*"|\ue000[^\ue001]*\ue001')
_COMPOSED = {"method url protocol": "request", "method stem protocol": "request"}


def json_keys(text: str) -> tuple[Key, ...]:
    """Return the keys of a directive, or none where it is no JSON.

    Args:
        text: The directive, each variable replaced by its slot between U+E000 and U+E001.
    """
    stripped = text.strip()
    if not (stripped.startswith("{") and stripped.endswith("}")):
        return ()
    # A variable that stands for a number has no quotes around it.
    quoted = _STRING_OR_MARK.sub(lambda match: match[0] if match[0][0] == '"' else f'"{match[0]}"', stripped)
    try:
        tree = json.loads(quoted)
    except ValueError:
        return ()
    return tuple(_walk(tree, ()))


def _walk(value: Any, path: tuple[str, ...]) -> Iterator[Key]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _walk(inner, (*path, name))
    elif isinstance(value, str) and _MARK.search(value):
        yield Key(path, _slot(value, path))


def _slot(value: str, path: tuple[str, ...]) -> str:
    slots = _MARK.findall(value)
    literal = _MARK.sub("", value)
    if len(slots) == 1 and not literal:
        return str(slots[0])
    if slots == ["time"] and literal == "[]":
        return "time_bracketed"
    return _COMPOSED.get(" ".join(slots), label("_".join(path)))
