"""From a run's variables to the notices that an action has to tell: pure."""

from collections.abc import Mapping
from typing import Any

from alerts.language.model import Action, Watch
from alerts.language.mustache import lookup, render
from alerts.notices.notice import Notice
from core.clock import parse_iso
from core.documents import document_id
from core.errors import RuleError


def draft_notices(watch: Watch, action_id: str, ctx: Mapping[str, Any]) -> list[Notice]:
    """Return what an action of a run has to tell, before it is known what was told already.

    Raises:
        RuleError: The elements have no name, or `foreach` leads to no list.
    """
    ours = watch.body.metadata.wwwatch
    action = watch.body.actions[action_id]
    drafts = []
    for number, element in enumerate(_elements(action, ctx)):
        inner = {**ctx, "payload": element if isinstance(element, dict) else {"_value": element}}
        names = {**inner["payload"], "ctx": inner}
        key = (
            render(ours.once_per, names, strict=True)
            if ours.once_per
            else f"{ctx['trigger']['scheduled_time']}/{number}"
        )
        drafts.append(
            Notice(
                id=document_id(watch.id, action_id, key),
                watch_id=watch.id,
                action_id=action_id,
                key=key,
                created=parse_iso(ctx["execution_time"]),
                thread=render(ours.thread, names, strict=True) if ours.thread else "",
                rank=rank_of(watch, inner),
                ctx=inner,
            )
        )
    return drafts


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


def _elements(action: Action, ctx: Mapping[str, Any]) -> list[Any]:
    if action.foreach is None:
        return [ctx["payload"]]
    found = lookup(action.foreach, {"ctx": ctx})
    if found is None:
        return []
    if not isinstance(found, list):
        raise RuleError(f"foreach {action.foreach} does not lead to a list", "correct the watch")
    return found
