"""The detector: new events in, anomalies and incidents out, and the checkpoint after them."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from elasticsearch import Elasticsearch

from core.clock import Clock
from core.errors import WwwatchError
from core.health import Health
from core.settings import DetectSettings, EsSettings
from detector.evidence import IndexEvidence
from detector.feed import ChangeFeed, Page
from detector.folding import DAY
from detector.health import DetectorHealth
from detector.model import SessionModel
from detector.scorer import Outcome, Scorer
from detector.standing import heed, reopen
from detector.store import Checkpoint, DetectorStore

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 30.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """What one look at the feed brought."""

    events: int = 0
    sessions: int = 0
    anomalies: int = 0
    opened: int = 0

    def __add__(self, other: "Step") -> "Step":
        """Add up two steps."""
        return Step(
            self.events + other.events,
            self.sessions + other.sessions,
            self.anomalies + other.anomalies,
            self.opened + other.opened,
        )


def patiently(do: Callable[[], T], clock: Clock, stop: threading.Event) -> T | None:
    """Do something again and again while Elasticsearch is away.

    Returns:
        What it returns, or None when `stop` was set before it came about.

    Raises:
        WwwatchError: It failed for a reason that waiting does not mend.
    """
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            return do()
        except WwwatchError as error:
            if not error.retryable:
                raise
            log.warning("%s; trying again in %.0f s", error, wait)
        if clock.sleep(wait, stop):
            return None
        wait = min(wait * 2, LONGEST_WAIT_SECONDS)


class Detector:
    """Scores sessions as they grow.

    Args:
        client: The cluster.
        es: The same cluster's settings, for the feed's own client.
        settings: Which index, which threshold, how often.
        model: The digest and the model that judges.
        clock: The wall clock.
        health: Told how the detector is while it runs; default: nobody is.
    """

    def __init__(
        self,
        client: Elasticsearch,
        es: EsSettings,
        settings: DetectSettings,
        model: tuple[str, SessionModel],
        clock: Clock,
        *,
        health: Health | None = None,
    ) -> None:
        self.settings, self.clock = settings, clock
        self.feed = ChangeFeed(es, settings.index)
        self.store = DetectorStore(client, settings.index)
        self._client, self._model = client, model
        self._health = DetectorHealth(health, client, self.feed, model[0]) if health else None
        self._must_restart = False
        self._reset()

    def _reset(self) -> None:
        evidence = IndexEvidence(self._client, self.settings.index)
        self.scorer = Scorer(
            self._model,
            threshold=self.settings.threshold,
            evidence=evidence,
            window_rows=self.settings.window_rows,
        )
        self._kept: tuple[datetime | None, int] | None = None
        self.checkpoint = Checkpoint()

    def start(self, *, from_beginning: bool) -> None:
        """Take up where the last run stopped: checkpoint, window, incidents.

        Args:
            from_beginning: Where to begin at the very first start: with the oldest event, or with the next one.
        """
        self._reset()
        self.store.require_setup()
        if not self.feed.shards():
            log.warning("no index matches %s yet", self.settings.index)
        saved = self.store.load_checkpoint()
        if saved is None:
            self.checkpoint = Checkpoint(positions={} if from_beginning else self.feed.now())
            self.store.save_checkpoint(self.checkpoint, self.clock.now())
            return
        self.checkpoint = saved
        since = saved.window_start
        events = self.feed.read_back(saved.positions, since) if since else ()
        kept = self.store.load_kept(since) if since else None
        self.scorer.restore(self.store.load_incidents(saved.watermark).values(), events, saved.watermark, kept)
        self._kept = self.scorer.kept_mark if kept else None

    def step(self, stop: Callable[[], bool] = lambda: False) -> Step:
        """Deal with every event that is new.

        Raises:
            StoreError: Elasticsearch refused or did not answer; nothing is lost, the same events come again.
        """
        total = Step()
        self._heed()
        for page in self.feed.read(self.checkpoint.positions, stop):
            total += self._take(page)
        return total

    def run(self, stop: threading.Event, on_step: Callable[[Step], None] = lambda _: None) -> None:
        """Go on until `stop` is set; while Elasticsearch is away, wait for it."""
        while not stop.is_set():
            step = patiently(lambda: self._attempt(stop), self.clock, stop)
            if step is not None:
                self._beat(is_done=True)
                on_step(step)
            self.clock.sleep(self.settings.poll_seconds, stop)

    def _attempt(self, stop: threading.Event) -> Step:
        if self._must_restart:  # what failed half-way is in memory, but not in Elasticsearch
            self.start(from_beginning=False)
        self._must_restart = True
        step = self.step(stop.is_set)
        self._must_restart = False
        return step

    def close(self) -> None:
        """Close the feed's connections."""
        self.feed.close()

    def _take(self, page: Page) -> Step:
        outcome = self.scorer.take(page.events, self.clock.now())
        reopen(outcome.incidents, self.clock.now())
        self.store.write(outcome.anomalies, outcome.incidents)
        self._save(page, outcome)
        self._beat(is_done=False)
        return Step(outcome.events, outcome.sessions, len(outcome.anomalies), outcome.opened)

    def _beat(self, *, is_done: bool) -> None:
        if self._health is not None:
            self._health.beat(self.checkpoint, self.clock.now(), is_done=is_done)

    def _heed(self) -> None:
        """Learn what she said of the incidents that are not over."""
        watermark = self.scorer.window.watermark
        if watermark is not None and self.scorer.incidents:
            said = self.store.standings(watermark - DAY)
            self.store.write((), heed(self.scorer.incidents, said, self.clock.now()))

    def _save(self, page: Page, outcome: Outcome) -> None:
        saved = self.checkpoint
        saved.positions = {**saved.positions, **page.positions}
        saved.window_start, saved.watermark = self.scorer.since, self.scorer.window.watermark
        # A late request may be of an hour that is not read back, and leave the window with its own page.
        mark = self.scorer.kept_mark
        if mark != self._kept and (kept := self.scorer.keep()):
            self.store.save_kept(kept, self.clock.now())
            self._kept = mark
            saved.positions = self.feed.without_deleted(saved.positions)
        saved.events += outcome.events
        saved.sessions += outcome.sessions
        self.store.save_checkpoint(saved, self.clock.now())
