"""Adaptation: attacks in the history must not teach that attacks are normal."""

import polars as pl
import pytest

from detector.adaptation import adapt
from detector.kinds import NORMAL
from detector.model import SessionModel
from tests.unit.detector.conftest import TRAINED


@pytest.fixture(scope="module")
def halves(unseen: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sessions to learn from and others to judge, by client."""
    is_first = unseen["client"].hash(seed=3) % 2 == 0
    return unseen.filter(is_first), unseen.filter(~is_first)


def found_share(model: SessionModel, sessions: pl.DataFrame) -> float:
    """Return the share of attacking clients that are called attackers, of kinds that single sessions show."""
    plain = sessions.filter(pl.col("kind").is_in(["scan", "injection", "bruteforce", "dos"]))
    judged = plain.select("client", is_found=model.judge(model.matrix(plain))["score"] >= 25)
    clients = judged.group_by("client").agg(pl.col("is_found").any())
    assert clients.height >= 20
    return float(clients["is_found"].sum()) / clients.height


def test_a_fifth_of_attacks_in_the_history_hides_no_attack(
    model: SessionModel, halves: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    history, rest = halves
    visits = history.filter(pl.col("kind") == NORMAL)
    attacks = history.filter(pl.col("kind") != NORMAL).sample(visits.height // 4, seed=1, with_replacement=True)
    clean = adapt(model, visits, now=TRAINED)
    dirty = adapt(model, pl.concat([visits, attacks]).sample(fraction=1.0, shuffle=True, seed=2), now=TRAINED)
    assert found_share(dirty, rest) >= found_share(clean, rest) - 0.03


def test_one_clients_many_sessions_are_not_the_usual(model: SessionModel, unseen: pl.DataFrame) -> None:
    visits = unseen.filter(pl.col("kind") == NORMAL)
    loud = visits.head(1).with_columns(pl.lit("192.0.2.77").alias("client"), client_peak_10s=pl.lit(55.0))
    many = pl.concat([visits, *[loud] * visits.height])
    column = model.names.index("client_peak_10s")
    assert adapt(model, many, now=TRAINED).usual_high[column] < 55
