"""The only place that speaks SMTP."""

import logging
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Protocol

from core.errors import MailError
from core.settings import SmtpSettings
from core.text import visible

log = logging.getLogger(__name__)

_PERMANENT = range(500, 600)
_CLOSED = (421, b"the server closed the channel")
_LATER = "it is tried again later"
VERDICT_SECONDS = 60.0
"""How long a server may take to answer to a whole message; RFC 5321 gives it 10 min, a notice's claim ends before."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of one message, recipient by recipient.

    Attributes:
        accepted: The server answers for these now.
        deferred: With its reply: it may take the message for these later (4xx).
        refused: With its reply: it never will (5xx).
    """

    accepted: tuple[str, ...] = ()
    deferred: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


class Post(Protocol):
    """Where messages are handed over during one run."""

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Handed:
        """Hand over a message.

        Raises:
            MailError: The server cannot be used, or refused the message itself.
        """


class Mailer:
    """Hands messages to the mail server of the settings."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings

    @contextmanager
    def session(self) -> Iterator[Post]:
        """Yield one connection for several messages; it is made with the first and closed in any case."""
        session = _Session(self.settings)
        try:
            yield session
        finally:
            session.close()


class _Patient(smtplib.SMTP):
    """Waits longer for the answer to a whole message than for others.

    A server that scans for spam answers late; who hangs up before it does sends a message again that was taken
    (RFC 5321, 4.5.3.2.6 and 6.1).
    """

    def data(self, msg: Any) -> tuple[int, bytes]:
        usual = self.timeout
        self._wait_for(max(usual, VERDICT_SECONDS))
        try:
            return super().data(msg)
        finally:
            self._wait_for(usual)

    def _wait_for(self, seconds: float) -> None:
        if self.sock is not None:  # it is when the connection was lost
            self.sock.settimeout(seconds)


class _PatientTls(_Patient, smtplib.SMTP_SSL):
    """The same where TLS begins with the first byte."""


class _Session:
    """One connection, made when needed; a server that cannot be reached is asked once in a run, not once per mail."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None
        self._broken: MailError | None = None

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Handed:
        """See `Post.send`."""
        server = self._connected()
        try:
            refused = server.send_message(message, self._settings.sender, list(recipients))
        except smtplib.SMTPRecipientsRefused as error:
            # Nobody got it, also who was accepted before the server closed the channel (421).
            refused = {address: error.recipients.get(address, _CLOSED) for address in recipients}
        except smtplib.SMTPResponseException as error:
            raise self._refused("the message", error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()  # the next message gets a new connection
            failure = self._failed("was lost while a message was handed over", error)
            if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
                self._broken = failure  # it hangs: not every message of this run needs to wait as long
            raise failure from error
        except ValueError as error:  # an address that cannot be written, e.g. not ASCII and no SMTPUTF8
            raise MailError(f"cannot send to {', '.join(recipients)}: {error}", "check smtp.to") from error
        finally:
            if server.sock is None:  # smtplib hangs up at 421
                self._server = None
        return self._sorted(recipients, refused)

    def _sorted(self, recipients: Sequence[str], replies: Mapping[str, tuple[int, bytes]]) -> Handed:
        for address, (code, answer) in replies.items():
            log.warning("%s does not take mail for %s: %d %s", self._where, visible(address), code, _decoded(answer))
        said = {address: (code, f"{code} {_decoded(answer)}") for address, (code, answer) in replies.items()}
        return Handed(
            tuple(address for address in recipients if address not in replies),
            {address: reply for address, (code, reply) in said.items() if code not in _PERMANENT},
            {address: reply for address, (code, reply) in said.items() if code in _PERMANENT},
        )

    def close(self) -> None:
        """End the connection, politely if the server still listens."""
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._server.close()
        self._server = None

    @property
    def _where(self) -> str:
        return f"the mail server {self._settings.host}:{self._settings.port}"

    def _connected(self) -> smtplib.SMTP:
        if self._broken is not None:
            raise self._broken
        if self._server is None:
            try:
                self._server = self._connect()
            except MailError as error:
                self._broken = error
                raise
        return self._server

    def _connect(self) -> smtplib.SMTP:
        with self._connection_errors():
            server = self._greeted()
        try:
            with self._connection_errors():
                self._secure(server)
        except MailError:
            server.close()
            raise
        return server

    def _greeted(self) -> smtplib.SMTP:
        settings = self._settings
        where = (settings.host, settings.port)
        if settings.tls:
            return _PatientTls(*where, timeout=settings.timeout_seconds, context=self._trust())
        return _Patient(*where, timeout=settings.timeout_seconds)

    def _trust(self) -> ssl.SSLContext:
        certs = self._settings.ca_certs
        return ssl.create_default_context(cafile=str(certs) if certs else None)

    def _secure(self, server: smtplib.SMTP) -> None:
        settings = self._settings
        if settings.starttls:
            server.starttls(context=self._trust())
        if settings.username and settings.password:
            server.login(settings.username, settings.password.get_secret_value())

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        """Say what is wrong with the connection; always worth a retry: settings get mended, and the mail waits."""
        try:
            yield
        except smtplib.SMTPAuthenticationError as error:
            reply = f"{error.smtp_code} {_decoded(error.smtp_error)}"
            hint = "check smtp.username and smtp.password"
            raise MailError(f"{self._where} refused the login: {reply}", hint, retryable=True) from error
        except smtplib.SMTPNotSupportedError as error:
            hint = "set smtp.starttls, smtp.username and smtp.port to what the server offers"
            raise MailError(f"{self._where} lacks what is asked for: {visible(error)}", hint, retryable=True) from error
        except smtplib.SMTPResponseException as error:
            reply = f"{error.smtp_code} {_decoded(error.smtp_error)}"
            raise MailError(f"{self._where} refused the connection: {reply}", _LATER, retryable=True) from error
        except ssl.SSLCertVerificationError as error:
            hint = "set smtp.ca_certs to its authority's PEM file, and smtp.host to the name in the certificate"
            raise MailError(f"{self._where} is not trusted: {error.verify_message}", hint, retryable=True) from error
        except (smtplib.SMTPException, OSError) as error:
            raise self._failed("cannot be reached", error) from error

    def _refused(self, what: str, code: int, answer: bytes | str) -> MailError:
        retryable = code not in _PERMANENT
        hint = _LATER if retryable else "the reason above is the mail server's own"
        return MailError(f"{self._where} refused {what}: {code} {_decoded(answer)}", hint, retryable=retryable)

    def _failed(self, what: str, error: Exception) -> MailError:
        reason = f"{self._where} {what}: {visible(error) or type(error).__name__}"
        return MailError(reason, "check smtp.host and smtp.port", retryable=True)


def _decoded(answer: bytes | str) -> str:
    return visible(answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer)
