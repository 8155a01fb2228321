"""How a value is written so that it stays inside its place, whatever it holds: JSON, HTML, a path, a form."""

import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from core.text import printable

Escape = Callable[[str], str]

_NO_LETTER = re.compile(r"\W")
_OPERATORS = ("AND", "OR", "NOT", "TO")


class Json(str):
    """Text that is JSON already, as ``{{#toJson}}`` gives it: the escape for JSON leaves it alone."""

    __slots__ = ()


def inside_json(value: str) -> str:
    """Return text as it stands between the quotes of a JSON string; what is `Json` already as it is."""
    return value if isinstance(value, Json) else json.dumps(value)[1:-1]


def inside_query(value: str) -> str:
    """Return text as it stands in a query of Lucene's syntax: one word, whatever it holds; without ``<`` and ``>``.

    Source: Elasticsearch's "Query string query", reserved characters: these two cannot be escaped.
    """
    return rf"\{value}" if value in _OPERATORS else inside_pattern(value.replace("<", "").replace(">", ""))


def inside_pattern(value: str) -> str:
    """Return text as it stands in a regular expression, or between the wildcards, of a query: as itself."""
    return _NO_LETTER.sub(r"\\\g<0>", value)


def inside_path(value: str) -> str:
    """Return text as one step of an address's path (RFC 3986): it can neither end the step nor climb up the path.

    Servers read ``%2E%2E`` as ``..`` (RFC 3986, 6.2.2.2), so that dots alone are encoded twice.
    """
    return quote(value, safe="", errors="replace").replace(".", "%252E" if value and set(value) == {"."} else ".")


def for_media_type(kind: str) -> Escape:
    """Return the escape for values in a body of a media type; where no syntax is known, values become visible."""
    media = kind.lower()
    if "json" in media:
        return inside_json
    if "html" in media or "xml" in media:
        return lambda value: html.escape(printable(value))
    if "x-www-form-urlencoded" in media:
        return lambda value: quote_plus(value, errors="replace")
    return printable
