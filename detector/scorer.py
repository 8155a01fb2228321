"""The scorer: window, judge and incidents in one, without Elasticsearch.

`detect` feeds it from the change feed, `scan` and `evaluate` from files: the same sessions, scores and incidents.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from detector.anomaly import Anomaly
from detector.evidence import EvidenceSource
from detector.folding import OpenIncidents, close_quiet, fold
from detector.incidents import Incident
from detector.judge import Judge
from detector.memory import merge
from detector.model import SessionModel
from detector.sitewatch import SiteWatch
from detector.window import MOST_ROWS, Window

LARGE = 20_000
"""Requests of a page from which on sessions and sites are judged at the same time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What cannot be had again from the events that are read back.

    Attributes:
        until: Full hour; what happened from then on is read back.
        memory: What clients did in the day before (detector.memory).
        history: How many clients of which sort each site had in each interval before (detector.traffic).
    """

    until: datetime
    memory: pl.DataFrame
    history: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Seen:
    """What the window showed once a page was in it: all that judging the page needs, whatever the window does next.

    Attributes:
        events: Requests taken in.
        sessions: IDENTITY and features of the sessions that the page touches.
        fresh: Those of the page that say who asked and when.
        rows: All requests in memory, these among them.
        memory: What clients did over the last day (detector.memory).
        before, watermark: The window's watermark before and after it.
    """

    events: int
    sessions: pl.DataFrame
    fresh: pl.DataFrame
    rows: pl.DataFrame
    memory: pl.DataFrame
    before: datetime | None
    watermark: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one page of events brought.

    Attributes:
        events: Requests taken in.
        sessions: Sessions that were scored.
        anomalies: New or changed ones, each with its incident's id.
        incidents: Those that changed, among them those that closed.
        opened: How many incidents are new.
    """

    events: int
    sessions: int
    anomalies: list[Anomaly]
    incidents: list[Incident]
    opened: int


class Scorer:
    """Scores sessions as they grow, and folds what is strange into incidents.

    Args:
        model: The digest and the model that judges.
        threshold: Sessions that score at least this are anomalies, 0 to 100.
        evidence: Where raw lines come from.
        window_rows: Requests that are kept in memory.
        watch: Shown every session that was scored, also those that are normal (see `Judge`).

    Attributes:
        window: The recent requests.
        sites: The watch over whole sites.
        incidents: Those that are not closed, by id.
    """

    def __init__(
        self,
        model: tuple[str, SessionModel],
        *,
        threshold: float,
        evidence: EvidenceSource,
        watch: Callable[[pl.DataFrame], None] = lambda _: None,
        window_rows: int = MOST_ROWS,
    ) -> None:
        self.window = Window(model[1].profile, window_rows)
        self.judge = Judge(model, threshold=threshold, evidence=evidence, watch=watch)
        self.sites = SiteWatch(model[0], model[1].profile.hours, evidence)
        self.incidents = OpenIncidents()

    @property
    def since(self) -> datetime | None:
        """The full hour from which on events have to be read back after a restart; None before the first one."""
        start = self.window.start
        return start and start.replace(minute=0, second=0, microsecond=0)

    @property
    def kept_mark(self) -> tuple[datetime | None, int]:
        """What changes whenever `keep` would return something else: `since`, and what is remembered from before."""
        until = self.since
        if until is None:
            return None, 0
        memory = self.window.memory.frame
        return until, int(memory.filter(pl.col("hour") < until)["requests"].sum())

    def keep(self) -> Kept | None:
        """Return what has to be saved whenever `kept_mark` has changed; None before the first event."""
        until = self.since
        if until is None:
            return None
        memory = merge(self.window.memory.frame.filter(pl.col("hour") < until))
        return Kept(until, memory, self.sites.history.filter(pl.col("interval") < until))

    def restore(
        self,
        incidents: Iterable[Incident],
        events: Iterable[pl.DataFrame],
        watermark: datetime | None,
        kept: Kept | None = None,
    ) -> None:
        """Take up where an earlier scorer stopped.

        Args:
            incidents: Its incidents that are not closed, with their anomalies.
            events: Its events from its `since` on (EVENT_SCHEMA): they are not scored again.
            watermark: Its window's.
            kept: What it kept at the latest change of its `since`.
        """
        for incident in incidents:
            self.incidents.put(incident)
            for anomaly in incident.anomalies.values():
                if not anomaly.clients:
                    self.judge.remember(anomaly)
        if kept is not None:
            self.window.memory.put(kept.memory)
        first: list[datetime] = []
        for page in events:
            self.window.refill(page)
            self.sites.refill(self.window.fresh)
            first.extend(self.window.fresh["time"].drop_nulls().sort().head(1))
        found = [anomaly for incident in self.incidents.values() for anomaly in incident.anomalies.values()]
        self.sites.restore(found, kept.history if kept else None, min(first, default=None))
        self.window.watermark = watermark
        self.window.evict()

    def take(self, events: pl.DataFrame, now: datetime, *, is_prepared: bool = False) -> Outcome:
        """Deal with new events.

        Args:
            events: EVENT_SCHEMA, in any order, and what further columns the evidence needs: always the same ones.
            now: Wall-clock time, for the incidents' `opened` and `updated`.
            is_prepared: Whether the events are output of `detector.window.make_ready`.
        """
        return self.settle(self.look(events, is_prepared=is_prepared), now)

    def look(self, events: pl.DataFrame, *, is_prepared: bool = False) -> Seen:
        """Put new events into the window: the first half of `take`.

        It needs nothing of the second half, so that one thread may look at the next page while another settles this.

        Args:
            events: As `take` has them.
            is_prepared: As `take` has it.
        """
        window, before = self.window, self.window.watermark
        sessions = window.add(events, is_prepared=is_prepared)
        seen = Seen(events.height, sessions, window.fresh, window.rows, window.memory.frame, before, window.watermark)
        window.tidy()
        return seen

    def settle(self, seen: Seen, now: datetime) -> Outcome:
        """Judge what `look` returned, in the same order of pages: the second half of `take`.

        Args:
            seen: From `look`.
            now: Wall-clock time.
        """
        count = len(self.incidents)
        if seen.events < LARGE:
            found = self.judge.judge(seen.sessions, seen.rows) + self._watch_sites(seen)
        else:
            with ThreadPoolExecutor(1) as pool:  # neither needs the other
                of_sites = pool.submit(self._watch_sites, seen)
                found = self.judge.judge(seen.sessions, seen.rows) + of_sites.result()
        placed, changed = fold(self.incidents, found, now)
        opened = len(self.incidents) - count
        for anomaly in placed:
            if anomaly.clients:
                self.sites.place(anomaly)
            else:
                self.judge.remember(anomaly)
        if seen.watermark:
            changed += close_quiet(self.incidents, seen.watermark, now)
            self.judge.forget_before(seen.watermark)
        return Outcome(seen.events, seen.sessions.height, placed, changed, opened)

    def _watch_sites(self, seen: Seen) -> list[Anomaly]:
        if seen.watermark is None:
            return []
        return self.sites.take(seen.fresh, seen.rows, seen.memory, before=seen.before, watermark=seen.watermark)
