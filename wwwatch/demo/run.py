"""The demo's director: starts every part, lets visitors and attackers come, and adds up what became of it."""

import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from rich.console import Console

from core.client import connect, es_errors
from core.clock import Clock
from core.documents import INCIDENTS, access_stream
from core.errors import StoreError
from core.node import EmbeddedNode, StartOptions
from core.settings import EsSettings, Settings
from detector.store import DetectorStore
from shipper import read_status
from simulator import history, write_log
from simulator.live import LiveTraffic
from simulator.www import Www
from wwwatch.demo.mailbox import Mailbox
from wwwatch.demo.parts import Parts
from wwwatch.demo.story import Attack, Story
from wwwatch.demo.view import View, show_verdict

NAMESPACE = "demo"
MARK = ".wwwatch-demo"
"""The file that says that a folder is a demo's, and may be emptied."""
PAST = timedelta(hours=12)
WARM_UP_SECONDS = 12.0
DRAIN_SECONDS = 30.0
START_SECONDS = 60.0
POLL_SECONDS = 0.25
COUNT_SECONDS = 1.0
VISITS_PER_MINUTE = 5.0
"""The same in the past and now: a site that is suddenly fifteen times as busy would be an incident of its own."""


class Demo:
    """One run of the demo.

    Args:
        settings: Cache and node; all else is the demo's own.
        folder: Everything is kept here; an earlier run's content is removed.
        clock: The wall clock.
        stop: Ends it early, and cleanly.
    """

    def __init__(self, settings: Settings, folder: Path, clock: Clock, stop: threading.Event) -> None:
        self._settings, self._folder, self._clock, self._stop = settings, folder, clock, stop
        self._past = folder / "history.log"
        self.story = Story()

    def run(self, minutes: float, seed: int, console: Console) -> bool:
        """Run it, show it, and say whether nothing was lost and no attack missed."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / MARK).touch()
        with ExitStack() as stack:
            self._view = stack.enter_context(View(self.story, console))
            self._set_up(stack, seed)
            if not self._stop.is_set():
                self._play(minutes)
            self._finish()
        show_verdict(self.story, console, {"mails": str(self._folder / "mails"), "all": str(self._folder)})
        return self.story.is_good

    def _set_up(self, stack: ExitStack, seed: int) -> None:
        writing = threading.Thread(target=self._write_past, args=(seed,))
        writing.start()
        with self._step("Elasticsearch") as done:
            node = EmbeddedNode(
                self._settings.node,
                cache=self._settings.cache,
                state=self._folder,
                options=StartOptions(stop=self._stop, empty=True),
            )
            url = stack.enter_context(node).url
            self._client: Elasticsearch = stack.enter_context(connect(EsSettings(url=url)))
            self._store = DetectorStore(self._client, access_stream(NAMESPACE))
            done(f"the real server, at {url}")
        self._mailbox = stack.enter_context(Mailbox(self._folder / "mails", self._clock))
        self._parts = Parts(self._folder, self._environment(url))
        stack.callback(self._parts.stop)
        with self._step("templates") as done:
            self._parts.run("setup")
            done("indices and mappings are there")
        with self._step("history") as done:
            writing.join()
            told = self._parts.run("ship", "--once", "--json", str(self._past))
            done(f"{told['indexed']:,} simulated requests of the last {PAST.total_seconds() / 3600:.0f} hours")
        with self._step("model") as done:
            card = self._parts.run("train", "--json")["card"]
            labelled = sum(card["labelled_sessions"].values())
            done(f"learnt from {card['history_sessions']:,} sessions here and {labelled:,} labelled ones")
        with self._step("www server") as done:
            self._www = stack.enter_context(Www(self._folder / "www", clock=self._clock))
            done(f"{'nginx' if self._www.server == 'nginx' else 'our own'}, at {self._www.url}")
        with self._step("shipper, detector, alerts") as done:
            # The past ends half an hour ago, and that traffic stopped then would be told, rightly.
            self._parts.run("alert", "deactivate", "traffic")
            self._parts.start("shipper", "ship", str(self._www.access_log))
            self._parts.start("detector", "detect")
            self._parts.start("alerts", "alert", "run")
            self._wait(lambda: self._stop.is_set() or self._store.load_checkpoint() is not None, START_SECONDS)
            done("running, each a process of its own")
        self._traffic = stack.enter_context(LiveTraffic(self._www.url, seed, VISITS_PER_MINUTE, clock=self._clock))

    def _write_past(self, seed: int) -> None:
        # Older than a session's gap, so that no visitor of the past is still here.
        end = self._clock.now() - timedelta(minutes=31)
        write_log(history(end - PAST, end, seed=seed, visits_per_hour=60 * VISITS_PER_MINUTE), self._past)

    def _play(self, minutes: float) -> None:
        begin = self._clock.monotonic()
        end = begin + minutes * 60
        self._watch_until(begin + WARM_UP_SECONDS)
        slot = max(end - self._clock.monotonic(), 0) / len(self.story.attacks)
        for number, attack in enumerate(self.story.attacks):
            if self._stop.is_set():
                return
            attack.truth = self._traffic.attack(attack.name)
            self._watch_until(begin + WARM_UP_SECONDS + slot * (number + 1))
        # A slow machine may need longer than planned: an attack is missed only when it is over and nobody told.
        self._watch_until(
            self._clock.monotonic() + DRAIN_SECONDS, unless=lambda: all(map(_is_over, self.story.attacks))
        )

    def _watch_until(self, moment: float, unless: Callable[[], bool] = lambda: False) -> None:
        counted = 0.0
        while self._clock.monotonic() < moment and not unless():
            if self._clock.monotonic() - counted > COUNT_SECONDS:
                self._parts.check()
                self._count()
                counted = self._clock.monotonic()
            if self._clock.sleep(POLL_SECONDS, self._stop):
                return

    def _finish(self) -> None:
        """Let the last lines arrive, then end all parts and count for good."""
        if not hasattr(self, "_traffic"):
            return
        self._traffic.stop()
        self._wait(self._has_drained, DRAIN_SECONDS)
        self._parts.stop()
        self._count()

    def _has_drained(self) -> bool:
        self._count()
        counts = self.story.counts
        return counts.written == counts.shipped == counts.indexed == counts.seen

    def _count(self) -> None:
        counts = self.story.counts
        accounts = read_status(self._folder / "ship" / f"{NAMESPACE}.json")
        past = sum(account.ledger.lines for account in accounts if Path(account.path) == self._past)
        counts.shipped = sum(account.ledger.lines for account in accounts)
        counts.dead_letters = sum(account.ledger.rejected for account in accounts)
        counts.written = past + self._www.lines_written()
        try:
            with es_errors("count"):
                self._client.indices.refresh(index=f"{INCIDENTS},{access_stream(NAMESPACE)}")
                counts.indexed = self._client.count(index=access_stream(NAMESPACE))["count"]
                found = self._client.search(index=INCIDENTS, size=100, sort=[{"wwwatch.incident.opened": "asc"}])
            checkpoint = self._store.load_checkpoint()
        except StoreError:
            return  # busy: the next look will tell
        if checkpoint:
            counts.verdicts, counts.seen = checkpoint.sessions, past + checkpoint.events
        self.story.match([hit["_source"] for hit in found["hits"]["hits"]], self._mailbox.mails)
        self._view.refresh()

    def _wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so, but not for ever; Elasticsearch may be busy meanwhile."""
        deadline = self._clock.monotonic() + seconds
        while self._clock.monotonic() < deadline:
            self._parts.check()
            with suppress(StoreError):
                if ready():
                    return
            self._clock.sleep(POLL_SECONDS)

    def _environment(self, url: str) -> dict[str, str]:
        return {
            "WWWATCH_ES_URL": url,
            "WWWATCH_STATE": str(self._folder),
            "WWWATCH_SHIP_NAMESPACE": NAMESPACE,
            "WWWATCH_DETECT_INDEX": access_stream(NAMESPACE),
            "WWWATCH_SMTP_HOST": "127.0.0.1",
            "WWWATCH_SMTP_PORT": str(self._mailbox.port),
            "WWWATCH_SMTP_SENDER": "wwwatch@demo.example",
            "WWWATCH_SMTP_TO": "sysadmin@demo.example",
        }

    def _step(self, name: str) -> "_Step":
        return _Step(self, name)


class _Step:
    """One line of the start: named when it begins, with a fact when it is done."""

    def __init__(self, demo: Demo, name: str) -> None:
        self._demo, self._name = demo, name
        self._number = len(demo.story.steps)

    def __enter__(self) -> Any:
        self._demo.story.steps.append((self._name, ""))
        return self._done

    def __exit__(self, *_: object) -> None:
        self._demo._view.refresh()  # noqa: SLF001 - the same module

    def _done(self, fact: str) -> None:
        self._demo.story.steps[self._number] = (self._name, fact)


def _is_over(attack: Attack) -> bool:
    return attack.is_caught and attack.truth is not None and attack.truth.done
