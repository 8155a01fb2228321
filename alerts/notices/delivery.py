"""From what a run found to what is told: record, decide, do, mark; and take up again what was left.

A notice is recorded before it is told and marked after, so a crash in between tells it twice rather than never
(docs/decisions/0003-mail-at-least-once.md). Recording is the claim: of two engines one creates the document.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from alerts.channels.perform import Performer
from alerts.language.condition import evaluate
from alerts.language.model import Action, Watch
from alerts.language.schedule import retry_delay
from alerts.notices.drafts import draft_notices, rank_of
from alerts.notices.history import History
from alerts.notices.notice import HELD, Act, Decision, Notice, State
from alerts.quiet import Gates
from core.client import es_errors
from core.clock import Clock, iso_millis
from core.documents import document_id
from core.errors import MailError, RuleError, StoreConflictError, StoreError
from core.text import visible

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""How long a recorded notice belongs to the engine that recorded it; longer than a slow mail server takes for one."""
GIVE_UP = timedelta(days=2)
"""How long a notice that cannot be told is tried again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Tells notices during one run."""

    client: Elasticsearch
    history: History
    performer: Performer
    clock: Clock
    gates: Gates = field(default_factory=Gates)

    def tell(self, watch: Watch, action_id: str, ctx: Mapping[str, Any], handled: set[str]) -> list[Notice]:
        """Tell what a run found, each element once.

        Args:
            watch: Whose run.
            action_id: Which of its actions.
            ctx: The run's variables.
            handled: Ids of notices known to exist; the new ones are added, those that are no longer found leave.

        Returns:
            The notices that this engine recorded, as they stand now.
        """
        action = watch.body.actions[action_id]
        drafts = {draft.id: draft for draft in draft_notices(watch, action_id, ctx)}
        handled &= drafts.keys()
        handled |= self.history.known([name for name in drafts if name not in handled])
        fresh = [draft for name, draft in drafts.items() if name not in handled][: action.max_iterations]
        lease = self.clock.now() + LEASE
        recorded = self.history.create([replace(draft, next_attempt=lease) for draft in fresh])
        handled |= {draft.id for draft in fresh}
        threads = self.history.threads(watch.id, action_id, (notice.thread for notice in recorded))
        return [self._settle(watch, action, notice, threads.get(notice.thread, [])) for notice in recorded]

    def take_up(self, watch: Watch) -> list[Notice]:
        """Tell what waited: held until now, failed for a while, or left behind by an engine that died."""
        settled = []
        for due in self.history.due(watch.id, self.clock.now()):
            action = watch.body.actions.get(due.action_id)
            if action is None:
                self._mark(due, state=State.FAILED, next_attempt=None, reason="the watch has no such action any more")
                continue
            try:
                settled.append(self._take_up(watch, action, due))
            except StoreConflictError:
                log.debug("%s is in other hands", due.id)
        return settled

    def _take_up(self, watch: Watch, action: Action, due: Notice) -> Notice:
        now = self.clock.now()
        held = due.state in HELD
        notice = self.history.update(due, next_attempt=now + LEASE, attempts=due.attempts + (not held))
        if not held and now > due.created + GIVE_UP:
            reason = f"given up after {due.attempts} attempts: {due.reason}"
            return self._mark(notice, state=State.FAILED, next_attempt=None, reason=reason)
        notice = self._refreshed(watch, notice)
        thread = self.history.threads(watch.id, due.action_id, [due.thread]).get(due.thread, [])
        if not held:
            return self._settle(watch, action, notice, thread)
        still = watch.body.metadata.wwwatch.still
        verdict = evaluate(still, {"ctx": notice.ctx}) if still else None
        if verdict and not verdict.met:
            reason = f"{due.reason}; no longer worth telling: {verdict.reason}"
            return self._mark(notice, next_attempt=None, reason=reason)
        decision = self.gates.judge(notice, thread, watch.throttle(action), now)
        if decision.act is Act.DROP and self.gates.judge(due, thread, watch.throttle(action), now).act is not Act.DROP:
            # It got better meanwhile, and may get worse again under the same key.
            notice = replace(notice, rank=due.rank, ctx=due.ctx)
            decision = replace(decision, act=Act.HOLD, until=now + watch.throttle(action))
        if decision.act is Act.SEND:
            notice = self.history.update(notice, state=State.PENDING)
        return self._carry_out(watch, action, notice, thread, decision)

    def _settle(self, watch: Watch, action: Action, notice: Notice, thread: Sequence[Notice]) -> Notice:
        decision = self.gates.judge(notice, thread, watch.throttle(action), self.clock.now())
        try:
            return self._carry_out(watch, action, notice, thread, decision)
        except StoreConflictError:
            log.debug("%s is in other hands", notice.id)
            return notice

    def _carry_out(
        self, watch: Watch, action: Action, notice: Notice, thread: Sequence[Notice], decision: Decision
    ) -> Notice:
        if decision.act is not Act.SEND:
            why = {"reason": decision.reason, "gate": decision.gate}
            return self._mark(notice, state=decision.state, next_attempt=decision.until, **why)
        now = self.clock.now()
        if notice.next_attempt and notice.next_attempt - now < LEASE / 2:
            notice = self.history.update(notice, next_attempt=now + LEASE)
        try:
            done = self.performer.perform(watch, action, self.gates.dress(notice, decision), thread)
        except (MailError, RuleError, StoreError) as error:
            return self._failed(notice, error, retryable=error.retryable)
        reason = "; ".join(filter(None, (decision.reason, done.remark)))
        told = {
            "gate": decision.gate,
            "message_id": done.message_id,
            "recipients": done.recipients,
            "sent": self.clock.now(),
        }
        return self._mark(notice, state=State.SENT, next_attempt=None, reason=reason, **told)

    def _failed(self, notice: Notice, error: Exception, *, retryable: bool) -> Notice:
        reason = visible(error, 1000)
        log.warning("%s/%s about %s: %s", notice.watch_id, notice.action_id, visible(notice.key), reason)
        if not retryable:
            return self._mark(notice, state=State.FAILED, next_attempt=None, reason=reason)
        dice = int(document_id(notice.id, notice.attempts)[:8], 16) / 0xFFFFFFFF
        return self._mark(notice, next_attempt=self.clock.now() + retry_delay(notice.attempts, dice), reason=reason)

    def _mark(self, notice: Notice, **changes: Any) -> Notice:
        marked = self.history.update(notice, **changes)
        log.info(
            "%s/%s about %s: %s (%s)",
            marked.watch_id,
            marked.action_id,
            visible(marked.key),
            marked.state,
            visible(marked.reason),
        )
        return marked

    def _refreshed(self, watch: Watch, notice: Notice) -> Notice:
        """Return the notice with its element as it stands now: what is told late should not be stale."""
        payload = notice.ctx.get("payload", {})
        if not notice.thread or not {"_index", "_id"} <= payload.keys():
            return notice
        with es_errors(f"read {payload['_id']} again"):
            try:
                answer = self.client.get(index=payload["_index"], id=payload["_id"])
            except NotFoundError:
                return notice
        ctx = {**notice.ctx, "payload": dict(answer.body), "execution_time": iso_millis(self.clock.now())}
        return replace(notice, ctx=ctx, rank=rank_of(watch, ctx))
