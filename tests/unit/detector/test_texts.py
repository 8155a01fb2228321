"""Distinct texts and their places; entropies against the definition."""

import math
from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.texts import distinct, distinct_codes, entropies

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
