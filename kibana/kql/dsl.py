"""KQL as Query DSL, as Kibana translates it."""

import re
from typing import Any

from kibana.kql.parse import Group, Is, Node, Not, Value, parse

_RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_UNESCAPE = re.compile(r"\\(.)")


def to_dsl(query: str) -> dict[str, Any]:
    """Return the query that Elasticsearch takes.

    Raises:
        KibanaError: The query is malformed.
    """
    return _node(parse(query))


def _node(node: Node) -> dict[str, Any]:
    if isinstance(node, Not):
        return {"bool": {"must_not": [_node(node.part)]}}
    if isinstance(node, Group):
        if not node.parts:
            return {"match_all": {}}
        parts = [_node(part) for part in node.parts]
        return {"bool": {"filter": parts} if node.every else {"should": parts, "minimum_should_match": 1}}
    return _is(node)


def _is(node: Is) -> dict[str, Any]:
    if node.operator != ":":
        return {"range": {node.field: {_RANGES[node.operator]: _plain(node.value)}}}
    if node.value.is_phrase:
        return {"match_phrase": {node.field: node.value.text}}
    if node.value.text == "*":
        return {"exists": {"field": node.field}}
    if "*" in _UNESCAPE.sub("", node.value.text):
        return {"wildcard": {node.field: {"value": node.value.text}}}
    return {"match": {node.field: _plain(node.value)}}


def _plain(value: Value) -> str:
    return value.text if value.is_phrase else _UNESCAPE.sub(r"\1", value.text)
