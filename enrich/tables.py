"""Parsed lines, with what repeats in them kept once.

A log repeats itself: a few hundred user agents, addresses and URLs make up most of it. So a value is read, and what
follows from it is found out, once for each distinct one; the lines hold row numbers into the tables of these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from enrich.pieces import Numbers

_NONE = 2**32 - 1
_DENSE = 8
"""A table of all combinations is faster than sorting while it has at most so many rows per line."""


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
        tables: By what their values are about; no column is in two of them.
    """

    lines: pl.DataFrame
    tables: Mapping[str, Table]

    def frame(self) -> pl.DataFrame:
        """Return all columns, line by line."""
        tables = (table.values[table.codes] for table in self.tables.values())
        return pl.concat([self.lines, *tables], how="horizontal")

    def column(self, name: str) -> pl.Series:
        """Return one column, line by line.

        Raises:
            KeyError: There is none of this name.
        """
        if name in self.lines.columns:
            return self.lines[name]
        held = next((table for table in self.tables.values() if name in table.values.columns), None)
        if held is None:
            raise KeyError(name)
        return held.values[name].gather(held.codes)

    def filter(self, mask: pl.Series) -> Self:
        """Return the lines where the mask is true."""
        chosen = mask.to_numpy()
        tables = {name: Table(table.codes[chosen], table.values) for name, table in self.tables.items()}
        return type(self)(self.lines.filter(mask), tables)


def encode(frame: pl.DataFrame) -> list[Numbers]:
    """Return, by column, each row's number among the column's distinct texts, counted from 0; null is the last one.

    Args:
        frame: Strings.
    """
    # Categories of their own: the global ones would grow for ever. They are numbered in the order of first sight.
    numbers = frame.select(
        pl.col(name).cast(pl.Categorical(pl.Categories.random())).to_physical().cast(pl.UInt32).fill_null(_NONE)
        for name in frame.columns
    )
    columns = [np.array(numbers[name].to_numpy()) for name in numbers.columns]
    for column in columns:
        is_null = column == _NONE
        if is_null.any():
            column[is_null] = 0 if is_null.all() else column.max(where=~is_null, initial=0) + 1
    return columns


def combine(columns: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Return each row's number among the distinct combinations, and the row where each of these is seen first."""
    combined: npt.NDArray[np.uint64] | Numbers = columns[0]
    size = int(columns[0].max(initial=0)) + 1
    for column in columns[1:]:
        count = int(column.max(initial=0)) + 1
        if count > 1:
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
