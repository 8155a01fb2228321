"""How many distinct clients: a sketch per key that is small, and can be filled in any order.

Each key keeps the `size` smallest hashes of its clients. While there are fewer, the count is exact; else the k-th
smallest hash tells how dense they lie: the k minimum values of Bar-Yossef et al., "Counting distinct elements in a data
stream", 2002, with the unbiased estimate (k - 1) / h_k of Beyer et al., 2007, whose relative error is 1 / sqrt(k - 2).
"""

import polars as pl

from detector.texts import with_own_texts

_WAITING = 300_000
"""Pairs of key and client that wait until they are merged: merging costs as much as what is kept, however few come."""

_SPARE = 4
"""So many times the keys that are asked for are kept while more may come."""

_HASHES = 2.0**64
_MOST_CLIENTS = 2.0**32 - 1


class Sketch:
    """Counts distinct clients per key, for the keys that most clients have.

    Args:
        keys: The columns of the key.
        most: Keys that are kept in the end.
        size: Hashes per key.
    """

    def __init__(self, keys: tuple[str, ...], most: int, size: int) -> None:
        self.keys, self.most, self.size = keys, most, size
        self._pruned = 0
        self._held: pl.DataFrame | None = None
        self._new: list[pl.DataFrame] = []
        self._waiting = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Count clients.

        Args:
            rows: The key's columns and `who`, the client's hash (UInt64).
        """
        pairs = with_own_texts(rows.select(*self.keys, "who").unique())
        self._new.append(pairs)
        self._waiting += pairs.height
        if self._waiting > _WAITING:
            self._merge()

    @property
    def left_out(self) -> int:
        """Keys that were seen and are not among the counts, at least."""
        return self._pruned + max(self._merge().height - self.most, 0)

    def counts(self) -> pl.DataFrame:
        """Return the key's columns and `clients` (UInt32), most clients first."""
        held = self._merge()
        ranked = _ranked(held.with_columns(self._estimate().alias("clients")), self.keys)
        return ranked.head(self.most).select(*self.keys, "clients")

    def _estimate(self) -> pl.Expr:
        found, largest = pl.col("who").list.len(), pl.col("who").list.max().cast(pl.Float64)
        estimate = ((self.size - 1) * _HASHES / largest).clip(self.size, _MOST_CLIENTS).round()
        return pl.when(found < self.size).then(found).otherwise(estimate).cast(pl.UInt32)

    def _merge(self) -> pl.DataFrame:
        one = pl.col("who").unique().bottom_k(self.size)
        parts = [part.group_by(self.keys).agg(one) for part in self._concat()]
        if self._held is not None:
            parts.append(self._held)
        if not parts:
            return pl.DataFrame(schema={**dict.fromkeys(self.keys, pl.String), "who": pl.List(pl.UInt64)})
        held = parts[0] if len(parts) == 1 else pl.concat(parts).explode("who").group_by(self.keys).agg(one)
        if held.height > _SPARE * self.most:
            self._pruned += held.height - _SPARE * self.most
            ranked = _ranked(held.with_columns(pl.col("who").list.len().alias("clients")), self.keys)
            held = ranked.head(_SPARE * self.most).drop("clients")
        self._held, self._new, self._waiting = with_own_texts(held), [], 0
        return self._held

    def _concat(self) -> list[pl.DataFrame]:
        return [pl.concat(self._new)] if self._new else []


def _ranked(frame: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    return frame.sort("clients", *keys, descending=[True, *(False for _ in keys)])
