"""Why a line does not parse, for people who look at one."""

import json

import polars as pl

from enrich.capture import IS_EVENT, capture
from enrich.entry import Format
from enrich.formats import FORMATS

_NAMED = 3


def explain(line: str, entry: Format) -> str:
    """Return what more can be said of a line that the format does not take, as a clause that begins with a colon.

    Args:
        line: The line; nothing of it is quoted.
        entry: The format.
    """
    if not line.strip():
        return ": it is empty"
    if entry.keys:
        return _about_json(line, entry)
    text = pl.Series([line])
    if capture(text, entry)[IS_EVENT].all():
        return ""
    others = [
        each.name
        for each in FORMATS.values()
        if each.name != entry.name and any(text.str.contains(pattern).all() for pattern in each.patterns[: each.strict])
    ]
    if others:
        return f": it is a line of {' or '.join(others[:_NAMED])}"
    return ": it is JSON" if line.lstrip().startswith("{") else ""


def _about_json(line: str, entry: Format) -> str:
    try:
        tree = json.loads(line[line.find("{") :])
    except (ValueError, RecursionError) as error:
        return (
            f": it is no JSON, {error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        )
    missing = [need for need in entry.needs if not any(_has(tree, entry, slot) for slot in need.split("|"))]
    names = [" or ".join(key.name for key in entry.keys if key.slot in need.split("|")) for need in missing]
    return f": it lacks {', and '.join(names)}" if names else ""


def _has(tree: object, entry: Format, slot: str) -> bool:
    for key in entry.keys:
        value = tree
        for name in key.path:
            value = value.get(name) if isinstance(value, dict) else None
        if key.slot == slot and value not in (None, "", "-"):
            return True
    return False
