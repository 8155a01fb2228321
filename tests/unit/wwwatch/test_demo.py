"""`wwwatch demo` empties its folder, and therefore takes none that is not a demo's."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from core.errors import SettingsError
from wwwatch.cli import cli


@pytest.mark.parametrize("name", ["history.log", "precious.txt"])
def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, name: str) -> None:
    kept = tmp_path / name
    kept.write_text("mine")
    done = CliRunner().invoke(cli, ["demo", "--folder", str(tmp_path)])
    assert isinstance(done.exception, SettingsError)
    assert "something else than an earlier demo" in str(done.exception)
    assert kept.read_text() == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = CliRunner().invoke(cli, ["demo", "--folder", str(tmp_path / "file")])
    assert isinstance(done.exception, SettingsError)
