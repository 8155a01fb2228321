"""What is worked out once per distinct text and kept across batches, within a bound."""

from collections.abc import Callable

import numpy as np
import polars as pl

from enrich.pieces import Numbers

MAX_VALUES = 100_000
MAX_BYTES = 32_000_000
MAX_TEXT = 2_000
"""Characters of a value that are looked at: longer ones are an attacker's."""

_UNKNOWN = np.iinfo(np.uint32).max


class Memo:
    """A table with a row per distinct text; a batch whose texts are all known costs one look-up per line.

    The texts' numbers come from a polars categorical of the memo's own, which is the fastest way from text to number
    that polars has. When a bound is passed everything is forgotten and begins anew: cheaper than knowing what was used
    least, and what is in use is back after one batch.

    Args:
        compute: From distinct texts (String, no nulls, of `lookup` at most `MAX_TEXT` characters) to their columns, in
            their order.
        limit: Distinct texts to keep; one batch's are added to it before it is looked at.
        limit_bytes: The texts' size in UTF-8 to keep.
    """

    def __init__(
        self, compute: Callable[[pl.Series], pl.DataFrame], limit: int = MAX_VALUES, limit_bytes: int = MAX_BYTES
    ) -> None:
        self._compute = compute
        self._limit = limit
        self._limit_bytes = limit_bytes
        self.clear()

    def clear(self) -> None:
        """Forget everything, as after a data file was replaced."""
        # A bare cast to Categorical would number texts for the whole process, and never forget one.
        kind = pl.Categorical(pl.Categories.random())
        # polars forgets the numbers when the last series of the kind is gone: this one stays.
        self._anchor = pl.Series(dtype=kind)
        self._rows = np.full(0, _UNKNOWN, np.uint32)
        self.table = self._compute(pl.Series(dtype=pl.String))
        self._bytes = 0

    def __len__(self) -> int:
        """Return how many distinct texts are kept."""
        return self.table.height

    def next_kind(self) -> pl.DataType:
        """Return what the next batch's texts are to be cast to, for `places`; where a bound is passed, it is new."""
        if len(self) > self._limit or self._bytes > self._limit_bytes:
            self.clear()
        return self._anchor.dtype

    def places(self, coded: pl.Series, numbers: pl.Series | None = None) -> Numbers:
        """Return each text's row in `table`, shape (n,).

        Args:
            coded: Of the kind that `next_kind` said last, of shape (n,), no nulls.
            numbers: `coded.to_physical()`, where it is known already.
        """
        codes = (coded.to_physical() if numbers is None else numbers).to_numpy()
        missing = int(codes.max(initial=0)) + 1 - self._rows.size
        if missing > 0:
            self._rows = np.append(self._rows, np.full(max(missing, self._rows.size), _UNKNOWN, np.uint32))
        found: Numbers = self._rows[codes]
        is_new = found == _UNKNOWN
        if is_new.any():
            self._learn(coded.filter(pl.Series(is_new)).unique())
            found = self._rows[codes]
        return found

    def lookup(self, values: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
        """Return each value's row in the table, and the table.

        Args:
            values: Strings of shape (n,); what is longer than `MAX_TEXT` characters is cut.

        Returns:
            Row numbers (UInt32, shape (n,), null where the value is null), and the columns of `compute`. The table is
            not changed later: a later call returns a longer one, or one that began anew.
        """
        coded = _cut(values).cast(self.next_kind())
        if not coded.null_count():
            return pl.Series(values.name, self.places(coded)), self.table
        self.places(coded.drop_nulls())
        return pl.Series(values.name, self._rows).gather(coded.to_physical()), self.table

    def columns(self, values: pl.Series) -> pl.DataFrame:
        """Return the columns of each value, shape (n, columns); null where the value is null."""
        rows, table = self.lookup(values)
        return table.select(pl.all().gather(rows))

    def _learn(self, distinct: pl.Series) -> None:
        texts = distinct.cast(pl.String)
        self._rows[distinct.to_physical().to_numpy()] = np.arange(len(self), len(self) + len(texts), dtype=np.uint32)
        self.table = pl.concat([self.table, self._compute(texts)], rechunk=True)
        self._bytes += int(texts.str.len_bytes().sum())


def _cut(values: pl.Series) -> pl.Series:
    # Few are that long, and counting characters costs more than counting bytes.
    longest = values.str.len_bytes().max()
    return values.str.head(MAX_TEXT) if isinstance(longest, int) and longest > MAX_TEXT else values
