"""Incidents appear while the engine that mails them is killed (SIGKILL) again and again; then each mail is counted."""

import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from alerts.language.files import SHIPPED
from core.clock import Clock, iso_millis
from core.documents import WATCH_HISTORY
from es_templates import resolve
from simulator.tether import tethered
from tests.alerting import incident
from tests.smtp_sink import SmtpSink, smtp_sink

ROOT = Path(__file__).parents[3]
LATE_SHARE = 0.1
"""Of incidents whose last event was an hour ago when they were written."""
AT_ONCE = 10
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Plan:
    """How many incidents, how many deaths, and the dice."""

    incidents: int = 100
    kills: int = 10
    seed: int = 1


@dataclass
class Report:
    """What became of it.

    Attributes:
        kills: Deaths by the moment: ``handing over`` (the server has the mail and did not say so), ``working`` (mails
            had gone out in this life), ``starting`` (none had yet).
        copies: How often each incident was mailed.
        ids: Message-IDs of each incident's mails.
        states: What the history says in the end.
    """

    plan: Plan
    kills: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)
    ids: dict[str, set[str]] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def doubled(self) -> int:
        """How many mails came too often."""
        return sum(count - 1 for count in self.copies.values())

    @property
    def complaints(self) -> list[str]:
        """What the promise of docs/decisions/0003 does not allow; each death may double the one mail under way."""
        found = []
        if missing := self.names - self.copies.keys():
            found.append(f"{len(missing)} incidents were never mailed")
        if self.doubled > self.kills["handing over"] + self.kills["working"]:
            found.append(f"{self.doubled} mails came twice in {self.kills.total()} deaths")
        if strangers := [name for name, ids in self.ids.items() if len(ids) > 1]:
            found.append(f"{len(strangers)} incidents were mailed under several Message-IDs")
        if self.states["sent"] != len(self.names) or self.states["pending"] or self.states["failed"]:
            found.append(f"the history says {dict(self.states)}")
        return found

    def __str__(self) -> str:
        moments = ", ".join(f"{count} {moment}" for moment, count in sorted(self.kills.items()))
        return (
            f"{len(self.names)} incidents, {self.kills.total()} kills ({moments}): {len(self.copies)} mailed, "
            f"{self.doubled} mails came twice, {self.seconds:.0f} s"
        )


class Course:
    """One run of it.

    Args:
        client: The cluster, with templates; `url` is its address.
        folder: For the rules and the engine's log.
    """

    def __init__(self, plan: Plan, client: Elasticsearch, url: str, folder: Path) -> None:
        self._plan = plan
        self._client = client
        self._url = url
        self._dice = random.Random(plan.seed)
        self._name = f"killing-{uuid.uuid4().hex[:8]}"
        self._log = folder / "engine.log"
        self._rules = folder / "rules"
        self._rules.mkdir()
        self._report = Report(plan)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._mails_of_life = 0
        self._kill_at_mail = 0
        self._is_written = threading.Event()

    def run(self, say: Callable[[str], None] = lambda _: None) -> Report:
        """Do it and count."""
        begin = time.monotonic()
        watch = (SHIPPED / "incident.json").read_text("utf-8").replace('"wwwatch-incidents"', json.dumps(self._name))
        (self._rules / "incident.json").write_text(watch, "utf-8")
        self._client.indices.create(index=self._name, **resolve("wwwatch-incidents"))
        with smtp_sink(thinks_seconds=0.01) as sink:
            sink.on_message = lambda: self._mailed(sink)
            writer = threading.Thread(target=self._write)
            writer.start()
            while self._report.kills.total() < self._plan.kills:
                self._live_and_die(sink)
                say(str(self._report))
            self._start(sink)
            self._wait_while_it_goes_on(sink)
            time.sleep(2)  # a second mail, if one were to come, comes with the next looks
            self._end()
            writer.join()
            self._count(sink)
        self._report.seconds = time.monotonic() - begin
        return self._report

    def _write(self) -> None:
        """Write incidents a few at a time, some of them late."""
        clock, dice = Clock(), random.Random(self._plan.seed)
        for number in range(self._plan.incidents):
            now = clock.now()
            event = now - timedelta(hours=1) if dice.random() < LATE_SHARE else now
            name = f"{self._name}-{number}"
            changes = {"@timestamp": iso_millis(event), "wwwatch.incident.updated": iso_millis(now)}
            self._client.index(index=self._name, id=name, document=incident({**changes, "wwwatch.incident.id": name}))
            self._report.names.add(name)
            if number % AT_ONCE == 0:
                self._wait_until(lambda n=number: self._is_time_for(n))  # type: ignore[misc] # a default binds it
        self._is_written.set()

    def _is_time_for(self, number: int) -> bool:
        """Spread the incidents over all lives, so that each has something to do."""
        share = self._report.kills.total() / self._plan.kills if self._plan.kills else 1.0
        return number <= (share + 0.1) * self._plan.incidents or self._report.kills.total() >= self._plan.kills

    def _live_and_die(self, sink: SmtpSink) -> None:
        """Start the engine and kill it: while the server has a mail in hand, a moment after mails, or any time."""
        way = self._dice.choice(("handing over", "handing over", "working", "working", "any"))
        self._mails_of_life = 0
        self._kill_at_mail = self._dice.randint(1, 5) if way == "handing over" else 0
        process = self._start(sink)
        deadline = time.monotonic() + (self._dice.uniform(0, 4) if way == "any" else 20.0)
        while time.monotonic() < deadline and process.poll() is None:
            if way == "working" and self._mails_of_life:
                time.sleep(self._dice.uniform(0, 0.3))
                break
            time.sleep(0.005)
        code = process.poll()
        self._end()
        if code is not None and code >= 0:
            raise AssertionError(f"the engine ended by itself with {code}: {self._log.read_text('utf-8')[-1000:]}")
        moment = "handing over" if code is not None else "working" if self._mails_of_life else "starting"
        self._report.kills[moment] += 1

    def _mailed(self, sink: SmtpSink) -> None:
        """Called by the mail server when it has a mail, before it says so."""
        if not str(sink.messages[-1]["X-Wwwatch-Incident"]).startswith(self._name):
            return
        self._mails_of_life += 1
        if self._mails_of_life == self._kill_at_mail and self._process is not None:
            self._process.kill()

    def _start(self, sink: SmtpSink) -> subprocess.Popen[bytes]:
        settings = {
            "WWWATCH_ES_URL": self._url,
            "WWWATCH_SMTP_HOST": "localhost",
            "WWWATCH_SMTP_PORT": str(sink.port),
            "WWWATCH_SMTP_TO": "admin@shop.example",
            "WWWATCH_ALERT_MAX_PER_HOUR": "0",
            "WWWATCH_ALERT_MAX_PER_DAY": "0",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WWWATCH_ALERT")}
        command = tethered([sys.executable, "-m", "tests.e2e.killing.engine", str(self._rules)])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=kept | settings, cwd=ROOT, stdout=log, stderr=log)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _left(self) -> int:
        found = self._found("pending")
        return found + len(self._report.names) - self._found("sent")

    def _found(self, state: str) -> int:
        self._client.indices.refresh(index=WATCH_HISTORY)
        ours = [{"prefix": {"incident_id": self._name}}, {"term": {"state": state}}]
        return int(self._client.count(index=WATCH_HISTORY, query={"bool": {"filter": ours}})["count"])

    def _count(self, sink: SmtpSink) -> None:
        for message in sink.messages:
            name = str(message["X-Wwwatch-Incident"])
            if name.startswith(self._name):
                self._report.copies[name] += 1
                self._report.ids.setdefault(name, set()).add(str(message["Message-ID"]))
        states: dict[str, Any] = {"states": {"terms": {"field": "state"}}}
        ours = {"prefix": {"incident_id": self._name}}
        answer = self._client.search(index=WATCH_HISTORY, query=ours, size=0, aggs=states)
        for bucket in answer["aggregations"]["states"]["buckets"]:
            self._report.states[bucket["key"]] = bucket["doc_count"]

    def _wait_while_it_goes_on(self, sink: SmtpSink) -> None:
        """Wait until everything is told, or nothing more was for `PATIENCE_SECONDS`."""
        seen, deadline = -1, 0.0
        while not (self._is_written.is_set() and self._left() == 0):
            if len(sink.messages) != seen:
                seen, deadline = len(sink.messages), time.monotonic() + PATIENCE_SECONDS
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so() and time.monotonic() < deadline:
            time.sleep(0.1)
