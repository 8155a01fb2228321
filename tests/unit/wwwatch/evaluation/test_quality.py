"""What the shipped model promises on runs that no lesson has: found in time, and silent where nothing happens."""

from datetime import UTC, datetime

import pytest

from core.settings import Settings
from detector.evaluation.runs import RunResult, judge_run
from detector.evaluation.simulation import SOON_REQUESTS
from detector.model import SessionModel
from wwwatch.evaluation.protocols import FIRST_SEED
from wwwatch.evaluation.simulated import make_run
from wwwatch.examples import cold_model

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def model() -> tuple[str, SessionModel]:
    """The model of the first day, from the cache that all tests share."""
    return cold_model(Settings().cache, now=NOW)


def judged(model: tuple[str, SessionModel], name: str, seed: int) -> RunResult:
    return judge_run(model, make_run(name, seed), NOW)


@pytest.mark.parametrize(("name", "seed"), [("bruteforce-slow", 14), ("bruteforce-slow", 24), ("bruteforce-basic", 16)])
def test_guessing_is_told_within_thirty_requests(model: tuple[str, SessionModel], name: str, seed: int) -> None:
    (sighting,) = judged(model, name, seed).sightings
    assert sighting.is_found
    assert sighting.reported is not None
    assert sighting.reported[1] <= SOON_REQUESTS


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("old-password", 1),
        ("many-mistakes", 1),
        ("odd-searches", 1),
        ("odd-searches", 5),
        ("smoke-test", FIRST_SEED),
        ("prefetching", 1),
        ("crawler-old-links", FIRST_SEED),
    ],
)
def test_who_only_looks_like_an_attacker_is_left_alone(model: tuple[str, SessionModel], name: str, seed: int) -> None:
    result = judged(model, name, seed)
    assert result.incidents.is_empty(), result.named.select("client", "kind", "score").rows()


@pytest.mark.parametrize(("name", "seed"), [("flood-search", FIRST_SEED), ("scrape", 15), ("scrape-distributed", 13)])
def test_faint_attacks_are_found(model: tuple[str, SessionModel], name: str, seed: int) -> None:
    (sighting,) = judged(model, name, seed).sightings
    assert sighting.is_found
    assert sighting.is_named_rightly
