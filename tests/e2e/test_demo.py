"""`wwwatch demo` as a newcomer runs it, and as an impatient one ends it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.es, pytest.mark.e2e, pytest.mark.timeout(600)]
COMMAND = [sys.executable, "-m", "wwwatch", "demo"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the node's unprivileged user can reach, so that all of the demo's data goes with it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name) / "demo"


def test_demo_catches_every_attack_and_loses_nothing(folder: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--minutes", "1.5", "--folder", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All attacks caught, nothing lost." in done.stdout
    assert "lost 0, doubled 0" in done.stdout
    assert "traffic has stopped" not in done.stdout
    assert len(list((folder / "mails").glob("*.eml"))) >= 5
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_demo_leaves_no_orphan(folder: Path, tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "out"
    with log.open("wb") as out:
        process = subprocess.Popen([*COMMAND, "--folder", str(folder)], stdout=out, stderr=out, start_new_session=True)
        deadline = time.monotonic() + 180
        while b"attack begins" not in log.read_bytes() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.3)
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 4, log.read_text()
        os.killpg(process.pid, number)
        process.wait(90)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    said = log.read_text()
    assert "Traceback" not in said
    assert "lost 0, doubled 0" in said
