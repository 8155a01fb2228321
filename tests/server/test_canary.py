"""The canary through the whole chain, and what happens when it does not come back."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from alerts import Engine, Mailer, read_watches
from alerts.canary.flights import Flights
from core.documents import CANARY_AGENT, INCIDENTS, access_stream, health_stream
from core.settings import Settings
from tests.alerting import HandClock, incident
from tests.server.logs import ship_once
from tests.server.watching import NOW, Site
from tests.smtp_sink import smtp_sink
from wwwatch.cli import cli

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


@pytest.mark.parametrize("by_log", [True, False])
def test_it_comes_back_through_the_whole_chain_and_stays_out_of_the_inbox(
    es: Elasticsearch, es_url: str, site: Site, namespace: str, tmp_path: Path, *, by_log: bool
) -> None:
    log = tmp_path / "canary.log"
    flights = Flights(es, namespace, log if by_log else None)
    flight = flights.send(NOW)
    assert flight.is_missing(NOW + timedelta(seconds=60), timedelta(seconds=60))
    if by_log:
        ship_once(es, site.settings, log)
    step = site.step()
    assert step.events == 60
    assert step.opened == 1
    es.indices.refresh(index=INCIDENTS)
    (found,) = es.search(index=INCIDENTS, query={"term": {"user_agent.original": flight.mark}})["hits"]["hits"]
    assert found["_source"]["wwwatch"]["incident"]["level"] >= 2, "a lesser one may be joined to others of its site"
    listed, everything = (
        CliRunner().invoke(cli, ["--es-url", es_url, "incidents", "list", "--json", *more]).stdout
        for more in ((), ("--all",))
    )
    assert (found["_id"] in listed, found["_id"] in everything) == (False, True)
    watches = [watch for watch in read_watches() if watch.id in ("canary", "incident", "digest")]
    clock = HandClock(NOW + timedelta(seconds=5))
    with smtp_sink() as sink:
        settings = Settings(smtp=sink.settings())
        engine = Engine(es, watches, Mailer(settings.smtp), settings, clock)
        assert [run.reason for run in engine.run_once() if run.failed] == []
        (last,) = flights.last()
        assert last.returned is not None
        assert flights.look(flight) == last
        pretended = incident({"user_agent.original": f"{CANARY_AGENT}00aa-11bb", **recent()})
        es.index(index=INCIDENTS, id=f"i-{namespace}", document=pretended, refresh=True)
        assert sink.messages == []
        clock.move(60)
        engine.run_once()
        assert [message["X-Wwwatch-Incident"] for message in sink.messages] == [f"i-{namespace}"]
        # Who has seen a mark, and sends it from elsewhere, or shares an incident with it, is told, too.
        for number, (addresses, clients) in enumerate(([["203.0.113.9"], 1], [["192.0.2.1", "203.0.113.9"], 2])):
            seen = {"source.address": addresses, "source.ip": addresses, "wwwatch.incident.clients": clients}
            stolen = incident({"user_agent.original": flight.mark, **seen, **recent()})
            es.index(index=INCIDENTS, id=f"s{number}-{namespace}", document=stolen, refresh=True)
        clock.move(60)
        engine.run_once()
        assert sorted(message["X-Wwwatch-Incident"][:2] for message in sink.messages[1:]) == ["s0", "s1"]


def test_with_an_address_it_comes_back_as_mail(es: Elasticsearch, site: Site, namespace: str) -> None:
    flights = Flights(es, namespace)
    flights.send(NOW)
    site.step()
    (watch,) = [watch for watch in read_watches() if watch.id == "canary"]
    watch.metadata["to"] = "canary@example.org"
    with smtp_sink() as sink:
        settings = Settings(smtp=sink.settings())
        Engine(es, [watch], Mailer(settings.smtp), settings, HandClock(NOW + timedelta(seconds=5))).run_once()
        (message,) = sink.messages
    assert message["To"] == "canary@example.org"
    (last,) = flights.last()
    assert last.mark in message["Subject"]
    assert last.returned is not None


def test_one_that_does_not_come_back_calls_out_and_fails(es: Elasticsearch, es_url: str, namespace: str) -> None:
    with hook() as (address, calls):
        environment = {
            "WWWATCH_CANARY_WEBHOOK": address,
            "WWWATCH_SHIP_NAMESPACE": namespace,
            "WWWATCH_DETECT_INDEX": access_stream(namespace),
            "WWWATCH_CANARY_WITHIN_SECONDS": "1",
        }
        run = CliRunner().invoke(cli, ["--es-url", es_url, "canary", "run", "--json"], env=environment)
    assert run.exit_code == 1
    told = json.loads(run.output)
    assert told["returned"] is None
    assert "It got stuck at: judged" in told["why"]
    (call,) = calls
    assert call["canary"]["mark"] == told["mark"]
    assert "did not come back" in call["text"]
    es.indices.refresh(index=health_stream(namespace))
    (hit,) = es.search(index=health_stream(namespace))["hits"]["hits"]
    health = hit["_source"]["wwwatch"]["health"]
    assert (health["component"], health["status"]) == ("canary", "failing")
    for arguments in (["check"], ["check", "--json"]):
        checked = CliRunner().invoke(cli, ["--es-url", es_url, "canary", *arguments], env=environment)
        assert checked.exit_code == 1
    status = CliRunner().invoke(cli, ["--es-url", es_url, "canary", "status"], env=environment)
    assert "It got stuck at: judged" in status.output


def recent() -> dict[str, Any]:
    return {"@timestamp": "2026-05-04T23:59:30.000Z", "wwwatch.incident.updated": "2026-05-04T23:59:40.000Z"}


@contextmanager
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A real HTTP server that keeps what is posted."""
    calls: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            del format, args

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", calls
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
