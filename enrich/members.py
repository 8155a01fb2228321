"""The text of JSON members, row by row of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

Tree = dict[str, Any]
"""Objects by key; what is not an object is a `Leaf` or text."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a value is.

    Attributes:
        source: Which table it is in.
        column: The column there.
        is_number: Whether its text needs no escaping.
    """

    source: int
    column: str
    is_number: bool


def leaves(value: Any) -> Iterator[Leaf]:
    """Yield the leaves of a tree."""
    if isinstance(value, Leaf):
        yield value
    else:
        for each in value.values():
            yield from leaves(each)


def encode_members(values: pl.DataFrame, trees: Sequence[Tree]) -> list[pl.Series]:
    """Return each tree's members as JSON, row by row: each begins with a comma; a row without a value gets nothing.

    Args:
        values: The columns that the leaves name.
        trees: Members by key.
    """
    holed = {name for name in values.columns if values[name].null_count()}
    easy = {}
    for number, tree in enumerate(trees):
        names = [leaf.column for leaf in leaves(tree)]
        if len(names) == 1:
            easy[str(number)] = _encode_one(tree)
        elif not holed.intersection(names):
            easy[str(number)] = _encode_whole(tree, set(names))
    texts = values.select(**easy).to_dict() if easy else {}
    return [texts[str(each)] if str(each) in texts else _encode_kinds(values, tree) for each, tree in enumerate(trees)]


def _encode_one(tree: Tree) -> pl.Expr:
    """Return the text of a tree with one leaf, such as ``,"body":{"bytes":17}``."""
    keys, value = [], tree
    while isinstance(value, dict):
        ((key, value),) = value.items()
        keys.append(key)
    column = pl.col(value.column)
    if value.is_number:
        opening, text, closing = _nest(keys) + ":", column, "}" * (len(keys) - 1)
    else:
        text = pl.struct(column.alias(keys[-1])).struct.json_encode()
        opening, closing = _nest(keys[:-1]) + ":", "}" * (len(keys) - 2)
        if len(keys) == 1:
            opening, text = ",", text.str.slice(1).str.strip_suffix("}")
    whole = pl.concat_str(pl.lit(opening), text, pl.lit(closing))
    return pl.when(column.is_not_null()).then(whole).otherwise(pl.lit(""))


def _nest(keys: Sequence[str]) -> str:
    return "," + ":{".join(f'"{key}"' for key in keys)


def _encode_kinds(values: pl.DataFrame, tree: Tree) -> pl.Series:
    # polars encodes a whole object at once, much faster than its members one by one, but writes nulls out: so rows that
    # have the same fields are encoded together. A log has few such kinds of rows.
    part = values.select(leaf.column for leaf in leaves(tree))
    holed = [name for name in part.columns if part[name].null_count()]
    flags = [pl.col(name).is_null() * pl.lit(1 << bit, pl.Int64) for bit, name in enumerate(holed)]
    kinds = part.with_columns(pl.sum_horizontal(flags).alias("kind")).with_row_index("row")
    encoded = [_encode_kind(kind, tree) for kind in kinds.partition_by("kind", include_key=False)]
    return pl.concat(encoded).sort("row")["text"]


def _encode_kind(part: pl.DataFrame, tree: Tree) -> pl.DataFrame:
    present = {name for name in part.columns if part[name].null_count() == 0}
    return part.select("row", _encode_whole(tree, present).alias("text"))


def _encode_whole(tree: Tree, present: set[str]) -> pl.Expr:
    encoded = _struct(tree, present)
    if encoded is None:
        return pl.lit("")
    return pl.concat_str(pl.lit(","), encoded.struct.json_encode().str.slice(1).str.strip_suffix("}"))


def _struct(tree: Tree, present: set[str]) -> pl.Expr | None:
    columns = []
    for key, value in tree.items():
        column = _struct(value, present) if isinstance(value, dict) else pl.col(value.column)
        if column is not None and (isinstance(value, dict) or value.column in present):
            columns.append(column.alias(key))
    return pl.struct(columns) if columns else None
