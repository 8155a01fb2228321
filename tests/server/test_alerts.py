"""The engine against real Elasticsearch and a real mail server: told once, whatever dies, refuses or runs twice."""

import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from alerts import Engine, History, Mailer, Notice, State, StatusStore, Turn, Watch, parse_watch
from alerts.channels.mailer import Handed, Post
from alerts.language.files import SHIPPED
from alerts.notices.delivery import LEASE
from alerts.notices.document import BRIEF
from core.client import connect
from core.documents import WATCH_HISTORY
from core.errors import RuleError, SettingsError, StoreError
from core.settings import EsSettings, Settings, SmtpSettings
from es_templates import apply, plan, resolve
from tests.alerting import CRITICAL, NOW, HandClock, incident
from tests.smtp_sink import ADMIN, SmtpSink, plain

pytestmark = pytest.mark.es

OPENED = incident()["wwwatch"]["incident"]["opened"]


class Site:
    """One test's index of incidents, its watch, clock and mail server."""

    def __init__(self, es: Elasticsearch, sink: SmtpSink) -> None:
        self.es = es
        self.sink = sink
        self.name = f"test-{uuid.uuid4().hex[:12]}"
        self.clock = HandClock()
        self.watch = self.parse(json.loads((SHIPPED / "incident.json").read_text()))
        es.indices.create(index=self.name, **resolve("wwwatch-incidents"))

    def parse(self, data: dict[str, Any], suffix: str = "") -> Watch:
        text = json.dumps(data).replace('"wwwatch-incidents"', json.dumps(self.name))
        return parse_watch(json.loads(text), Path(f"{self.name}{suffix}.json"))

    def put(self, changes: dict[str, Any] | None = None, name: str = "one") -> str:
        identity = f"{self.name}-{name}"
        self.es.index(index=self.name, id=identity, document=incident(changes))
        return identity

    def engine(self, *watches: Watch, mailer: Mailer | None = None) -> Engine:
        settings = Settings(smtp=self.sink.settings())
        return Engine(self.es, watches or [self.watch], mailer or Mailer(settings.smtp), settings, self.clock)

    def history(self) -> list[Notice]:
        # Not the latest of all: other tests leave thousands behind, some of them in a later year.
        history = History(self.es)
        history._refresh()
        query = {"bool": {"filter": [{"prefix": {"watch_id": self.name}}, {"term": {"type": "notice"}}]}}
        found = history._search(query, "@timestamp", 1000, order="desc", source_includes=BRIEF)
        return [each for each in found if each.turn is not Turn.AGAIN]

    @property
    def subjects(self) -> list[str]:
        return [message["Subject"] for message in self.sink.messages]


@pytest.fixture
def site(es: Elasticsearch, sink: SmtpSink) -> Site:
    apply(es, plan(es))
    return Site(es, sink)


class Killed(BaseException):
    """Stands for the end of the process."""


class DyingMailer(Mailer):
    """Ends the process before or after the message was handed over."""

    def __init__(self, settings: SmtpSettings, *, after: bool) -> None:
        super().__init__(settings)
        self.after = after

    @contextmanager
    def session(self) -> Iterator[Post]:
        """Yield a connection that ends the process."""
        with super().session() as post:
            yield _Dying(post, after=self.after)


class _Dying:
    def __init__(self, post: Post, *, after: bool) -> None:
        self.post = post
        self.after = after

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Handed:
        if self.after:
            self.post.send(message, recipients)
        raise Killed


def test_the_mail_arrives_and_is_marked(site: Site) -> None:
    identity = site.put()
    (run,) = site.engine().run_once()
    (message,) = site.sink.messages
    (notice,) = site.history()
    assert run.met
    assert message["To"] == ADMIN
    assert message["Message-ID"] == notice.message_id == f"<{notice.id}@shop.example>"
    assert f"wwwatch incidents show {identity}" in plain(message)
    assert (notice.state, notice.key, notice.thread) == (State.SENT, f"{identity}/{OPENED}/2", identity)
    assert (notice.sent, notice.recipients, notice.reason) == (site.clock.now(), (ADMIN,), "new")
    status = StatusStore(site.es).get(site.watch.id)
    assert status["execution_state"] == "executed"
    assert status["actions"]["mail"]["last_successful_execution"]["timestamp"] == "2026-03-14T02:15:10.000Z"


def test_two_runs_and_a_restart_are_one_mail(site: Site) -> None:
    site.put()
    engine = site.engine()
    engine.run_once()
    site.clock.move(1)
    engine.run_once()
    site.clock.move(3600)
    site.engine().run_once()
    assert len(site.sink.messages) == 1


def test_an_update_threads_with_the_first_mail(site: Site) -> None:
    site.put()
    engine = site.engine()
    engine.run_once()
    site.clock.move(600)
    site.put(CRITICAL)
    engine.run_once()
    first, update = site.sink.messages
    assert update["Subject"].startswith("[wwwatch] critical (was major): ")
    assert update["In-Reply-To"] == update["References"] == first["Message-ID"] != update["Message-ID"]


def test_what_is_held_back_says_why(site: Site) -> None:
    site.put()
    engine = site.engine()
    engine.run_once()
    site.clock.move(5)
    site.put(CRITICAL)
    engine.run_once()
    held = next(notice for notice in site.history() if notice.state is State.THROTTLED)
    assert held.next_attempt == site.clock.now() + timedelta(seconds=595)
    assert "at most one in 10m" in held.reason
    assert "last_throttle" in StatusStore(site.es).get(site.watch.id)["actions"]["mail"]


@pytest.mark.parametrize("after", [True, False])
def test_killed_around_sending_it_is_told_again_under_the_same_id(site: Site, *, after: bool) -> None:
    site.put()
    with pytest.raises(Killed):
        site.engine(mailer=DyingMailer(site.sink.settings(), after=after)).run_once()
    assert [notice.state for notice in site.history()] == [State.PENDING]
    survivor = site.engine()
    survivor.run_once()
    assert len(site.sink.messages) == after  # it is still the dead one's
    site.clock.move(LEASE.total_seconds())
    survivor.run_once()
    survivor.run_once()
    assert len(site.sink.messages) == 1 + after
    assert len({message["Message-ID"] for message in site.sink.messages}) == 1
    assert [(notice.state, notice.attempts) for notice in site.history()] == [(State.SENT, 2)]


def test_engines_beside_each_other_tell_each_incident_once(site: Site) -> None:
    names = [site.put(name=str(number)) for number in range(20)]
    gate = threading.Barrier(4)

    def work() -> None:
        engine = site.engine()
        gate.wait()
        for _ in range(3):
            engine.run_once()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.sink.messages) == len(names)
    assert {notice.thread for notice in site.history() if notice.state is State.SENT} == set(names)


def test_dead_notices_are_taken_up_by_one_engine_only(site: Site) -> None:
    for number in range(5):
        site.put(name=str(number))
        with pytest.raises(Killed):
            site.engine(mailer=DyingMailer(site.sink.settings(), after=False)).run_once()
    site.clock.move(LEASE.total_seconds())
    gate = threading.Barrier(3)

    def work() -> None:
        engine = site.engine()
        gate.wait()
        engine.run_once()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message["Message-ID"] for message in site.sink.messages) == sorted(
        {message["Message-ID"] for message in site.sink.messages}
    )
    assert len(site.sink.messages) == 5


@pytest.mark.parametrize("trouble", ["451 busy", "drop"])
def test_a_server_in_trouble_gets_the_mail_later(site: Site, trouble: str) -> None:
    site.put()
    site.sink.replies = [trouble]
    engine = site.engine()
    engine.run_once()
    (waiting,) = site.history()
    assert waiting.state is State.PENDING
    assert waiting.reason.startswith("the mail server localhost:")
    assert waiting.next_attempt is not None
    site.clock.moment = waiting.next_attempt - timedelta(milliseconds=1)
    engine.run_once()
    assert site.sink.messages == []
    site.clock.moment = waiting.next_attempt
    engine.run_once()
    assert len(site.sink.messages) == 1
    assert [(notice.state, notice.attempts) for notice in site.history()] == [(State.SENT, 2)]


def test_a_mail_that_nobody_takes_is_given_up_after_days(site: Site) -> None:
    site.put()
    site.sink.replies = ["451 busy"] * 3
    engine = site.engine()
    engine.run_once()
    site.clock.move(3 * 24 * 3600)
    engine.run_once()
    (notice,) = site.history()
    assert notice.state is State.FAILED
    assert "given up after 2 attempts: the mail server" in notice.reason


def test_after_days_without_an_engine_what_waits_is_told_all_the_same(site: Site) -> None:
    site.put()
    with pytest.raises(Killed):
        site.engine(mailer=DyingMailer(site.sink.settings(), after=False)).run_once()
    site.clock.move(3 * 24 * 3600)
    site.engine().run_once()
    assert len(site.sink.messages) == 1


def test_a_refused_mail_has_failed_and_says_why(site: Site) -> None:
    site.put()
    site.sink.replies = ["554 looks like spam"]
    engine = site.engine()
    engine.run_once()
    site.clock.move(3600)
    engine.run_once()
    (notice,) = site.history()
    assert (notice.state, notice.next_attempt) == (State.FAILED, None)
    assert "554 looks like spam" in notice.reason
    assert site.sink.messages == []
    assert StatusStore(site.es).get(site.watch.id)["actions"]["mail"]["last_execution"]["successful"] is False


def test_more_than_a_run_may_tell_is_told_by_the_next(site: Site) -> None:
    data = json.loads((SHIPPED / "incident.json").read_text())
    data["actions"]["mail"]["max_iterations"] = 2
    for number in range(3):
        site.put(name=str(number))
    engine = site.engine(site.parse(data))
    engine.run_once()
    assert len(site.sink.messages) == 2
    engine.run_once()
    assert len(site.sink.messages) == 3


def test_a_watch_that_fails_does_not_keep_the_others_from_running(site: Site) -> None:
    site.put()
    broken = site.parse(
        {
            "trigger": {"schedule": {"interval": "1s"}},
            "input": {"search": {"request": {"indices": [site.name], "body": {"query": {"nonsense": {}}}}}},
        },
        "-broken",
    )
    failed, fine = site.engine(broken, site.watch).run_once()
    assert failed.failed
    assert "nonsense" in failed.reason
    assert not fine.failed
    assert len(site.sink.messages) == 1
    assert StatusStore(site.es).get(broken.id)["execution_state"] == "failed"


def test_a_template_that_fails_does_not_keep_the_mail_back(site: Site, tmp_path: Path) -> None:
    (tmp_path / "bad.txt.j2").write_text("{{ ctx.payload.no.such.thing }}")
    data = json.loads((SHIPPED / "incident.json").read_text().replace('"wwwatch-incidents"', json.dumps(site.name)))
    data["metadata"]["wwwatch"]["templates"]["mail"]["text"] = "bad.txt.j2"
    watch = parse_watch(data, tmp_path / f"{site.name}.json")
    site.put()
    site.engine(watch).run_once()
    (message,) = site.sink.messages
    assert message["Subject"] == "[wwwatch] major: Password guessing from 203.0.113.9 on shop.example"
    (notice,) = site.history()
    assert "cannot fill in bad.txt.j2" in notice.reason


def counting(site: Site) -> dict[str, Any]:
    return {
        "trigger": {"schedule": {"interval": "10s"}},
        "input": {"search": {"request": {"indices": [site.name], "body": {"size": 0}}}},
        "condition": {"compare": {"ctx.payload.hits.total": {"gte": 1}}},
        "throttle_period": "1m",
        "metadata": {"threshold": 5},
        "actions": {
            "tell": {
                "email": {
                    "from": "Watch <watch@shop.example>",
                    "to": ["one@shop.example", "Two <two@shop.example>"],
                    "subject": "{{ctx.payload.hits.total}} of {{ctx.metadata.threshold}}",
                    "body": {"text": "at {{ctx.trigger.scheduled_time}}", "html": "<b>{{ctx.watch_id}}</b>"},
                }
            }
        },
    }


def test_a_plain_watch_throttles_as_watcher_does(site: Site) -> None:
    site.put()
    site.es.indices.refresh(index=site.name)
    engine = site.engine(site.parse(counting(site)))
    for seconds in (0, 10, 40, 10, 10):
        site.clock.move(seconds)
        engine.run_once()
    assert site.subjects == ["1 of 5", "1 of 5"]
    first = site.sink.messages[0]
    assert first["From"] == "Watch <watch@shop.example>"
    assert plain(first).strip() == "at 2026-03-14T02:15:10.000Z"
    assert site.sink.envelopes[0][1] == ["one@shop.example", "two@shop.example"]


def test_a_condition_that_is_not_met_does_nothing(site: Site) -> None:
    (run,) = site.engine(site.parse(counting(site))).run_once()
    assert (run.met, run.reason, run.state) == (False, "ctx.payload.hits.total is 0, not ≥ 1", "execution_not_needed")
    assert site.history() == []


def test_a_list_of_documents_in_the_payload_is_refused_by_name(site: Site) -> None:
    data = counting(site) | {"input": {"simple": {"_doc": [{"a": 1}]}}, "condition": {"always": {}}}
    data["actions"] = {"copy": {"index": {"index": f"{site.name}-out"}}}
    site.engine(site.parse(data)).run_once()
    (notice,) = site.history()
    assert notice.state is State.FAILED
    assert '"foreach": "ctx.payload._doc"' in notice.reason


def test_an_index_action_writes_each_element_once(site: Site) -> None:
    site.put(CRITICAL)
    target = f"{site.name}-out"
    data = counting(site)
    data["input"]["search"]["request"]["body"] = {"query": {"match_all": {}}, "_source": ["message"]}
    data["actions"] = {
        "copy": {"foreach": "ctx.payload.hits.hits", "index": {"index": target, "execution_time_field": "at"}},
        "log": {"logging": {"text": "{{ctx.payload.hits.total}} found"}},
    }
    site.es.indices.refresh(index=site.name)
    engine = site.engine(site.parse(data))
    engine.run_once()
    engine.run_once()
    site.es.indices.refresh(index=target)
    (found,) = site.es.search(index=target)["hits"]["hits"]
    assert found["_source"] == {"at": "2026-03-14T02:15:10.000Z", "message": incident()["message"]}


def test_while_elasticsearch_is_away_it_keeps_trying(site: Site) -> None:
    site.put()
    away = connect(EsSettings(url="http://127.0.0.1:9"), max_retries=0)
    stop = threading.Event()
    settings = Settings(smtp=site.sink.settings())

    class Clock(HandClock):
        waits = 0

        def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
            self.waits += 1
            if self.waits == 6 and stop is not None:
                stop.set()
            return super().sleep(seconds, stop)

    clock = Clock()
    with away:
        Engine(away, [site.watch], Mailer(settings.smtp), settings, clock).run(stop)
    assert clock.waits == 6
    assert clock.now() > NOW


def test_it_runs_on_its_schedule_until_stopped(site: Site) -> None:
    site.put()
    stop = threading.Event()
    site.sink.on_message = stop.set
    site.engine().run(stop)
    assert len(site.sink.messages) == 1


def test_a_clock_that_is_set_back_does_not_silence_the_watches(site: Site) -> None:
    stop = threading.Event()

    class Clock(HandClock):
        sleeps = 0

        def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
            self.sleeps += 1
            if self.sleeps == 1:
                self.move(-7200)
                site.put()
            if self.sleeps == 5 and stop is not None:
                stop.set()
            return super().sleep(seconds, stop)

    site.clock = Clock()
    site.engine().run(stop)
    assert len(site.sink.messages) == 1
    assert site.clock.now() < NOW - timedelta(hours=1)


def test_before_setup_it_says_so_and_invents_no_index(site: Site) -> None:
    missing = f"{site.name}-missing"
    with pytest.raises(StoreError, match="run `wwwatch setup`"):
        History(site.es, missing).due(site.watch.id, site.clock.now())
    with pytest.raises(StoreError, match="run `wwwatch setup`"):
        StatusStore(site.es, missing).change(site.watch.id, lambda status: {**status, "a": 1}, site.clock.now())
    assert not site.es.indices.exists(index=missing)
    with pytest.raises(StoreError, match="run `wwwatch setup`"):
        StatusStore(site.es, missing).get(site.watch.id)


def test_without_anybody_to_mail_to_it_does_not_start(site: Site) -> None:
    settings = Settings(smtp=SmtpSettings())
    with pytest.raises(SettingsError, match=r"nobody to mail to in its action mail: set smtp\.to"):
        Engine(site.es, [site.watch], Mailer(settings.smtp), settings, site.clock)
    wrong = Settings(smtp=SmtpSettings(to=("nobody",)))
    with pytest.raises(RuleError, match="is not an e-mail address"):
        Engine(site.es, [site.watch], Mailer(wrong.smtp), wrong, site.clock)


def test_what_the_history_holds_is_what_its_mapping_lists(site: Site) -> None:
    site.put()
    site.engine().run_once()
    (notice,) = site.history()
    source = site.es.get(index=WATCH_HISTORY, id=notice.id)["_source"]
    mapped = site.es.indices.get_mapping(index=WATCH_HISTORY)[WATCH_HISTORY]["mappings"]["properties"]
    assert set(source) <= set(mapped)
