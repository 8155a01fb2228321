"""Executions as Watcher does them, acknowledgement, records, and every hit, against real Elasticsearch."""

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from alerts import Engine, History, Mailer, Records, State, StatusStore, Watch, parse_watch
from alerts.engine.order import ALL, Mode, Order, Trigger
from alerts.engine.status import Ack, ack_of, acknowledge, activate
from alerts.language.files import SHIPPED
from core.documents import WATCH_HISTORY
from core.settings import Settings
from es_templates import apply, plan, resolve
from tests.alerting import NOW, HandClock, incident
from tests.smtp_sink import SmtpSink, plain

pytestmark = pytest.mark.es

MAIL: dict[str, Any] = {"email": {"subject": "{{ctx.payload.count}} found", "body": "so it is"}}


class Site:
    """One test's watches, clock and mail server."""

    def __init__(self, es: Elasticsearch, sink: SmtpSink) -> None:
        self.es, self.sink = es, sink
        self.name = f"test-{uuid.uuid4().hex[:12]}"
        self.clock = HandClock()

    def watch(self, **parts: Any) -> Watch:
        usual = {
            "trigger": {"schedule": {"interval": "1m"}},
            "input": {"simple": {"count": 3}},
            "throttle_period": "0s",
            "actions": {"mail": MAIL},
        }
        return parse_watch(usual | parts, Path(f"{self.name}.json"))

    def engine(self, watch: Watch) -> Engine:
        settings = Settings(smtp=self.sink.settings())
        return Engine(self.es, [watch], Mailer(settings.smtp), settings, self.clock)

    def order(self, **more: Any) -> Order:
        return Order(Trigger(self.clock.now(), self.clock.now(), "manual"), **more)

    def execute(self, watch: Watch, **more: Any) -> dict[str, Any]:
        return self.engine(watch).execute(watch, self.order(**more))

    def status(self) -> dict[str, Any]:
        return StatusStore(self.es).get(self.name)

    @property
    def subjects(self) -> list[str]:
        return [message["Subject"] for message in self.sink.messages]


@pytest.fixture
def site(es: Elasticsearch, sink: SmtpSink) -> Site:
    apply(es, plan(es))
    return Site(es, sink)


def test_an_action_is_acked_until_the_condition_turns_false(site: Site) -> None:
    watch = site.watch(
        input={"search": {"request": {"indices": [site.name], "body": {"size": 0}}}},
        condition={"compare": {"ctx.payload.hits.total": {"gt": 0}}},
    )
    site.es.index(index=site.name, id="1", document={}, refresh=True)
    engine = site.engine(watch)
    engine.run_once()
    assert ack_of(site.status(), "mail") is Ack.ACKABLE
    StatusStore(site.es).change(site.name, lambda was: acknowledge(was, ["mail"], NOW), NOW)
    site.clock.move(60)
    (run,) = engine.run_once()
    assert [(acted.outcome, run.state) for acted in run.actions] == [("acknowledged", "throttled")]
    assert site.status()["actions"]["mail"]["last_throttle"]["reason"].startswith("action [mail] was acked at [2026-")
    site.es.delete(index=site.name, id="1", refresh=True)
    site.clock.move(60)
    engine.run_once()
    assert ack_of(site.status(), "mail") is Ack.AWAITS
    site.es.index(index=site.name, id="2", document={}, refresh=True)
    site.clock.move(60)
    engine.run_once()
    assert len(site.sink.messages) == 2


def test_a_watch_that_is_not_active_does_not_run(site: Site) -> None:
    watch = site.watch()
    StatusStore(site.es).change(site.name, lambda was: activate(was, NOW, active=False), NOW)
    (run,) = site.engine(watch).run_once()
    assert (run.met, run.reason, site.subjects) == (False, "the watch is not active", [])


def test_conditions_and_transforms_of_watch_and_action(site: Site) -> None:
    double = {"script": {"lang": "expression", "source": "{'count': ctx.payload.count * 2}"}}
    watch = site.watch(
        transform=double,
        actions={
            "twice": MAIL,
            "again": {**MAIL, "transform": {"chain": [double, double]}},
            "never": {**MAIL, "condition": {"compare": {"ctx.payload.count": {"gt": 6}}}},
        },
    )
    record = site.execute(watch)
    assert site.subjects == ["6 found", "24 found"]
    assert [(each["id"], each["status"]) for each in record["result"]["actions"]] == [
        ("twice", "success"),
        ("again", "success"),
        ("never", "condition_failed"),
    ]
    assert record["result"]["transform"]["payload"] == {"count": 6}
    assert record["result"]["actions"][2]["condition"]["met"] is False


def test_a_chain_hands_each_payload_on(site: Site) -> None:
    site.es.index(index=site.name, id="1", document={"name": "one"}, refresh=True)
    search = {
        "request": {"indices": [site.name], "body": {"query": {"ids": {"values": ["{{ctx.payload.first.id}}"]}}}},
        "extract": ["hits.total"],
    }
    chain = {"inputs": [{"first": {"simple": {"id": "1"}}}, {"second": {"search": search}}]}
    record = site.execute(site.watch(input={"chain": chain}, actions={}))
    assert record["result"]["input"]["payload"] == {"first": {"id": "1"}, "second": {"hits": {"total": 1}}}


def test_by_hand_nothing_is_told_when_simulated_and_everything_when_forced(site: Site) -> None:
    watch = site.watch(condition={"never": {}}, throttle_period="1h")
    order: dict[str, Any] = {"ignore_condition": True, "payload": {"count": 7}}
    record = site.execute(watch, modes={ALL: Mode.SIMULATE}, is_kept=False, **order)
    (action,) = record["result"]["actions"]
    assert action["status"] == "simulated"
    assert action["email"]["would_tell"][0]["message"]["subject"] == "7 found"
    assert site.subjects == []
    for mode in (Mode.EXECUTE, Mode.EXECUTE, Mode.SIMULATE, Mode.FORCE_EXECUTE, Mode.FORCE_SIMULATE, Mode.SKIP):
        record = site.execute(watch, modes={"mail": mode}, **order)
        site.clock.move(1)
        found = [each["status"] for each in record["result"]["actions"]]
        assert found == EXPECTED[mode].pop(0), mode
    assert len(site.subjects) == 2


EXPECTED: dict[Mode, list[list[str]]] = {
    Mode.EXECUTE: [["success"], ["throttled"]],
    Mode.SIMULATE: [["throttled"]],
    Mode.FORCE_EXECUTE: [["success"]],
    Mode.FORCE_SIMULATE: [["simulated"]],
    Mode.SKIP: [[]],
}


def test_an_execution_that_is_not_kept_leaves_no_trace(site: Site) -> None:
    site.execute(site.watch(), is_kept=False, modes={ALL: Mode.SIMULATE})
    assert site.status() == {}
    assert Records(site.es).recent(10, site.name) == []


def test_only_runs_that_tell_something_new_are_recorded(site: Site) -> None:
    watch = site.watch(
        input={"search": {"request": {"indices": [site.name], "body": {"size": 0}}}},
        condition={"compare": {"ctx.payload.hits.total": {"gt": 0}}},
        throttle_period="1h",
    )
    engine = site.engine(watch)
    for _ in range(3):
        engine.run_once()
        site.clock.move(60)
    assert [record["state"] for record in Records(site.es).recent(10, site.name)] == []
    site.es.index(index=site.name, id="1", document={}, refresh=True)
    for _ in range(3):
        engine.run_once()
        site.clock.move(60)
    assert [each["state"] for each in Records(site.es).recent(10, site.name)] == ["throttled", "executed"]
    assert site.status()["wwwatch"]["runs"] == 6
    assert site.status()["execution_state"] == "throttled"


def test_what_fails_is_recorded_once(site: Site) -> None:
    broken = {"search": {"request": {"indices": [site.name], "body": {"query": {"nonsense": {}}}}}}
    engine = site.engine(site.watch(input=broken))
    for _ in range(3):
        (run,) = engine.run_once()
        site.clock.move(60)
    assert run.failed
    (record,) = Records(site.es).recent(10, site.name)
    assert record["state"] == "failed"
    assert "nonsense" in record["messages"][0]


def test_a_plain_watch_waits_until_what_it_told_is_through(site: Site) -> None:
    site.sink.replies = ["451 busy"] * 2
    engine = site.engine(site.watch())
    engine.run_once()
    site.clock.move(1)
    (run,) = engine.run_once()
    assert run.actions[0].reason == "what an earlier run had to tell is still on its way"
    site.clock.move(3600)
    engine.run_once()
    assert [notice.state for notice in History(site.es).recent(1000) if notice.watch_id == site.name].count(
        State.PENDING
    ) <= 1


def incident_watch(site: Site) -> Watch:
    site.es.indices.create(index=site.name, **resolve("wwwatch-incidents"))
    text = (SHIPPED / "incident.json").read_text().replace('"wwwatch-incidents"', json.dumps(site.name))
    data = json.loads(text)
    data["actions"] = {"note": {"foreach": "ctx.payload.hits.hits", "max_iterations": 5000, "logging": {"text": "."}}}
    data["metadata"]["wwwatch"].pop("templates")
    return parse_watch(data, Path(f"{site.name}.json"))


def test_every_incident_of_a_moment_is_told_and_a_malformed_one_stops_none(site: Site) -> None:
    watch = incident_watch(site)
    documents = [incident() for _ in range(1203)]
    documents[7]["wwwatch"]["incident"]["level"] = [2, 3]
    bulk(
        site.es,
        [
            {"_index": site.name, "_id": f"{site.name}-{number}", "_source": each}
            for number, each in enumerate(documents)
        ],
    )
    (run,) = site.engine(watch).run_once()
    states = [notice.state for notice in run.notices]
    assert (states.count(State.SENT), states.count(State.FAILED)) == (1202, 1)
    (malformed,) = [notice for notice in run.notices if notice.state is State.FAILED]
    assert malformed.key == f"{site.name}-7/malformed"
    assert run.actions[0].outcome == "partial_failure"
    (again,) = site.engine(watch).run_once()
    assert again.notices == ()
    forget = [{"_op_type": "delete", "_index": WATCH_HISTORY, "_id": notice.id} for notice in run.notices]
    bulk(site.es, forget)  # other tests look at the latest thousand


def test_a_record_has_no_secret_and_a_bounded_size(site: Site) -> None:
    site.es.index(index=site.name, id="1", document={"text": "x" * 200_000}, refresh=True)
    request = {"request": {"indices": [site.name], "body": {"query": {"match_all": {}}}}}
    watch = site.watch(input={"search": request}, metadata={"password": "hush"})
    record = site.execute(watch)
    text = json.dumps(record)
    assert "hush" not in text
    assert len(text) < 20_000
    assert record["result"]["input"]["left_out_bytes"]["payload"] > 200_000
    assert plain(site.sink.messages[0]).strip() == "so it is"


def test_orders_are_values() -> None:
    order = Order(Trigger(NOW, NOW), modes={"mail": Mode.SKIP})
    assert [order.mode("mail"), order.mode("other"), replace(order, modes={ALL: Mode.SIMULATE}).mode("mail")] == [
        Mode.SKIP,
        Mode.EXECUTE,
        Mode.SIMULATE,
    ]
