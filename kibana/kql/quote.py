"""Puts values that attackers wrote into KQL: one value stays one value."""

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\t": "\\t", "\r": "\\r", "\n": "\\n"})


def quote(value: object) -> str:
    """Return a value as a quoted phrase, in which nothing but backslash and quotation mark means anything."""
    return f'"{str(value).translate(_ESCAPES)}"'


def any_of(field: str, values: list[str]) -> str:
    """Return the query for documents whose field has one of the values; empty for none."""
    if not values:
        return ""
    return f"{field}: ({' or '.join(map(quote, values))})" if len(values) > 1 else f"{field}: {quote(values[0])}"
