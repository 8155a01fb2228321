"""Compares what is with what should be, both brought to one form: Elasticsearch writes settings its own way. Pure."""

from typing import Any

from es_templates.catalogue import Json, leaves

CHANGEABLE_PARAMETERS = {"fields", "ignore_above", "ignore_malformed", "meta"}
"""Mapping parameters that an existing field takes; any other difference needs a new index."""

DEFAULTS = {"type": "object", "index": True, "doc_values": True, "enabled": True, "ignore_malformed": False}
"""What a mapping parameter means by being absent: Elasticsearch drops those that say the default."""

STRUCTURE = DEFAULTS.keys() - CHANGEABLE_PARAMETERS

CHANGEABLE_SETTINGS = (
    "index.auto_expand_replicas",
    "index.lifecycle.name",
    "index.refresh_interval",
    "index.translog.durability",
)
"""Settings of ours that an existing index takes."""

SHOWN = 2
LONGEST = 60


def flat_settings(settings: Json) -> dict[str, str]:
    """Return settings as Elasticsearch lists them flat: full dotted names, values as text."""
    flat = flatten(settings)
    return {name if name.startswith("index.") else f"index.{name}": value for name, value in flat.items()}


def flatten(value: Any, prefix: str = "") -> dict[str, str]:
    """Return the leaves of nested JSON as text under dotted names; lists count as leaves, empty objects as ``{}``."""
    if isinstance(value, dict) and value:
        flat: dict[str, str] = {}
        for key, inner in value.items():
            flat |= flatten(inner, f"{prefix}.{key}" if prefix else str(key))
        return flat
    if isinstance(value, list):
        return {prefix: ",".join(_text(item) for item in value)}
    return {prefix: _text(value)} if prefix else {}


def template_facts(body: Json) -> dict[str, str]:
    """Return what a component or index template says, without `version`, `_meta` and Elasticsearch's own additions."""
    template = body.get("template", {})
    facts = {
        **{f"settings.{name}": value for name, value in flat_settings(template.get("settings", {})).items()},
        **flatten({"mappings": template.get("mappings", {})}),
        **flatten({"aliases": template.get("aliases", {})}),
    }
    facts = {name: value for name, value in facts.items() if name not in ("mappings", "aliases")}
    for key in ("index_patterns", "composed_of", "ignore_missing_component_templates", "priority"):
        if body.get(key) not in (None, []):
            facts |= flatten({key: body[key]})
    if "data_stream" in body:
        facts["data_stream"] = "true"
    return facts


def differences(actual: dict[str, str], wanted: dict[str, str]) -> str:
    """Return in a few words how two flat objects differ, e.g. ``index.refresh_interval: 30s, wanted 5s``."""
    words = []
    for name in sorted(actual.keys() | wanted.keys()):
        has, want = actual.get(name), wanted.get(name)
        label = name.replace(".properties.", ".")
        if has == want:
            continue
        if has is None:
            words.append(f"{label} is missing")
        elif want is None:
            words.append(f"{label} is too much")
        else:
            words.append(f"{label}: {_short(has)}, wanted {_short(want)}")
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return "; ".join(words[:SHOWN]) + more


def mapping_gaps(actual: Json, wanted: Json) -> tuple[Json, list[str]]:
    """Compare the mapping of an existing index with the wanted one.

    Returns:
        The fields that the index lacks or can change in place, as dotted name to definition; and sentences about
        those that it can not, e.g. ``http.version is long, wanted keyword``.
    """
    existing, gaps = leaves(actual), {}
    conflicts: list[str] = []
    parents = {path.rpartition(".")[0] for path in existing}
    for path, definition in leaves(wanted).items():
        has = existing.get(path)
        if has is None:
            blocker = _blocker(path, existing, parents)
            if blocker:
                conflicts.append(blocker)
            else:
                gaps[path] = definition
            continue
        compared = definition.keys() | STRUCTURE
        differing = {key for key in compared if _parameter(has, key) != _parameter(definition, key)}
        if differing - CHANGEABLE_PARAMETERS:
            conflicts.append(f"{path} is {_kind(has)}, wanted {_kind(definition)}")
        elif differing:
            gaps[path] = definition
    return gaps, conflicts


def nested_mapping(fields: Json) -> Json:
    """Return dotted names and definitions as a nested mapping body."""
    root: Json = {"properties": {}}
    for path, definition in fields.items():
        *parents, leaf = path.split(".")
        node = root
        for parent in parents:
            node = node["properties"].setdefault(parent, {"properties": {}})
        node["properties"][leaf] = definition
    return root


def _blocker(path: str, existing: dict[str, Json], parents: set[str]) -> str:
    if path in parents:
        return f"{path} has fields below it, wanted none"
    above = path.split(".")
    for depth in range(1, len(above)):
        parent = ".".join(above[:depth])
        if parent in existing:
            return f"{parent} is {_kind(existing[parent])}, wanted fields below it"
    return ""


def _kind(definition: Json) -> str:
    flags = [f"{key}={_text(value)}" for key, value in sorted(definition.items()) if key in ("enabled", "index")]
    return " ".join([definition.get("type", "object"), *flags])


def _parameter(definition: Json, key: str) -> str:
    return _text(definition.get(key, DEFAULTS.get(key)))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
