"""Does what an action says for one notice: hands over an e-mail, writes a document, writes a log line."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import ConflictError, Elasticsearch
from pydantic import SecretStr

from alerts.channels.attach import attach
from alerts.channels.index import index_name
from alerts.channels.mailer import Handed, Post
from alerts.channels.message import Attachment, Mail, build_message, message_id
from alerts.channels.request import fill
from alerts.channels.slack import build_posts, build_request
from alerts.channels.web import Web
from alerts.language.model import (
    Action,
    EmailAction,
    IndexAction,
    LoggingAction,
    SlackAction,
    Watch,
    WebhookAction,
)
from alerts.language.mustache import Context, render
from alerts.mails.compose import Composer
from alerts.notices.notice import Notice, State
from core.client import es_errors
from core.clock import parse_iso
from core.errors import RuleError, WebError
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
    web: Web
    slack: Mapping[str, SecretStr] = field(default_factory=dict)
    composer: Composer = field(default_factory=Composer)

    def perform(self, watch: Watch, action: Action, notice: Notice, thread: Sequence[Notice]) -> Done:
        """Do an action for a notice.

        Args:
            watch: Whose action it is.
            action: What to do.
            notice: What about; `notice.ctx` are the variables.
            thread: The notices of the same thread; an e-mail answers to those that were sent.

        Raises:
            ChannelError: The mail server, or the address of a webhook, did not take it.
            StoreError: Elasticsearch did not take the document.
            RuleError: The action does not fit what it is done for.
        """
        context = {"ctx": notice.ctx}
        if action.email is not None:
            return self._send(watch, action.email, notice, thread, context)
        if action.webhook is not None:
            return self._call(action.webhook, notice, context)
        if action.slack is not None:
            return self._post_to_slack(action.slack, notice, context)
        if action.index is not None:
            return self._index(action.index, notice, context)
        if action.logging is not None:
            _write_line(action.logging, watch, context)
        return Done(is_repeatable=True)

    def _call(self, webhook: WebhookAction, notice: Notice, context: Context) -> Done:
        request = fill(webhook, context, {"Idempotency-Key": notice.id})
        self.web.call(request)
        return Done(recipients=(request.where,))

    def _post_to_slack(self, slack: SlackAction, notice: Notice, context: Context) -> Done:
        """Post to each channel that has it not yet; what one of them refuses does not keep the others from it."""
        accepted, refused, deferred = list(notice.recipients), list(notice.refused), list[str]()
        remarks = []
        for channel, body in build_posts(slack, context).items():
            name = channel or slack.account or "Slack"
            if name in (*accepted, *refused):
                continue
            key = f"{notice.id}/{channel}" if channel else notice.id
            try:
                self.web.call(build_request(self.slack, slack.account, body, key))
                accepted.append(name)
            except WebError as error:
                if not channel:
                    raise
                (deferred if error.retryable else refused).append(name)
                remarks.append(f"{name} got none: {error}")
        return Done("", tuple(accepted), tuple(refused), tuple(deferred), "; ".join(remarks))

    def _send(
        self, watch: Watch, email: EmailAction, notice: Notice, thread: Sequence[Notice], context: Context
    ) -> Done:
        earlier = sorted((each for each in thread if each.state is State.SENT and each.id != notice.id), key=_when)
        letter = self.composer.compose(watch, email, notice, earlier)
        sender = render(email.sender, context) if email.sender else self.smtp.sender
        files, missing = attach(email, notice.ctx, self.web)
        pictures = [Attachment("requests.png", each.png, "image/png", each.cid) for each in letter.pictures]
        mail = Mail(
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            sender=sender,
            to=_addresses(email.to, context) or self.smtp.to,
            cc=_addresses(email.cc, context),
            bcc=_addresses(email.bcc, context),
            reply_to=_addresses(email.reply_to, context),
            date=parse_iso(notice.ctx["execution_time"]),
            message_id=message_id(notice.id, sender),
            references=[each.message_id for each in earlier if each.message_id],
            priority=email.priority,
            thread=notice.thread,
            watch_id=watch.id,
            inline=[*pictures, *(each for each in files if each.cid)],
            attachments=[each for each in files if not each.cid],
        )
        if not mail.recipients:
            raise RuleError(f"the watch {watch.id} has nobody to mail to", "set smtp.to, or `to` in the watch")
        left = [each for each in mail.recipients if each not in (*notice.recipients, *notice.refused)]
        handed = self.post.send(build_message(mail), left) if left else Handed()
        replies = dict(handed.deferred) | dict(handed.refused)
        remarks = [letter.remark, *missing, *(f"{address} got none: {reply}" for address, reply in replies.items())]
        return Done(
            mail.message_id,
            recipients=(*notice.recipients, *handed.accepted),
            refused=(*notice.refused, *handed.refused),
            deferred=tuple(handed.deferred),
            remark="; ".join(filter(None, remarks)),
        )

    def _index(self, index: IndexAction, notice: Notice, context: Context) -> Done:
        """Write the payload; under the notice's id, so that a repeat changes nothing, where the watch gives none."""
        payload = notice.ctx["payload"]
        if isinstance(payload.get("_doc"), list):
            problem = f"the payload of {notice.watch_id}/{notice.action_id} is a list of documents, _doc"
            raise RuleError(problem, 'write them one by one: "foreach": "ctx.payload._doc"')
        document = dict(payload["_source"] if {"_index", "_source"} <= payload.keys() else payload)
        if index.execution_time_field:
            document[index.execution_time_field] = notice.ctx["execution_time"]
        name = index_name(index.index, context)
        identity = render(index.doc_id, context, strict=True) if index.doc_id else notice.id
        patient = self.client.options(request_timeout=index.timeout.total_seconds())
        with es_errors(f"write into {name}"), suppress(ConflictError):  # created before: by us, or it stays as it is
            patient.index(index=name, id=identity, document=document, op_type=index.op_type, refresh=index.refresh)
        return Done(recipients=(name,), is_repeatable=True)


def _addresses(templates: tuple[str, ...] | str | None, context: Context) -> tuple[str, ...]:
    listed = templates if isinstance(templates, tuple) else (templates or "").split(",")
    return tuple(address for each in listed if (address := render(each, context).strip()))


def _when(notice: Notice) -> Any:
    return notice.sent or notice.created


def _write_line(logging_action: LoggingAction, watch: Watch, context: Context) -> None:
    level = _LEVELS.get(logging_action.level, logging.DEBUG)
    log.log(level, "%s: %s", watch.id, visible(render(logging_action.text, context), _LINE))
