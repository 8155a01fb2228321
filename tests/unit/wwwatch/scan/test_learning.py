"""What a log itself shows to be usual."""

from pathlib import Path

import polars as pl

from detector.model import SessionModel
from wwwatch.scan.learning import choose_sample, learn
from wwwatch.scan.rows import in_order

from .conftest import NOW, Read


def test_the_sample_holds_all_of_some_clients(log: Path, read: Read) -> None:
    rows, order = in_order(read(log).take_pieces())
    assert choose_sample(rows, order).height == len(order)
    sample = choose_sample(rows, order, size=2_000)
    assert 1_000 < sample.height <= 2_000
    assert sample["time"].is_sorted()
    counts = rows["address"].cast(pl.String).value_counts(name="all")
    chosen = sample["address"].cast(pl.String).value_counts(name="chosen").join(counts, on="address")
    assert (chosen["chosen"] == chosen["all"]).all()
    assert chosen.filter(pl.col("all") > 100).is_empty()


def test_learns_what_is_usual_without_the_attacks(
    log: Path, read: Read, traffic: pl.DataFrame, model: SessionModel
) -> None:
    rows, order = in_order(read(log).take_pieces())
    digest, adapted = learn(rows, order, ("digest", model), now=NOW)
    assert digest == "digest"
    assert adapted.card["history_sample"] >= 50
    assert adapted.card["usual_from"] == "history"
    known = set(adapted.profile.paths["path"])
    assert "/" in known
    probed = traffic.filter((pl.col("kind") == "scan") & (pl.col("status") == 404))["url"]
    assert len(probed)
    assert not known & set(probed)
    assert model.card["usual_from"] == "labelled normal sessions"
