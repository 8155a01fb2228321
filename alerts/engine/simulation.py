"""What an action would tell, without telling it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from typing import Any

from alerts.channels.index import index_name
from alerts.channels.mailer import Handed
from alerts.channels.perform import Performer
from alerts.channels.request import fill
from alerts.channels.slack import build_posts
from alerts.language.model import Action, IndexAction, Watch, WebhookAction
from alerts.language.mustache import render
from alerts.notices.notice import Notice
from core.documents import Document


@dataclass(slots=True)
class _Drawer:
    """Takes every message and gives it to nobody."""

    messages: list[EmailMessage] = field(default_factory=list)

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Handed:
        """Keep a message."""
        self.messages.append(message)
        return Handed(tuple(recipients))


def preview(performer: Performer, watch: Watch, action: Action, notice: Notice) -> Document:
    """Return what an action would tell of a notice, as it would go out.

    Raises:
        RuleError: A template cannot be filled in.
        WebError: What an e-mail should attach cannot be had.
    """
    context = {"ctx": notice.ctx}
    if action.email is not None:
        drawer = _Drawer()
        replace(performer, post=drawer).perform(watch, action, notice, [])
        return {"message": _shown(drawer.messages[0])}
    if action.webhook is not None:
        return {"request": _request(action.webhook, context)}
    if action.slack is not None:
        return {"messages": [body for _, body in build_posts(action.slack, context).items()]}
    if action.index is not None:
        return {"request": _document(action.index, notice, context)}
    text = action.logging.text if action.logging is not None else ""
    return {"logged_text": render(text, context)}


def _shown(message: EmailMessage) -> Document:
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    return {
        **{name.lower(): str(message[name]) for name in ("From", "To", "Cc", "Reply-To", "Subject") if message[name]},
        "body": {
            **({"text": plain.get_content()} if plain is not None else {}),
            **({"html": html.get_content()} if html is not None else {}),
        },
        "attachments": [part.get_filename() for part in message.iter_attachments()],
    }


def _request(webhook: WebhookAction, context: dict[str, Any]) -> Document:
    request = fill(webhook, context)
    body = request.body.decode("utf-8", "replace") if request.body is not None else None
    return {"method": request.method, "host": request.where, "body": body}


def _document(index: IndexAction, notice: Notice, context: dict[str, Any]) -> Document:
    payload = notice.ctx["payload"]
    source = dict(payload["_source"] if {"_index", "_source"} <= payload.keys() else payload)
    if index.execution_time_field:
        source[index.execution_time_field] = notice.ctx["execution_time"]
    name = index_name(index.index, context)
    return {"index": name, "id": render(index.doc_id, context) if index.doc_id else notice.id, "source": source}
