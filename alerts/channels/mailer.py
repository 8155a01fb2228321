"""The only place that speaks SMTP."""

import logging
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Protocol

from core.errors import MailError
from core.settings import SmtpSettings
from core.text import visible

log = logging.getLogger(__name__)

_PERMANENT = range(500, 600)
_LATER = "it is tried again later"


class Post(Protocol):
    """Where messages are handed over during one run."""

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> tuple[str, ...]:
        """Hand over a message and return the recipients that were accepted.

        Raises:
            MailError: Nobody was accepted, or the server cannot be used.
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


class _Session:
    """One connection, made when needed; a server that cannot be reached is asked once in a run, not once per mail."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None
        self._broken: MailError | None = None

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> tuple[str, ...]:
        """See `Post.send`."""
        server = self._connected()
        try:
            refused = server.send_message(message, self._settings.sender, list(recipients))
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refused("every recipient", *_mildest(error.recipients)) from error
        except smtplib.SMTPResponseException as error:
            raise self._refused("the message", error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()  # the next message gets a new connection
            raise self._failed("was lost while a message was handed over", error) from error
        except ValueError as error:  # an address that cannot be written, e.g. not ASCII and no SMTPUTF8
            raise MailError(f"cannot send to {', '.join(recipients)}: {error}", "check smtp.to") from error
        for address in refused:
            log.warning("%s does not take mail for %s", self._where, visible(address))
        return tuple(address for address in recipients if address not in refused)

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
        settings = self._settings
        with self._connection_errors():
            server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_seconds)
        try:
            with self._connection_errors():
                self._secure(server)
        except MailError:
            server.close()
            raise
        return server

    def _secure(self, server: smtplib.SMTP) -> None:
        settings = self._settings
        if settings.starttls:
            context = ssl.create_default_context(cafile=str(settings.ca_certs) if settings.ca_certs else None)
            server.starttls(context=context)
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


def _mildest(replies: Mapping[str, tuple[int, bytes]]) -> tuple[int, bytes]:
    """Return the reply that leaves most hope: if one recipient is only deferred, a later attempt can succeed."""
    return min(replies.values(), key=lambda reply: reply[0])
