"""Errors of the Elasticsearch client become ours: what failed, why, and what to do; asked of a real socket."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core.client import connect, es_errors, store_error
from core.errors import StoreAuthError, StoreBusyError, StoreError, StoreUnreachableError
from core.settings import EsSettings
from detector.feed import ChangeFeed

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}


@contextmanager
def answering(status: int, body: Any, headers: dict[str, str]) -> Iterator[str]:
    """Run a server that gives every request one answer; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the server's name

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(kind: str, reason: str) -> dict[str, Any]:
    return {"error": {"type": kind, "reason": reason}}


@pytest.mark.parametrize("mimetype", ["application/json", "application/vnd.elasticsearch+json;compatible-with=8"])
def test_the_reason_is_elasticsearchs_own_for_every_client(mimetype: str) -> None:
    headers = PRODUCT | {"Content-Type": mimetype}
    body = refusal("security_exception", "not for you")
    expected = "Elasticsearch answered 403 security_exception: not for you: give this user the privileges"
    with answering(403, body, headers) as url:
        with connect(EsSettings(url=url)) as client, pytest.raises(StoreAuthError, match=expected), es_errors("ask"):
            client.info()
        with closing(ChangeFeed(EsSettings(url=url), "logs-*")) as feed, pytest.raises(StoreAuthError, match=expected):
            feed.shards()


def test_an_error_without_a_reason_tells_its_cause() -> None:
    body = refusal("search_phase_execution_exception", "")
    body["error"]["caused_by"] = {
        "type": "aggregation_execution_exception",
        "reason": "",
        "caused_by": {"reason": "two types"},
    }
    with (
        answering(400, body, PRODUCT | {"Content-Type": "application/json"}) as url,
        connect(EsSettings(url=url)) as client,
        pytest.raises(StoreError, match="answered 400 search_phase_execution_exception: two types"),
        es_errors("search"),
    ):
        client.search(index="logs-*")


def test_a_missing_index_says_what_to_run() -> None:
    body = refusal("index_not_found_exception", "no such index [wwwatch-incidents]")
    with (
        answering(404, body, PRODUCT | {"Content-Type": "application/json"}) as url,
        connect(EsSettings(url=url)) as client,
        pytest.raises(StoreError, match=r"no such index \[wwwatch-incidents\]: run `wwwatch setup`"),
        es_errors("list the incidents"),
    ):
        client.search(index="wwwatch-incidents")


def test_another_product_is_told_apart() -> None:
    with (
        answering(200, {}, {"Content-Type": "application/json"}) as url,
        connect(EsSettings(url=url)) as client,
        pytest.raises(StoreError, match=r"point es\.url at Elasticsearch 8"),
        es_errors("ask"),
    ):
        client.info()


def test_nobody_there_is_worth_trying_again() -> None:
    with (
        connect(EsSettings(url="http://127.0.0.1:1")) as client,
        pytest.raises(StoreUnreachableError, match="cannot ask: no answer from Elasticsearch") as caught,
        es_errors("ask"),
    ):
        client.info()
    assert caught.value.retryable


def test_a_password_in_a_wrong_address_is_not_shown() -> None:
    with pytest.raises(StoreError, match=r"cannot use Elasticsearch at es\.example\.org") as caught:
        connect(EsSettings(url="writer:geheim@es.example.org"))
    assert "geheim" not in str(caught.value)


def test_an_item_that_was_refused_for_a_while_is_worth_trying_again() -> None:
    assert isinstance(store_error(429, "2 findings were refused"), StoreBusyError)
    assert not store_error(400, "2 findings were refused").retryable
