"""JSON lines become the text of their slots; a line that is no JSON, or not as expected, harms no other line."""

import re
from functools import reduce
from typing import Any

import polars as pl

from enrich.entry import Format, Key
from enrich.reading import present

_SUSPICIOUS = r"\}\s*,\s*(?:\{|n)"
"""What a line needs to become two: the decoder reads all lines as one array."""

_NO_ESCAPE = r"\\x([0-9A-Fa-f]{2})"
"""What nginx writes where JSON was asked for by hand, without ``escape=json``."""

_EMPTY = "{}"
_LEAF: Any = object()


def by_keys(lines: pl.Series, entry: Format) -> pl.DataFrame:
    """Return a text column per slot, and `is_event`: the line is a JSON object with the slots that the format needs.

    Args:
        lines: Strings, one per log line.
        entry: A format with keys.
    """
    texts = lines.str.strip_chars()
    if entry.before:
        texts = texts.str.replace(rf"^(?:{entry.before})\{{", "{")
    objects = texts.str.starts_with("{") & texts.str.ends_with("}")
    is_strange = (objects.not_() | texts.str.contains(_SUSPICIOUS)).fill_null(value=True)
    rows = is_strange.arg_true()
    if len(rows):
        texts = texts.scatter(rows, _sound(texts.gather(rows)))
    frame = _decode(texts, entry.keys)
    if frame is None:
        texts = _sound(texts)
        frame = _decode(texts, entry.keys)
    return _to_slots(_decode_by_name(texts, entry.keys) if frame is None else frame, entry)


def _to_slots(frame: pl.DataFrame, entry: Format) -> pl.DataFrame:
    columns: dict[str, list[str]] = {}
    for number, key in enumerate(entry.keys):
        columns.setdefault(key.slot, []).append(_column(number))
    slots = frame.select(
        pl.coalesce(present(pl.col(name)) for name in names).alias(slot) for slot, names in columns.items()
    )
    needed = [pl.any_horizontal(pl.col(need.split("|")).is_not_null()) for need in entry.needs]
    judged = slots.with_columns(pl.all_horizontal(*needed, pl.lit(value=True)).alias("is_event"))
    return judged.with_columns(pl.when("is_event").then(pl.col(slots.columns)))


def _sound(texts: pl.Series) -> pl.Series:
    """Return the lines that are JSON objects, mended if need be; the others as an empty one.

    serde looks at each line alone, and has a limit of depth.
    """
    is_json = texts.str.json_path_match("$").is_not_null()
    mended = pl.when(is_json).then(texts).otherwise(texts.str.replace_all(_NO_ESCAPE, r"\u00$1")).alias("text")
    is_object = pl.col("text").str.json_path_match("$").str.starts_with("{")
    return pl.select(mended).select(pl.when(is_object).then("text").otherwise(pl.lit(_EMPTY))).to_series()


def _decode_by_name(texts: pl.Series, keys: tuple[Key, ...]) -> pl.DataFrame:
    """Read each key of the objects alone; one whose value is not everywhere as expected is read line by line."""
    columns: dict[int, pl.Series] = {}
    names: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        names.setdefault(key.path[0], []).append(number)
    for numbers in names.values():
        chosen = tuple(keys[number] for number in numbers)
        decoded = _decode(texts, chosen)
        if decoded is None:
            normal = texts.str.json_path_match("$").alias("normal")
            frame = pl.DataFrame([texts.alias("text"), normal])
            decoded = frame.select(_value_slowly(key).alias(_column(each)) for each, key in enumerate(chosen))
        columns |= dict(zip(numbers, decoded.get_columns(), strict=True))
    return pl.DataFrame([columns[number].alias(_column(number)) for number in range(len(keys))])


def _value_slowly(key: Key) -> pl.Expr:
    if not _is_quotable(key):
        return pl.lit(None, pl.String)
    # An object or a list comes back as its text, which is no value of the key.
    opening = r"\[[{\[]" if key.is_list else r"[{\[]"
    is_nested = pl.col("normal").str.contains(f'"{re.escape(key.path[-1])}":{opening}')
    return pl.when(is_nested.not_()).then(pl.col("text").str.json_path_match(_path(key)))


def _decode(texts: pl.Series, keys: tuple[Key, ...]) -> pl.DataFrame | None:
    """Return a text column per key, or None where a line is not as expected."""
    tree: dict[str, Any] = {}
    for key in keys:
        *parents, name = key.path
        branch = reduce(lambda place, parent: place.setdefault(parent, {}), parents, tree)
        branch[name] = [_LEAF] if key.is_list else _LEAF
    try:
        decoded = texts.str.json_decode(_struct(tree))
    except pl.exceptions.PolarsError:
        return None
    if len(decoded) != len(texts):
        return None
    frame = decoded.alias("json").to_frame()
    return frame.select(_value(key).alias(_column(number)) for number, key in enumerate(keys))


def _struct(tree: dict[str, Any]) -> pl.Struct:
    kinds = {
        name: _struct(value)
        if isinstance(value, dict)
        else pl.List(pl.String)
        if isinstance(value, list)
        else pl.String
        for name, value in tree.items()
    }
    return pl.Struct(kinds)


def _value(key: Key) -> pl.Expr:
    value = reduce(lambda place, name: place.struct.field(name), key.path, pl.col("json"))
    return value.list.first() if key.is_list else value


def _column(number: int) -> str:
    return f"key{number}"


def _path(key: Key) -> str:
    return "$" + "".join(f"['{name}']" for name in key.path) + ("[0]" if key.is_list else "")


def _is_quotable(key: Key) -> bool:
    return not any(char in name for name in key.path for char in "'\\")
