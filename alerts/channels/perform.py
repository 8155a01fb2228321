"""Does what an action says for one notice: hands over an e-mail, writes a document, writes a log line."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import Elasticsearch

from alerts.channels.mailer import Handed, Post
from alerts.channels.message import Attachment, Mail, build_message, message_id
from alerts.language.model import Action, EmailAction, IndexAction, LoggingAction, Watch
from alerts.language.mustache import Context, render
from alerts.mails.compose import Composer
from alerts.notices.notice import Notice, State
from core.client import es_errors
from core.clock import parse_iso
from core.errors import RuleError
from core.settings import SmtpSettings
from core.text import visible

log = logging.getLogger(__name__)

_LEVELS = {"error": logging.ERROR, "warn": logging.WARNING, "info": logging.INFO}
_LINE = 1000


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an action.

    Attributes:
        message_id: Of an e-mail.
        recipients: Who has it now, from this attempt and earlier ones.
        refused: Who will never take it, likewise.
        deferred: Who may take it later; while there are any, it is not done.
        remark: What went wrong on the way without stopping it.
        is_repeatable: Doing it again would change nothing, so its mark may wait for others.
    """

    message_id: str = ""
    recipients: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    remark: str = ""
    is_repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs actions during one run."""

    client: Elasticsearch
    post: Post
    smtp: SmtpSettings
    composer: Composer = field(default_factory=Composer)

    def perform(self, watch: Watch, action: Action, notice: Notice, thread: Sequence[Notice]) -> Done:
        """Do an action for a notice.

        Args:
            watch: Whose action it is.
            action: What to do.
            notice: What about; `notice.ctx` are the variables.
            thread: The notices of the same thread; an e-mail answers to those that were sent.

        Raises:
            MailError: The mail server did not take the message.
            StoreError: Elasticsearch did not take the document.
            RuleError: The action does not fit what it is done for.
        """
        context = {"ctx": notice.ctx}
        if action.email is not None:
            return self._send(watch, action.email, notice, thread, context)
        if action.index is not None:
            return self._index(action.index, notice, context)
        if action.logging is not None:
            _write_line(action.logging, watch, context)
        return Done(is_repeatable=True)

    def _send(
        self, watch: Watch, email: EmailAction, notice: Notice, thread: Sequence[Notice], context: Context
    ) -> Done:
        earlier = sorted((each for each in thread if each.state is State.SENT and each.id != notice.id), key=_when)
        letter = self.composer.compose(watch, email, notice, earlier)
        sender = render(email.sender, context) if email.sender else self.smtp.sender
        mail = Mail(
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            inline=[Attachment("requests.png", each.png, "image/png", each.cid) for each in letter.pictures],
            sender=sender,
            to=_addresses(email.to, context) or self.smtp.to,
            cc=_addresses(email.cc, context),
            reply_to=_addresses(email.reply_to, context),
            date=parse_iso(notice.ctx["execution_time"]),
            message_id=message_id(notice.id, sender),
            references=[each.message_id for each in earlier if each.message_id],
            priority=email.priority,
            thread=notice.thread,
            watch_id=watch.id,
        )
        if not mail.recipients:
            raise RuleError(f"the watch {watch.id} has nobody to mail to", "set smtp.to, or `to` in the watch")
        left = [each for each in mail.recipients if each not in (*notice.recipients, *notice.refused)]
        handed = self.post.send(build_message(mail), left) if left else Handed()
        replies = dict(handed.deferred) | dict(handed.refused)
        remarks = [letter.remark, *(f"{address} got none: {reply}" for address, reply in replies.items())]
        return Done(
            mail.message_id,
            recipients=(*notice.recipients, *handed.accepted),
            refused=(*notice.refused, *handed.refused),
            deferred=tuple(handed.deferred),
            remark="; ".join(filter(None, remarks)),
        )

    def _index(self, index: IndexAction, notice: Notice, context: Context) -> Done:
        payload = notice.ctx["payload"]
        document = dict(payload["_source"] if {"_index", "_source"} <= payload.keys() else payload)
        if index.execution_time_field:
            document[index.execution_time_field] = notice.ctx["execution_time"]
        name = render(index.index, context, strict=True)
        identity = render(index.doc_id, context, strict=True) if index.doc_id else notice.id
        with es_errors(f"write into {name}"):
            self.client.index(index=name, id=identity, document=document)
        return Done(is_repeatable=True)


def _addresses(templates: tuple[str, ...] | str | None, context: Context) -> tuple[str, ...]:
    listed = templates if isinstance(templates, tuple) else (templates or "").split(",")
    return tuple(address for each in listed if (address := render(each, context).strip()))


def _when(notice: Notice) -> Any:
    return notice.sent or notice.created


def _write_line(logging_action: LoggingAction, watch: Watch, context: Context) -> None:
    level = _LEVELS.get(logging_action.level, logging.DEBUG)
    log.log(level, "%s: %s", watch.id, visible(render(logging_action.text, context), _LINE))
