"""What Elasticsearch adds to Mustache: ``{{#toJson}}path{{/toJson}}``, ``{{#join}}path{{/join}}``, ``{{#url}}...``.

pystache renders what a function returns once more, so that a value with ``{{`` in it would run. Therefore these are
no functions to it but nodes of the parsed template, whose text is final.
"""

import json
import re
from copy import copy
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

import pystache
from pystache.context import KeyNotFoundError
from pystache.parsed import ParsedTemplate
from pystache.parser import _EscapeNode, _InvertedNode, _LiteralNode, _SectionNode

from alerts.language.escape import Json
from alerts.language.values import as_text

_NAME = re.compile(r"(toJson|join|url)(?:\s+delimiter\s*=\s*'([^']*)')?")
_PATH = re.compile(r"\s*([^\s{}]+)\s*")


@lru_cache(maxsize=1000)
def parse(template: str) -> Any:
    """Return a template parsed, with the functions in it, for pystache's renderer.

    Raises:
        ParsingError: Its syntax is wrong.
        ValueError: A function is given something other than a path.
    """
    parsed = pystache.parse(template)
    _replace(parsed)
    return parsed


def _replace(parsed: Any) -> None:
    nodes = parsed._parse_tree  # noqa: SLF001 # pystache shows no other way to its nodes; pinned below 0.7
    for number, node in enumerate(nodes):
        if isinstance(node, _LiteralNode):
            nodes[number] = _EscapeNode(node.key)  # {{{x}}} and {{&x}} are escaped as {{x}} is
        elif isinstance(node, _InvertedNode):
            _replace(node.parsed_section)
        elif isinstance(node, _SectionNode):
            _replace(node.parsed)
            if match := _NAME.fullmatch(node.key):
                text = node.template[node.index_begin : node.index_end]
                nodes[number] = _function(match[1], match[2], text, node.parsed)


def _function(name: str, delimiter: str | None, text: str, section: Any) -> Any:
    if name == "url":
        return _Url(section)
    path = _PATH.fullmatch(text)
    if path is None:
        raise ValueError(f"{name} takes a path, e.g. {{{{#{name}}}}}ctx.payload{{{{/{name}}}}}")
    return _Json(path[1]) if name == "toJson" else _Join(path[1], "," if delimiter is None else delimiter)


class _Json:
    """The value at a path, as JSON."""

    def __init__(self, path: str) -> None:
        self.path = path

    def render(self, engine: Any, context: Any) -> str:
        value = json.dumps(_value(context, self.path), ensure_ascii=False, default=str)
        return str(engine.escape(Json(value)))


class _Join:
    """The elements of the list at a path, with a delimiter between them."""

    def __init__(self, path: str, delimiter: str) -> None:
        self.path = path
        self.delimiter = delimiter

    def render(self, engine: Any, context: Any) -> str:
        value = _value(context, self.path)
        elements = value if isinstance(value, list) else [] if value is None else [value]
        return str(engine.escape(self.delimiter.join(map(as_text, elements))))


class _Url:
    """A section, encoded to stand in an address: a value in it can neither end it nor add to it."""

    def __init__(self, section: ParsedTemplate) -> None:
        self.section = section

    def render(self, engine: Any, context: Any) -> str:
        bare = copy(engine)
        bare.escape = bare.literal
        return quote_plus(self.section.render(bare, context))


def _value(context: Any, path: str) -> Any:
    try:
        return context.get(path)
    except KeyNotFoundError:
        return None
