"""A real web server on a real socket that keeps the requests it gets, and can be told how to misbehave."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Kept:
    """A request that came in; `headers` by lower-case name."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass
class WebSink:
    """How the server behaves, and what came in.

    Attributes:
        replies: Taken from the front, one per request: a status, or ``drop`` (take it, never answer), ``half`` (break
            off within the answer), ``hang`` (say nothing for long), ``drip`` (a byte now and then, without end),
            ``drip head`` (likewise, within a header).
        reply_headers: Go with every answer.
        reply_body: Of every answer.
        connections: How many were made.
    """

    replies: list[int | str] = field(default_factory=list)
    reply_headers: dict[str, str] = field(default_factory=dict)
    reply_body: bytes = b"ok"
    requests: list[Kept] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def hook(self, **more: Any) -> dict[str, Any]:
        """Return a webhook action that leads here."""
        return {"scheme": "http", "host": "127.0.0.1", "port": self.port, "path": "/hook", **more}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sink: WebSink

    def setup(self) -> None:
        """Count connections."""
        super().setup()
        self.sink.connections += 1

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.sink.requests.append(Kept(self.command, self.path, headers, body))
        reply = self.sink.replies.pop(0) if self.sink.replies else 200
        if isinstance(reply, int):
            self._answer(reply, self.sink.reply_body)
            return
        self.close_connection = True
        if reply == "hang":
            self.sink.is_over.wait(30)
        elif reply == "half":
            self._answer(200, b"x" * 1000, sent=b"x" * 10)
        elif reply in ("drip", "drip head"):
            if reply == "drip":
                self._answer(200, b"x" * 100_000, sent=b"")
            else:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not self.sink.is_over.wait(0.02):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle  # noqa: N815 - the names that http.server looks for

    def _answer(self, status: int, content: bytes, sent: bytes | None = None) -> None:
        self.send_response(status)
        for name, value in self.sink.reply_headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if sent is None else sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up, or do not trust us, are what is tested."""


@contextmanager
def web_sink(tls: ssl.SSLContext | None = None, **behaviour: Any) -> Iterator[WebSink]:
    """Run a server in a thread, with TLS where it is given."""
    sink = WebSink(**behaviour)
    handler = type("Handler", (_Handler,), {"sink": sink})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        sink.port = server.server_port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield sink
        finally:
            sink.is_over.set()
            server.shutdown()
