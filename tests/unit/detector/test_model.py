"""The model: same seed, same scores; attacks found, visitors left alone; and no verdict without its evidence."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from core.errors import ModelError
from detector.adaptation import LEAST_HISTORY
from detector.kinds import KINDS, NORMAL, describe_threat
from detector.model import LIKELY, NOVEL_REQUESTS, SessionModel
from detector.requirement import PLENTY, WEAKEST, has_evidence, weight
from detector.table import NAMES
from detector.training import PREFIXES, label_sessions, train
from tests.unit.detector.conftest import TRAINED
from tests.unit.detector.frames import events_of, request

ATTACKS = ("bruteforce", "spray", "scan", "injection", "scrape", "dos")


@pytest.fixture(scope="module")
def judged(model: SessionModel, unseen: pl.DataFrame) -> pl.DataFrame:
    verdicts = model.judge(model.matrix(unseen)).rename({"kind": "verdict"})
    return unseen.hstack(verdicts)


def test_the_same_seed_gives_the_same_scores(model: SessionModel, labelled: pl.DataFrame, unseen: pl.DataFrame) -> None:
    again = train(labelled, labelled.clear(), now=TRAINED, seed=1)
    matrix = model.matrix(unseen)
    assert_frame_equal(again.judge(matrix), model.judge(matrix))
    assert again.card == model.card


def test_judging_leaves_the_input_alone(model: SessionModel, unseen: pl.DataFrame) -> None:
    before = unseen.clone()
    matrix = model.matrix(unseen)
    kept = matrix.copy()
    model.judge(matrix)
    assert_frame_equal(unseen, before)
    np.testing.assert_array_equal(matrix, kept)


def test_numbers_lie_where_they_should(judged: pl.DataFrame) -> None:
    assert judged["score"].is_between(0, 100).all()
    assert judged["confidence"].is_between(0, 1).all()
    assert judged["novelty"].is_between(0, 1).all()
    assert set(judged["verdict"]) <= {NORMAL, *KINDS}
    assert judged.filter(pl.col("verdict") == NORMAL)["score"].max() < 50  # type: ignore[operator]
    assert judged.filter(pl.col("verdict") != NORMAL)["score"].min() >= 100 * LIKELY * WEAKEST  # type: ignore[operator]
    assert judged.filter(pl.col("verdict") == "novel")["score"].is_between(50, 74).all()


@pytest.mark.parametrize("kind", ATTACKS)
def test_attacks_on_unseen_sites_are_found(judged: pl.DataFrame, kind: str) -> None:
    sessions = judged.filter(pl.col("kind") == kind)
    # By client: who shows a new user agent with each request has as many sessions, most of them of one request.
    clients = sessions.group_by("client").agg((pl.col("verdict") == kind).any())
    assert clients.height >= 10
    assert clients["verdict"].mean() >= 0.6  # type: ignore[operator]


def test_visitors_of_unseen_sites_are_mostly_left_alone(judged: pl.DataFrame) -> None:
    visits = judged.filter(pl.col("kind") == NORMAL)
    assert visits.height >= 300
    assert (visits["verdict"] != NORMAL).mean() <= 0.02  # type: ignore[operator]


def test_rows_are_judged_one_by_one_as_together(model: SessionModel, unseen: pl.DataFrame) -> None:
    matrix = model.matrix(unseen.head(40))
    together = model.judge(matrix)
    alone = pl.concat([model.judge(matrix[row : row + 1]) for row in range(len(matrix))])
    assert_frame_equal(together, alone)


def test_no_sessions_give_no_verdicts(model: SessionModel, unseen: pl.DataFrame) -> None:
    assert model.judge(model.matrix(unseen.clear())).height == 0


@pytest.mark.parametrize("kind", [kind for kind in ATTACKS if KINDS[kind].evidence])
def test_a_verdict_needs_the_evidence_of_its_kind(model: SessionModel, judged: pl.DataFrame, kind: str) -> None:
    found = judged.filter(pl.col("verdict") == kind)
    matrix = model.matrix(found)
    assert has_evidence(matrix, kind).all()
    for names, _ in KINDS[kind].evidence:
        without = matrix.copy()
        without[:, [NAMES.index(name) for name in names]] = 0
        assert kind not in set(model.judge(without)["kind"])
        assert not has_evidence(without, kind).any()


def test_evidence_counts_from_its_least_on() -> None:
    row = np.zeros((1, len(NAMES)))
    row[0, NAMES.index("client_missing_paths")] = 2
    row[0, NAMES.index("client_probes")] = 3
    assert not has_evidence(row, "scan")[0]
    row[0, NAMES.index("client_probes")] = 4
    assert has_evidence(row, "scan")[0]
    assert has_evidence(row, NORMAL)[0]


def test_little_evidence_weighs_less_than_plenty() -> None:
    rows = np.zeros((4, len(NAMES)))
    rows[:, NAMES.index("client_login_failures")] = [5, 10, 5 * PLENTY, 500]
    weights = weight(rows, "bruteforce")
    assert weights[0] == WEAKEST
    assert WEAKEST < weights[1] < 1
    assert weights[2] == weights[3] == 1
    assert weight(rows, NORMAL).tolist() == [1] * 4


def test_some_evidence_must_be_beyond_the_sites_usual() -> None:
    rows, usual = np.zeros((2, len(NAMES))), np.zeros(len(NAMES))
    column = NAMES.index("client_login_failures")
    rows[:, column] = [30, 31]
    usual[column] = 30
    assert has_evidence(rows, "bruteforce").tolist() == [True, True]
    assert has_evidence(rows, "bruteforce", usual).tolist() == [False, True]


def test_what_resembles_nothing_is_novel_and_never_critical(model: SessionModel) -> None:
    row = np.array([model.usual_high] * 2)
    row[0, NAMES.index("requests")] = NOVEL_REQUESTS
    row[1, NAMES.index("requests")] = NOVEL_REQUESTS - 1
    verdicts = model.judge(row).to_dicts()
    assert verdicts[0]["kind"] == "novel"
    assert 50 <= verdicts[0]["score"] <= 74
    assert verdicts[1]["kind"] != "novel"


def test_a_frame_of_other_features_is_refused(model: SessionModel, unseen: pl.DataFrame) -> None:
    older = SessionModel(
        NAMES[:-1],
        model.classifier,
        model.forest,
        model.novelty_cuts,
        model.usual_low,
        model.usual_median,
        model.usual_high,
    )
    with pytest.raises(ModelError, match="wwwatch train"):
        older.matrix(unseen)


def test_the_card_tells_what_it_was_taught(model: SessionModel, labelled: pl.DataFrame) -> None:
    card: dict[str, Any] = model.card
    assert card["created"] == "2026-05-01T00:00:00.000Z"
    assert card["features"] == list(NAMES)
    assert card["kinds"] == sorted([*ATTACKS, NORMAL])
    assert sum(card["labelled_sessions"].values()) == labelled.height
    assert card["usual_from"] == "labelled normal sessions"
    assert 0 < card["held_out_sites"]["sessions"] < labelled.height
    assert set(card["held_out_sites"]["recall"]) <= set(ATTACKS)


def test_own_history_is_the_usual_without_its_attacks(labelled: pl.DataFrame, unseen: pl.DataFrame) -> None:
    history = unseen.filter(pl.col("kind").is_in([NORMAL, "bruteforce"])).drop("kind", "is_grown")
    attacks = unseen.filter(pl.col("kind") == "bruteforce").height
    card = train(labelled, history, now=TRAINED, seed=1).card
    assert card["usual_from"] == "history"
    assert card["history_sessions"] == history.height
    # Who shows a new user agent with each guess has sessions of one guess, which say little.
    assert attacks * 0.5 <= card["history_left_out_as_attacks"] <= attacks * 1.5
    assert card["history_from"] < card["history_to"]


def test_too_little_history_lets_the_labelled_stand_in(labelled: pl.DataFrame, unseen: pl.DataFrame) -> None:
    history = unseen.filter(pl.col("kind") == NORMAL).head(LEAST_HISTORY - 1).drop("kind", "is_grown")
    assert train(labelled, history, now=TRAINED, seed=1).card["usual_from"] == "labelled normal sessions"


def test_nothing_labelled_teaches_nothing(labelled: pl.DataFrame) -> None:
    with pytest.raises(ModelError, match="labelled sessions"):
        train(labelled.clear(), labelled.clear(), now=TRAINED)


def test_progress_is_told(labelled: pl.DataFrame) -> None:
    steps: list[str] = []
    train(labelled.filter(pl.col("is_grown")), labelled.clear(), now=TRAINED, progress=steps.append)
    assert len(steps) == 2


def test_labelled_clients_are_also_shown_young() -> None:
    kinds = pl.Series("kind", ["scan"] * 30 + [NORMAL] * 8)
    scan = [request(second, f"/{second}", status=404) for second in range(30)]
    visit = [request(second, f"/{second}", address="192.0.2.2") for second in range(8)]
    sessions = label_sessions(events_of(*scan, *visit).hstack([kinds]))
    grown = sessions.filter("is_grown").sort("client").select("kind", "requests").rows()
    young = sessions.filter(~pl.col("is_grown")).sort("client", "requests").select("kind", "requests").rows()
    assert grown == [("scan", 30), (NORMAL, 8)]
    assert young == [*(("scan", size) for size in PREFIXES if PREFIXES[0] < size < 30), (NORMAL, 5)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_and_its_features_exist(kind: str) -> None:
    assert KINDS[kind].name == kind
    assert KINDS[kind].words
    assert {name for names, _ in KINDS[kind].evidence for name in names} <= set(NAMES)
    threat = describe_threat(kind)
    assert threat == {} or threat["framework"] == "MITRE ATT&CK"
