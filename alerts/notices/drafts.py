"""From a run's variables to the notices that an action has to tell: pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alerts.language.condition import evaluate
from alerts.language.model import Action, Watch
from alerts.language.mustache import lookup, render
from alerts.notices.notice import Notice, State, Turn
from core.clock import parse_iso
from core.documents import document_id
from core.errors import RuleError
from core.text import visible


def draft_notices(watch: Watch, action_id: str, ctx: Mapping[str, Any]) -> list[Notice]:
    """Return what an action of a run has to tell, before it is known what was told already.

    Raises:
        RuleError: `foreach` leads to no list.
    """
    action = watch.body.actions[action_id]
    drafts = [_draft(watch, action_id, ctx, *numbered) for numbered in enumerate(_elements(action, ctx))]
    return [each for draft in drafts for each in (draft, *_over(watch, draft))]


def _over(watch: Watch, draft: Notice) -> list[Notice]:
    """Return that what a draft tells is over, where it is."""
    condition = watch.body.metadata.wwwatch.over
    if condition is None or draft.state is State.FAILED or not evaluate(condition, {"ctx": draft.ctx}).met:
        return []
    key = f"{draft.key}/over"
    return [replace(draft, id=document_id(watch.id, draft.action_id, key), key=key, turn=Turn.OVER)]


def _draft(watch: Watch, action_id: str, ctx: Mapping[str, Any], number: int, element: Any) -> Notice:
    """Return one notice; a malformed element makes one that has failed, and does not keep the others back."""
    ours = watch.body.metadata.wwwatch
    inner = {**ctx, "payload": element if isinstance(element, dict) else {"_value": element}}
    names = {**inner["payload"], "ctx": inner}
    created, channel = parse_iso(ctx["execution_time"]), watch.body.actions[action_id].kind
    usual = f"{ctx['trigger']['scheduled_time']}/{number}"
    try:
        key = render(ours.once_per, names, strict=True) if ours.once_per else usual
        thread = render(ours.thread, names, strict=True) if ours.thread else ""
        rank = rank_of(watch, inner)
    except RuleError as error:
        name = str(inner["payload"].get("_id", usual))
        key = f"{name}/malformed"
        reason = visible(error, 1000)
        identity = document_id(watch.id, action_id, key)
        failed = State.FAILED
        return Notice(identity, watch.id, action_id, key, created, failed, reason=reason, channel=channel, ctx=inner)
    identity = document_id(watch.id, action_id, key)
    return Notice(identity, watch.id, action_id, key, created, thread=thread, rank=rank, channel=channel, ctx=inner)


def rank_of(watch: Watch, ctx: Mapping[str, Any]) -> float | None:
    """Return how grave the element in `ctx` is; None where the watch ranks nothing.

    Raises:
        RuleError: The rank is not a number.
    """
    template = watch.body.metadata.wwwatch.rank
    if template is None:
        return None
    text = render(template, {**ctx["payload"], "ctx": ctx}, strict=True)
    try:
        return float(text)
    except ValueError as error:
        raise RuleError(f"the watch {watch.id} ranks by {text!r}, which is no number", "correct rank") from error


def wished(draft: Notice, wish: str) -> Notice:
    """Return a draft that is told past every gate, once for each wish; without a wish the draft itself."""
    if not wish:
        return draft
    key = f"{draft.key}/{wish}"
    return replace(draft, id=document_id(draft.watch_id, draft.action_id, key), key=key, by_hand=True)


def _elements(action: Action, ctx: Mapping[str, Any]) -> list[Any]:
    if action.foreach is None:
        return [ctx["payload"]]
    found = lookup(action.foreach, {"ctx": ctx})
    if found is None:
        return []
    if not isinstance(found, list):
        raise RuleError(f"foreach {action.foreach} does not lead to a list", "correct the watch")
    return found
