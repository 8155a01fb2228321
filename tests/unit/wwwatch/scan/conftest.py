"""A small model, a small log with attacks in it, and how to scan it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from detector.model import SessionModel
from detector.training import label_sessions, train
from enrich import Enrichment
from simulator import history, write_log
from wwwatch.examples import labelled_events
from wwwatch.formats import choose_format
from wwwatch.scan.inputs import find_inputs
from wwwatch.scan.reading import Log, Reader
from wwwatch.scan.scan import Result, Wish, scan

NOW = datetime(2026, 5, 2, tzinfo=UTC)
BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
HOURS = timedelta(hours=12)

Scan = Callable[..., Result]
Read = Callable[..., Log]


@pytest.fixture(scope="session")
def model() -> SessionModel:
    """A small model."""
    labelled = label_sessions(labelled_events(7, sessions=400))
    return train(labelled, labelled.clear(), now=NOW, seed=1)


@pytest.fixture(scope="session")
def traffic() -> pl.DataFrame:
    """Half a day of simulated visitors, a scan and a brute force among them."""
    planned = [("scan", BEGIN + timedelta(hours=3)), ("bruteforce", BEGIN + timedelta(hours=8))]
    return history(BEGIN, BEGIN + HOURS, seed=5, visits_per_hour=30, attacks=planned)


@pytest.fixture(scope="session")
def log(traffic: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That traffic as a combined log."""
    path = tmp_path_factory.mktemp("log") / "access.log"
    write_log(traffic, path)
    return path


@pytest.fixture
def spool() -> Iterator[ExitStack]:
    """What closes temporary files."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def read(spool: ExitStack) -> Read:
    """Read files."""

    def do(*names: str | Path, proxies: tuple[str, ...] = (), format_name: str = "auto") -> Log:
        reader = Reader(choose_format(format_name, None, "UTC"), "UTC", Enrichment((), proxies))
        return reader.read(find_inputs(list(map(str, names)), spool))

    return do


@pytest.fixture
def scan_files(spool: ExitStack, model: SessionModel) -> Scan:
    """Scan files with the small model."""

    def do(*names: str | Path, wish: Wish | None = None, proxies: tuple[str, ...] = ()) -> Result:
        reader = Reader(choose_format("auto", None, "UTC"), "UTC", Enrichment((), proxies))
        inputs = find_inputs(list(map(str, names)), spool)
        return scan(inputs, reader, ("test", model), wish or Wish(threshold=50.0), now=NOW)

    return do
