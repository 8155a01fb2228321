"""One execution: input, condition, transform, and each action on its own, as Watcher does them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from alerts.engine.inputs import Loaded, Loader
from alerts.engine.order import Acted, Mode, Order, Run, variables
from alerts.engine.simulation import preview
from alerts.engine.status import Ack, Outcome, ack_of, acked_at, has_failed, last_success
from alerts.language.condition import Verdict, evaluate
from alerts.language.model import Condition, Watch
from alerts.language.parts import format_duration
from alerts.notices.delivery import Delivery
from alerts.notices.drafts import draft_notices
from alerts.notices.notice import TOLD, Notice, State
from core.clock import iso_millis
from core.documents import Document
from core.errors import RuleError
from core.text import visible

_SHOWN = 20
"""Notices of one action that a record names."""


@dataclass(frozen=True, slots=True)
class Executor:
    """Executes watches during one run of the engine.

    Attributes:
        loader: Loads inputs and transforms.
        delivery: Tells.
        handled: For each watch and action the notices known to exist; kept from run to run.
        is_taken_over: This engine has just taken over the watch: what another had in hand is its own now.
    """

    loader: Loader
    delivery: Delivery
    handled: Mapping[tuple[str, str], set[str]]
    is_taken_over: bool = False

    def execute(self, watch: Watch, order: Order, status: Mapping[str, Any]) -> Run:
        """Run a watch: first what waits from earlier runs, then what this run finds.

        Args:
            watch: The watch.
            order: What is asked.
            status: The watch's status before.

        Raises:
            StoreError: Elasticsearch did not answer or refused the search.
            RuleError: The watch does not fit what it found.
            LeaseLostError: Another engine runs the watch now.
        """
        is_scheduled = order.trigger.kind == "schedule"
        waited = self.delivery.take_up(watch, adopt=self.is_taken_over) if is_scheduled else []
        ctx = variables(watch, order.trigger)
        results: dict[str, Any] = {"execution_time": ctx["execution_time"]}
        ctx["payload"], results["input"] = self._load(watch, order, ctx)
        verdict = evaluate(watch.body.condition, {"ctx": ctx})
        if order.ignore_condition:
            verdict = Verdict(met=True, reason="the condition is ignored")
        results["condition"] = condition_result(watch.body.condition, verdict)
        if verdict.met and watch.body.transform is not None:
            ctx["payload"], results["transform"] = self.loader.transform(watch, watch.body.transform, ctx)
        wanted = [name for name in watch.body.actions if order.mode(name) is not Mode.SKIP] if verdict.met else []
        actions = [self._act(watch, name, ctx, order, status) for name in wanted]
        told = [notice for acted in actions for notice in acted.notices]
        return Run(
            watch.id,
            verdict.met,
            verdict.reason,
            notices=(*waited, *told),
            actions=tuple(actions),
            results=results,
            execution_id=ctx["id"],
        )

    def _load(self, watch: Watch, order: Order, ctx: Mapping[str, Any]) -> Loaded:
        if order.payload is None:
            return self.loader.load(watch, ctx)
        payload = dict(order.payload)
        return payload, {"type": "simple", "status": "success", "payload": payload}

    def _act(
        self, watch: Watch, action_id: str, ctx: Mapping[str, Any], order: Order, status: Mapping[str, Any]
    ) -> Acted:
        action, mode = watch.body.actions[action_id], order.mode(action_id)
        held = None if mode.is_forced else self._hold(watch, action_id, status, order.now)
        if held is not None:
            return Acted(action_id, action.kind, *held)
        details: dict[str, Any] = {}
        try:
            if action.condition is not None:
                verdict = evaluate(action.condition, {"ctx": ctx})
                details["condition"] = condition_result(action.condition, verdict)
                if not verdict.met:
                    reason = f"condition not met: {verdict.reason}"
                    return Acted(action_id, action.kind, Outcome.CONDITION_FAILED, reason, details)
            if action.transform is not None:
                payload, details["transform"] = self.loader.transform(watch, action.transform, ctx)
                ctx = {**ctx, "payload": payload}
            acted = (
                self._simulate(watch, action_id, ctx) if mode.is_simulated else self._tell(watch, action_id, ctx, mode)
            )
        except RuleError as error:
            return Acted(action_id, action.kind, Outcome.FAILURE, visible(error, 1000), details)
        return replace(acted, details={**details, **acted.details})

    def _hold(
        self, watch: Watch, action_id: str, status: Mapping[str, Any], now: datetime
    ) -> tuple[Outcome, str] | None:
        """Tell why an action rests: acked, or done a moment ago; None where it does not."""
        if ack_of(status, action_id) is Ack.ACKED:
            reason = f"action [{action_id}] was acked at [{acked_at(status, action_id)}]"
            return Outcome.ACKNOWLEDGED, reason
        if watch.body.metadata.wwwatch.once_per is not None:
            return None  # each element is told once, and its thread's throttle is a gate of its own
        period = watch.throttle(watch.body.actions[action_id])
        last = last_success(status, action_id)
        if last is not None and now < last + period:
            return Outcome.THROTTLED, f"done at {iso_millis(last)}, at most once in {format_duration(period)}"
        if has_failed(status, action_id) and self.delivery.history.is_waiting(watch.id, action_id):
            return Outcome.THROTTLED, "what an earlier run had to tell is still on its way"
        return None

    def _tell(self, watch: Watch, action_id: str, ctx: Mapping[str, Any], mode: Mode) -> Acted:
        kind = watch.body.actions[action_id].kind
        forced = ctx["id"] if mode.is_forced else ""
        notices = self.delivery.tell(watch, action_id, ctx, self.handled[watch.id, action_id], forced)
        if not notices:
            return Acted(action_id, kind, Outcome.THROTTLED, "nothing new: all of it is known already", is_news=False)
        outcome, reason = outcome_of(notices)
        told = [_told(notice) for notice in notices[:_SHOWN]]
        return Acted(action_id, kind, outcome, reason, {kind: {"told": told, "notices": len(notices)}}, tuple(notices))

    def _simulate(self, watch: Watch, action_id: str, ctx: Mapping[str, Any]) -> Acted:
        action = watch.body.actions[action_id]
        drafts = draft_notices(watch, action_id, ctx)[: action.max_iterations]
        shown = [preview(self.delivery.performer, watch, action, draft) for draft in drafts[:_SHOWN]]
        details = {action.kind: {"would_tell": shown, "notices": len(drafts)}}
        return Acted(action_id, action.kind, Outcome.SIMULATED, "", details)


def outcome_of(notices: list[Notice]) -> tuple[Outcome, str]:
    """Return what became of an action that had these notices to tell, and why."""
    sent = [notice for notice in notices if notice.state in TOLD]
    troubled = [notice for notice in notices if notice.state in (State.FAILED, State.PENDING)]
    if troubled:
        return (Outcome.PARTIAL if sent else Outcome.FAILURE), troubled[0].reason
    return (Outcome.SUCCESS, "") if sent else (Outcome.THROTTLED, notices[0].reason)


def condition_result(condition: Condition, verdict: Verdict) -> Document:
    """Return what a record says of a condition."""
    kind = next(name for name in type(condition).model_fields if getattr(condition, name) is not None)
    return {"type": kind, "status": "success", "met": verdict.met, "reason": verdict.reason}


def _told(notice: Notice) -> Document:
    return {"key": notice.key, "state": notice.state.value, "reason": notice.reason, "id": notice.id}
