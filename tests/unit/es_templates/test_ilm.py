"""Lifecycle management is asked for, used where it is and skipped where it is not: the server core has none.

A small HTTP server answers the lifecycle API alone, as clusters with and without it do.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from core.errors import StoreAuthError, StoreBusyError
from es_templates import apply, plan, read_catalogue
from es_templates.cluster import has_ilm

CATALOGUE = read_catalogue()


@contextmanager
def cluster(status: int = 200) -> Iterator[tuple[Elasticsearch, dict[str, Any]]]:
    """Yield a client of a cluster that keeps what is put, and what it keeps; `status` answers the list of policies."""
    kept: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/_ilm/policy":
                self.answer(status, {"error": {"type": "t", "reason": "r"}} if status >= 400 else {})
            elif path in kept:
                self.answer(200, kept[path])
            else:
                self.answer(200 if path.startswith("/_resolve") else 404, {"data_streams": []})

        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = self.path.rpartition("/")[2]
            # As Elasticsearch answers: the policy under its name, with its own counters beside it.
            kept[self.path] = {name: {"version": 1, "modified_date": "2026-03-14T00:00:00.000Z", **body}}
            self.answer(200, {"acknowledged": True})

        def answer(self, code: int, body: dict[str, Any]) -> None:
            payload = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Elastic-Product", "Elasticsearch")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with Elasticsearch(f"http://127.0.0.1:{server.server_port}", max_retries=0) as client:
            yield client, kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("status", "there"), [(200, True), (404, True), (400, False), (405, False), (410, False)])
def test_clusters_say_whether_they_have_ilm(status: int, *, there: bool) -> None:
    with cluster(status) as (client, _):
        assert has_ilm(client) is there


@pytest.mark.parametrize(("status", "error"), [(403, StoreAuthError), (503, StoreBusyError)])
def test_a_refusal_is_an_error_and_not_a_cluster_without_ilm(status: int, error: type[Exception]) -> None:
    with cluster(status) as (client, _), pytest.raises(error, match="lifecycle"):
        has_ilm(client)


def test_policy_and_its_component_are_planned_where_ilm_is() -> None:
    with cluster() as (client, _):
        actions = {(change.kind, change.name): change.action for change in plan(client)}
    assert actions["lifecycle policy", "wwwatch-access"] == "create"
    assert actions["component template", "wwwatch@ilm"] == "create"


def test_policy_and_its_component_are_skipped_where_ilm_is_not() -> None:
    with cluster(405) as (client, _):
        skipped = [change.name for change in plan(client) if "ILM: not on this cluster" in change.why]
    assert skipped == ["wwwatch-access", "wwwatch@ilm"]


def test_policy_is_put_once_and_mended_when_edited() -> None:
    path = "/_ilm/policy/wwwatch-access"
    with cluster() as (client, kept):
        apply(client, plan(client)[:1])
        assert plan(client)[0].action == "none"
        kept[path]["wwwatch-access"]["policy"]["phases"]["delete"]["min_age"] = "1d"
        mended = plan(client)[0]
        assert (mended.action, mended.why) == (
            "update",
            "was edited by hand; phases.delete.min_age: 1d, wanted 90d",
        )
        apply(client, [mended])
        assert plan(client)[0].action == "none"
