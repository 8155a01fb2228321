"""Runs watches on their schedules, each on one engine at a time, and keeps their state and history."""

import logging
import os
import socket
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from elasticsearch import Elasticsearch

from alerts.channels.mailer import Mailer, Post
from alerts.channels.message import parse_address
from alerts.channels.perform import Performer
from alerts.channels.web import Web
from alerts.engine.execution import Executor
from alerts.engine.inputs import Loader
from alerts.engine.keeper import Keeper
from alerts.engine.lease import Heart, Leases
from alerts.engine.library import Library, Shelf, check_recipients
from alerts.engine.order import Order, Run, Trigger
from alerts.engine.scheduler import Scheduler
from alerts.engine.status import is_active, last_run
from alerts.language.model import Watch
from alerts.mails.compose import Composer, Deeper, no_links
from alerts.notices.delivery import Delivery
from alerts.notices.history import History
from alerts.quiet import standard_gates
from alerts.quiet.summary import Summaries
from core.clock import Clock
from core.documents import Document
from core.errors import LeaseLostError, StoreError, WwwatchError
from core.settings import Settings
from core.text import visible

log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 1.0
_MANY = 100
"""Notices that one run takes up at most."""


class Engine:
    """Runs watches against one cluster and one mail server.

    Several engines may run beside each other: each watch is run by the one that has its lease, and each notice is told
    by the one that records it first.

    Args:
        client: The cluster.
        watches: What to run.
        mailer: Who hands over the mail.
        settings: `smtp` says from whom and to whom, where a watch does not.
        clock: The time.
        links: Gives the links in mails that lead deeper, into Kibana.

    Raises:
        SettingsError: A watch mails to the settings' recipients and there are none.
        RuleError: A recipient is no address.
    """

    def __init__(
        self,
        client: Elasticsearch,
        watches: Sequence[Watch],
        mailer: Mailer,
        settings: Settings,
        clock: Clock,
        *,
        links: Deeper = no_links,
    ) -> None:
        parse_address(settings.smtp.sender)
        for watch in watches:
            check_recipients(watch, settings.smtp)
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._client = client
        self._mailer = mailer
        self._settings = settings
        self._clock = clock
        self._composer = Composer(settings.alert, client, links)
        self._web = Web(clock, settings.alert.ca_certs)
        self._history = History(client)
        self._gates = standard_gates(client, settings.alert)
        self._summaries = Summaries(client, settings)
        self._keeper = Keeper(client, clock, self.name)
        self._shelf = Shelf(watches, self._keeper.store, settings.smtp)
        self._leases = Leases(client, clock, self.name)
        self._scheduler = Scheduler()
        self._handled: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._adopted: set[str] = set()

    def run_once(self, now: datetime | None = None) -> list[Run]:
        """Run every active watch, whatever its schedule and whoever else runs it: what was told is not told twice.

        Args:
            now: The time of the run; default: the clock's.
        """
        moment = now or self._clock.now()
        with self._mailer.session() as post:
            self._shelf.read(self._clock.now())
            runs = [self._run_safely(watch, moment, post) for watch in self._library.watches.values()]
            self._summaries.tell_soon(self._delivery(post), self._clock.now())
        return [*runs, *_broken(self._library)]

    def run(
        self, stop: threading.Event, on_round: Callable[[Sequence[Run], datetime], None] = lambda _runs, _now: None
    ) -> None:
        """Run every watch on its schedule until `stop` is set; what fails is tried again, later and later.

        Of several engines one runs each watch; when it dies another takes over within seconds.

        Args:
            stop: Ends it.
            on_round: Told what ran, each time some did.
        """
        with Heart(self._beat):
            while not stop.is_set():
                runs = self._reread()
                self._take_over()
                with self._mailer.session() as post:
                    for watch in self._scheduler.due(self._clock.now()):
                        if not stop.is_set():
                            runs += self._run_held(watch, post)
                    self._summaries.tell_soon(self._delivery(post), self._clock.now())
                    self._tell_what_waits({run.watch_id for run in runs}, post)
                if runs:
                    on_round(runs, self._clock.now())
                pause = self._scheduler.pause(self._clock.now(), _LONGEST_PAUSE_SECONDS)
                self._clock.sleep(pause, stop)
        with suppress(StoreError):
            self._leases.release()

    @property
    def _library(self) -> Library:
        return self._shelf.library

    def _reread(self) -> list[Run]:
        """Read stored watches again when it is time; those that are malformed are told of as failed."""
        if not self._shelf.is_old(self._clock.now()):
            return []
        unchanged = self._shelf.read(self._clock.now())
        self._scheduler.keep(unchanged)
        return _broken(self._library)

    def _beat(self) -> None:
        self._leases.beat(set(self._library.watches))

    def _take_over(self) -> None:
        """Plan the watches whose lease is newly ours, and forget those whose lease is another's."""
        try:
            if not self._leases.held:
                self._beat()  # at the start nobody waits for the heart's first beat
            held = self._leases.held
            self._scheduler.keep(held)
            self._adopted &= held
            for name in held:
                watch = self._library.watches.get(name)
                if watch is not None and name not in self._scheduler:
                    self._scheduler.add(watch, last_run(self._keeper.store.get(name)), self._clock.now())
        except StoreError as error:
            log.warning("%s", visible(error, 1000))

    def _run_held(self, watch: Watch, post: Post) -> list[Run]:
        try:
            self._leases.confirm(watch.id)
        except (LeaseLostError, StoreError) as error:
            log.warning("the watch %s is not run: %s", watch.id, visible(error, 1000))
            self._scheduler.ran(watch.id, self._clock.now(), failed=True, is_retryable=True)
            return []
        run = self._run_safely(watch, self._clock.now(), post, is_held=True)
        if not run.failed and len(run.notices) < _MANY:  # beyond them more may be left
            self._adopted.add(watch.id)
        self._scheduler.ran(watch.id, self._clock.now(), failed=run.failed, is_retryable=run.is_retryable)
        return [run]

    def execute(self, watch: Watch, order: Order) -> Document:
        """Run one watch as asked, as Watcher's `_execute` does, and return the record of it.

        Status and history know of it only where the order says so; what an action executes is told in any case.
        """
        begin = self._clock.monotonic()
        status = self._keeper.store.get(watch.id)
        with self._mailer.session() as post:
            run = self._run(watch, order, status, self._executor(watch, post))
        if order.is_kept:
            return self._keeper.keep(watch, order, run, begin)
        after = self._keeper.changed(watch, run, status, order.now)
        return self._keeper.recorded(watch, order, run, after, begin)

    def _tell_what_waits(self, ran: set[str], post: Post) -> None:
        """Tell what waits of watches whose own time has not come: a mail put off does not wait for tomorrow's run."""
        try:
            now, held = self._clock.now(), self._leases.held & set(self._library.watches) - ran
            taken_over = held - self._adopted
            for name in sorted(held & (self._history.watches_due(now) | taken_over)):
                if not is_active(self._keeper.store.get(name)):
                    continue
                watch = self._library.watches[name]
                executor = self._executor(watch, post, is_held=True)
                notices = executor.delivery.take_up(watch, adopt=name in taken_over)
                self._keeper.keep_told(name, notices, now)
                if len(notices) < _MANY:
                    self._adopted.add(name)
        except WwwatchError as error:
            log.warning("what waits is not told: %s", visible(error, 1000))

    def _run_safely(self, watch: Watch, now: datetime, post: Post, *, is_held: bool = False) -> Run:
        order = Order(Trigger.by_schedule(watch, now))
        begin = self._clock.monotonic()
        try:
            status = self._keeper.store.get(watch.id)
        except StoreError as error:
            return _failed(watch, error)  # without Elasticsearch nobody can be told but the log
        if not is_active(status):
            return Run(watch.id, met=False, reason="the watch is not active")
        run = self._run(watch, order, status, self._executor(watch, post, is_held=is_held))
        if not run.is_lost:  # else the watch's state is another engine's to write
            with suppress(StoreError):
                self._keeper.save(watch, order, run, status, begin)
        return run

    def _run(self, watch: Watch, order: Order, status: Document, executor: Executor) -> Run:
        try:
            return executor.execute(watch, order, status)
        except WwwatchError as error:
            return _failed(watch, error)

    def _delivery(self, post: Post) -> Delivery:
        smtp, slack = self._settings.smtp, self._settings.alert.slack
        performer = Performer(self._client, post, smtp, self._web, slack, self._composer)
        return Delivery(self._client, self._history, performer, self._clock, self._gates)

    def _executor(self, watch: Watch, post: Post, *, is_held: bool = False) -> Executor:
        delivery = self._delivery(post)
        if is_held:
            delivery = replace(delivery, owner=self.name, confirm=self._leases.confirm)
        is_taken_over = is_held and watch.id not in self._adopted
        return Executor(Loader(self._client, self._web), delivery, self._handled, is_taken_over)


def _broken(library: Library) -> list[Run]:
    return [Run(name, met=False, reason=why, failed=True) for name, why in library.problems.items()]


def _failed(watch: Watch, error: WwwatchError) -> Run:
    reason = visible(error, 1000)
    log.warning("the watch %s failed: %s", watch.id, reason)
    return Run(
        watch.id,
        met=False,
        reason=reason,
        failed=True,
        is_retryable=error.retryable,
        is_lost=isinstance(error, LeaseLostError),
    )
