"""The rule that in CI a test that needs Elasticsearch cannot be skipped unseen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SKIPPED = """
import pytest
@pytest.mark.{marker}
def test_skipped():
    pytest.skip("no server here")
"""


def run(folder: Path, marker: str, **environment: str) -> str:
    """Run a skipped test with that marker under our conftest and return the summary's last line."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    es\n    docker\n")
    (folder / "conftest.py").write_text((TESTS / "conftest.py").read_text("utf-8"), "utf-8")
    (folder / "test_it.py").write_text(SKIPPED.format(marker=marker))
    outside = {name: value for name, value in os.environ.items() if name != "CI"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        env={**outside, "PYTHONPATH": str(TESTS.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("marker", "environment", "expected"),
    [("es", {"CI": "true"}, "1 failed"), ("es", {}, "1 skipped"), ("docker", {"CI": "true"}, "1 skipped")],
)
def test_skip_is_a_failure_in_ci(tmp_path: Path, marker: str, environment: dict[str, str], expected: str) -> None:
    """For the tests that need Elasticsearch, and there alone."""
    assert expected in run(tmp_path, marker, **environment)


def test_environment_is_clean(tmp_path: Path) -> None:
    """State lies in the test's folder, and nothing else of the caller's settings is seen."""
    ours = {name for name in os.environ if name.startswith("WWWATCH_")}

    caps = {"WWWATCH_ALERT_MAX_PER_HOUR", "WWWATCH_ALERT_MAX_PER_DAY"}
    assert ours == {"WWWATCH_STATE", "WWWATCH_CACHE", *caps}
    assert os.environ["WWWATCH_STATE"] == str(tmp_path / "state")
