"""A real proxy before the real Elasticsearch that can fail in the ways networks and proxies do."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Plan = Callable[[str, bytes], str | int]
"""Told the path and body of each bulk request; says "pass", "lose" (do it, never answer), "cut" (do it, answer half),
"hang" (take it, do nothing, say nothing), "page" (answer with a web page), or which status to give."""


@contextmanager
def faulty_proxy(
    url: str, plan: Plan, after: Callable[[], None] = lambda: None, *, every_path: bool = False
) -> Iterator[str]:
    """Yield the address of a proxy to `url`.

    Args:
        url: Elasticsearch.
        plan: Says what becomes of each bulk request.
        after: Called when a request whose answer is lost has been done.
        every_path: Ask `plan` about every request, not only about bulks.
    """
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            fate = plan(self.path, body) if every_path or "/_bulk" in self.path else "pass"
            if isinstance(fate, int):
                self._answer(fate, b'{"error":{"type":"test","reason":"so planned"}}', {})
                return
            if fate == "hang":
                is_over.wait()
                self.close_connection = True
                return
            if fate == "page":
                self._answer(200, b"<html>Please log in</html>", {"content-type": "text/html"})
                return
            headers = {key: value for key, value in self.headers.items() if key.lower() not in {"host", "connection"}}
            with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as server:
                server.request(self.command, self.path, body, headers)
                response = server.getresponse()
                content = response.read()
            if fate == "lose":
                after()
                self.close_connection = True
                return
            self._answer(response.status, content, dict(response.headers), is_half=fate == "cut")

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _handle  # noqa: N815 - the names that http.server looks for

        def _answer(self, status: int, content: bytes, headers: dict[str, str], *, is_half: bool = False) -> None:
            self.send_response(status)
            self.send_header("content-type", headers.get("content-type", "application/json"))
            self.send_header("x-elastic-product", "Elasticsearch")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if is_half else content)
            self.close_connection = self.close_connection or is_half

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}"
        finally:
            is_over.set()
            proxy.shutdown()
