"""A memo answers like its function, remembers, and stays within its bounds."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.memo import MAX_TEXT, Memo

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=5), st.sampled_from(["", "a", "b"])), max_size=30)


class Counter:
    """Computes each text's length, and counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: pl.Series) -> pl.DataFrame:
        assert texts.dtype == pl.String
        assert texts.is_unique().all()
        self.asked += texts.to_list()
        return pl.DataFrame({"length": texts.str.len_chars().cast(pl.Int64), "text": texts})


def strings(values: list[str | None]) -> pl.Series:
    return pl.Series("value", values, dtype=pl.String)


@given(st.lists(TEXTS, max_size=6), st.integers(0, 8))
def test_any_batches_answer_like_the_function(batches: list[list[str | None]], limit: int) -> None:
    memo = Memo(Counter(), limit)
    for batch in batches:
        found = memo.columns(strings(batch))
        assert found["text"].to_list() == batch
        assert found["length"].to_list() == [None if text is None else len(text) for text in batch]
        assert len(memo) <= limit + len(set(batch))


def test_known_texts_are_not_asked_for_again() -> None:
    counter = Counter()
    memo = Memo(counter)
    memo.columns(strings(["a", "b", "a", None]))
    memo.columns(strings(["b", "c", "a"]))
    assert sorted(counter.asked) == ["a", "b", "c"]
    assert len(memo) == 3
    memo.clear()
    assert len(memo) == 0
    assert memo.columns(strings(["a"]))["text"].to_list() == ["a"]


def test_rows_lead_into_the_table() -> None:
    memo = Memo(Counter())
    rows, table = memo.lookup(strings(["x", None, "yy", "x"]))
    assert rows.dtype == pl.UInt32
    assert table["text"].gather(rows).to_list() == ["x", None, "yy", "x"]
    later, longer = memo.lookup(strings(["zzz", "x"]))
    assert longer["text"].gather(later).to_list() == ["zzz", "x"]
    assert table.height == 2


@pytest.mark.parametrize("values", [[], [None, None]])
def test_nothing_to_look_up(values: list[str | None]) -> None:
    found = Memo(Counter()).columns(strings(values))
    assert found.columns == ["length", "text"]
    assert found["text"].to_list() == values


def test_long_texts_are_cut() -> None:
    memo = Memo(Counter())
    assert memo.columns(strings(["ü" * (MAX_TEXT + 1), "ü" * 1_001]))["length"].to_list() == [MAX_TEXT, 1_001]


def test_the_texts_size_is_bounded_too() -> None:
    memo = Memo(Counter(), limit_bytes=1_000)
    for number in range(20):
        memo.columns(strings([f"{number}".ljust(400, "x")]))
        assert len(memo) <= 3


def test_two_memos_do_not_mix() -> None:
    first, second = Memo(Counter()), Memo(Counter())
    first.columns(strings(["a", "b", "c"]))
    assert second.columns(strings(["c"]))["text"].to_list() == ["c"]
    assert len(second) == 1
