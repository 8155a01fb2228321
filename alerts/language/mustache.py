"""Mustache as watches write it: ``{{ctx.payload.hits.total}}``, ``{{#ctx.payload.hits.hits}}{{_id}}, {{/...}}``.

Elements of lists are reached by number, ``{{ctx.payload.hits.hits.0._id}}``; see `functions.py` for toJson, join, url.
"""

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pystache
from pystache.common import PystacheError
from pystache.parser import ParsingError

from alerts.language.escape import Escape, inside_pattern, inside_query
from alerts.language.functions import parse
from alerts.language.values import as_text
from core.errors import RuleError

_TAG = re.compile(r"\{\{\{?\s*([^{}]*)\}?\}\}")

_QUERIES: Mapping[str, Escape] = {
    "query_string": inside_query,
    "simple_query_string": inside_query,
    "regexp": inside_pattern,
    "wildcard": inside_pattern,
}

Context = Mapping[str, Any]
"""The variables of a template, JSON values under string keys."""


class _Sequence(list[Any]):
    """A list whose elements a template reaches by number, as Watcher lets it."""

    def __getattribute__(self, name: str) -> Any:
        if name.isdigit():
            return self[int(name)] if int(name) < len(self) else None
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise AttributeError(name)  # a template reaches data, never a method


class _Renderer(pystache.Renderer):  # type: ignore[misc] # pystache has no types
    def str_coerce(self, val: Any) -> str:
        """Write values as JSON does, so that true is not "True"."""
        return as_text(val)


def check(template: str) -> str:
    """Return the template if its syntax is right.

    Raises:
        ValueError: It is not; pydantic turns this into a sentence with the place.
    """
    problem = "the mustache template is malformed"
    try:
        parse(template)
    except (ParsingError, ValueError) as error:
        raise ValueError(f"{problem}: {error}") from None
    # pystache drops what is never closed without a word.
    tags = _TAG.findall(template)
    if "{{" in _TAG.sub("", template) or any(tag.startswith(("=", ">")) for tag in tags):
        raise ValueError(f"{problem}: a tag is not closed, changes the delimiters or names a partial")
    if sum(tag[:1] in ("#", "^") for tag in tags) != sum(tag.startswith("/") for tag in tags):
        raise ValueError(f"{problem}: a section is not closed")
    return template


def render(
    template: str, context: Context, *, as_html: bool = False, strict: bool = False, escape: Escape = str
) -> str:
    """Fill in a template; what stands in a value is never taken for a template.

    Args:
        template: Text with ``{{...}}``.
        context: The variables.
        as_html: Escape values for HTML, those of ``{{{...}}}``, too; otherwise they stay as they are.
        strict: A missing variable is an error instead of empty text.
        escape: How values are written where they are not for HTML.

    Raises:
        RuleError: The template cannot be filled in.
    """
    escape = html.escape if as_html else escape
    missing = "strict" if strict else "ignore"
    renderer = _Renderer(escape=escape, missing_tags=missing, partials={}, file_encoding="utf-8")
    try:
        return str(renderer.render(parse(template), _reachable(context)))
    except (PystacheError, ParsingError, TypeError, ValueError, RecursionError) as error:
        raise RuleError(f"cannot fill in {template!r}: {error}", "correct the watch") from error


def render_tree(value: Any, context: Context, escape: Escape = str) -> Any:
    """Return a search's JSON with every string in it filled in.

    Values cannot break out of their string, nor be operators where the string is a query of its own.
    """
    if isinstance(value, str):
        return render(value, context, escape=escape) if "{{" in value else value
    if isinstance(value, Mapping):
        return {key: render_tree(inner, context, _QUERIES.get(key, escape)) for key, inner in value.items()}
    return [render_tree(inner, context, escape) for inner in value] if isinstance(value, list | tuple) else value


def lookup(path: str, context: Context) -> Any:
    """Return what stands at a dotted path, e.g. ``ctx.payload.hits.hits.0._id``; None where there is nothing."""
    value: Any = context
    for step in path.split("."):
        value = _step(value, step)
    return value


def iter_templates(value: Any) -> Iterable[str]:
    """Yield every string of a JSON value that holds a template."""
    if isinstance(value, str) and "{{" in value:
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from iter_templates(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from iter_templates(inner)


def _step(value: Any, step: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list | tuple) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def _reachable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _reachable(inner) for key, inner in value.items()}
    return _Sequence(map(_reachable, value)) if isinstance(value, list | tuple) else value
