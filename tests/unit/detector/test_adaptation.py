"""A site's own history makes the model better at that site, also when the history is full of attacks."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from detector.context import Context
from detector.features import features, prepare
from detector.history import History, HistoryLearner, adapt_to
from detector.model import SessionModel
from simulator import simulate
from tests.unit.detector.conftest import SEED
from wwwatch.examples import as_events, labelled_events

MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
DAYS = 3
ATTACKS = ("scan", "bruteforce", "spray", "sqli")

History_ = tuple[History, SessionModel]


def days(seed: int, attacks: Sequence[str] = ()) -> pl.DataFrame:
    """Return some days of one site, each with the same attacks at the same hours."""
    parts = []
    for number in range(DAYS):
        start = MONDAY + timedelta(days=number)
        begins = [(name, start + timedelta(hours=hour)) for hour, name in enumerate(attacks, 8)]
        traffic = simulate(start, start + timedelta(days=1), seed=seed + number, visits_per_hour=8, attacks=begins)
        parts.append(as_events(traffic))
    return pl.concat(parts)


def learn(model: SessionModel, events: pl.DataFrame) -> History_:
    with tempfile.TemporaryDirectory() as folder:
        learner = HistoryLearner(Path(folder))
        learner.add(events.drop("kind"))
        history = learner.learn(model)
    return history, adapt_to(model, history, source="test", now=MONDAY)


@pytest.fixture(scope="module")
def clean(model: SessionModel) -> History_:
    """What days without attacks teach."""
    return learn(model, days(50))


@pytest.fixture(scope="module")
def dirty(model: SessionModel) -> History_:
    """What the same days teach with attacks on each of them."""
    return learn(model, days(50, ATTACKS))


@pytest.fixture(scope="module")
def later() -> pl.DataFrame:
    """Other days of the site, with attacks."""
    return days(150, ATTACKS)


def found(model: SessionModel, events: pl.DataFrame) -> dict[str, float]:
    """Return by kind, and for `normal`, which share of the sessions is called anything."""
    prepared = prepare(events.drop("kind"))
    kinds = events.group_by("client").agg(pl.col("kind").sort_by(pl.col("kind") == "normal").first())
    sessions = features(prepared, Context.of(prepared, model.profile)).join(kinds, on="client")
    verdicts = model.judge(model.matrix(sessions.drop("kind"))).rename({"kind": "verdict"})
    called = (pl.col("score") >= 25) & (pl.col("verdict") != "normal")
    shares = sessions.select("kind").hstack(verdicts).group_by("kind").agg(called.mean())
    return dict(shares.rows())


def test_attacks_on_every_day_of_the_history_do_not_become_usual(
    clean: History_, dirty: History_, later: pl.DataFrame
) -> None:
    history, model = dirty
    assert history.attacks >= 0.2 * history.total
    without, with_attacks = found(clean[1], later), found(model, later)
    assert with_attacks.pop("normal") <= 0.02
    for kind, share in with_attacks.items():
        assert share >= max(0.9, without[kind] - 0.02), kind


def test_the_usual_is_the_same_with_and_without_attacks(clean: History_, dirty: History_) -> None:
    names = ["client_login_failures", "client_missing_paths", "client_exploits", "requests"]
    columns = [dirty[1].names.index(name) for name in names]
    assert dirty[1].usual_high[columns] == pytest.approx(clean[1].usual_high[columns], rel=0.5, abs=2)


def strangeness(model: SessionModel, events: pl.DataFrame) -> np.ndarray:
    prepared = prepare(events)
    sessions = features(prepared, Context.of(prepared, model.profile)).filter(pl.col("requests") >= 10)
    return model.raw_novelty(model.matrix(sessions))


def test_some_days_of_its_own_tell_what_is_odd_at_this_site_alone(model: SessionModel, clean: History_) -> None:
    """Programs that call an interface: ordinary elsewhere, so the model that knows no site minds them little."""
    calls = labelled_events(SEED + 2, sessions=400).filter(
        pl.col("domain").str.starts_with("api") & (pl.col("kind") == "normal")
    )
    odd = calls.drop("kind").with_columns(domain=pl.lit(clean[1].profile.sites["domain"][0]))
    ordinary = days(250).drop("kind")
    areas = []
    for each in (model, clean[1]):
        usual, strange = strangeness(each, ordinary), strangeness(each, odd)
        truth = np.repeat([0, 1], [len(usual), len(strange)])
        areas.append(roc_auc_score(truth, np.concatenate([usual, strange])))
    assert areas[1] > max(areas[0] + 0.1, 0.65)
