"""What these tests share: templates, a model, a log with every attack in it, and a site of its own."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from elasticsearch import Elasticsearch

from detector.model import SessionModel
from detector.training import label_sessions, train
from es_templates import apply, plan
from simulator import render_combined, simulate
from tests.server.watching import ATTACKS, NOW, START, Site, forget_findings
from tests.smtp_sink import SmtpSink, smtp_sink
from wwwatch.examples import labelled_events


@pytest.fixture(scope="module")
def templates(es: Elasticsearch) -> None:
    """Elasticsearch knows what `wwwatch setup` tells it."""
    apply(es, plan(es))


@pytest.fixture(scope="session")
def model() -> SessionModel:
    """A small model."""
    sessions = label_sessions(labelled_events(5, sessions=1200))
    return train(sessions, sessions.clear(), now=NOW)


@pytest.fixture(scope="session")
def traffic() -> pl.DataFrame:
    """Two hours of a site with every attack in them."""
    begins = [(name, START + timedelta(minutes=minutes)) for name, minutes in ATTACKS.items()]
    return simulate(START, START + timedelta(hours=2), seed=13, visits_per_hour=60, attacks=begins)


@pytest.fixture
def parts(traffic: pl.DataFrame) -> list[list[str]]:
    """The log in four parts."""
    lines = render_combined(traffic).to_list()
    size = len(lines) // 4 + 1
    return [lines[begin : begin + size] for begin in range(0, len(lines), size)]


@pytest.fixture
def site(es: Elasticsearch, es_url: str, tmp_path: Path, namespace: str, model: SessionModel) -> Site:
    """A site of this test's own; what other tests found is gone."""
    forget_findings(es)
    return Site(es, es_url, tmp_path, namespace, model)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    """A mail server."""
    with smtp_sink() as running:
        yield running
