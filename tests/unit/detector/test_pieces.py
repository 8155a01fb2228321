"""Rows of a frame in pieces are those of the frame in one piece."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from detector.pieces import gather


@given(st.lists(st.integers(0, 5), max_size=12), st.data())
def test_rows_of_a_frame_in_pieces_are_those_of_the_whole(sizes: list[int], data: st.DataObject) -> None:
    whole = pl.DataFrame({"number": range(sum(sizes)), "text": [f"t{each}" for each in range(sum(sizes))]})
    frame, begin = whole.clear(), 0
    for size in sizes:
        frame = frame.vstack(whole.slice(begin, size))
        begin += size
    rows = data.draw(st.lists(st.integers(0, whole.height - 1), max_size=20)) if whole.height else []
    found = gather(frame, np.array(rows, np.int64))
    assert found.rows() == [whole.row(row) for row in rows]
    assert found.schema == whole.schema
