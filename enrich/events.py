"""Parsed lines and what is known of their distinct values.

A log repeats itself: a few hundred user agents, addresses and URLs make up most of it. So what follows from a value
alone is found out once for each distinct one and kept in a table beside the lines, which hold row numbers into it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from core import fields
from enrich.addresses import ip_of
from enrich.urls import url_parts

IS_REQUEST = "is_request"


@dataclass(frozen=True, slots=True)
class Table:
    """Distinct values and what follows from them.

    Attributes:
        codes: Each line's row in `values`, shape (n lines,).
        values: A row per distinct value, columns named after their ECS fields.
    """

    codes: pl.Series
    values: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Events:
    """Parsed lines, in order.

    Attributes:
        lines: The columns that no table holds, shape (n lines,).
        tables: No column is in two of them.
    """

    lines: pl.DataFrame
    tables: tuple[Table, ...]

    def frame(self) -> pl.DataFrame:
        """Return all columns, line by line."""
        return pl.concat([self.lines, *(table.values[table.codes] for table in self.tables)], how="horizontal")


Look = Callable[[pl.DataFrame], pl.DataFrame]
"""From distinct rows of the key columns to the table's columns, row by row."""


def _times(values: pl.DataFrame) -> pl.DataFrame:
    return values


def _clients(values: pl.DataFrame) -> pl.DataFrame:
    return values.select(fields.SOURCE_ADDRESS, ip_of(pl.col(fields.SOURCE_ADDRESS)))


def _answers(values: pl.DataFrame) -> pl.DataFrame:
    failed = pl.col(fields.STATUS) >= 400  # noqa: PLR2004 - HTTP
    outcome = pl.when(failed).then(pl.lit("failure")).when(failed.not_()).then(pl.lit("success"))
    return values.with_columns(outcome.alias(fields.EVENT_OUTCOME))


_TABLES: tuple[tuple[tuple[str, ...], Look], ...] = (
    ((fields.TIMESTAMP,), _times),
    ((fields.SOURCE_ADDRESS,), _clients),
    ((fields.USER_AGENT,), lambda values: values),
    ((fields.REFERRER,), lambda values: values),
    ((fields.USER_NAME,), lambda values: values),
    ((fields.METHOD, fields.HTTP_VERSION, fields.STATUS), _answers),
    ((fields.URL_ORIGINAL, fields.URL_DOMAIN, IS_REQUEST), url_parts),
)


def to_events(frame: pl.DataFrame) -> Events:
    """Return `parse`'s lines with what follows from their values: `source.ip`, the URL's parts, `event.outcome`."""
    keyed = frame.with_columns(pl.col(fields.METHOD).is_not_null().alias(IS_REQUEST))
    tables = []
    for keys, look in _TABLES:
        codes, values = encode(keyed, keys)
        tables.append(Table(codes, look(values)))
    used = {name for keys, _ in _TABLES for name in keys}
    return Events(frame.select(name for name in frame.columns if name not in used), tuple(tables))


def encode(frame: pl.DataFrame, keys: Sequence[str]) -> tuple[pl.Series, pl.DataFrame]:
    """Return each row's number among the distinct rows of the key columns, and those."""
    if len(keys) == 1 and frame.schema[keys[0]] == pl.String:
        return _encode_text(frame[keys[0]])
    values = frame.select(keys).unique().with_row_index("code")
    varied = [name for name in keys if values[name].n_unique() > 1] or [keys[0]]
    joined = frame.select(varied).join(
        values.select("code", *varied), on=varied, how="left", maintain_order="left", nulls_equal=True
    )
    return joined["code"], values.drop("code")


def _encode_text(values: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
    # Categories of their own: the global ones would grow for ever.
    coded = values.cast(pl.Categorical(pl.Categories.random()))
    numbers = coded.to_physical()
    distinct = pl.DataFrame({"number": numbers, values.name: coded}).unique("number").sort("number", nulls_last=True)
    # Numbers are given in the order of first sight, so they are the rows of the sorted table; null's is the last one.
    codes = numbers.fill_null(distinct.height - 1) if numbers.null_count() else numbers
    return codes, distinct.select(pl.col(values.name).cast(pl.String))
