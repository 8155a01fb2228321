"""Walks the shipped watches and runs the tests beside them against real Elasticsearch and a real mail server."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from alerts import Engine, Mailer, parse_watch
from alerts.language.files import SHIPPED
from core.clock import iso_millis, parse_iso
from core.settings import Settings, SmtpSettings
from es_templates import resolve
from tests.alerting import HandClock, incident
from tests.smtp_sink import SmtpSink, plain, smtp_sink


def cases() -> Iterator[Any]:
    for path in sorted(SHIPPED.glob("*.test.json")):
        data = json.loads(path.read_text("utf-8"))
        rule = path.with_name(path.name.replace(".test", ""))
        for case in data["tests"]:
            yield pytest.param(rule, data, case, id=f"{rule.stem}: {case['name']}")


@pytest.mark.es
@pytest.mark.usefixtures("templates")
@pytest.mark.parametrize(("rule", "data", "case"), list(cases()))
def test_rule(es: Elasticsearch, rule: Path, data: dict[str, Any], case: dict[str, Any]) -> None:
    name = f"test-{uuid.uuid4().hex[:12]}"
    text = rule.read_text("utf-8")
    indices = {}
    for number, (pattern, template) in enumerate(data["indices"].items()):
        indices[pattern] = f"{name}-{number}"
        es.indices.create(index=indices[pattern], mappings=resolve(template)["mappings"])
        text = text.replace(json.dumps(pattern), json.dumps(indices[pattern]))
    watch = parse_watch(json.loads(text), rule.with_name(f"{name}.json"))
    with smtp_sink() as sink:
        clock = HandClock()
        settings = Settings(smtp=sink.settings())
        engine = Engine(es, [watch], Mailer(settings.smtp), settings, clock)
        for step in case["steps"]:
            clock.moment = parse_iso(step["at"])
            bulk(es, actions(step, data, indices, name), refresh=True)
            sink.messages.clear()
            (run,) = engine.run_once()
            assert not run.failed, run.reason
            check(sink, step)


@pytest.mark.es
def test_no_shipped_watch_fails_where_there_is_nothing_to_search(es: Elasticsearch, templates: None) -> None:
    watches = []
    for rule in sorted(SHIPPED.glob("*.json")):
        if not rule.name.endswith(".test.json"):
            body = json.loads(rule.read_text("utf-8"))
            body["input"]["search"]["request"]["indices"] = [f"nothing-{uuid.uuid4().hex[:12]}*"]
            watches.append(parse_watch(body, rule.with_name(f"nothing-{rule.name}")))
    settings = Settings(smtp=SmtpSettings(to="sysadmin@example.org"))
    runs = Engine(es, watches, Mailer(settings.smtp), settings, HandClock()).run_once()
    assert [(run.watch_id, run.reason) for run in runs if run.failed or run.met] == []


def actions(step: dict[str, Any], data: dict[str, Any], indices: dict[str, str], name: str) -> Iterator[dict[str, Any]]:
    """Yield what a step writes: `documents` by id, and `traffic`, so many alike, spread evenly over [from, until)."""
    first = next(iter(indices))
    for identity, changes in step.get("documents", {}).items():
        source = incident(changes, **data["base"])
        index = indices[source.pop("_index", first)]
        yield {"_index": index, "_id": f"{name}-{identity}", "_source": source}
    for each in step.get("traffic", ()):
        begin, end = parse_iso(each["from"]), parse_iso(each["until"])
        for number in range(each["count"]):
            moment = begin + (end - begin) * number / each["count"]
            changes = {**each.get("changes", {}), "@timestamp": iso_millis(moment)}
            yield {"_index": indices[first], "_source": incident(changes, **data["base"])}


def test_every_shipped_watch_has_a_description_and_tests_of_both_kinds() -> None:
    for rule in sorted(SHIPPED.glob("*.json")):
        if rule.name.endswith(".test.json"):
            continue
        assert json.loads(rule.read_text("utf-8"))["metadata"]["description"].endswith(".")
        tests = json.loads(rule.with_name(f"{rule.stem}.test.json").read_text("utf-8"))["tests"]
        if rule.stem == "canary":  # fires for marks that are known: tests/server/test_canary.py
            continue
        fires = [any(step["mails"] for step in case["steps"]) for case in tests]
        assert {True, False} <= set(fires), rule.name


def check(sink: SmtpSink, step: dict[str, Any]) -> None:
    assert [message["Subject"] for message in sink.messages] == [mail["subject"] for mail in step["mails"]], step["at"]
    for message, mail in zip(sink.messages, step["mails"], strict=True):
        for fragment in mail.get("contains", []):
            assert fragment in plain(message)
