"""A stand-in for Kibana's import API, which cannot run here: it refuses what Kibana refuses, in Kibana's words."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "a2V5"
NEWEST = {"index-pattern": "8.0.0", "search": "10.12.0", "dashboard": "10.4.0"}
ENFORCED = ("index-pattern", "search")


class StandIn(ThreadingHTTPServer):
    """Holds saved objects by space, type and id."""

    def __init__(self, version: str = "8.18.0", spaces: tuple[str, ...] = ("default",)) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.version, self.spaces = version, spaces
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.imports = 0

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def stand_in(**options: Any) -> Iterator[StandIn]:
    """Yield a running stand-in."""
    server = StandIn(**options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._route()

    def do_POST(self) -> None:
        self._route()

    def _route(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = urlsplit(self.path)
        path, space = parts.path, "default"
        if path.startswith("/s/"):
            _, _, space, *rest = path.split("/")
            path = "/" + "/".join(rest)
        if self.headers.get("authorization") != f"ApiKey {KEY}":
            self._answer(401, {"statusCode": 401, "message": "unauthorized"})
        elif space not in self.server.spaces:
            self._answer(404, {"statusCode": 404, "message": f"Space {space} not found"})
        elif path == "/api/status":
            self._answer(200, {"version": {"number": self.server.version}})
        elif self.headers.get("kbn-xsrf") is None:
            self._answer(400, {"statusCode": 400, "message": "Request must contain a kbn-xsrf header."})
        elif path == "/api/saved_objects/_import":
            self._import(space, parse_qs(parts.query), body)
        elif path == "/api/saved_objects/_bulk_delete":
            self._delete(space, json.loads(body))
        else:
            self._answer(404, {"statusCode": 404, "message": "Not Found"})

    def _import(self, space: str, query: dict[str, list[str]], body: bytes) -> None:
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        (part,) = message_from_bytes(head + body).get_payload()
        if not str(part.get_filename()).endswith(".ndjson"):
            self._answer(400, {"statusCode": 400, "message": "Invalid file extension"})
            return
        objects = [json.loads(line) for line in part.get_payload(decode=True).decode().splitlines() if line]
        names = [(each["type"], each["id"]) for each in objects]
        if len(set(names)) != len(names):
            self._answer(400, {"statusCode": 400, "message": "Non-unique import objects detected"})
            return
        for each in objects:
            if _version(each["typeMigrationVersion"]) > _version(NEWEST[each["type"]]):
                what = f'Document "{each["id"]}" belongs to a more recent version of Kibana'
                self._answer(422, {"statusCode": 422, "message": what})
                return
        errors = [error for each in objects if (error := self._error(space, each, names, query)) is not None]
        if not errors:
            self.server.imports += 1
            self.server.objects |= {(space, each["type"], each["id"]): each for each in objects}
        results = [] if errors else [{"type": kind, "id": name} for kind, name in names]
        found = {"success": not errors, "successCount": len(results), "successResults": results, "errors": errors}
        self._answer(200, found)

    def _error(
        self, space: str, each: dict[str, Any], names: list[tuple[str, str]], query: dict[str, list[str]]
    ) -> dict[str, Any] | None:
        own = {"type": each["type"], "id": each["id"]}
        if (space, each["type"], each["id"]) in self.server.objects and query.get("overwrite") != ["true"]:
            return own | {"error": {"type": "conflict"}}
        missing = [
            {"type": reference["type"], "id": reference["id"]}
            for reference in each["references"]
            if reference["type"] in ENFORCED
            and (reference["type"], reference["id"]) not in names
            and (space, reference["type"], reference["id"]) not in self.server.objects
        ]
        return own | {"error": {"type": "missing_references", "references": missing}} if missing else None

    def _delete(self, space: str, wanted: list[dict[str, str]]) -> None:
        statuses = []
        for each in wanted:
            found = self.server.objects.pop((space, each["type"], each["id"]), None)
            problem = {} if found else {"error": {"statusCode": 404, "message": "not found"}}
            statuses.append({**each, "success": found is not None, **problem})
        self._answer(200, {"statuses": statuses})

    def _answer(self, status: int, data: Any) -> None:
        text = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
