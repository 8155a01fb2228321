"""Parsed lines and what is known of their distinct values.

A log repeats itself: a few hundred user agents, addresses and URLs make up most of it. So what follows from a value
alone is found out once for each distinct one and kept in a table beside the lines, which hold row numbers into it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from core import fields
from enrich.addresses import ip_of
from enrich.pieces import Numbers
from enrich.urls import url_parts

IS_REQUEST = "is_request"


@dataclass(frozen=True, slots=True)
class Table:
    """Distinct values and what follows from them.

    Attributes:
        codes: Each line's row in `values`, shape (n lines,).
        values: A row per distinct value, columns named after their ECS fields.
    """

    codes: Numbers
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


_NAME = r"^[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?$"


def _times(values: pl.DataFrame) -> pl.DataFrame:
    return values


def _clients(values: pl.DataFrame) -> pl.DataFrame:
    address, is_ip = pl.col(fields.SOURCE_ADDRESS), pl.col(fields.SOURCE_IP).is_not_null()
    name = pl.when(is_ip.not_() & address.str.contains(_NAME)).then(address).alias("source.domain")
    return values.select(address, ip_of(address)).with_columns(name)


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


_DENSE = 8
"""A table of all combinations is faster than sorting while it has at most so many rows per line."""


def to_events(frame: pl.DataFrame) -> Events:
    """Return `parse`'s lines with what follows from their values: `source.ip`, the URL's parts, `event.outcome`."""
    keyed = frame.with_columns(pl.col(fields.METHOD).is_not_null().alias(IS_REQUEST))
    used = list(dict.fromkeys(name for keys, _ in _TABLES for name in keys))
    codes = encode(keyed.select(used))
    tables = []
    for keys, look in _TABLES:
        numbers, rows = _combine([codes[name] for name in keys])
        values = look(keyed.select(keys)[rows])
        # What the server logged itself wins over what follows from another value.
        logged = [name for name in values.columns if name in frame.columns and name not in keys]
        tables.append(Table(numbers, values.drop(logged)))
    return Events(frame.select(name for name in frame.columns if name not in used), tuple(tables))


def encode(frame: pl.DataFrame) -> dict[str, Numbers]:
    """Return, by column, each row's number among the column's distinct values, counted from 0; null is the last one."""
    none = 2**32 - 1
    # Categories of their own: the global ones would grow for ever. They are numbered in the order of first sight.
    numbers = frame.select(
        (
            pl.col(name).cast(pl.Categorical(pl.Categories.random())).to_physical()
            if kind == pl.String
            else pl.col(name).rank("dense") - 1
        )
        .cast(pl.UInt32)
        .fill_null(none)
        for name, kind in frame.schema.items()
    )
    columns = {name: np.array(numbers[name].to_numpy()) for name in numbers.columns}
    for column in columns.values():
        is_null = column == none
        column[is_null] = column.max(where=~is_null, initial=0) + 1 if not is_null.all() else 0
    return columns


def _combine(columns: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Return each row's number among the distinct combinations, and the row where each is seen first."""
    combined, size = columns[0], int(columns[0].max(initial=0)) + 1
    for column in columns[1:]:
        count = int(column.max(initial=0)) + 1
        combined, size = combined.astype(np.uint64) * np.uint64(count) + column, size * count
    if size > _DENSE * (len(combined) + 1):
        _, rows, numbers = np.unique(combined, return_index=True, return_inverse=True)
        return numbers.astype(np.uint32), rows.astype(np.uint32)
    first = np.full(size, len(combined), np.uint32)
    first[combined[::-1]] = np.arange(len(combined), dtype=np.uint32)[::-1]
    is_there = first < len(combined)
    if is_there.all():
        return combined.astype(np.uint32, copy=False), first
    return (np.cumsum(is_there, dtype=np.uint32) - 1)[combined], first[is_there]
