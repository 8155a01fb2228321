"""Runs watches on their schedules: trigger, input, condition, throttle, actions, and the state of it all."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from alerts.channels.mailer import Mailer, Post
from alerts.channels.message import parse_address
from alerts.channels.perform import Performer
from alerts.engine.inputs import load_payload
from alerts.engine.status import StatusStore, execution, last_success, throttled
from alerts.language.condition import Verdict, evaluate
from alerts.language.model import Watch
from alerts.language.parts import format_duration
from alerts.language.schedule import next_after, retry_delay, scheduled_at
from alerts.mails.compose import Composer, Deeper, no_links
from alerts.notices.delivery import Delivery
from alerts.notices.history import History
from alerts.notices.notice import Notice, State
from alerts.quiet import standard_gates
from core.clock import Clock, iso_millis
from core.documents import document_id
from core.errors import SettingsError, StoreError, WwwatchError
from core.settings import Settings
from core.text import visible

log = logging.getLogger(__name__)

_STATUS_EVERY = timedelta(seconds=10)
_LONGEST_PAUSE_SECONDS = 60.0
_NEVER = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a watch saw and did.

    Attributes:
        met: Whether the condition was.
        reason: Why, or what failed; one clause.
        failed: Whether the run ended with an error.
        notices: Those that this run recorded or took up again, as they stand now.
    """

    watch_id: str
    met: bool
    reason: str
    failed: bool = False
    notices: tuple[Notice, ...] = ()


class Engine:
    """Runs watches against one cluster and one mail server.

    Several engines may run beside each other: each notice is told by the one that records it first.

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
        self._client = client
        self._watches = watches
        self._mailer = mailer
        self._settings = settings
        self._clock = clock
        self._composer = Composer(settings.alert, client, links)
        self._history = History(client)
        self._gates = standard_gates(client, settings.alert)
        self._status = StatusStore(client)
        self._handled: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._status_written: dict[str, datetime] = {}

    def run_once(self, now: datetime | None = None) -> list[Run]:
        """Run every watch, whatever its schedule; a watch that fails does not keep the others from running.

        Args:
            now: The time of the run; default: the clock's.
        """
        moment = now or self._clock.now()
        with self._mailer.session() as post:
            return [self._run_safely(watch, moment, post) for watch in self._watches]

    def run(
        self, stop: threading.Event, on_round: Callable[[Sequence[Run], datetime], None] = lambda _runs, _now: None
    ) -> None:
        """Run every watch on its schedule until `stop` is set; what fails is tried again, later and later.

        Args:
            stop: Ends it.
            on_round: Told what ran, each time some did.
        """
        due = {watch.id: self._clock.now() for watch in self._watches}
        failures: dict[str, int] = defaultdict(int)
        while not stop.is_set():
            runs: list[Run] = []
            with self._mailer.session() as post:
                for watch in self._watches:
                    if self._is_due(watch, due[watch.id]) and not stop.is_set():
                        run = self._run_safely(watch, self._clock.now(), post)
                        failures[watch.id] = failures[watch.id] + 1 if run.failed else 0
                        due[watch.id] = self._next(watch, failures[watch.id])
                        runs.append(run)
            if runs:
                on_round(runs, self._clock.now())
            pause = (min(due.values()) - self._clock.now()).total_seconds() if due else _LONGEST_PAUSE_SECONDS
            self._clock.sleep(min(max(pause, 0.0), _LONGEST_PAUSE_SECONDS), stop)

    def _is_due(self, watch: Watch, due: datetime) -> bool:
        # A clock that was set back must not silence a watch until it has caught up again.
        now = self._clock.now()
        latest = (next_after(watch.body.trigger.schedule, now) or now) + timedelta(seconds=_LONGEST_PAUSE_SECONDS)
        return due <= now or due > latest

    def _next(self, watch: Watch, failures: int) -> datetime:
        now = self._clock.now()
        usual = next_after(watch.body.trigger.schedule, now) or _NEVER
        if not failures:
            return usual
        dice = int(document_id(watch.id, failures, now)[:8], 16) / 0xFFFFFFFF
        return max(usual, now + retry_delay(failures, dice, first_seconds=1.0, longest_seconds=30.0))

    def _run_safely(self, watch: Watch, now: datetime, post: Post) -> Run:
        try:
            run = self._run(watch, now, post)
        except WwwatchError as error:
            reason = visible(error, 1000)
            log.warning("the watch %s failed: %s", watch.id, reason)
            run = Run(watch.id, met=False, reason=reason, failed=True)
        with suppress(StoreError):  # without Elasticsearch nobody can be told but the log, which was
            self._save_status(run, now)
        return run

    def _run(self, watch: Watch, now: datetime, post: Post) -> Run:
        performer = Performer(self._client, post, self._settings.smtp, self._composer)
        delivery = Delivery(self._client, self._history, performer, self._clock, self._gates)
        notices = delivery.take_up(watch)
        ctx = _variables(watch, now)
        ctx["payload"] = load_payload(watch, {"ctx": ctx}, self._client)
        verdict = evaluate(watch.body.condition, {"ctx": ctx})
        if verdict.met:
            for action_id in watch.body.actions:
                notices += self._act(watch, action_id, ctx, delivery, now)
        return Run(watch.id, verdict.met, verdict.reason, notices=tuple(notices))

    def _act(
        self, watch: Watch, action_id: str, ctx: Mapping[str, Any], delivery: Delivery, now: datetime
    ) -> list[Notice]:
        if watch.body.metadata.wwwatch.once_per is None:
            verdict = self._throttle(watch, action_id, now)
            if verdict.met:
                self._status.merge(watch.id, {"actions": {action_id: throttled(now, verdict.reason)}}, now)
                return []
        return delivery.tell(watch, action_id, ctx, self._handled[watch.id, action_id])

    def _throttle(self, watch: Watch, action_id: str, now: datetime) -> Verdict:
        """Tell whether an action rests, as Watcher's throttle_period has it."""
        period = watch.throttle(watch.body.actions[action_id])
        last = last_success(self._status.get(watch.id), action_id)
        if last is None or now >= last + period:
            return Verdict(met=False, reason="")
        return Verdict(met=True, reason=f"done at {iso_millis(last)}, at most once in {format_duration(period)}")

    def _save_status(self, run: Run, now: datetime) -> None:
        written = self._status_written.get(run.watch_id)
        if not (run.notices or run.failed or written is None or now - written >= _STATUS_EVERY):
            return
        state = "failed" if run.failed else "executed" if run.notices else "execution_not_needed"
        status: dict[str, Any] = {"last_checked": iso_millis(now), "execution_state": state, "reason": run.reason}
        if run.met:
            status["last_met_condition"] = iso_millis(now)
        actions = {}
        for notice in run.notices:
            actions[notice.action_id] = _outcome(notice, now)
        if actions:
            status["actions"] = actions
        self._status.merge(run.watch_id, status, now)
        self._status_written[run.watch_id] = now


def _outcome(notice: Notice, now: datetime) -> dict[str, Any]:
    if notice.state is State.THROTTLED:
        return throttled(now, notice.reason)
    return execution(now, successful=notice.state is State.SENT, reason=notice.reason)


def _variables(watch: Watch, now: datetime) -> dict[str, Any]:
    """Return what templates see as ``ctx``, in Watcher's names."""
    scheduled = iso_millis(scheduled_at(watch.body.trigger.schedule, now))
    return {
        "watch_id": watch.id,
        "id": f"{watch.id}_{document_id(watch.id, scheduled)}-{iso_millis(now)}",
        "execution_time": iso_millis(now.astimezone(UTC)),
        "trigger": {"triggered_time": iso_millis(now), "scheduled_time": scheduled},
        "metadata": watch.metadata,
        "payload": {},
        "vars": {},
    }


def _check_recipients(watches: Sequence[Watch], settings: Settings) -> None:
    parse_address(settings.smtp.sender)
    for address in settings.smtp.to:
        parse_address(address)
    for watch in watches:
        for name, action in watch.body.actions.items():
            if action.email is not None and not action.email.to and not settings.smtp.to:
                what = f"the watch {watch.id} has nobody to mail to in its action {name}"
                raise SettingsError(what, "set smtp.to in wwwatch.yml")
