"""Golden files: what is made now against what was looked at and found good."""

from collections.abc import Callable
from pathlib import Path

import pytest

Compare = Callable[[Path, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that accepts what is made now: look at `git diff` after it."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew (pytest tests/golden)")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Compare:
    """Compare text with a file."""
    # The option exists only where this folder was named on the command line.
    update = request.config.getoption("--update-golden", default=False)

    def compare(path: Path, text: str) -> None:
        if update:
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: run pytest tests/golden --update-golden, and look at it"
        assert text == path.read_text("utf-8"), f"{path.name} differs: run with --update-golden and look at the diff"

    return compare
