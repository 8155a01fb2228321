"""The systemd unit and its example configuration fit the program."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from core.settings import load_settings
from shipper.pipeline import GRACE_SECONDS
from wwwatch.cli import cli

DEPLOY = Path(__file__).parents[3] / "deploy"
UNIT = DEPLOY / "wwwatch-ship.service"


def values(name: str) -> list[str]:
    """Return what the unit sets a name to, in order."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)


def test_the_command_and_its_options_exist() -> None:
    (line,) = values("ExecStart")
    program, *arguments = shlex.split(line)
    assert program == "/opt/wwwatch/bin/wwwatch"
    context = cli.make_context("wwwatch", arguments, resilient_parsing=True)
    command = cli.get_command(context, "ship")
    assert command is not None
    rest = arguments[arguments.index("ship") + 1 :]
    with command.make_context("ship", rest, parent=context) as parsed:
        assert parsed.params["paths"] == ("/var/log/nginx/*access.log*",)
        assert parsed.params["log_format"] == "json"
    with pytest.raises(click.UsageError):
        command.make_context("ship", ["--no-such-option"], parent=context)


def test_it_writes_where_it_may() -> None:
    (folder,) = values("StateDirectory")
    paths = re.findall(r"WWWATCH_(?:STATE|CACHE)=(\S+)", " ".join(values("Environment")))
    assert len(paths) == 2
    assert all(path.startswith(f"/var/lib/{folder}/") for path in paths)
    assert values("ProtectSystem") == ["strict"]
    assert values("SupplementaryGroups") == ["adm"]


def test_it_has_time_to_end() -> None:

    (seconds,) = values("TimeoutStopSec")
    assert GRACE_SECONDS < 10 < int(seconds)


def test_the_example_is_accepted(tmp_path: Path) -> None:
    settings = load_settings(DEPLOY / "wwwatch-ship.example.yml", state=tmp_path, cache=tmp_path)
    assert settings.es.url == "https://es1.example.org:9200,https://es2.example.org:9200"
    assert settings.ship.compression == "gzip"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_it(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/wwwatch/bin/wwwatch", "/bin/true"), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)  # noqa: S607 - found above
    assert (done.returncode, done.stderr) == (0, "")
