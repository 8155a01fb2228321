"""The suite of watches as whole executions: each case is executed by the engine against Elasticsearch, simulated."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from alerts import Engine, Mailer
from alerts.engine.order import ALL, Mode, Order, Trigger
from alerts.language.files import parse_watch
from core.clock import parse_iso
from core.settings import Settings, SmtpSettings
from tests.alerting import HandClock
from tests.watching_suite import NOW, Case, name, suite
from tests.web_sink import web_sink

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]

# Triggers and conditions need no engine; the attachment is a picture of a server that is not there, unlike in the
# tests of the channels.
PARTS = ("input", "transform", "action", "foreach", "email", "webhook", "index", "logging", "slack", "mustache")
CASES = [case for case in suite() if case.needs_search or case.watch_id.startswith(PARTS)]
CASES = [case for case in CASES if case.watch_id != "email-attachments"]


@pytest.fixture(scope="module")
def engine(es: Elasticsearch) -> Engine:
    settings = Settings(smtp=SmtpSettings(to=("ops@example.org",), sender="watch@example.org"))
    return Engine(es, [], Mailer(settings.smtp), settings, HandClock())


@pytest.fixture
def site(es: Elasticsearch, namespace: str) -> Iterator[str]:
    """The name of indices of this test's own."""
    yield f"suite-{namespace}"
    for index in es.indices.get(index=f"suite-{namespace}*", expand_wildcards="all"):
        es.indices.delete(index=index)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_execution(case: Case, engine: Engine, es: Elasticsearch, site: str) -> None:
    own = json.loads(json.dumps([case.data, case.case]).replace("<site>", site))
    case = Case(case.watch_id, *own)
    for index, documents in case.case.get("documents", {}).items():
        bulk(es, ({"_index": index, "_source": document} for document in documents), refresh=True)
    watch, moment = case.watch(), parse_iso(case.case.get("at", NOW))
    modes = {ALL: Mode.FORCE_SIMULATE}
    order = Order(Trigger.by_schedule(watch, moment), case.case.get("payload"), modes=modes, is_kept=False)
    record = engine.execute(watch, order)
    if "error" in case.expect:
        assert record["state"] == "failed"
        assert case.expect["error"] in record["messages"][0]
        return
    condition = record["result"]["condition"]
    assert condition["met"] is case.expect.get("met", condition["met"]), record
    assert case.expect.get("reason", "") in condition["reason"]
    if condition["met"]:
        _compare(case.expect, record["result"])


def _compare(expect: dict[str, Any], result: dict[str, Any]) -> None:
    payload = result.get("transform", result["input"])["payload"]
    assert expect.get("payload_after", payload) == payload
    acted = {action["id"]: action for action in result["actions"]}
    assert expect.get("actions", acted).keys() == acted.keys()
    for action_id, wanted in expect.get("actions", {}).items():
        action = acted[action_id]
        if wanted is None:
            assert action["status"] == "condition_failed"
            continue
        assert action["status"] == "simulated", action
        told = action[action["type"]]["would_tell"]
        assert [_said(action["type"], each) for each in told] == [_meant(action["type"], each) for each in wanted]


def _said(kind: str, shown: dict[str, Any]) -> Any:
    if kind == "logging":
        return shown["logged_text"]
    if kind == "email":
        return shown["message"]["subject"]
    if kind == "slack":
        return len(shown["messages"]) > 0
    return shown["request"]["index" if kind == "index" else "body"]


def _meant(kind: str, wanted: dict[str, Any]) -> Any:
    if kind == "slack":
        return True
    text = wanted[{"logging": "text", "email": "subject", "index": "index", "webhook": "body"}[kind]]
    return text["source"] if isinstance(text, dict) else text


@pytest.mark.parametrize(
    ("answer", "content_type", "more", "payload"),
    [
        (b'{"state": "red", "n": 2}', "application/json", {}, {"state": "red", "n": 2}),
        (b'{"state": "red", "n": 2}', "text/plain", {"response_content_type": "json", "extract": ["n"]}, {"n": 2}),
        (b"state: red\nn: 2\n", "text/html", {"response_content_type": "yaml"}, {"state": "red", "n": 2}),
        (b"{{ctx.metadata}}", "text/plain", {}, {"_value": "{{ctx.metadata}}"}),
    ],
)
def test_an_address_is_asked(
    engine: Engine, answer: bytes, content_type: str, more: dict[str, Any], payload: dict[str, Any]
) -> None:
    with web_sink(reply_body=answer, reply_headers={"content-type": content_type}) as sink:
        request = {"url": f"http://127.0.0.1:{sink.port}/state?deep=1", "params": {"of": "{{ctx.metadata.site}}"}}
        data = {
            "trigger": {"schedule": {"interval": "1m"}},
            "metadata": {"site": "a&b=c d\r\nX: y"},
            "input": {"http": {"request": request, **more}},
            "actions": {"say": {"logging": {"text": "{{#toJson}}ctx.payload{{/toJson}}"}}},
        }
        watch = parse_watch(data, Path("asks.json"))
        order = Order(Trigger.by_schedule(watch, parse_iso(NOW)), modes={ALL: Mode.SIMULATE}, is_kept=False)
        found = engine.execute(watch, order)["result"]["input"]["payload"]
    assert {name: value for name, value in found.items() if name not in ("_status_code", "_headers")} == payload
    assert found["_status_code"] == 200
    assert [kept.target for kept in sink.requests] == ["/state?deep=1&of=a%26b%3Dc+d%0D%0AX%3A+y"]
