"""Distinct texts, so that what a text says is worked out once; and how disorderly a text is."""

import numpy as np
import polars as pl

_CHUNK = 4096
_SYMBOLS = 256


def distinct(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return each distinct text once, and each row's place among them.

    Args:
        texts: Strings of shape (n,), no nulls.

    Returns:
        The distinct texts in the order of their first rows, shape (m,), and row numbers among them, shape (n,).
    """
    # A kind of its own: a bare cast to Categorical would number texts for the whole process, and never forget one.
    found, places = distinct_codes(texts.cast(pl.Categorical(pl.Categories.random())))
    return found.cast(pl.String), places


def distinct_codes(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return what `distinct` returns, of a categorical; a null counts as a text."""
    codes = texts.to_physical().cast(pl.UInt32)
    if codes.null_count():
        top = codes.max()
        codes = codes.fill_null(top + 1 if isinstance(top, int) else 0)
    first = codes.arg_unique().sort()
    found = codes.gather(first).to_numpy()
    places = np.zeros(int(found.max(initial=0)) + 1, np.uint32)
    places[found] = np.arange(len(first), dtype=np.uint32)
    return texts.gather(first), pl.Series(places).gather(codes)


def with_own_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the same rows with texts of their own.

    A text that polars takes out of a column keeps the memory of all of that column: a few rows of each page would keep
    all pages. Writing the texts anew is what lets go of them.

    Args:
        frame: Any columns; of lists the texts stay as they are.
    """
    return frame.with_columns(pl.col(pl.String) + "")


def entropies(texts: pl.Series) -> pl.Series:
    """Return each text's Shannon entropy in bits per byte (Float32, 0 for an empty one), shape (n,).

    Args:
        texts: Strings of shape (n,), no nulls.
    """
    lengths = texts.str.len_bytes().to_numpy()
    found = np.zeros(len(texts), np.float32)
    filled = np.flatnonzero(lengths)
    for begin in range(0, len(filled), _CHUNK):
        rows = filled[begin : begin + _CHUNK]
        symbols = np.frombuffer("".join(texts.gather(rows)).encode(), np.uint8)
        owner = np.repeat(np.arange(len(rows)), lengths[rows])
        counts = np.bincount(owner * _SYMBOLS + symbols, minlength=len(rows) * _SYMBOLS).reshape(len(rows), _SYMBOLS)
        share = counts / lengths[rows, np.newaxis]
        found[rows] = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1)
    return pl.Series(texts.name, found)
