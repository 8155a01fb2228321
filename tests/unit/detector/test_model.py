"""The model: same seed, same scores; attacks found, visitors left alone; and no verdict without its evidence."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from core.errors import ModelError
from detector.adaptation import LEAST_HISTORY, adapt
from detector.kinds import KINDS, LEARNT, NORMAL, describe_threat
from detector.model import LIKELY, NORMAL_TO, NOVEL_FROM, NOVEL_REQUESTS, NOVEL_TO, SessionModel
from detector.requirement import CRITICAL, LEAST, MAJOR, amounts, has_evidence, weight
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
    assert judged.filter(pl.col("verdict") == NORMAL)["score"].max() <= NORMAL_TO  # type: ignore[operator]
    assert judged.filter(pl.col("verdict") != NORMAL)["score"].min() >= 100 * LIKELY * LEAST  # type: ignore[operator]
    novel = judged.filter(pl.col("verdict") == "novel")["score"]
    assert novel.is_between(NOVEL_FROM, NOVEL_TO).all()


@pytest.mark.parametrize("kind", ATTACKS)
def test_attacks_on_unseen_sites_are_found(judged: pl.DataFrame, kind: str) -> None:
    sessions = judged.filter(pl.col("kind") == kind)
    # By client: who shows a new user agent with each request has as many sessions, most of them of one request.
    clients = sessions.group_by("client").agg((pl.col("verdict") == kind).any())
    assert clients.height >= 10
    # Half of the scrapers share their work among many addresses: only the site as a whole shows those.
    assert clients["verdict"].mean() >= (0.15 if kind == "scrape" else 0.6)  # type: ignore[operator]


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


@pytest.mark.parametrize("kind", LEARNT)
def test_a_verdict_needs_the_evidence_of_its_kind(model: SessionModel, judged: pl.DataFrame, kind: str) -> None:
    found = judged.filter(pl.col("verdict") == kind)
    matrix = model.matrix(found)
    assert has_evidence(matrix, kind).all()
    without = matrix.copy()
    without[:, [NAMES.index(name) for name in KINDS[kind].evidence]] = 0
    assert kind not in set(model.judge(without)["kind"])
    assert not has_evidence(without, kind).any()


def rows_with(count: int = 1, **values: Any) -> Any:
    """Return sessions of nothing but these features."""
    rows = np.zeros((count, len(NAMES)))
    for name, value in values.items():
        rows[:, NAMES.index(name)] = value
    return rows


def test_of_a_group_the_largest_counts_and_groups_add_up() -> None:
    row = rows_with(client_peak_10s=150, client_peak_60s=90, client_timeouts=50)
    assert amounts(row, "dos")[0] == 1.5 + 2
    assert amounts(rows_with(site_login_clients=80), "spray")[0] == 0
    assert amounts(rows_with(site_login_clients=80, login_failures=1), "spray")[0] == 10


def test_a_login_forgives_what_people_try_before_it_and_no_more() -> None:
    tries = {"client_login_failures": 15, "client_login_successes": 1}
    assert amounts(rows_with(**tries), "bruteforce")[0] == 0
    assert amounts(rows_with(**tries), "bruteforce", forgives=False)[0] == 1.5
    assert amounts(rows_with(**{**tries, "client_login_failures": 372}), "bruteforce")[0] > KINDS["bruteforce"].critical


def test_levels_mean_amounts() -> None:
    for kind in LEARNT:
        name, unit = KINDS[kind].amount[0][0]
        row = rows_with(4, login_failures=1)
        row[:, NAMES.index(name)] = unit * np.array([1, KINDS[kind].major, KINDS[kind].critical, 1e6])
        np.testing.assert_allclose(weight(row, kind), [LEAST, MAJOR, CRITICAL, 1])


def test_one_explicit_probe_is_minor_and_many_are_major(model: SessionModel) -> None:
    few, many = model.judge(np.vstack([rows_with(client_probes=1), rows_with(client_probes=9)])).to_dicts()
    assert few["kind"] == many["kind"] == "scan"
    assert 25 <= few["score"] < 50 <= many["score"] < 75


def test_who_calls_itself_a_crawler_is_no_attacker_until_it_probes(model: SessionModel) -> None:
    harmless = rows_with(
        agent_crawler=1,
        requests=9000,
        client_pages=9000,
        client_peak_10s=900,
        client_guessed_paths=900,
        client_probes=1,
    )
    impostor = rows_with(agent_crawler=1, client_probes=3)
    assert model.judge(np.vstack([harmless, impostor]))["kind"].to_list() == [NORMAL, "scan"]


def test_some_evidence_must_be_beyond_the_sites_usual() -> None:
    rows, usual = rows_with(2, client_peak_10s=[150, 151]), np.zeros(len(NAMES))
    usual[NAMES.index("client_peak_10s")] = 150
    assert has_evidence(rows, "dos").tolist() == [True, True]
    assert has_evidence(rows, "dos", usual).tolist() == [False, True]


@pytest.mark.parametrize("kind", LEARNT)
def test_less_evidence_never_scores_more(model: SessionModel, judged: pl.DataFrame, kind: str) -> None:
    matrix = model.matrix(judged.filter(pl.col("kind") == kind).head(40))
    before = model.score_of(kind, matrix)
    for name, direction in KINDS[kind].features:
        column = NAMES.index(name)
        less = matrix.copy()
        # Half of what speaks for an attack, or twice of what speaks against one.
        less[:, column] = less[:, column] / 2 if direction > 0 else less[:, column] * 2 + 1
        assert (model.score_of(kind, less) <= before + 1e-9).all(), name


def test_what_resembles_nothing_is_novel_and_never_critical(model: SessionModel, unseen: pl.DataFrame) -> None:
    row = np.array([model.usual_median] * 3)
    for name in ("url_length_max", "query_length_mean", "bytes_mean", "gap_median"):
        row[:, NAMES.index(name)] = 1e7
    row[:, NAMES.index("requests")] = [NOVEL_REQUESTS, NOVEL_REQUESTS - 1, NOVEL_REQUESTS]
    row[:, NAMES.index("agent_crawler")] = [0, 0, 1]
    own = adapt(model, unseen.filter(pl.col("kind") == NORMAL), now=TRAINED)
    verdicts = own.judge(row).to_dicts()
    assert [verdict["kind"] for verdict in verdicts] == ["novel", NORMAL, NORMAL]
    # Before any history nothing is called new: only other sites' visitors are known.
    assert set(model.judge(row)["kind"]) == {NORMAL}
    assert NOVEL_FROM <= verdicts[0]["score"] <= NOVEL_TO


def test_a_frame_of_other_features_is_refused(model: SessionModel, unseen: pl.DataFrame) -> None:
    older = SessionModel(
        NAMES[:-1],
        model.learners,
        model.habits,
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
    assert card["kinds"] == list(LEARNT)
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
    assert steps


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
    assert {name for name, _ in KINDS[kind].features} <= set(NAMES)
    assert set(KINDS[kind].beyond_usual) <= set(NAMES)
    assert 1 < KINDS[kind].major < KINDS[kind].critical
    threat = describe_threat(kind)
    assert threat == {} or threat["framework"] == "MITRE ATT&CK"
