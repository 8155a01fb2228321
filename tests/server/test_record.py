"""Real tools against a real server: what the log says of them is what the labels say."""

import json
import shutil
from collections import Counter
from pathlib import Path
from threading import Event

import polars as pl
import pytest
from click.testing import CliRunner

from core.settings import Settings
from detector.evaluation.truth import ATTACK, read_labels
from simulator.errors import SimulatorError
from simulator.record import record
from simulator.tools import LOOPBACK
from wwwatch.commands.simulate import command
from wwwatch.roof import Roof

pytestmark = pytest.mark.tools


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.mark.parametrize(
    ("tool", "kind", "least"),
    [
        pytest.param("ab", "dos", 4000, marks=needs("ab")),
        pytest.param("gobuster", "scan", 300, marks=needs("gobuster")),
        pytest.param("hydra-spray", "spray", 72, marks=needs("hydra")),
        pytest.param("curl-probes", "scan", 3, marks=needs("curl")),
    ],
)
def test_a_tool_is_labelled_with_what_it_did(tmp_path: Path, tool: str, kind: str, least: int) -> None:
    done = record(tmp_path, names=[tool], seconds=30, pause_seconds=0.5, visits_per_minute=300)
    (run,) = done.runs
    assert (run.tool.kind, run.is_cut) == (kind, False)
    assert run.requests >= least
    assert run.start < run.end
    lines = done.log.read_text(encoding="ascii").splitlines()
    asked = Counter(line.partition(" ")[0] for line in lines)
    assert len(lines) == done.lines
    labels = pl.read_csv(done.labels, infer_schema=False)
    assert dict(zip(labels["client"], labels["requests"].cast(int), strict=True)) == dict(asked)
    hostile = labels.filter(label="attack")
    assert set(hostile["client"]) == set(run.clients)
    assert set(hostile["attack_type"]) == {kind}
    assert set(read_labels(labels).filter(truth=ATTACK)["client"]) == set(run.clients)


@needs("slowhttptest")
def test_a_tool_whose_time_is_over_is_ended(tmp_path: Path) -> None:
    done = record(tmp_path, names=["slowhttptest"], seconds=2, pause_seconds=0.2, visits_per_minute=0)
    (run,) = done.runs
    assert run.is_cut
    assert run.clients == (LOOPBACK,)


def test_what_is_not_installed_is_named_and_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = record(tmp_path / "out", names=["ab", "ab-many", "hydra"], pause_seconds=0.1, visits_per_minute=0)
    assert done.missing == ("ab", "hydra")
    assert done.runs == ()
    assert done.lines == 0


def test_it_ends_early_when_told_to(tmp_path: Path) -> None:
    stop = Event()
    stop.set()
    assert record(tmp_path, visits_per_minute=0, stop=stop).runs == ()


def test_an_unknown_tool_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="there is no tool 'x'"):
        record(tmp_path, names=["x"])


@needs("curl")
def test_the_command_tells_each_run(tmp_path: Path) -> None:
    options = ["tools", "--out", str(tmp_path), "--tool", "curl-probes", "--json"]
    result = CliRunner().invoke(command, options, obj=Roof(Settings()), catch_exceptions=False)
    run, end = (json.loads(line) for line in result.output.splitlines())
    assert (run["tool"], run["kind"], len(run["clients"])) == ("curl-probes", "scan", 1)
    assert end["log"] == str(tmp_path / "access.log")
    assert end["missing"] == []
