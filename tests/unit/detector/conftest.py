"""One small trained model and its traffic for all tests of the detector."""

from datetime import UTC, datetime

import polars as pl
import pytest

from detector.model import SessionModel
from detector.training import label_sessions, train
from wwwatch.examples import labelled_events

SEED = 7
TRAINED = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def examples() -> pl.DataFrame:
    """Labelled requests to learn from."""
    return labelled_events(SEED, sessions=400)


@pytest.fixture(scope="session")
def labelled(examples: pl.DataFrame) -> pl.DataFrame:
    """Labelled sessions to learn from."""
    return label_sessions(examples)


@pytest.fixture(scope="session")
def model(labelled: pl.DataFrame) -> SessionModel:
    """A small model."""
    return train(labelled, labelled.clear(), now=TRAINED, seed=1)


@pytest.fixture(scope="session")
def unseen() -> pl.DataFrame:
    """Grown, labelled sessions of sites that the model has not seen."""
    return label_sessions(labelled_events(SEED + 1, sessions=400)).filter("is_grown")


@pytest.fixture(scope="session")
def traffic(examples: pl.DataFrame) -> pl.DataFrame:
    """Simulated requests, without their labels."""
    return examples.drop("kind").head(20_000)
