"""`wwwatch why` over real Elasticsearch: from nothing shipped to a mail that went out."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from alerts import Engine, Mailer, read_watches
from core.documents import ANOMALIES, INCIDENTS, STATE, document_id
from core.settings import Settings
from tests.alerting import INCIDENT, HandClock, incident
from tests.server.watching import forget_findings
from tests.smtp_sink import smtp_sink
from wwwatch.cli import cli

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]

AT = "2026-03-14T02:13:00Z"
CLIENT = "203.0.113.9"


def why(url: str, index: str, *more: str) -> list[dict[str, Any]]:
    arguments = ["--es-url", url, "why", "--client", CLIENT, "--at", AT, "--json", *more]
    result = CliRunner().invoke(cli, arguments, env={"WWWATCH_DETECT_INDEX": index})
    assert result.exit_code == 0, result.output
    rungs: list[dict[str, Any]] = json.loads(result.output)
    return rungs


def stop(rungs: list[dict[str, Any]]) -> tuple[str, str]:
    return next(((rung["gate"], rung["words"]) for rung in rungs if rung["passed"] is False), ("", ""))


def test_each_part_moves_the_request_one_gate_on(es: Elasticsearch, es_url: str, namespace: str) -> None:
    forget_findings(es)
    index = f"logs-www.access-{namespace}"
    assert stop(why(es_url, index))[0] == "shipped"
    unparsed = {"@timestamp": AT, "error": {"message": "no format"}, "event": {"original": f"{CLIENT} says hello"}}
    es.create(index=index, id="u", document=unparsed, refresh=True)
    assert stop(why(es_url, index))[0] == "parsed"
    event = {"@timestamp": AT, "source": {"ip": CLIENT, "address": CLIENT}, "url": {"original": "/"}}
    es.create(index=index, id="e", document=event, refresh=True)
    assert stop(why(es_url, index))[0] == "judged"
    backing = es.indices.resolve_index(name=index)["data_streams"][0]["backing_indices"][0]
    position = {"shard": f"{backing}/uuid/0", "seq_no": 0}
    for reached, gate in ((0, "judged"), (1, "threshold")):
        state = {"kind": "checkpoint", "value": {"positions": [{**position, "seq_no": reached}]}}
        checkpoint = {"@timestamp": AT, "wwwatch": {"state": state}}
        es.index(index=STATE, id=f"feed-{document_id(index)}", document=checkpoint, refresh=True)
        assert stop(why(es_url, index))[0] == gate


def test_from_the_anomaly_to_the_mail(es: Elasticsearch, es_url: str, namespace: str) -> None:
    forget_findings(es)
    index, identity = f"logs-www.access-{namespace}", f"i-{namespace}"
    event = {"@timestamp": AT, "source": {"ip": CLIENT, "address": CLIENT}, "url": {"original": "/"}}
    es.create(index=index, id="e", document=event, refresh=True)
    found = incident({"wwwatch.incident": {"id": identity}, "wwwatch.anomaly": {"kind": "bruteforce", "score": 62.0}})
    es.index(index=ANOMALIES, id=f"s-{namespace}", document=found, refresh=True)
    minor = incident({"wwwatch.incident.level": 1, "wwwatch.incident.severity": "minor"})
    es.index(index=INCIDENTS, id=identity, document=minor, refresh=True)
    gate, words = stop(why(es_url, index))
    assert gate == "rule"
    assert "incident begins at level 2" in words
    es.index(index=INCIDENTS, id=identity, document=INCIDENT, refresh=True)
    assert stop(why(es_url, index))[0] == "mail"
    watches = [watch for watch in read_watches() if watch.id == "incident"]
    with smtp_sink() as sink:
        settings = Settings(smtp=sink.settings())
        Engine(es, watches, Mailer(settings.smtp), settings, HandClock()).run_once()
    rungs = why(es_url, index)
    assert stop(rungs) == ("", "")
    assert rungs[-1]["evidence"]["message_id"] == sink.messages[-1]["Message-ID"]


def test_one_of_a_crowd_is_found_although_not_all_of_it_is_indexed(
    es: Elasticsearch, es_url: str, namespace: str
) -> None:
    forget_findings(es)
    index = f"logs-www.access-{namespace}"
    event = {"@timestamp": AT, "source": {"ip": CLIENT, "address": CLIENT}, "url": {"original": "/"}}
    es.create(index=index, id="e", document=event, refresh=True)
    members = [*(f"198.51.100.{number}" for number in range(200)), CLIENT]
    crowd = {"kind": "dos", "score": 62.0, "scope": "site", "clients": len(members), "members": members}
    source = {"ip": members[:100], "address": members[:100]}
    es.index(index=ANOMALIES, id="crowd", document=incident({"wwwatch.anomaly": crowd, "source": source}), refresh=True)
    gates = {rung["gate"]: rung["passed"] for rung in why(es_url, index)}
    assert gates["threshold"] is True


def test_wrong_questions_are_usage_errors() -> None:
    for arguments in (["--client", "x", "--at", AT], ["--client", CLIENT, "--at", "noon"]):
        assert CliRunner().invoke(cli, ["why", *arguments]).exit_code == 2
