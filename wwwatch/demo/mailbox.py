"""The demo's mail server: a real SMTP server on this machine that keeps every mail as a file."""

import email
import email.policy
import socket
import threading
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller

from core.clock import Clock


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that arrived."""

    path: Path
    arrived: datetime
    subject: str
    incident: str


class Mailbox:
    """Listens on a free loopback port while the `with` block lasts.

    Args:
        folder: Gets one .eml file per mail, in the order of arrival.
        clock: For the time of arrival.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._mails: list[Mail] = []
        with socket.create_server(("127.0.0.1", 0)) as free:  # aiosmtpd asks for a port that it can name
            self.port: int = free.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    @property
    def mails(self) -> list[Mail]:
        """The mails so far, in the order of arrival."""
        with self._lock:
            return list(self._mails)

    def read(self, mail: Mail) -> EmailMessage:
        """Return a mail, parsed."""
        message = email.message_from_bytes(mail.path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)  # noqa: S101 - the policy's own class
        return message

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one mail; called by aiosmtpd."""
        del server, session
        message = email.message_from_bytes(envelope.original_content, EmailMessage, policy=email.policy.default)
        with self._lock:
            path = self.folder / f"{len(self._mails) + 1:03d}.eml"
            path.write_bytes(envelope.original_content)
            subject, incident = str(message["Subject"] or "").strip(), str(message["X-Wwwatch-Incident"] or "").strip()
            self._mails.append(Mail(path, self._clock.now(), subject, incident))
        return "250 kept"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
