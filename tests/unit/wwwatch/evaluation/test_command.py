"""`wwwatch evaluate`: what it refuses, and a whole evaluation of a small log."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.errors import EvaluationError
from tests.unit.detector.frames import at
from wwwatch.cli import cli
from wwwatch.evaluation.page import BEGIN, END

LINE = '{} - - [{:%d/%b/%Y:%H:%M:%S +0000}] "{} HTTP/1.1" {} 5 "{}" "Mozilla/5.0 (X11; rv:128.0) Firefox/128.0"\n'


def evaluate(*options: str) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *options], catch_exceptions=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two logs of a guesser and a visitor."""
    for name in ("shop", "blog"):
        folder = tmp_path / name
        folder.mkdir()
        guesses = [LINE.format("192.0.2.7", at(second), "POST /login", 401, "-") for second in range(120)]
        visit = [LINE.format("192.0.2.1", at(60 * step), f"GET /page{step}", 200, "/") for step in range(3)]
        (folder / "access.log").write_text("".join(guesses + visit))
        (folder / "labels.csv").write_text(
            "client,label,attack_type\n192.0.2.7,attack,login_bruteforce\n192.0.2.1,normal_presumed,\n"
        )
    return tmp_path


def test_sources_need_data() -> None:
    result = evaluate("--sources", "shop")
    assert result.exit_code == 2
    assert "--sources needs --data" in result.output


def test_nothing_to_evaluate_on_is_said() -> None:
    assert isinstance(evaluate("--seeds", "0").exception, EvaluationError)


def test_a_log_is_evaluated_and_the_page_written(data: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    result = evaluate("--data", str(data), "--protocol", "shipped", "--seeds", "0", "--json", "--page", str(page))
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    for name in ("shop", "blog"):
        figures = report["shipped"]["sources"][name]
        assert figures["labels"]["clients"]["reported"]["recall"] == 1.0
        assert figures["labels"]["clients"]["reported"]["precision"] == 1.0
        assert figures["delays"]["baseline"]["requests"] == 5
    assert report["shipped"]["mean"]["sources"] == 2
    assert report["shipped"]["mean"]["reported"]["all_clients"]["found"] == 2
    assert "| shop | 1 | 1 | 100.0 %" in page.read_text()


def test_the_tables_are_printed(data: Path) -> None:
    result = evaluate("--data", str(data), "--sources", "shop", "--protocol", "shipped", "--seeds", "0")
    assert result.exit_code == 0, result.output
    assert "Time to detection" in result.stdout
    assert "login_bruteforce" in result.stdout
