"""The course of a torture run, from an empty server to the verdict."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from elasticsearch import ApiError, TransportError

from simulator.tether import tethered
from tests.e2e.torture.killer import Killer, ShipperProcess
from tests.e2e.torture.report import Report
from tests.e2e.torture.rotations import KINDS
from tests.e2e.torture.server import SHORT_QUEUE, TINY_PRESSURE, WAYS, Server
from tests.e2e.torture.verdict import Verdict, compare, read_dead, read_indexed, read_journals
from tests.e2e.torture.writer import STREAM

ROOT = Path(__file__).parents[3]
QUIET_SECONDS = 15.0
"""For how long nothing new may arrive before the rest is left to `ship --once`."""

_WORDS = 1_000
_ROLLOVER = "rollover"
_REFUSING = "stopped, then all refused"
_RESTARTS = ("killed", "stopped", _REFUSING)
_CUSTOM = {
    "settings": {"index": {"number_of_shards": 2}},
    "mappings": {"properties": {"source": {"properties": {"address": {"type": "ip", "ignore_malformed": False}}}}},
}
"""Two shards: a full queue then refuses some documents of a request and takes others. The mapping refuses `REFUSED`."""


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes:
        seconds: How long lines are written.
        seed: Makes the dice of writer, killer and server repeatable; the machine's own timing is not.
        restarts: How often Elasticsearch goes down and comes back.
        pause: How long a shipper lives on average, in seconds.
        rate: Lines per second of each log.
        rotate: Seconds between a log's rotations, about.
        kinds: The kinds of rotation; all without any.
    """

    seconds: float
    seed: int = 1
    restarts: int = 1
    pause: float = 5.0
    rate: float = 40.0
    rotate: float = 12.0
    kinds: tuple[str, ...] = field(default_factory=lambda: tuple(KINDS))


class Torture:
    """One run.

    Args:
        plan: What it does.
        folder: For everything; others may enter it.
        cache: Folder of downloads.
    """

    def __init__(self, plan: Plan, folder: Path, cache: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.server = Server(folder / "node", cache, STREAM)
        self._dice = random.Random(plan.seed)
        self._state = folder / "state"
        self._shipper: ShipperProcess | None = None

    def run(self, tell: Callable[[str], None] = lambda _words: None) -> Report:
        """Run it; the server goes on afterwards, until `close`.

        Args:
            tell: Told what happens.
        """
        self.server.start()
        shipper = self._shipper = ShipperProcess(self.folder, self._set_up(), self._patterns())
        killer = Killer(shipper, random.Random(f"{self.plan.seed} killer"), self.plan.pause, self._roll)
        writer = self._start_writer()
        try:
            try:
                killer.start()
                self.server.wait_stream()
                self._mistreat(tell, lambda: writer.poll() is not None)
            finally:
                killer.stop()
            self.server.allow()
            shipper.start()  # undisturbed from now on: some logs wait for what they have written before they end
            writer.send_signal(signal.SIGTERM)
            printed, complaint = writer.communicate(timeout=180)
        finally:
            writer.kill()
            writer.wait()
        assert writer.returncode == 0, complaint
        logs = {name: Counter(counts) for name, counts in json.loads(printed).items()}
        tell("the writer has ended; the rest is shipped")
        return self._finish(shipper, killer, logs)

    def close(self) -> None:
        """Stop the server, and a shipper that a failure has left."""
        if self._shipper is not None:
            self._shipper.end()
        self.server.stop()

    def _patterns(self) -> list[str]:
        return [str(self.folder / "logs" / name / KINDS[name].pattern) for name in self.plan.kinds]

    def _set_up(self) -> dict[str, str]:
        environment = {
            "WWWATCH_ES_URL": self.server.url,
            "WWWATCH_STATE": str(self._state),
            "WWWATCH_SHIP_NAMESPACE": "torture",
            "WWWATCH_SHIP_POLL_SECONDS": "0.2",
            "WWWATCH_SHIP_BATCH_BYTES": "200000",
        }
        with self.server.client() as client:
            client.cluster.put_component_template(name="logs-www.access@custom", template=_CUSTOM)
        setup = [sys.executable, "-m", "wwwatch", "setup"]
        subprocess.run(setup, env=environment, check=True, capture_output=True, cwd=ROOT)
        return environment

    def _start_writer(self) -> subprocess.Popen[str]:
        plan = self.plan
        arguments = [str(self.folder), str(plan.seed), str(plan.rate), str(plan.rotate), self.server.url, *plan.kinds]
        return subprocess.Popen(
            tethered([sys.executable, "-m", "tests.e2e.torture.writer", *arguments]),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _mistreat(self, tell: Callable[[str], None], has_ended: Callable[[], bool]) -> None:
        """Refuse, roll over and restart until the time is over."""
        begin, restarts, deck = time.monotonic(), 0, list[str]()
        while (passed := time.monotonic() - begin) < self.plan.seconds and not has_ended():
            if passed > self.plan.seconds * (restarts + 0.7) / (self.plan.restarts + 0.4):
                tell(f"{passed:4.0f} s: {self._restart(restarts)}")
                restarts += 1
                continue
            time.sleep(self._dice.uniform(0.2, 3))
            deck = deck or self._dice.sample([_ROLLOVER, *WAYS], len(WAYS) + 1)
            way = deck.pop()
            try:
                self._act(way)
            except (ApiError, TransportError) as error:
                tell(f"{passed:4.0f} s: no {way}: {type(error).__name__} {error}")
            else:
                tell(f"{passed:4.0f} s: {way}")

    def _act(self, way: str) -> None:
        if way == _ROLLOVER:
            self.server.rollover()
            return
        with self.server.refusing(way):
            time.sleep(self._dice.uniform(0.5, 3))
            if self._dice.random() < 0.4:
                self.server.rollover()
                time.sleep(self._dice.uniform(0, 1))

    def _roll(self) -> None:
        """Roll over when a killed shipper may have left a batch half known."""
        with suppress(ApiError, TransportError):
            self.server.rollover()

    def _restart(self, number: int) -> str:
        """Take the server down: killed, stopped, or stopped to come back refusing everything for a while."""
        way = _RESTARTS[number % len(_RESTARTS)]
        if way == "killed":
            self.server.kill()
        else:
            self.server.stop()
        self.server.counts[way] += 1
        time.sleep(self._dice.uniform(0, 3))
        if way == _REFUSING:
            self.server.start(SHORT_QUEUE | TINY_PRESSURE)
            time.sleep(self._dice.uniform(3, 6))
            self.server.stop()
        self.server.start()
        return way

    def _finish(self, shipper: ShipperProcess, killer: Killer, logs: dict[str, Counter[str]]) -> Report:
        """Let a shipper work undisturbed until nothing new arrives, stop it, and hold all lines against each other."""
        self._wait_quiet(sum(counts["lines"] for counts in logs.values()))
        early = shipper.ended()
        if early is not None:
            killer.ended.append(f"code {early}: {shipper.last_words()}")
        stopped = shipper.stop()
        last = {"--once": shipper.ship_once(), "--status": shipper.run("--status"), "--verify": shipper.run("--verify")}
        return Report(
            verdict=self.judge(),
            seconds=self.plan.seconds,
            seed=self.plan.seed,
            logs=logs,
            server=self.server.counts,
            kills=killer.counts["kills"],
            ended=killer.ended,
            stopped=stopped,
            last={name: (done.returncode, done.stderr.strip()[-_WORDS:]) for name, done in last.items()},
        )

    def judge(self) -> Verdict:
        """Compare what was written with what is there now."""
        with self.server.client() as client:
            indexed = read_indexed(client, STREAM)
        return compare(read_journals(self.folder / "journals"), indexed, read_dead(self._state))

    def _wait_quiet(self, lines: int) -> None:
        """Wait until all lines are there, or for long no more arrive."""
        count, since = -1, time.monotonic()
        with self.server.client() as client:
            while count < lines and time.monotonic() - since < QUIET_SECONDS:
                time.sleep(0.5)
                client.indices.refresh(index=STREAM)
                now = client.count(index=STREAM)["count"]
                if now != count:
                    count, since = now, time.monotonic()
