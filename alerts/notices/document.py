"""A notice as a document of the watch history, and back."""

from datetime import datetime

from alerts.language.mustache import lookup
from alerts.notices.notice import Notice, State, Turn
from alerts.quiet.subject import subject_of
from core.clock import iso_millis, parse_iso
from core.documents import Document

TYPE = "notice"
"""What tells notices from executions in the watch history."""

_ABOUT = "ctx.variables.payload._source.message"
BRIEF = [
    *("@timestamp", "type", "watch_id", "action_id", "channel", "state", "key", "turn", "gate", "reason", "attempts"),
    *("next_attempt", "owner", "expires", "sent", "message_id", "incident_id", "recipients", "refused"),
    *("ctx.rank", "ctx.by_hand", _ABOUT),
]
"""All of a notice but its variables."""


def document_of(notice: Notice) -> Document:
    """Return the document of a notice, without what is empty."""
    about = subject_of(notice.ctx)
    document: Document = {
        "@timestamp": iso_millis(notice.created),
        "type": TYPE,
        "watch_id": notice.watch_id,
        "action_id": notice.action_id,
        "channel": notice.channel or None,
        "state": notice.state.value,
        "key": notice.key,
        "attempts": notice.attempts,
        "reason": notice.reason,
        "gate": notice.gate or None,
        "turn": notice.turn.value,
        "kind": about.kind or None,
        "severity": about.severity or None,
        "clients": list(about.addresses) or None,
        "incident_id": notice.thread or None,
        "message_id": notice.message_id or None,
        "recipients": list(notice.recipients),
        "refused": list(notice.refused) or None,
        "owner": notice.owner or None,
        "expires": iso_millis(notice.expires) if notice.expires else None,
        "next_attempt": iso_millis(notice.next_attempt) if notice.next_attempt else None,
        "sent": iso_millis(notice.sent) if notice.sent else None,
        "ctx": {"rank": notice.rank, "by_hand": notice.by_hand, "variables": notice.ctx},
    }
    return {name: value for name, value in document.items() if value is not None}


def notice_of(hit: Document) -> Notice:
    """Return the notice that a hit holds."""
    source = hit["_source"]
    ctx = source.get("ctx", {})
    return Notice(
        id=hit["_id"],
        watch_id=source["watch_id"],
        action_id=source["action_id"],
        key=source["key"],
        created=parse_iso(source["@timestamp"]),
        state=State(source["state"]),
        thread=source.get("incident_id", ""),
        rank=ctx.get("rank"),
        channel=source.get("channel", ""),
        turn=Turn(source.get("turn", Turn.NEWS)),
        gate=source.get("gate", ""),
        attempts=source["attempts"],
        next_attempt=_moment(source, "next_attempt"),
        owner=source.get("owner", ""),
        expires=_moment(source, "expires"),
        sent=_moment(source, "sent"),
        reason=source.get("reason", ""),
        message_id=source.get("message_id", ""),
        recipients=tuple(source.get("recipients", ())),
        refused=tuple(source.get("refused", ())),
        by_hand=ctx.get("by_hand", False),
        ctx=ctx.get("variables", {}),
        about=str(lookup(_ABOUT, source) or ""),
        seq_no=hit["_seq_no"],
        primary_term=hit["_primary_term"],
    )


def _moment(source: Document, name: str) -> datetime | None:
    return parse_iso(source[name]) if name in source else None
