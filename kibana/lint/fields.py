"""Fields that queries, columns and requests name: they exist, and their types fit what is done with them."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import KibanaError
from kibana.kql.parse import fields, parse
from kibana.lint.problem import Findings

_NUMBERS = frozenset(
    ("long", "integer", "short", "byte", "double", "float", "half_float", "scaled_float", "unsigned_long")
)
_EXACT = _NUMBERS | {"keyword", "ip", "boolean", "date", "constant_keyword", "wildcard"}
FITTING: Mapping[str, frozenset[str]] = {
    "date_histogram": frozenset(("date", "date_nanos")),
    "terms": frozenset(_EXACT) - {"date"},
    "range": _NUMBERS,
    "unique_count": frozenset(_EXACT),
    "sum": _NUMBERS,
    "average": _NUMBERS,
    "median": _NUMBERS,
    "percentile": _NUMBERS,
    "min": _NUMBERS | {"date"},
    "max": _NUMBERS | {"date"},
    "last_value": frozenset(_EXACT),
}
"""Elasticsearch types that an operation of Lens works on."""

DATA_TYPES: Mapping[str, frozenset[str]] = {
    "string": frozenset(("keyword", "constant_keyword", "wildcard")),
    "ip": frozenset(("ip",)),
    "boolean": frozenset(("boolean",)),
    "date": frozenset(("date", "date_nanos")),
    "number": _NUMBERS,
}
"""Lens' types and the Elasticsearch types that have them."""

_QUERIES = frozenset(("term", "terms", "range", "match", "match_phrase", "prefix", "wildcard"))
_ALWAYS = frozenset(("_index", "_id", "_source"))


def check_kql(findings: Findings, place: str, query: str, known: Mapping[str, str]) -> None:
    """Note where a query is malformed or names fields that are not there."""
    try:
        named = list(fields(parse(query)))
    except KibanaError as error:
        findings.add(place, error.what)
        return
    for name in named:
        check_field(findings, place, name, known)


def check_field(
    findings: Findings, place: str, name: str, known: Mapping[str, str], fitting: frozenset[str] | None = None
) -> None:
    """Note where a field is not there, or its type does not fit."""
    if name in _ALWAYS:
        return
    if name not in known:
        findings.add(place, f"there is no field {name!r}")
    elif fitting is not None and known[name] not in fitting:
        findings.add(place, f"the field {name} is of type {known[name]}, which does not fit")


def fields_of_request(node: Any) -> Iterator[str]:
    """Yield the fields that a search's body names in queries and aggregations."""
    if isinstance(node, list):
        for each in node:
            yield from fields_of_request(each)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "field" and isinstance(value, str):
            yield value
        elif key in ("term", "terms", "range", "match", "match_phrase", "prefix", "wildcard") and isinstance(
            value, dict
        ):
            if "field" in value:
                yield from fields_of_request(value)
            else:
                yield from value
        elif key == "sort":
            yield from _sorted_by(value)
        elif key in ("_source", "fields", "docvalue_fields") and isinstance(value, list):
            yield from (each for each in value if isinstance(each, str) and "*" not in each)
        else:
            yield from fields_of_request(value)


def _sorted_by(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        yield from each if isinstance(each, dict) else [str(each)]
