"""What every test gets: a clean environment, and, where it asks for one, a real Elasticsearch."""

import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from elasticsearch import Elasticsearch

from core.client import connect
from core.node import EmbeddedNode
from core.settings import Settings

NEVER_SKIPPED_IN_CI = ("es", "e2e", "browser")
OUTSIDE = pytest.StashKey[Settings]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep what the caller's environment says before the tests stop seeing it; time no property: machines are noisy."""
    config.stash[OUTSIDE] = Settings()
    hypothesis.settings.register_profile(
        "wwwatch", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("wwwatch")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that needs Elasticsearch must run: there its skip is a failure."""
    report = yield
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if is_skip and os.environ.get("CI") and any(map(item.get_closest_marker, NEVER_SKIPPED_IN_CI)):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must not be skipped in CI: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def clean_environment(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the caller's settings; state goes into the test's folder, only the downloads are shared."""
    for name in os.environ:
        if name.startswith("WWWATCH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WWWATCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("WWWATCH_CACHE", str(request.config.stash[OUTSIDE].cache))
    for cap in ("HOUR", "DAY"):  # they count over the watch history, which all tests of a node share
        monkeypatch.setenv(f"WWWATCH_ALERT_MAX_PER_{cap}", "0")


@pytest.fixture(scope="session")
def es_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Elasticsearch: WWWATCH_ES_URL's, else an embedded node for the whole run."""
    outside = request.config.stash[OUTSIDE]
    if outside.es.url:
        yield outside.es.url
        return
    state = tmp_path_factory.mktemp("state")
    with EmbeddedNode(outside.node, cache=outside.cache, state=state, temporary=True) as node:
        yield node.url


@pytest.fixture(scope="session")
def es(request: pytest.FixtureRequest, es_url: str) -> Iterator[Elasticsearch]:
    """A client for the real Elasticsearch, with the credentials of the caller's WWWATCH_ES_* settings."""
    settings = request.config.stash[OUTSIDE].es.model_copy(update={"url": es_url})
    with connect(settings) as client:
        yield client


@pytest.fixture
def namespace() -> str:
    """A name that no other test uses: data streams stay in the server until it ends."""
    return f"test_{uuid.uuid4().hex[:12]}"
