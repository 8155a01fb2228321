"""JSON lines become the text of their slots; a line that is no JSON, or not as expected, harms no other line."""

import re
from functools import reduce
from typing import Any

import polars as pl

from enrich.entry import Format, Key

_SUSPICIOUS = r"\}\s*,\s*(?:\{|n)"
"""What a line needs to become two: the decoder reads all lines as one array."""

_FEW = 32
"""So many lines are read key by key when they cannot be read at once."""

_NO_ESCAPE = r"\\x([0-9A-Fa-f]{2})"
"""What nginx writes where JSON was asked for by hand, without ``escape=json``."""

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
    is_plain = (objects & texts.str.contains(_SUSPICIOUS).not_()).fill_null(value=False)
    frame = pl.DataFrame(schema={_column(number): pl.String() for number in range(len(entry.keys))})
    parts = []
    for chosen, read in ((is_plain, _read), (is_plain.not_(), _read_slowly)):
        rows = chosen.arg_true()
        if len(rows):
            parts.append(read(texts.gather(rows), entry.keys).with_columns(rows.alias("row")))
    if parts:
        frame = pl.concat(parts).sort("row").drop("row") if len(parts) > 1 else parts[0].drop("row")
    return _to_slots(frame, entry)


def _to_slots(frame: pl.DataFrame, entry: Format) -> pl.DataFrame:
    columns: dict[str, list[str]] = {}
    for number, key in enumerate(entry.keys):
        columns.setdefault(key.slot, []).append(_column(number))
    slots = frame.select(
        pl.coalesce(pl.when(pl.col(name).is_in(["-", ""]).not_()).then(pl.col(name)) for name in names).alias(slot)
        for slot, names in columns.items()
    )
    needed = [pl.any_horizontal(pl.col(need.split("|")).is_not_null()) for need in entry.needs]
    judged = slots.with_columns(pl.all_horizontal(*needed, pl.lit(value=True)).alias("is_event"))
    return judged.with_columns(pl.when("is_event").then(pl.col(slots.columns)))


def _read(texts: pl.Series, keys: tuple[Key, ...]) -> pl.DataFrame:
    decoded = _decode(texts, keys)
    if decoded is not None:
        return decoded
    # serde's check of each line alone, which has a limit of depth, finds the lines that are no JSON.
    is_json = texts.str.json_path_match("$").is_not_null()
    good, bad = is_json.arg_true(), is_json.not_().arg_true()
    parts = [
        _halve(texts.gather(good), keys).with_columns(good.alias("row")),
        _read_slowly(texts.gather(bad), keys).with_columns(bad.alias("row")),
    ]
    return pl.concat(parts).sort("row").drop("row")


def _halve(texts: pl.Series, keys: tuple[Key, ...]) -> pl.DataFrame:
    """Read what can be read at once, and the neighbours of what cannot, key by key."""
    if len(texts) <= _FEW:
        return _read_slowly(texts, keys)
    decoded = _decode(texts, keys)
    if decoded is not None:
        return decoded
    middle = len(texts) // 2
    return pl.concat([_halve(texts[:middle], keys), _halve(texts[middle:], keys)])


def _read_slowly(texts: pl.Series, keys: tuple[Key, ...]) -> pl.DataFrame:
    """Read each key of each line alone: a key whose value is not as expected is null, and nothing fails."""
    repaired = texts.str.replace_all(_NO_ESCAPE, r"\u00$1").alias("text").to_frame()
    normal = pl.col("text").str.json_path_match("$")
    sound = repaired.select("text", normal.alias("normal")).with_columns(
        pl.when(pl.col("normal").str.starts_with("{")).then("text").alias("text")
    )
    return sound.select(_value_slowly(key).alias(_column(number)) for number, key in enumerate(keys))


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
