"""From what a run found to what is told: record, decide, do, mark; and take up again what was left.

A notice is recorded before it is told and marked after, so a crash in between tells it twice rather than never
(docs/decisions/0003-mail-at-least-once.md). Recording is the claim: of two engines one creates the document.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from elasticsearch import Elasticsearch

from alerts.channels.perform import Done, Performer
from alerts.language.condition import evaluate
from alerts.language.model import Watch
from alerts.language.schedule import retry_delay
from alerts.notices.aftermath import aftermath
from alerts.notices.drafts import draft_notices, wished
from alerts.notices.fresh import refreshed
from alerts.notices.history import History
from alerts.notices.marks import Marks
from alerts.notices.notice import HELD, Act, Decision, Notice, State, Turn
from alerts.quiet import Gates
from core.clock import Clock
from core.documents import document_id
from core.errors import ChannelError, RuleError, StoreConflictError, StoreError
from core.text import visible

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
"""How long a recorded notice belongs to the engine that recorded it, unless that one lost the watch to another."""
_TELLING = timedelta(minutes=2)
"""Longer than a slow mail server takes for one: a claim that ends sooner is renewed before."""
GIVE_UP = timedelta(days=2)
"""How long a notice that cannot be told is tried again."""
_LONGEST_WISH = timedelta(hours=1)
"""A receiver that names the time of the next attempt is obeyed up to here."""


def _nobody_else(watch_id: str) -> None:
    """Stand for the lease of an engine that runs alone."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Tells notices during one run.

    Attributes:
        gates: What may hold a notice back.
        owner: This engine's name; of an engine that runs alone, empty.
        confirm: Asked with the watch's id before each telling; raises when another engine runs the watch now.
    """

    client: Elasticsearch
    history: History
    performer: Performer
    clock: Clock
    gates: Gates = field(default_factory=Gates)
    owner: str = ""
    confirm: Callable[[str], None] = _nobody_else

    def tell(
        self, watch: Watch, action_id: str, ctx: Mapping[str, Any], handled: set[str], forced: str = ""
    ) -> list[Notice]:
        """Tell what a run found, each element once.

        Args:
            watch: Whose run.
            action_id: Which of its actions.
            ctx: The run's variables.
            handled: Ids of notices known to exist; the new ones are added, those that are no longer found leave.
            forced: The execution that is to tell it past every gate, even once more; empty for none.

        Returns:
            The notices that this engine recorded, as they stand now.
        """
        action = watch.body.actions[action_id]
        found = draft_notices(watch, action_id, ctx)
        drafts = {draft.id: draft for draft in (wished(each, forced) for each in found)}
        handled = set() if forced else handled
        handled &= drafts.keys()
        handled |= self.history.known([name for name in drafts if name not in handled])
        fresh = [draft for name, draft in drafts.items() if name not in handled][: action.max_iterations]
        now = self.clock.now()
        claim: dict[str, Any] = {"next_attempt": now + LEASE, "owner": self.owner, "expires": now + GIVE_UP}
        claimed = [replace(draft, **claim) if draft.state is State.PENDING else draft for draft in fresh]
        recorded = self.history.create(claimed)
        handled |= {draft.id for draft in fresh}
        malformed = [each for each in recorded if each.state is not State.PENDING]
        return [*self._go_through(watch, [each for each in recorded if each not in malformed], {}), *malformed]

    def take_up(self, watch: Watch, *, adopt: bool = False) -> list[Notice]:
        """Tell what waited: held until now, failed for a while, or left behind by an engine that died.

        Args:
            watch: Whose notices.
            adopt: This engine alone runs the watch, as of now: what others had in hand is its own, at once.
        """
        now = self.clock.now()
        due = self.history.due(watch.id, now, self.owner if adopt else "")
        known = [each for each in _first_of_each_thread(due) if each.action_id in watch.body.actions]
        gone = [each for each in due if each.action_id not in watch.body.actions]
        with Marks(self.history) as marks:
            for each in gone:
                marks.add(_over(each, State.FAILED, "the watch has no such action any more"))
        claims = [replace(each, attempts=_tries(each), next_attempt=now + LEASE, owner=self.owner) for each in known]
        claimed = self.history.update_all(claims)
        before = {each.id: each for each in known}
        return self._go_through(watch, refreshed(self.client, watch, claimed, now), before)

    def _go_through(self, watch: Watch, notices: Sequence[Notice], before: Mapping[str, Notice]) -> list[Notice]:
        """Decide about claimed notices, one after the other, and act; what is not sent is marked together."""
        threads = self._threads(watch, notices)
        settled = []
        with Marks(self.history) as marks:
            for notice in notices:
                thread = threads[notice.action_id, notice.thread]
                try:
                    now_is = self._settle(watch, notice, list(thread.values()), before.get(notice.id), marks)
                except StoreConflictError:
                    log.debug("%s is in other hands", notice.id)
                    now_is = notice
                if notice.thread:
                    thread[notice.id] = now_is
                settled.append(now_is)
        return settled

    def _threads(self, watch: Watch, notices: Sequence[Notice]) -> dict[tuple[str, str], dict[str, Notice]]:
        found: dict[tuple[str, str], dict[str, Notice]] = defaultdict(dict)
        for action_id in {notice.action_id for notice in notices if notice.thread}:
            wanted = [notice.thread for notice in notices if notice.action_id == action_id]
            for thread, others in self.history.threads(watch.id, action_id, wanted).items():
                found[action_id, thread] = {other.id: other for other in others}
        return found

    def _settle(
        self, watch: Watch, notice: Notice, thread: Sequence[Notice], before: Notice | None, marks: Marks
    ) -> Notice:
        if notice.by_hand:
            return self._carry_out(watch, notice, thread, Decision(Act.SEND, "sent again by hand"), marks)
        if before is not None and before.state in HELD:
            return self._let_go(watch, notice, thread, before, marks)
        action = watch.body.actions[notice.action_id]
        decision = self.gates.judge(notice, thread, _rest(watch, notice), self.clock.now(), action.kind)
        return self._follow(watch, notice, thread, decision, marks)

    def _let_go(self, watch: Watch, notice: Notice, thread: Sequence[Notice], before: Notice, marks: Marks) -> Notice:
        """Decide about a notice that was held, as it stands now."""
        action, now = watch.body.actions[notice.action_id], self.clock.now()
        throttle = _rest(watch, notice)
        ours = watch.body.metadata.wwwatch
        still = ours.over if notice.turn is Turn.OVER else ours.still
        verdict = evaluate(still, {"ctx": notice.ctx}) if still else None
        if verdict and not verdict.met:
            reason = f"{before.reason}; no longer worth telling: {verdict.reason}"
            return marks.add(_over(notice, notice.state, reason))
        decision = self.gates.judge(notice, thread, throttle, now, action.kind)
        if decision.act is Act.DROP and self.gates.judge(before, thread, throttle, now).act is not Act.DROP:
            # It got better meanwhile, and may get worse again under the same key.
            notice = replace(notice, rank=before.rank, ctx=before.ctx)
            decision = replace(decision, act=Act.HOLD, until=now + throttle)
        if decision.act is Act.SEND:
            notice = self.history.update(notice, state=State.PENDING)
        return self._follow(watch, notice, thread, decision, marks)

    def _follow(
        self, watch: Watch, notice: Notice, thread: Sequence[Notice], decision: Decision, marks: Marks
    ) -> Notice:
        if decision.act is Act.SEND:
            return self._carry_out(watch, notice, thread, decision, marks)
        held = replace(_over(notice, decision.state, decision.reason), gate=decision.gate)
        return marks.add(replace(held, next_attempt=decision.until))

    def _carry_out(
        self, watch: Watch, notice: Notice, thread: Sequence[Notice], decision: Decision, marks: Marks
    ) -> Notice:
        self.confirm(watch.id)
        now = self.clock.now()
        if notice.next_attempt and notice.next_attempt - now < _TELLING:
            notice = self.history.update(notice, next_attempt=now + LEASE)
        try:
            action = watch.body.actions[notice.action_id]
            done = self.performer.perform(watch, action, self.gates.dress(notice, decision, now, action.kind), thread)
        except (ChannelError, RuleError, StoreError) as error:
            return self._failed(notice, error, marks)
        told = replace(notice, message_id=done.message_id, recipients=done.recipients, refused=done.refused)
        if done.deferred:
            return self._put_off(watch, told, thread, done, marks)
        if done.refused and not done.recipients:
            return marks.add(_over(told, State.FAILED, done.remark))
        reason = "; ".join(filter(None, (decision.reason, done.remark)))
        told = replace(_over(told, State.SENT, reason), gate=decision.gate, sent=self.clock.now())
        follows = aftermath(watch, told, thread)
        return marks.add(told, follows) if done.is_repeatable else marks.write_now(told, self.clock, follows)

    def _put_off(self, watch: Watch, notice: Notice, thread: Sequence[Notice], done: Done, marks: Marks) -> Notice:
        """Wait for the recipients that the server takes later; the others have it already."""
        if not self._is_expired(notice):
            return self._again(notice, done.remark, marks)
        refused = tuple(dict.fromkeys((*notice.refused, *done.deferred)))
        reason = f"given up after {notice.attempts} attempts: {done.remark}"
        state = State.SENT if notice.recipients else State.FAILED
        sent = self.clock.now() if notice.recipients else None
        settled = replace(_over(notice, state, reason), refused=refused, sent=sent)
        return marks.write_now(settled, self.clock, aftermath(watch, settled, thread))

    def _failed(self, notice: Notice, error: ChannelError | RuleError | StoreError, marks: Marks) -> Notice:
        reason = visible(error, 1000)
        log.warning("%s/%s about %s: %s", notice.watch_id, notice.action_id, visible(notice.key), reason)
        if not error.retryable:
            return marks.add(_over(notice, State.FAILED, reason))
        if self._is_expired(notice):
            return marks.add(_over(notice, State.FAILED, f"given up after {notice.attempts} attempts: {reason}"))
        wish = error.retry_after if isinstance(error, ChannelError) else None
        return self._again(notice, reason, marks, wish or timedelta())

    def _again(self, notice: Notice, reason: str, marks: Marks, wish: timedelta = timedelta()) -> Notice:
        dice = int(document_id(notice.id, notice.attempts)[:8], 16) / 0xFFFFFFFF
        delay = max(retry_delay(notice.attempts, dice), min(wish, _LONGEST_WISH))
        waiting = replace(notice, next_attempt=self.clock.now() + delay, owner="", reason=reason)
        # Who got it already must be known before anything else happens: the next attempt leaves them out.
        return marks.write_now(waiting, self.clock) if notice.recipients else marks.add(waiting)

    def _is_expired(self, notice: Notice) -> bool:
        return self.clock.now() > (notice.expires or notice.created + GIVE_UP)


def _rest(watch: Watch, notice: Notice) -> timedelta:
    action = watch.body.actions[notice.action_id]
    return watch.repeat(action) if notice.turn is Turn.AGAIN else watch.throttle(action)


def _tries(due: Notice) -> int:
    return due.attempts + (due.state is State.PENDING)  # what was only held back was not tried yet


def _over(notice: Notice, state: State, reason: str) -> Notice:
    return replace(notice, state=state, reason=reason, next_attempt=None, owner="")


def _first_of_each_thread(due: Sequence[Notice]) -> list[Notice]:
    """Return one notice of each thread: what is told of it decides about the others, whose turn is the next run."""
    firsts: dict[tuple[str, str], Notice] = {}
    for notice in due:
        firsts.setdefault((notice.action_id, notice.thread or notice.id), notice)
    return list(firsts.values())
