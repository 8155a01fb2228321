"""Lines that are shown are those that were read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.reader import split_lines
from wwwatch.scan.inputs import Input
from wwwatch.scan.lines import LONGEST, read_raw
from wwwatch.scan.reading import Part

PIECES = st.sampled_from([b"a", b"\r", b"\0", b"\n", b"\xff", "é".encode(), b"x" * 3_000, b"\xf0\x9f"])


@given(pieces=st.lists(PIECES, min_size=1, max_size=12))
def test_a_line_is_shown_as_it_was_split(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    """Whatever it is made of and however long it is."""
    data = b"".join(pieces)
    path = tmp_path_factory.mktemp("log") / "a.log"
    path.write_bytes(data)
    parts = [Part(Input("a.log", str(path), is_named=True), 0, None)]
    chunk = split_lines(data, 0, len(data))
    wanted = dict(zip(chunk.offsets.to_list(), chunk.lines.str.head(LONGEST).to_list(), strict=True))
    assert read_raw(parts, wanted) == wanted


def test_what_is_gone_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n")
    part = Part(Input("a.log", str(path), is_named=True), 0, None)
    assert read_raw([part], [0, 4_000]) == {0: "one", 4_000: ""}
    path.unlink()
    assert read_raw([part], [0]) == {}
