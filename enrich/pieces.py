"""Texts put together from pieces that repeat: the distinct pieces once, and line by line which follow each other.

A line's text is written only when it is needed, straight into one body for all lines: faster than joining columns of
texts, and in a fraction of the memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice


@dataclass(frozen=True, slots=True)
class Pieces:
    """Lines as sequences of pieces.

    Attributes:
        texts: The distinct pieces.
        numbers: Which pieces make up each line, shape (n lines, n pieces of a line): rows of `texts`.
    """

    texts: pl.Series
    numbers: Numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def select(self, rows: Rows) -> Self:
        """Return some of the lines."""
        return type(self)(self.texts, self.numbers[rows])

    def body(self) -> bytes:
        """Return all lines' texts, one after another, in UTF-8."""
        if not len(self):
            return b""
        joined = self.texts.gather(pl.Series(self.numbers.ravel())).str.join("")
        # By way of Binary the text becomes bytes without being decoded and encoded again.
        return bytes(joined.cast(pl.Binary).item())

    def lines(self) -> pl.Series:
        """Return each line's text."""
        columns = [self.texts.gather(pl.Series(column)).alias(str(each)) for each, column in enumerate(self.numbers.T)]
        return pl.DataFrame(columns).select(pl.concat_str(pl.all()).alias("text")).to_series()

    def text(self, row: int) -> str:
        """Return one line's text."""
        return "".join(self.texts.gather(pl.Series(self.numbers[row])).to_list())


class Stack:
    """Collects pieces.

    Args:
        height: How many lines there will be.
    """

    def __init__(self, height: int) -> None:
        self._height = height
        self._texts: list[pl.Series] = []
        self._count = 0
        self._columns: list[Numbers | int | str] = []

    def add_texts(self, texts: pl.Series | Sequence[str]) -> int:
        """Keep distinct pieces; return the number of the first."""
        first = self._count
        series = pl.Series("texts", texts, dtype=pl.String)
        self._texts.append(series)
        self._count += series.len()
        return first

    def add_column(self, numbers: Numbers | int) -> int:
        """Let one more piece follow in every line; return the column's number."""
        self._columns.append(numbers)
        return len(self._columns) - 1

    def set_column(self, column: int, numbers: Numbers | int) -> None:
        """Replace the numbers of a column."""
        self._columns[column] = numbers

    def add_constant(self, text: str) -> None:
        """Let the same text follow in every line."""
        if self._columns and isinstance(self._columns[-1], str):
            text = str(self._columns.pop()) + text  # each piece costs time, so neighbours are joined
        self._columns.append(text)

    def pieces(self) -> Pieces:
        """Return what was collected."""
        columns = [self.add_texts([each]) if isinstance(each, str) else each for each in self._columns]
        numbers = np.empty((self._height, len(columns)), np.uint32)
        for position, column in enumerate(columns):
            numbers[:, position] = column
        return Pieces(pl.concat(self._texts, rechunk=True), numbers)
