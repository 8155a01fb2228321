"""Keeps what came of runs: each watch's status, and a record of the runs that are worth one."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from elasticsearch import Elasticsearch

from alerts.engine.execution import outcome_of
from alerts.engine.order import Order, Run
from alerts.engine.records import Records, is_worth_keeping, milliseconds_between, record
from alerts.engine.status import acted, activate, checked
from alerts.engine.store import StatusStore
from alerts.language.model import Watch
from alerts.notices.notice import Notice
from core.clock import Clock
from core.documents import Document

_STATUS_EVERY = timedelta(seconds=10)


class Keeper:
    """Keeps status and records for one engine.

    Args:
        client: The cluster.
        clock: The time.
        node: The engine's name.
    """

    def __init__(self, client: Elasticsearch, clock: Clock, node: str) -> None:
        self.store = StatusStore(client)
        self._records = Records(client)
        self._clock = clock
        self._node = node
        self._counted: defaultdict[str, int] = defaultdict(int)
        self._written: dict[str, datetime] = {}

    def save(self, watch: Watch, order: Order, run: Run, before: Document, begin: float) -> None:
        """Keep the status and the record; a run like the one before is counted, and written down every 10 s.

        Args:
            watch: What was run.
            order: What was asked.
            run: What came of it.
            before: The status before.
            begin: When it began, by the clock that runs on.

        Raises:
            StoreError: Elasticsearch did not answer.
        """
        self._counted[watch.id] += 1
        written = self._written.get(watch.id)
        if is_worth_keeping(run, before):
            self.keep(watch, order, run, begin)
        elif written is None or order.now - written >= _STATUS_EVERY:
            self._keep_status(watch, order, run)

    def keep(self, watch: Watch, order: Order, run: Run, begin: float) -> Document:
        """Keep the status and the record in any case; return the record."""
        status = self._keep_status(watch, order, run)
        document = self.recorded(watch, order, run, status, begin)
        self._records.write(run.execution_id or f"{watch.id}-{uuid.uuid4().hex}", document)
        return document

    def _keep_status(self, watch: Watch, order: Order, run: Run) -> Document:
        status = self.store.change(watch.id, lambda was: self.changed(watch, run, was, order.now), order.now)
        self._counted[watch.id] = 0
        self._written[watch.id] = order.now
        return status

    def keep_told(self, watch_id: str, notices: Sequence[Notice], now: datetime) -> None:
        """Keep in a watch's status what was told beside its runs."""
        if notices:
            self.store.change(watch_id, partial(_told, notices, now), now)

    def recorded(self, watch: Watch, order: Order, run: Run, status: Document, begin: float) -> Document:
        """Return the record of a run."""
        spent = milliseconds_between(begin, self._clock.monotonic())
        return record(watch, order, run, status=status, node=self._node, milliseconds=spent)

    def changed(self, watch: Watch, run: Run, was: Document, now: datetime) -> Document:
        """Return what a run makes of a status."""
        status = was if "state" in was else activate(was, now, active=True)
        status = checked(status, now, watch.body.actions, met=None if run.failed else run.met)
        status = _told(run.notices, now, status)
        for each in run.actions:
            if each.is_news and not each.notices:
                status = acted(status, each.action_id, now, each.outcome, each.reason)
        ours = was.get("wwwatch", {})
        counted = {"runs": ours.get("runs", 0) + self._counted[watch.id], "reason": run.reason, "node": self._node}
        return {**status, "execution_state": run.state.value, "wwwatch": counted}


def _told(notices: Sequence[Notice], now: datetime, status: Document) -> Document:
    by_action: defaultdict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        by_action[notice.action_id].append(notice)
    for action_id, told in by_action.items():
        status = acted(status, action_id, now, *outcome_of(told))
    return status
