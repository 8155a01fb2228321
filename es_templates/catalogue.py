"""The catalogue: the JSON files beside this module, one object per file, the file's name the object's name."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]
"""A JSON object, nested as Elasticsearch takes it."""

MANAGER = "wwwatch"
"""The value of `_meta.managed_by` in everything that `apply` puts."""

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Catalogue:
    """What Elasticsearch must know, and what goes with it: name to body, per kind.

    `roles` and `samples` are documents for people and tests: `apply` does not put them.
    """

    ilm_policies: Mapping[str, Json]
    component_templates: Mapping[str, Json]
    index_templates: Mapping[str, Json]
    indices: Mapping[str, Json]
    roles: Mapping[str, Json]
    samples: Mapping[str, Json]


@cache
def read_catalogue(folder: Path = HERE) -> Catalogue:
    """Read the catalogue from a folder; the bodies are shared, so change none of them."""
    return Catalogue(**{kind: _read_objects(folder / kind) for kind in Catalogue.__dataclass_fields__})


def stamped(body: Json) -> Json:
    """Return a copy of a template whose `_meta.sha256` is the digest of the rest, so that a version is recognised."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return {**body, "_meta": {**body["_meta"], "sha256": hashlib.sha256(text.encode()).hexdigest()}}


def needs_ilm(body: Json) -> bool:
    """Return whether a component template has settings that only a cluster with ILM understands."""
    return "lifecycle" in body["template"].get("settings", {}).get("index", {})


def resolve(template: str, catalogue: Catalogue | None = None, extra: Mapping[str, Json] | None = None) -> Json:
    """Return the `settings` and `mappings` of an index template with its component templates, later ones winning.

    Args:
        template: Name of the index template, e.g. ``logs-www.access``.
        catalogue: Where it is; default: the shipped one.
        extra: Component templates beside the catalogue's, e.g. a user's ``<template>@custom``.
    """
    catalogue = catalogue or read_catalogue()
    body = catalogue.index_templates[template]
    components = {**catalogue.component_templates, **(extra or {})}
    resolved: Json = {"settings": {}, "mappings": {}}
    for part in (*(components[name] for name in body["composed_of"] if name in components), body):
        resolved = merged(resolved, part.get("template", {}))
    return resolved


def merged(low: Json, high: Json) -> Json:
    """Return both objects as one, `high` winning; nested objects are merged the same way."""
    both = {**low, **high}
    for key in low.keys() & high.keys():
        if isinstance(low[key], dict) and isinstance(high[key], dict):
            both[key] = merged(low[key], high[key])
    return both


def leaves(mapping: Json, prefix: str = "") -> dict[str, Json]:
    """Return every leaf of a mapping: its dotted name and its definition."""
    found: dict[str, Json] = {}
    for name, definition in mapping.get("properties", {}).items():
        path = f"{prefix}{name}"
        if "properties" in definition:
            found |= leaves(definition, f"{path}.")
        else:
            found[path] = definition
    return found


def field_types(template: str, catalogue: Catalogue | None = None) -> dict[str, str]:
    """Return the fields of an index template: dotted name to Elasticsearch type, e.g. ``source.ip`` to ``ip``."""
    mappings = resolve(template, catalogue)["mappings"]
    return {path: definition.get("type", "object") for path, definition in leaves(mappings).items()}


def _read_objects(folder: Path) -> dict[str, Json]:
    files = sorted(folder.glob("*.json"))
    return {file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8")) for file in files}
