"""The shipper as a process that is killed again and again."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from simulator.tether import tethered

PATIENCE_SECONDS = 60.0
ROOT = Path(__file__).parents[3]
_BETWEEN_SHARE = 0.2


class ShipperProcess:
    """`wwwatch ship` on the command line.

    Args:
        folder: Gets its output.
        environment: Its WWWATCH_* settings.
        patterns: What it follows.
    """

    def __init__(self, folder: Path, environment: dict[str, str], patterns: list[str]) -> None:
        self._output = folder / "shipper.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WWWATCH_")}
        self._environment = kept | environment
        self._patterns = patterns
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start to follow; it ends with the thread that called this, at the latest."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                tethered([*_command("ship"), *self._patterns]),
                env=self._environment,
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )

    def kill(self) -> int | None:
        """Kill it; return the code with which it had ended by itself before, or None."""
        assert self._process is not None
        code = self._process.poll()
        self._process.kill()
        self._process.wait()
        return code

    def end(self) -> None:
        """Kill it if it was started and runs."""
        if self._process is not None:
            self.kill()

    def ended(self) -> int | None:
        """Return the code with which it has ended, or None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def stop(self) -> tuple[int, float]:
        """Stop it with SIGTERM; return its exit code and how many seconds it took."""
        assert self._process is not None
        begin = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            code = -signal.SIGKILL
        return code, time.monotonic() - begin

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run another `wwwatch ship` to its end."""
        return subprocess.run(
            [*_command("ship"), *options], env=self._environment, cwd=ROOT, capture_output=True, text=True, check=False
        )

    def ship_once(self) -> subprocess.CompletedProcess[str]:
        """Ship what is there, to the last byte."""
        return self.run("--once", *self._patterns)

    def last_words(self) -> str:
        """Return the last line of its output."""
        lines = self._output.read_text(errors="replace").splitlines()
        return lines[-1] if lines else ""


class Killer(threading.Thread):
    """Keeps a shipper running and kills it at random moments, until it is told to stop.

    Args:
        shipper: The shipper.
        dice: Decides on the moments.
        pause: How long it lives on average, in seconds.
        between: Called now and then between a kill and the next start.
    """

    def __init__(self, shipper: ShipperProcess, dice: random.Random, pause: float, between: Callable[[], None]) -> None:
        super().__init__(name="killer")
        self._shipper = shipper
        self._dice = dice
        self._pause = pause
        self._between = between
        self._stop_event = threading.Event()
        self.counts: Counter[str] = Counter()
        self.ended: list[str] = []
        """What it said when it ended by itself, which it never should."""

    def run(self) -> None:
        """Start and kill."""
        while not self._stop_event.is_set():
            self._shipper.start()
            until = time.monotonic() + self._dice.uniform(0.1, 1.9) * self._pause
            while time.monotonic() < until and self._shipper.ended() is None:
                if self._stop_event.wait(0.02):
                    break
            code = self._shipper.kill()
            if code is None:
                self.counts["kills"] += 1
            else:
                self.ended.append(f"code {code}: {self._shipper.last_words()}")
            if self._dice.random() < _BETWEEN_SHARE:
                self._between()
            self._stop_event.wait(self._dice.choice((0, 0, self._dice.uniform(0, 2))))

    def stop(self) -> None:
        """Kill the shipper a last time."""
        self._stop_event.set()
        self.join()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "wwwatch", *arguments]
