"""Several engines: one runs each watch; a paused one stops, a killed one is succeeded within seconds; nothing twice."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from alerts import Engine, History, Mailer, Notice, State, StatusStore, build_library, parse_watch
from alerts.engine.lease import BEAT, TRUST, TTL, Leases
from core.clock import Clock
from core.documents import WATCHES
from core.errors import LeaseLostError
from core.settings import Settings
from es_templates import apply, plan
from tests.alerting import HandClock
from tests.smtp_sink import SmtpSink

pytestmark = pytest.mark.es
DEADLINE = 120.0
"""Seconds after which a test gives up; nothing is measured by it."""


@pytest.fixture
def name(es: Elasticsearch) -> str:
    apply(es, plan(es))
    return f"test-{uuid.uuid4().hex[:12]}"


class Two:
    """Two engines' leases, each with a clock of its own."""

    def __init__(self, es: Elasticsearch) -> None:
        self.clocks = HandClock(), HandClock()
        self.first, self.second = (Leases(es, clock, str(index)) for index, clock in enumerate(self.clocks))

    def move(self, seconds: float) -> None:
        for clock in self.clocks:
            clock.move(seconds)


@pytest.fixture
def two(es: Elasticsearch, name: str) -> Two:
    return Two(es)


def test_one_engine_has_a_lease_for_as_long_as_it_renews(two: Two, name: str) -> None:
    assert two.first.beat({name}) == {name}
    for _ in range(5):
        assert two.second.beat({name}) == set()
        two.move(BEAT)
        two.first.beat({name})
    assert two.first.held == {name}
    with pytest.raises(LeaseLostError, match="another engine runs"):
        two.second.confirm(name)


def test_a_lease_that_stands_still_is_taken_over_whatever_the_clocks_show(two: Two, name: str) -> None:
    two.clocks[1].move(-86_400)
    two.first.beat({name})
    two.second.beat({name})
    two.move(TTL - 0.1)
    assert two.second.beat({name}) == set()
    two.move(0.1)
    assert two.second.beat({name}) == {name}
    with pytest.raises(LeaseLostError):
        two.first.confirm(name)
    assert two.first.held == set()


def test_who_was_paused_asks_before_it_goes_on(two: Two, name: str) -> None:
    two.first.beat({name})
    two.move(TRUST)
    two.first.confirm(name)  # nobody took it meanwhile: renewed
    two.second.beat({name})
    two.move(TRUST - 0.1)
    two.first.confirm(name)  # recent enough: believed
    two.move(TTL)
    two.second.beat({name})
    with pytest.raises(LeaseLostError):
        two.first.confirm(name)


def test_what_is_given_back_is_free_at_once(two: Two, name: str) -> None:
    two.first.beat({name})
    two.first.release()
    assert two.second.beat({name}) == {name}
    two.second.beat(set())
    assert two.first.beat({name}) == {name}


def test_of_many_each_is_held_once_and_no_more_than_asked(two: Two, name: str) -> None:
    names = {f"{name}-{number}" for number in range(5)}
    assert len(two.first.beat(names, at_most=3)) == 3
    assert len(two.second.beat(names)) == 2
    assert two.first.held | two.second.held == names
    two.first.beat(names, at_most=1, busy=two.first.held)
    assert len(two.first.held) == 3
    two.first.beat(names, at_most=1)
    assert len(two.first.held) == 1


def test_an_answer_that_was_lost_is_no_lost_lease(two: Two, name: str, es: Elasticsearch) -> None:
    two.first.beat({name})
    answer = es.get(index="wwwatch-state", id=f"alerts/{name}")
    es.index(index="wwwatch-state", id=f"alerts/{name}", document=answer["_source"])  # written, but not heard of
    two.first.beat({name})
    assert two.first.held == {name}


def start(es_url: str, sink: SmtpSink, rules: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "wwwatch", "--es-url", es_url, "alert", "run", "--rules", str(rules)]
    more = {"HOST": "localhost", "PORT": str(sink.port), "TO": "admin@shop.example", "SENDER": "w@shop.example"}
    return subprocess.Popen(command, env=os.environ | {f"WWWATCH_SMTP_{key}": value for key, value in more.items()})


def wait_for(es: Elasticsearch, name: str, key: str) -> None:
    """Wait until both watches' mails are marked as sent: killed before the mark, an engine has them told again."""
    until = time.monotonic() + DEADLINE
    while len([each for each in History(es).recent(100) if _is_told(each, name, key)]) < 2:
        assert time.monotonic() < until, f"{key} was not told twice"
        time.sleep(0.2)


def _is_told(notice: Notice, name: str, key: str) -> bool:
    return notice.watch_id.startswith(name) and notice.key == key and notice.state is State.SENT


def test_when_an_engine_is_killed_or_paused_the_other_goes_on_and_nothing_is_told_twice(
    es: Elasticsearch, es_url: str, name: str, sink: SmtpSink, tmp_path: Path
) -> None:
    watch = {
        "metadata": {"wwwatch": {"refresh": True, "once_per": "{{_id}}"}},
        "trigger": {"schedule": {"interval": "1s"}},
        "input": {"search": {"request": {"indices": [name], "body": {"size": 100}}}},
        "actions": {"mail": {"foreach": "ctx.payload.hits.hits", "email": {"subject": "{{ctx.payload._id}}"}}},
    }
    for number in range(2):
        (tmp_path / f"{name}-{number}.json").write_text(json.dumps(watch))
    with ExitStack() as stack:
        engines = [stack.enter_context(start(es_url, sink, tmp_path)) for _ in range(2)]
        stack.callback(lambda: [engine.kill() for engine in engines])
        es.index(index=name, id="before", document={})
        wait_for(es, name, "before")
        runner = es.get(index="wwwatch-state", id=f"alerts/{name}-0")["_source"]["wwwatch"]["state"]["owner"]
        paused, other = sorted(engines, key=lambda engine: f":{engine.pid}:" not in runner)
        os.kill(paused.pid, signal.SIGSTOP)
        es.index(index=name, id="paused", document={})
        wait_for(es, name, "paused")
        os.kill(paused.pid, signal.SIGCONT)
        os.kill(other.pid, signal.SIGKILL)
        es.index(index=name, id="killed", document={})
        wait_for(es, name, "killed")
        paused.terminate()
        assert paused.wait(timeout=DEADLINE) == 0
    subjects = [message["Subject"] for message in sink.messages if message["Subject"] in ("before", "paused", "killed")]
    assert sorted(subjects) == sorted(["before", "paused", "killed"] * 2)


def test_watches_in_elasticsearch_run_and_a_broken_one_fails_alone(
    es: Elasticsearch, name: str, sink: SmtpSink
) -> None:
    good = {"trigger": {"schedule": {"interval": "1m"}}, "actions": {"log": {"logging": {"text": "hello"}}}}
    own = parse_watch(good, Path(f"{name}-file.json"))
    stored = {f"{name}-good": good, f"{name}-bad": {**good, "nonsense": 1}, f"{name}-file": {"actions": {}}}
    for identity, watch in stored.items():
        es.index(index=WATCHES, id=identity, document={"watch": watch})
    settings = Settings(smtp=sink.settings())
    try:
        runs = Engine(es, [own], Mailer(settings.smtp), settings, Clock()).run_once()
        mine = {run.watch_id: run for run in runs if run.watch_id.startswith(name)}
        assert {identity: run.failed for identity, run in mine.items()} == {
            f"{name}-good": False,
            f"{name}-file": False,
            f"{name}-bad": True,
        }
        assert "at /: 'nonsense' is not supported here" in mine[f"{name}-bad"].reason
        library = build_library([own], StatusStore(es).stored(), settings.smtp)
        assert library.hidden >= {f"{name}-file"}
        assert library.sources[f"{name}-good"] == "Elasticsearch"
        assert StatusStore(es).get(f"{name}-good")["execution_state"] == "executed"
        assert es.get(index=WATCHES, id=f"{name}-good")["_source"]["watch"] == good
    finally:
        for identity in stored:
            es.delete(index=WATCHES, id=identity)
