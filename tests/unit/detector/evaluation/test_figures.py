"""Precision, recall, areas, and how far chance may move them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.evaluation.figures import Counts, count, curves, intervals, mean

CELLS = st.integers(0, 50)


def clients_of(*rows: tuple[str, float]) -> pl.DataFrame:
    frame = pl.DataFrame(list(rows), schema={"truth": pl.String, "score": pl.Float64}, orient="row")
    return frame.with_columns((pl.col("score") >= 25).alias("reported"))


def test_counts_know_attackers_and_normal_clients_alone() -> None:
    clients = clients_of(
        ("attack", 90), ("attack", 10), ("normal", 30), ("normal", 0), ("crawler", 99), ("left_out", 99)
    )
    assert count(clients, "reported") == Counts(found=1, missed=1, named=1, spared=1)


def test_shares_are_those_of_the_textbook() -> None:
    counts = Counts(found=6, missed=2, named=1, spared=11)
    assert counts.precision == pytest.approx(6 / 7)
    assert counts.recall == pytest.approx(6 / 8)
    assert counts.f1 == pytest.approx(2 * (6 / 7) * (6 / 8) / ((6 / 7) + (6 / 8)))


def test_of_nothing_there_is_no_share() -> None:
    assert (Counts().precision, Counts().recall, Counts().f1) == (None, None, None)
    assert Counts().to_dict()["intervals"] == {"precision": None, "recall": None, "f1": None}


@given(CELLS, CELLS, CELLS, CELLS)
def test_intervals_hold_the_share_and_stay_shares(found: int, missed: int, named: int, spared: int) -> None:
    counts = Counts(found, missed, named, spared)
    interval = intervals(counts)["recall"]
    if counts.recall is None:
        assert interval is None
    else:
        assert interval is not None
        assert 0 <= interval[0] <= counts.recall + 0.01
        assert counts.recall - 0.01 <= interval[1] <= 1


def test_more_clients_give_narrower_intervals() -> None:
    few, many = intervals(Counts(8, 2, 0, 10))["recall"], intervals(Counts(800, 200, 0, 1000))["recall"]
    assert few is not None
    assert many is not None
    assert many[1] - many[0] < (few[1] - few[0]) / 5


def test_a_perfect_score_has_full_areas_and_a_useless_one_half() -> None:
    perfect = curves(clients_of(("attack", 90), ("attack", 80), ("normal", 10), ("normal", 0)), "score")
    assert (perfect["roc_area"], perfect["pr_area"]) == (1.0, 1.0)
    assert perfect["roc"][0] == (0.0, 0.0)
    assert perfect["roc"][-1] == (1.0, 1.0)
    useless = curves(clients_of(*[("attack", 5.0), ("normal", 5.0)] * 4), "score")
    assert (useless["roc_area"], useless["pr_area"], useless["chance"]) == (0.5, 0.5, 0.5)


def test_one_class_alone_has_no_areas() -> None:
    assert curves(clients_of(("attack", 90), ("crawler", 80)), "score")["roc_area"] is None


def test_curves_have_few_points_whatever_the_log() -> None:
    many = clients_of(*[("attack" if number % 3 else "normal", number * 7 % 101) for number in range(5_000)])
    assert len(curves(many, "score")["roc"]) <= 402


def test_the_mean_is_over_what_is_known() -> None:
    assert mean([0.5, None, 1.0]) == 0.75
    assert mean([None]) is None
