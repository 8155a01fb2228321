"""The demo's parts: wwwatch's own commands, each a process of its own, as in production."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from core.errors import WwwatchError
from simulator.tether import tethered

STOP_SECONDS = 15.0


class DemoError(WwwatchError):
    """A part of the demo failed."""


class Parts:
    """Starts wwwatch commands and ends them.

    Args:
        folder: Gets each part's log.
        environment: WWWATCH_* settings of all parts.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WWWATCH_")}
        self._environment = kept | environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *arguments: str) -> Any:
        """Run a command to its end and return what it printed, read as JSON where it is.

        Raises:
            DemoError: It failed; its own sentence is the reason.
        """
        command = tethered([sys.executable, "-m", "wwwatch", *arguments])
        done = subprocess.run(
            command,
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if done.returncode:
            words = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise DemoError(f"`wwwatch {' '.join(arguments)}` failed: {words[-1] if words else done.returncode}")
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return done.stdout

    def start(self, name: str, *arguments: str) -> None:
        """Start a command that goes on, in a session of its own, so that Ctrl-C in the terminal is ours to pass on."""
        command = tethered([sys.executable, "-m", "wwwatch", "--verbose", *arguments])
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def check(self) -> None:
        """See that all parts are alive.

        Raises:
            DemoError: One ended by itself.
        """
        for name, process in self._running.items():
            if process.poll() is not None:
                words = self._log(name).read_text(errors="replace").strip().splitlines()
                last = words[-1] if words else f"exit code {process.returncode}"
                raise DemoError(f"the {name} ended by itself: {last}", f"see {self._log(name)}")

    def kill(self, name: str) -> None:
        """End a part as a power cut would (SIGKILL)."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def stop(self, *names: str) -> None:
        """End parts cleanly, all of them without names; harmless when they do not run."""
        leaving = [self._running.pop(name) for name in names or tuple(self._running) if name in self._running]
        for process in leaving:
            process.send_signal(signal.SIGTERM)
        for process in leaving:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"
