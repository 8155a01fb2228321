"""Builds an e-mail: pure, and no value can add a header."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UniqueAddressHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from core.errors import RuleError
from core.text import visible

_HEADERS = HeaderRegistry()
_SUBJECT_LIMIT = 180
_PRIORITIES = {"lowest": "5", "low": "4", "high": "2", "highest": "1"}


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
    """

    sender: str
    to: Sequence[str]
    subject: str
    text: str
    date: datetime
    message_id: str
    html: str = ""
    cc: Sequence[str] = ()
    reply_to: Sequence[str] = ()
    references: Sequence[str] = ()
    priority: str = "normal"
    thread: str = ""

    @property
    def recipients(self) -> list[str]:
        """The bare addresses that get it, each once."""
        return list(dict.fromkeys(parse_address(each).addr_spec for each in (*self.to, *self.cc)))


def build_message(mail: Mail) -> EmailMessage:
    """Return the message, multipart where there is HTML.

    Raises:
        RuleError: An address is not one.
    """
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = parse_address(mail.sender)
    message["To"] = [parse_address(each) for each in mail.to]
    if mail.cc:
        message["Cc"] = [parse_address(each) for each in mail.cc]
    if mail.reply_to:
        message["Reply-To"] = [parse_address(each) for each in mail.reply_to]
    message["Subject"] = visible(" ".join(mail.subject.split()), _SUBJECT_LIMIT)
    message["Date"] = format_datetime(mail.date)
    message["Message-ID"] = mail.message_id
    if mail.references:
        message["In-Reply-To"] = mail.references[0]
        message["References"] = " ".join(mail.references)
    if mail.thread:
        message["X-Wwwatch-Incident"] = visible("".join(mail.thread.split()), _SUBJECT_LIMIT)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if mail.priority in _PRIORITIES:
        message["X-Priority"] = _PRIORITIES[mail.priority]
    message.set_content(_clean(mail.text), cte="quoted-printable")
    if mail.html:
        message.add_alternative(_clean(mail.html), subtype="html", cte="quoted-printable")
    return message


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


def _clean(body: str) -> str:
    # Lone surrogates cannot be encoded; everything else is the template's business.
    return body.encode("utf-8", "backslashreplace").decode("utf-8")
