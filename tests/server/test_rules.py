"""Walks the shipped watches and runs the tests beside them against real Elasticsearch and a real mail server."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from alerts import Engine, Mailer, parse_watch
from alerts.language.files import SHIPPED
from core.clock import parse_iso
from core.settings import Settings
from es_templates import apply, plan, resolve
from tests.alerting import HandClock, incident
from tests.smtp_sink import SmtpSink, plain, smtp_sink


def cases() -> Iterator[Any]:
    for path in sorted(SHIPPED.glob("*.test.json")):
        data = json.loads(path.read_text("utf-8"))
        rule = path.with_name(path.name.replace(".test", ""))
        for case in data["tests"]:
            yield pytest.param(rule, data, case, id=f"{rule.stem}: {case['name']}")


@pytest.mark.es
@pytest.mark.parametrize(("rule", "data", "case"), list(cases()))
def test_rule(es: Elasticsearch, rule: Path, data: dict[str, Any], case: dict[str, Any]) -> None:
    apply(es, plan(es))
    name = f"test-{uuid.uuid4().hex[:12]}"
    es.indices.create(index=name, **resolve(data["index"]))
    text = rule.read_text("utf-8").replace(json.dumps(data["index"]), json.dumps(name))
    watch = parse_watch(json.loads(text), rule.with_name(f"{name}.json"))
    with smtp_sink() as sink:
        clock = HandClock()
        settings = Settings(smtp=sink.settings())
        engine = Engine(es, [watch], Mailer(settings.smtp), settings, clock)
        for step in case["steps"]:
            clock.moment = parse_iso(step["at"])
            for identity, changes in step["documents"].items():
                es.index(index=name, id=f"{name}-{identity}", document=incident(changes, **data["base"]))
            sink.messages.clear()
            (run,) = engine.run_once()
            assert not run.failed, run.reason
            check(sink, step)


def check(sink: SmtpSink, step: dict[str, Any]) -> None:
    assert [message["Subject"] for message in sink.messages] == [mail["subject"] for mail in step["mails"]], step["at"]
    for message, mail in zip(sink.messages, step["mails"], strict=True):
        for fragment in mail.get("contains", []):
            assert fragment in plain(message)
