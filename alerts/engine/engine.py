"""Runs watches on their schedules, each on one engine at a time, and keeps their state and history."""

import logging
import socket
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from elasticsearch import Elasticsearch

from alerts.channels.mailer import Mailer, Post
from alerts.channels.message import parse_address
from alerts.channels.perform import Performer
from alerts.channels.web import Web
from alerts.engine.execution import Executor, outcome_of
from alerts.engine.inputs import Loader
from alerts.engine.lease import Heart, Leases
from alerts.engine.order import Order, Run, Trigger
from alerts.engine.records import Records, is_worth_keeping, milliseconds_between, record
from alerts.engine.scheduler import Scheduler
from alerts.engine.status import acted, activate, checked, is_active, last_run
from alerts.engine.store import StatusStore
from alerts.language.model import Watch
from alerts.mails.compose import Composer, Deeper, no_links
from alerts.notices.delivery import Delivery
from alerts.notices.history import History
from alerts.notices.notice import Notice
from alerts.quiet import standard_gates
from alerts.quiet.summary import Summaries
from core.clock import Clock
from core.documents import Document
from core.errors import LeaseLostError, SettingsError, StoreError, WwwatchError
from core.settings import Settings
from core.text import visible

log = logging.getLogger(__name__)

_STATUS_EVERY = timedelta(seconds=10)
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
        _check_recipients(watches, settings)
        self.name = f"{socket.gethostname()}:{uuid.uuid4().hex[:8]}"
        self._client = client
        self._watches = {watch.id: watch for watch in watches}
        self._mailer = mailer
        self._settings = settings
        self._clock = clock
        self._composer = Composer(settings.alert, client, links)
        self._web = Web(clock, settings.alert.ca_certs)
        self._history = History(client)
        self._gates = standard_gates(client, settings.alert)
        self._summaries = Summaries(client, settings)
        self._records = Records(client)
        self._status = StatusStore(client)
        self._leases = Leases(client, clock, self.name)
        self._scheduler = Scheduler()
        self._handled: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._adopted: set[str] = set()
        self._counted: defaultdict[str, int] = defaultdict(int)
        self._written: dict[str, datetime] = {}

    def run_once(self, now: datetime | None = None) -> list[Run]:
        """Run every active watch, whatever its schedule and whoever else runs it: what was told is not told twice.

        Args:
            now: The time of the run; default: the clock's.
        """
        moment = now or self._clock.now()
        with self._mailer.session() as post:
            runs = [self._run_safely(watch, moment, post) for watch in self._watches.values()]
            self._summaries.tell_soon(self._delivery(post), self._clock.now())
        return runs

    def run(
        self, stop: threading.Event, on_round: Callable[[Sequence[Run], datetime], None] = lambda _runs, _now: None
    ) -> None:
        """Run every watch on its schedule until `stop` is set; what fails is tried again, later and later.

        Of several engines one runs each watch; when it dies another takes over within seconds.

        Args:
            stop: Ends it.
            on_round: Told what ran, each time some did.
        """
        with Heart(lambda: self._leases.beat(self._watches)):
            while not stop.is_set():
                self._take_over()
                runs = []
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

    def _take_over(self) -> None:
        """Plan the watches whose lease is newly ours, and forget those whose lease is another's."""
        try:
            if not self._leases.held:
                self._leases.beat(self._watches)  # at the start nobody waits for the heart's first beat
            held = self._leases.held
            self._scheduler.keep(held)
            self._adopted &= held
            for name in held:
                if name in self._watches and name not in self._scheduler:
                    self._scheduler.add(self._watches[name], last_run(self._status.get(name)), self._clock.now())
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
        status = self._status.get(watch.id)
        with self._mailer.session() as post:
            run = self._run(watch, order, status, self._executor(watch, post))
        if order.is_kept:
            return self._keep(watch, order, run, begin)
        after = self._changed(watch, run, status, order.now)
        spent = milliseconds_between(begin, self._clock.monotonic())
        return record(watch, order, run, status=after, node=self.name, milliseconds=spent)

    def _tell_what_waits(self, ran: set[str], post: Post) -> None:
        """Tell what waits of watches whose own time has not come: a mail put off does not wait for tomorrow's run."""
        try:
            now, held = self._clock.now(), self._leases.held & set(self._watches) - ran
            taken_over = held - self._adopted
            for name in sorted(held & (self._history.watches_due(now) | taken_over)):
                if not is_active(self._status.get(name)):
                    continue
                executor = self._executor(self._watches[name], post, is_held=True)
                notices = executor.delivery.take_up(self._watches[name], adopt=name in taken_over)
                run = Run(name, met=False, reason="", notices=tuple(notices))
                if notices:
                    self._status.change(name, partial(_told, run, now), now)
                if len(notices) < _MANY:
                    self._adopted.add(name)
        except WwwatchError as error:
            log.warning("what waits is not told: %s", visible(error, 1000))

    def _run_safely(self, watch: Watch, now: datetime, post: Post, *, is_held: bool = False) -> Run:
        order = Order(Trigger.by_schedule(watch, now))
        begin = self._clock.monotonic()
        try:
            status = self._status.get(watch.id)
        except StoreError as error:
            return _failed(watch, error)  # without Elasticsearch nobody can be told but the log
        if not is_active(status):
            return Run(watch.id, met=False, reason="the watch is not active")
        run = self._run(watch, order, status, self._executor(watch, post, is_held=is_held))
        if not run.is_lost:  # else the watch's state is another engine's to write
            with suppress(StoreError):
                self._save(watch, order, run, status, begin)
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

    def _save(self, watch: Watch, order: Order, run: Run, before: Document, begin: float) -> None:
        """Keep the status and the record; a run like the one before is counted, and written down every 10 s."""
        self._counted[watch.id] += 1
        written = self._written.get(watch.id)
        if is_worth_keeping(run, before):
            self._keep(watch, order, run, begin)
        elif written is None or order.now - written >= _STATUS_EVERY:
            self._keep_status(watch, order, run)

    def _keep(self, watch: Watch, order: Order, run: Run, begin: float) -> Document:
        status = self._keep_status(watch, order, run)
        spent = milliseconds_between(begin, self._clock.monotonic())
        document = record(watch, order, run, status=status, node=self.name, milliseconds=spent)
        self._records.write(run.execution_id or f"{watch.id}-{uuid.uuid4().hex}", document)
        return document

    def _keep_status(self, watch: Watch, order: Order, run: Run) -> Document:
        status = self._status.change(watch.id, lambda was: self._changed(watch, run, was, order.now), order.now)
        self._counted[watch.id] = 0
        self._written[watch.id] = order.now
        return status

    def _changed(self, watch: Watch, run: Run, was: Document, now: datetime) -> Document:
        status = was if "state" in was else activate(was, now, active=True)
        status = checked(status, now, watch.body.actions, met=None if run.failed else run.met)
        status = _told(run, now, status)
        for each in run.actions:
            if each.is_news and not each.notices:
                status = acted(status, each.action_id, now, each.outcome, each.reason)
        ours = was.get("wwwatch", {})
        counted = {"runs": ours.get("runs", 0) + self._counted[watch.id], "reason": run.reason, "node": self.name}
        return {**status, "execution_state": run.state.value, "wwwatch": counted}


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


def _told(run: Run, now: datetime, status: Document) -> Document:
    for action_id, notices in _by_action(run).items():
        status = acted(status, action_id, now, *outcome_of(notices))
    return status


def _by_action(run: Run) -> dict[str, list[Notice]]:
    found: defaultdict[str, list[Notice]] = defaultdict(list)
    for notice in run.notices:
        found[notice.action_id].append(notice)
    return found


def _check_recipients(watches: Sequence[Watch], settings: Settings) -> None:
    parse_address(settings.smtp.sender)
    for address in settings.smtp.to:
        parse_address(address)
    for watch in watches:
        for name, action in watch.body.actions.items():
            if action.email is not None and not action.email.to and not settings.smtp.to:
                what = f"the watch {watch.id} has nobody to mail to in its action {name}"
                raise SettingsError(what, "set smtp.to in wwwatch.yml")
