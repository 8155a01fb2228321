"""Values as Kibana writes them."""

from typing import Any

from kibana.queries.aggregations import Json


def number_text(column: Json, value: Any) -> str:
    """Return a metric or group as Kibana writes it, by the column's format; ``-`` for none."""
    if value is None:
        return "-" if not column["isBucketed"] else "(empty)"
    if not isinstance(value, int | float):
        return str(value)
    chosen = column.get("params", {}).get("format", {})
    decimals = chosen.get("params", {}).get("decimals", 0)
    if chosen.get("id") == "percent":
        return f"{100 * value:.{decimals}f} %"
    if chosen.get("id") == "bytes":
        return _bytes(value)
    return f"{value:,.{decimals}f}" if decimals or float(value).is_integer() else f"{value:,.2f}"


def _bytes(value: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1024:  # noqa: PLR2004 - Kibana's bytes are binary
            return f"{value:,.0f}{unit}" if unit == "B" else f"{value:,.1f}{unit}"
        value /= 1024
    return f"{value:,.1f}TB"


def source_text(source: Json, path: str) -> str:
    """Return a field of a document as text; of a list the first three values."""
    value: Any = source
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, list):
        return ", ".join(map(str, value[:3])) + (" …" if len(value) > 3 else "")  # noqa: PLR2004
    return "-" if value is None else str(value)
