"""Distinct texts and their places; entropies against the definition."""

import math
import subprocess
import sys
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.texts import distinct, distinct_codes, entropies, with_own_texts

TEXTS = st.lists(st.text(max_size=20), max_size=40)


@given(TEXTS)
def test_distinct_texts_and_places_give_the_texts(texts: list[str]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    found, places = distinct(series)
    assert found.gather(places).to_list() == texts
    assert found.to_list() == list(dict.fromkeys(texts))


@given(TEXTS)
def test_entropy_is_shannons(texts: list[str]) -> None:
    for text, found in zip(texts, entropies(pl.Series(texts, dtype=pl.String)).to_list(), strict=True):
        counts = Counter(text.encode())
        shares = [count / counts.total() for count in counts.values()]
        assert found == pytest.approx(-sum(share * math.log2(share) for share in shares), abs=1e-4)


def test_a_null_is_a_text_of_its_own_among_codes() -> None:
    texts = pl.Series(["b", None, "a", "b", None], dtype=pl.Categorical(pl.Categories.random()))
    found, places = distinct_codes(texts)
    assert found.cast(pl.String).to_list() == ["b", None, "a"]
    assert places.to_list() == [0, 1, 2, 0, 1]
    nothing, _ = distinct_codes(pl.Series([None, None], dtype=pl.Categorical(pl.Categories.random())))
    assert nothing.to_list() == [None]


@given(st.lists(st.none() | st.text(max_size=30), max_size=20))
def test_own_texts_are_the_same(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"a": texts, "b": range(len(texts))}, schema={"a": pl.String, "b": pl.Int64})
    assert with_own_texts(frame).equals(frame)


KEEPS_FEW = """
import sys
from pathlib import Path
import polars as pl
from detector.texts import with_own_texts

kept = []
for page in range(24):
    rows = pl.select(pl.format("a long text of page {} and row {}", pl.lit(page), pl.int_range(100_000)).alias("text"))
    few = rows.gather_every(1_000)
    kept.append(with_own_texts(few) if sys.argv[1] == "own" else few)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory was in use")
def test_own_texts_let_go_of_all_the_others() -> None:
    own, shared = (
        int(subprocess.run([sys.executable, "-c", KEEPS_FEW, how], check=True, capture_output=True).stdout)
        for how in ("own", "shared")
    )
    texts = 24 * 100_000 * 35 // 1024
    assert shared - own > texts / 2
