"""`wwwatch alert serve`: the small web server behind the links in mails.

Mail scanners follow links, so that a GET changes nothing: it shows a page with a button, and only its POST says
anything. The signature in the address is the permission, of both; without it nothing is read, and nothing is said of
what there is. Behind a reverse proxy that speaks TLS; it speaks none itself.
"""

import logging
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from alerts.verdicts.links import Claim, ExpiredError, Signer
from alerts.verdicts.pages import POLICY, ask_page, told_page
from alerts.verdicts.store import Action, Saying, Verdicts
from core.clock import Clock
from core.errors import SettingsError, StoreMissingError, WwwatchError
from core.text import visible

log = logging.getLogger(__name__)

_BODY_LIMIT = 8_000
_NOTE_LIMIT = 500
_TIMEOUT_SECONDS = 10.0
_WHOLE_SECONDS = 30.0
_MOST_CONNECTIONS = 64
_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_DONE: Mapping[Action, str] = {
    Action.TRUE: "Acknowledged: it is an attack, and you are on it.",
    Action.FALSE: "Noted as a false alarm.",
    Action.ACK: "Acknowledged.",
    Action.CLOSE: "Closed.",
}


class VerdictServer:
    """Serves the pages until it is stopped.

    Args:
        verdicts: Where what she says goes.
        signer: Checks the links.
        clock: The time.
        address: Host and port to listen at; port 0 picks a free one.
        mutes: How long a false alarm mutes what is alike.

    Raises:
        SettingsError: Nobody can listen there.
    """

    def __init__(
        self, verdicts: Verdicts, signer: Signer, clock: Clock, address: tuple[str, int], *, mutes: timedelta
    ) -> None:
        class Handler(_Handler):
            desk = _Desk(verdicts, signer, clock, mutes)

        try:
            self._server = _Server(address, Handler)
        except OSError as error:
            raise SettingsError(
                f"cannot listen at {address[0]}:{address[1]}: {error}", "choose another --listen"
            ) from error

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
        thread.start()
        stop.wait()
        self._server.shutdown()
        thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Takes a bounded number of connections, each for a bounded time: who sends a byte now and then holds nothing."""

    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._room = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        end = threading.Timer(_WHOLE_SECONDS, _hang_up, [request])
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong, mostly a client that went away; http.server would print it."""
        del request
        error = sys.exception()
        level = logging.DEBUG if isinstance(error, OSError) else logging.ERROR
        log.log(level, "cannot answer %s: %s", client_address[0], visible(repr(error), 1000))


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Desk:
    """What requests are answered with: status and page."""

    def __init__(self, verdicts: Verdicts, signer: Signer, clock: Clock, mutes: timedelta) -> None:
        self._verdicts, self._signer, self._clock, self._mutes = verdicts, signer, clock, mutes

    def ask(self, target: str) -> tuple[HTTPStatus, str]:
        """Answer a GET."""
        return self._answer(target, self._asked)

    def say(self, target: str, note: str, by: str) -> tuple[HTTPStatus, str]:
        """Answer a POST."""
        return self._answer(target, lambda claim: self._said(claim, note, by))

    def _asked(self, claim: Claim) -> str:
        days = self._mutes / timedelta(days=1)
        return ask_page(claim.action, self._verdicts.incident(claim.incident_id), days)

    def _said(self, claim: Claim, note: str, by: str) -> str:
        saying = Saying(claim.action, by, note, self._mutes)
        self._verdicts.say(claim.incident_id, saying, self._clock.now())
        log.info("%s: %s, says %s", claim.incident_id, claim.action.value, by)
        text = "You may close this page; a later click on another link in the mail changes it."
        return told_page(_DONE[claim.action], text, self._verdicts.incident(claim.incident_id))

    def _answer(self, target: str, answer: Any) -> tuple[HTTPStatus, str]:
        try:
            claim = self._signer.check(target, self._clock.now())
            if claim is None:
                text = "Its address is not whole, or the key was changed. Copy the whole link from the mail."
                return HTTPStatus.NOT_FOUND, told_page("This link does not work.", text)
            return HTTPStatus.OK, answer(claim)
        except ExpiredError:
            text = "Links work for 30 days. Use `wwwatch incidents label` instead."
            return HTTPStatus.GONE, told_page("This link is too old.", text)
        except StoreMissingError:
            return HTTPStatus.NOT_FOUND, told_page("This incident is not there any more.", "It was deleted meanwhile.")
        except WwwatchError as error:
            log.warning("cannot answer a click: %s", visible(error, 1000))
            text = "Nothing was changed. Elasticsearch could not be asked; try again later."
            return HTTPStatus.SERVICE_UNAVAILABLE, told_page("That did not work.", text)


class _Handler(BaseHTTPRequestHandler):
    desk: _Desk
    timeout = _TIMEOUT_SECONDS
    server_version, sys_version = "wwwatch", ""
    # A connection carries one request (HTTP/1.0): a second one hidden in the body of the first would be answered to
    # whoever the proxy sends over the same connection next.
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """Show the page that asks."""
        self._send(*self.desk.ask(self.path))

    def do_HEAD(self) -> None:
        """Answer as GET would, without the page."""
        self._send(*self.desk.ask(self.path))

    def do_POST(self) -> None:
        """Do what the link says."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _BODY_LIMIT:
            self.close_connection = True
            page = told_page("That was too much.", "A note has 500 characters at most.")
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, page)
            return
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        note = parse_qs(body, max_num_fields=10).get("note", [""])[0] if body.count("&") < 10 else ""  # noqa: PLR2004
        self._send(*self.desk.say(self.path, " ".join(note.split())[:_NOTE_LIMIT], self._by()))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Log without the address, which is a permission."""
        log.debug("%s: %s", self.client_address[0], visible(format % args).partition("?")[0])

    def _by(self) -> str:
        """Return who clicked, as far as it can be known: whoever had the mail, from there."""
        forwarded = self.headers.get("X-Forwarded-For", "")
        behind = f" (forwarded for {visible(forwarded, 100)})" if forwarded else ""
        return f"link, from {self.client_address[0]}{behind}"

    def _send(self, status: HTTPStatus, page: str) -> None:
        content = page.encode("utf-8", "backslashreplace")
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
