"""A real mail server on a real socket that keeps what it gets, and can be told how to misbehave."""

import asyncio
import email
import email.policy
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from core.settings import SmtpSettings

ADMIN = "admin@shop.example"


@dataclass
class SmtpSink:
    """How the server behaves, and what came in.

    Attributes:
        replies: Taken from the front, one per message, instead of accepting it; ``drop`` cuts the connection.
        refused: Recipients that get ``550``.
        deferred: Recipients that get ``450``.
        closing: Recipients that get ``421``, after which the connection is closed.
        hanging: Recipients that get no answer for a minute.
        thinks_seconds: How long a message is looked at before it is answered.
        login: User name and password it wants, which takes `tls`; None wants none.
        on_message: Called when a message has been kept, before the server says so.
    """

    replies: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    deferred: set[str] = field(default_factory=set)
    closing: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    thinks_seconds: float = 0.0
    login: tuple[str, str] | None = None
    on_message: Callable[[], None] | None = None
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def settings(self, **changes: Any) -> SmtpSettings:
        """Return settings that lead here."""
        return SmtpSettings(host="localhost", port=self.port, to=(ADMIN,), sender="wwwatch@shop.example", **changes)

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Compare a login with `login`."""
        del server, session, envelope, mechanism
        given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count connections."""
        del server, envelope
        self.connections += session.host_name is None
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept or refuse a recipient."""
        del session, options
        if address in self.hanging:
            await asyncio.sleep(60)
        if address in self.closing:
            asyncio.get_running_loop().call_later(0.05, server.transport.close)
            return "421 closing"
        if address in self.refused:
            return "550 no such user"
        if address in self.deferred:
            return "450 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message, or behave as told."""
        del session
        await asyncio.sleep(self.thinks_seconds)
        reply = self.replies.pop(0) if self.replies else "250 kept"
        if reply == "drop":
            server.transport.abort()
            return "421 gone"
        if reply.startswith("250"):
            message = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
            self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
            if self.on_message is not None:
                self.on_message()
        return reply


@contextmanager
def smtp_sink(tls: ssl.SSLContext | None = None, *, smtps: bool = False, **behaviour: Any) -> Iterator[SmtpSink]:
    """Run a server in a thread, with STARTTLS where `tls` is given, or with TLS from the first byte with `smtps`."""
    sink = SmtpSink(**behaviour)
    options: dict[str, Any] = {"tls_context": tls, "require_starttls": tls is not None}
    if smtps:
        options = {"ssl_context": tls}
    if sink.login is not None:
        options |= {"authenticator": sink.authenticate, "auth_required": True}
    controller = Controller(sink, hostname="localhost", port=0, **options)
    # aiosmtpd probes the port it was given, so that 0 must become the real one before it does.
    sink.port = controller.port = _free_port()
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def plain(message: EmailMessage) -> str:
    """Return a message's text."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def html(message: EmailMessage) -> str:
    """Return a message's HTML."""
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())
