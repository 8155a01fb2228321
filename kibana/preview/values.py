"""Values as Kibana writes them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from kibana.queries.aggregations import Json

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z")


_SHOWN = 3
"""Values of a list that are shown."""


def number_text(column: Json, value: Any) -> str:
    """Return a metric or group as Kibana writes it, by the column's format; ``-`` for none."""
    if value is None:
        return "-" if not column["isBucketed"] else "(empty)"
    if not isinstance(value, int | float):
        return plain_time(str(value))
    chosen = column.get("params", {}).get("format", {})
    decimals = chosen.get("params", {}).get("decimals", 0)
    if chosen.get("id") == "percent":
        return f"{100 * value:.{decimals}f} %"
    if chosen.get("id") == "bytes":
        return _bytes(value)
    if chosen.get("id") == "duration":  # nanoseconds in the documents
        return f"{value / 1e6:,.0f} ms"
    return f"{value:,.{decimals}f}" if decimals or float(value).is_integer() else f"{value:,.2f}"


def _bytes(value: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1024:  # noqa: PLR2004 - Kibana's bytes are binary
            return f"{value:,.0f}{unit}" if unit == "B" else f"{value:,.1f}{unit}"
        value /= 1024
    return f"{value:,.1f}TB"


def source_text(source: Json, path: str) -> str:
    """Return a field of a document as text; of a list the first three values."""
    values = [plain_time(str(value)) for value in _leaves(source, path.split("."))]
    return ", ".join(values[:_SHOWN]) + (" …" if len(values) > _SHOWN else "") or "-"


def _leaves(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Yield what a path leads to; lists on the way are gone through, as Elasticsearch does."""
    if isinstance(value, list):
        for each in value:
            yield from _leaves(each, steps)
    elif not steps:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        yield from _leaves(value.get(steps[0]), steps[1:])


def plain_time(text: str) -> str:
    """Return a moment as Kibana shows it, to the second and in UTC; any other text as it is."""
    moment = _MOMENT.fullmatch(text)
    return f"{moment[1]} {moment[2]}" if moment else text
