"""What a log itself shows to be usual."""

from pathlib import Path

import polars as pl

from detector.model import SessionModel
from wwwatch.scan.described import Preparer
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
    sample = Preparer().prepare(choose_sample(rows, order))
    digest, adapted = learn(sample, 1.0, ("digest", model), now=NOW)
    assert digest == "digest"
    assert adapted.card["history_sample"] >= 50
    assert adapted.card["usual_from"] == "history"
    known = set(adapted.profile.paths["path"])
    assert "/" in known
    probed = traffic.filter((pl.col("kind") == "scan") & (pl.col("status") == 404))["url"]
    assert len(probed)
    assert not known & set(probed)
    assert model.card["usual_from"] == "labelled normal sessions"


def test_some_of_the_clients_do_not_make_the_traffic_of_an_hour(log: Path, read: Read, model: SessionModel) -> None:
    sample = Preparer().prepare(choose_sample(*in_order(read(log).take_pieces())))
    adapted = {share: learn(sample, share, ("digest", model), now=NOW)[1] for share in (0.5, 1.0)}
    assert adapted[1.0].profile.hours.height
    assert adapted[0.5].profile.hours.is_empty()
    assert adapted[0.5].card["history_client_share"] == 0.5
    assert adapted[0.5].profile.paths.equals(adapted[1.0].profile.paths)
