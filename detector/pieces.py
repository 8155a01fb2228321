"""Rows of frames that lie in a few large pieces, as the window's do: what was there before, and the newest page."""

import numpy as np
import polars as pl

from detector.segments import Rows

_MOST_PIECES = 8
"""Pieces that are looked at one by one; of more, polars puts all of each column together, which takes longer once."""


def gather(frame: pl.DataFrame, rows: Rows) -> pl.DataFrame:
    """Return rows of a frame in the order asked for, without putting its pieces together first.

    Args:
        frame: In one piece or several.
        rows: Numbers of rows, shape (n,), in any order.
    """
    lengths = frame.get_columns()[0].chunk_lengths() if frame.width else []
    ends = np.cumsum(lengths)
    piece = np.searchsorted(ends, rows, "right")
    held = np.flatnonzero(np.bincount(piece, minlength=len(ends)))
    if len(lengths) < 2 or not 0 < len(held) <= _MOST_PIECES:  # noqa: PLR2004 - one piece
        return frame.select(pl.all().gather(rows))
    places = [np.flatnonzero(piece == each) for each in held.tolist()]
    parts = [
        frame.slice(ends[each] - lengths[each], lengths[each]).select(
            pl.all().gather(rows[place] - (ends[each] - lengths[each]))
        )
        for each, place in zip(held.tolist(), places, strict=True)
    ]
    back = np.empty(len(rows), np.int64)
    back[np.concatenate(places)] = np.arange(len(rows))
    return pl.concat(parts, rechunk=True).select(pl.all().gather(back))
