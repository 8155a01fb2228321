"""What follows from a message that went out: when to tell again, and what else it told. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from alerts.language.model import Watch
from alerts.language.mustache import lookup
from alerts.language.parts import format_duration
from alerts.notices.notice import HELD, Notice, State, Turn
from core.clock import iso_millis
from core.documents import document_id

_GROUPED_AT_MOST = 10_000


def aftermath(watch: Watch, notice: Notice, thread: Sequence[Notice]) -> list[Notice]:
    """Return the notices to record after one was told.

    Args:
        watch: Whose notice.
        notice: As it stands now; one that was not sent has no aftermath.
        thread: The notices of its thread.
    """
    if notice.state is not State.SENT or notice.sent is None:
        return []
    return [*_again(watch, notice, thread), *_grouped(watch, notice)]


def _again(watch: Watch, notice: Notice, thread: Sequence[Notice]) -> list[Notice]:
    """Return the notice that tells it again after the watch's `repeat`, unless one waits already."""
    period = watch.body.metadata.wwwatch.repeat
    others = (other for other in thread if other.id != notice.id and other.turn is Turn.AGAIN)
    waiting = (other.state in HELD and other.next_attempt is not None for other in others)
    if period is None or notice.sent is None or notice.turn is Turn.OVER or not notice.thread or any(waiting):
        return []
    key = f"{notice.thread}/again/{iso_millis(notice.sent)}"
    return [
        Notice(
            id=document_id(watch.id, notice.action_id, key),
            watch_id=watch.id,
            action_id=notice.action_id,
            key=key,
            created=notice.sent,
            state=State.THROTTLED,
            thread=notice.thread,
            rank=notice.rank,
            turn=Turn.AGAIN,
            gate="throttled",
            next_attempt=notice.sent + period,
            reason=f"told again after {format_duration(period)} if it goes on",
            channel=notice.channel,
            ctx=notice.ctx,
        )
    ]


def _grouped(watch: Watch, notice: Notice) -> list[Notice]:
    """Return a notice for each element that the message told of."""
    path = watch.body.metadata.wwwatch.group
    elements = lookup(path, {"ctx": notice.ctx}) if path else None
    if not isinstance(elements, list):
        return []
    named = [each for each in elements if isinstance(each, dict) and isinstance(each.get("_id"), str)]
    return [_member(notice, each) for each in named[:_GROUPED_AT_MOST]]


def _member(notice: Notice, element: Mapping[str, Any]) -> Notice:
    level = lookup("_source.wwwatch.incident.level", element)
    return Notice(
        id=document_id(notice.id, element["_id"]),
        watch_id=notice.watch_id,
        action_id=notice.action_id,
        key=f"{element['_id']}/{notice.key}",
        created=notice.sent or notice.created,
        state=State.GROUPED,
        thread=element["_id"],
        rank=float(level) if isinstance(level, int | float) else None,
        gate="grouped",
        sent=notice.sent,
        reason=f"told in the message {notice.message_id or notice.id}",
        message_id=notice.message_id,
        channel=notice.channel,
        ctx={"payload": dict(element)},
    )
