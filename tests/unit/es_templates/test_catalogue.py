"""The shipped JSON agrees with itself, with the contract in docs/design.md, and with the bare server core."""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import documents
from core.clock import parse_iso
from es_templates import field_types, read_catalogue, resolve
from es_templates.catalogue import leaves, stamped

CATALOGUE = read_catalogue()
TEMPLATES = sorted(CATALOGUE.index_templates)
FITS: dict[str, Callable[[Any], Any]] = {
    "keyword": lambda value: isinstance(value, str),
    "text": lambda value: isinstance(value, str),
    "byte": lambda value: type(value) is int and -128 <= value <= 127,
    "integer": lambda value: type(value) is int,
    "long": lambda value: type(value) is int,
    "float": lambda value: isinstance(value, float),
    "boolean": lambda value: isinstance(value, bool),
    "date": parse_iso,
    "ip": ipaddress.ip_address,
    "binary": lambda value: base64.b64decode(value, validate=True),
    "object": lambda value: isinstance(value, dict),
    "flattened": lambda value: isinstance(value, dict),
    "geo_point": lambda value: set(map(type, value.values())) == {float} and value.keys() == {"lat", "lon"},
}
"""The field types that we use, each of which the bare server core knows; and what a value of it is."""
OPAQUE = {"object", "flattened", "geo_point"}
"""The types whose values are objects."""
CONTRACT = (Path(__file__).parents[3] / "docs" / "design.md").read_text(encoding="utf-8").split("## The documents")[1]
CHAPTERS = {
    "logs-www.access": ("**Access event**", "**Anomaly**"),
    "wwwatch-anomalies": ("**Anomaly**", "**Incident**"),
    "wwwatch-incidents": ("**Incident**", "**Model**"),
    "wwwatch-models": ("**Model**", "**State**"),
    "wwwatch-state": ("**State**", "**Watch state**"),
    "wwwatch-watches": ("**Watch state**", "**Watch history**"),
    "wwwatch-watch-history": ("**Watch history**", "**Verdict**"),
    "wwwatch-verdicts": ("**Verdict**", "**Health**"),
    "metrics-wwwatch.health": ("**Health**", "\n#"),
}
SHARED = {"wwwatch.reasons": ("feature", "value", "usual", "sentence")}


def promised_fields(template: str) -> set[str]:
    """Return the dotted names in the contract's chapter, braces and shorthands written out."""
    start, end = CHAPTERS[template]
    chapter = CONTRACT.split(start)[1].split(end)[0]
    fields: set[str] = set()
    before = ""
    for token in re.findall(r"`([^`]+)`", chapter):
        name = before.rpartition(".")[0] + token if token.startswith(".") else token
        before = name
        stem, brace, rest = name.partition("{")
        tails = rest.rstrip("}").split(",") if brace else [""]
        fields |= {f"{stem}{tail.split('=')[0]}" for tail in tails}
    for parent, children in SHARED.items():
        if parent in fields:
            fields = fields - {parent} | {f"{parent}.{child}" for child in children}
    if "threat.*" in fields:
        fields = fields - {"threat.*"} | {"threat.framework", "threat.technique.id", "threat.technique.name"}
    return {field for field in fields if " " not in field}


def values_of(value: Any, prefix: str, opaque: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a document: its dotted name and one value; what is not mapped below counts as a leaf."""
    if isinstance(value, list):
        for item in value:
            yield from values_of(item, prefix, opaque)
    elif isinstance(value, dict) and prefix not in opaque:
        for key, inner in value.items():
            yield from values_of(inner, f"{prefix}.{key}" if prefix else key, opaque)
    else:
        yield prefix, value


def fits(kind: str, value: Any) -> bool:
    """Return whether Elasticsearch would index the value as that type without coercing it."""
    return bool(FITS[kind](value))


@pytest.mark.parametrize("template", TEMPLATES)
def test_sample_and_mapping_name_the_same_fields(template: str) -> None:
    types = field_types(template)
    opaque = {field for field, kind in types.items() if kind in OPAQUE}
    sampled = {field for field, _ in values_of(CATALOGUE.samples[template], "", opaque)}
    assert sampled == set(types)


@pytest.mark.parametrize("template", TEMPLATES)
def test_sample_values_fit_their_types(template: str) -> None:
    types = field_types(template)
    opaque = {field for field, kind in types.items() if kind in OPAQUE}
    leaves_of_sample = values_of(CATALOGUE.samples[template], "", opaque)
    assert [(field, value) for field, value in leaves_of_sample if not fits(types[field], value)] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_mapping_holds_what_the_contract_promises(template: str) -> None:
    promised = promised_fields(template)
    types = set(field_types(template))
    assert types - promised == set()
    assert {field for field in promised if re.fullmatch(r"@?[a-z_]+(\.[a-z_]+)+|@timestamp", field)} - types == set()


@pytest.mark.parametrize("template", TEMPLATES)
def test_only_field_types_of_the_server_core(template: str) -> None:
    assert set(field_types(template).values()) - FITS.keys() == set()


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_document_can_create_a_field(template: str) -> None:
    assert resolve(template)["mappings"]["dynamic"] is False


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_value_is_too_long_to_be_indexed(template: str) -> None:
    # Lucene refuses terms over 32,766 bytes, and with them the document: 8191 characters of 4 bytes just fit.
    searchable = {
        field: definition
        for field, definition in leaves(resolve(template)["mappings"]).items()
        if definition.get("type") == "keyword" and definition.get("doc_values", True)
    }
    assert [
        field for field, definition in searchable.items() if not 0 < definition.get("ignore_above", 0) <= 8191
    ] == []


def test_every_index_of_the_code_has_template_index_and_sample() -> None:
    names = {documents.INCIDENTS, documents.MODELS, documents.STATE, documents.WATCHES}
    names |= {documents.WATCH_HISTORY, documents.VERDICTS}
    written = {next(iter(body.get("aliases", {})), name) for name, body in CATALOGUE.indices.items()}
    assert written == {*names, documents.ANOMALIES}
    streams = {f"logs-{documents.ACCESS_DATASET}", f"metrics-{documents.HEALTH_DATASET}"}
    assert {*written, *streams} == set(TEMPLATES) == set(CATALOGUE.samples)
    assert CATALOGUE.index_templates["metrics-wwwatch.health"]["index_patterns"] == [documents.HEALTH_PATTERN]
    assert CATALOGUE.index_templates["logs-www.access"]["index_patterns"] == [documents.ACCESS_PATTERN]


def test_access_template_beats_the_stack_and_serves_the_change_feed() -> None:
    settings = resolve("logs-www.access")["settings"]["index"]
    assert CATALOGUE.index_templates["logs-www.access"]["priority"] > 100  # the stack's logs-*-* has 100
    assert settings["translog"]["durability"] == "request"
    assert settings["lifecycle"]["name"] in CATALOGUE.ilm_policies


def test_every_component_named_is_there_or_may_be_missing() -> None:
    for body in CATALOGUE.index_templates.values():
        needed = set(body["composed_of"]) - set(body["ignore_missing_component_templates"])
        assert needed <= set(CATALOGUE.component_templates)


def test_a_users_component_wins_over_the_shipped_ones() -> None:
    custom = {"logs-www.access@custom": {"template": {"settings": {"index": {"refresh_interval": "1s"}}}}}
    assert resolve("logs-www.access", extra=custom)["settings"]["index"]["refresh_interval"] == "1s"
    assert resolve("logs-www.access")["settings"]["index"]["refresh_interval"] == "5s"


def test_stamp_changes_with_the_body_alone() -> None:
    body = CATALOGUE.component_templates["wwwatch-plain@settings"]
    again = json.loads(json.dumps(body))
    assert stamped(body) == stamped(again)
    assert stamped({**body, "version": 99})["_meta"]["sha256"] != stamped(body)["_meta"]["sha256"]


@pytest.mark.parametrize("name", sorted(CATALOGUE.roles))
def test_roles_are_well_formed_and_name_our_indices(name: str) -> None:
    role = CATALOGUE.roles[name]
    assert set(role) == {"cluster", "indices", "metadata"}
    known = {*TEMPLATES, "logs-www.access-*", documents.HEALTH_PATTERN, "wwwatch-anomalies*", "logs-*", "filebeat-*"}
    for grant in role["indices"]:
        assert set(grant) == {"names", "privileges"}
        assert set(grant["names"]) <= known
        assert "all" not in grant["privileges"]


def test_roles_are_one_per_process() -> None:
    parts = ("shipper", "detector", "alerts", "verdicts", "canary")
    assert set(CATALOGUE.roles) == {f"wwwatch-{part}" for part in parts}
