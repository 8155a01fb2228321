"""Builds an e-mail: pure, and no value can add a header."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UniqueAddressHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from core.errors import RuleError
from core.text import visible

_HEADERS = HeaderRegistry()
_SUBJECT_LIMIT = 180
_NAME_LIMIT = 100
_PRIORITIES = {"lowest": ("5", "low"), "low": ("4", "low"), "high": ("2", "high"), "highest": ("1", "high")}
"""Watcher's words as `X-Priority`, which Outlook and Thunderbird read, and as `Importance` (RFC 2156)."""
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail.

    Attributes:
        name: As the reader sees it; made harmless.
        content: Its bytes.
        media_type: ``type/subtype``; what is no such thing is sent as bytes.
        cid: For a picture in the HTML: what ``<img src="cid:...">`` names, letters, digits, ``-`` and ``.``.
    """

    name: str
    content: bytes
    media_type: str = "application/octet-stream"
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """What a message says and to whom.

    Attributes:
        message_id: With angle brackets; the same for every attempt to send the same mail.
        references: Message-IDs of the thread's earlier mails, oldest first.
        text: The plain body.
        html: The HTML body; empty for none.
        priority: Watcher's word, ``lowest`` to ``highest``.
        thread: What the mail is about, an incident's id: a header of its own, for filters and scripts; empty for none.
        bcc: Who gets it without anybody seeing it: recipients alone, never a header.
        watch_id: Names the list that the mail belongs to (RFC 2919), for filters; empty for none.
        inline: Pictures in the HTML, each with a `cid`.
        attachments: Files beside it.
    """

    sender: str
    to: Sequence[str]
    subject: str
    text: str
    date: datetime
    message_id: str
    html: str = ""
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    reply_to: Sequence[str] = ()
    references: Sequence[str] = ()
    priority: str = "normal"
    thread: str = ""
    watch_id: str = ""
    inline: Sequence[Attachment] = ()
    attachments: Sequence[Attachment] = ()

    @property
    def recipients(self) -> list[str]:
        """The bare addresses that get it, each once."""
        return list(dict.fromkeys(parse_address(each).addr_spec for each in (*self.to, *self.cc, *self.bcc)))


def build_message(mail: Mail) -> EmailMessage:
    """Return the message: text, HTML beside it with its pictures, and files, each part only where there is something.

    Raises:
        RuleError: An address is not one.
    """
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    for name, value in _headers(mail):
        message[name] = value
    message.set_content(_clean(mail.text), cte="quoted-printable")
    if mail.html:
        message.add_alternative(_clean(mail.html), subtype="html", cte="quoted-printable")
        _, page = message.iter_parts()
        for picture in mail.inline:
            main, sub = _media_type(picture)
            identity = f"<{picture.cid}>"
            page.add_related(
                picture.content, main, sub, cid=identity, filename=_file_name(picture), disposition="inline"
            )
    for each in mail.attachments:
        main, sub = _media_type(each)
        charset = {"charset": "utf-8"} if main == "text" else {}
        message.add_attachment(each.content, main, sub, filename=_file_name(each), params=charset)
    return message


def _headers(mail: Mail) -> Iterator[tuple[str, Any]]:
    sender = parse_address(mail.sender)
    yield "From", sender
    for name, addresses in (("To", mail.to), ("Cc", mail.cc), ("Reply-To", mail.reply_to)):
        if addresses:
            yield name, [parse_address(each) for each in addresses]
    if not mail.to and not mail.cc:
        yield "To", "undisclosed-recipients:;"
    yield "Subject", visible(" ".join(mail.subject.split()), _SUBJECT_LIMIT)
    yield "Date", format_datetime(mail.date)
    yield "Message-ID", mail.message_id
    if mail.references:
        yield "In-Reply-To", mail.references[0]
        yield "References", " ".join(mail.references)
    if mail.watch_id:
        yield "List-Id", f"<{visible(mail.watch_id)}.wwwatch.{sender.domain or 'localhost'}>"
    if mail.thread:
        yield "X-Wwwatch-Incident", visible("".join(mail.thread.split()), _SUBJECT_LIMIT)
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"
    if mail.priority in _PRIORITIES:
        number, word = _PRIORITIES[mail.priority]
        yield "X-Priority", number
        yield "Importance", word


def message_id(notice_id: str, sender: str) -> str:
    """Return the Message-ID of a notice, in the sender's domain."""
    return f"<{notice_id}@{parse_address(sender).domain or 'localhost'}>"


def parse_address(text: str) -> Address:
    """Return an address from ``user@host`` or ``Name <user@host>``.

    Raises:
        RuleError: It is not one.
    """
    header = None if any(char in text for char in "\r\n") else _HEADERS("to", text)
    if not isinstance(header, UniqueAddressHeader) or header.defects or len(header.addresses) != 1:
        raise RuleError(f"{visible(text)!r} is not an e-mail address", "correct smtp.to, smtp.sender or the watch")
    return header.addresses[0]


def _media_type(attachment: Attachment) -> tuple[str, str]:
    wanted = attachment.media_type.partition(";")[0].strip().lower()
    # A message inside a message may only be attached as one; whoever names it so means a file.
    is_plain = _MEDIA_TYPE.fullmatch(wanted) and not wanted.startswith(("multipart/", "message/"))
    main, _, sub = (wanted if is_plain else "application/octet-stream").partition("/")
    return main, sub


def _file_name(attachment: Attachment) -> str:
    return visible(" ".join(attachment.name.split()).replace("/", "_").replace("\\", "_"), _NAME_LIMIT)


def _clean(body: str) -> str:
    # Lone surrogates cannot be encoded; everything else is the template's business.
    return body.encode("utf-8", "backslashreplace").decode("utf-8")
