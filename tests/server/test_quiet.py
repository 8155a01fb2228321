"""Silences, verdicts and caps against real Elasticsearch and a real mail server."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from alerts import Engine, History, Mailer, Notice, State, Turn
from alerts.quiet import Silence, SilenceStore
from alerts.quiet.capped import Sent
from alerts.quiet.silence import checked
from alerts.quiet.store import Counter
from core.errors import StoreError
from core.settings import AlertSettings, Settings
from es_templates import apply, plan, resolve
from tests.alerting import NOW, HandClock
from tests.server.test_alerts import Site
from tests.smtp_sink import SmtpSink, plain

pytestmark = pytest.mark.es


@pytest.fixture
def site(es: Elasticsearch, sink: SmtpSink) -> Site:
    apply(es, plan(es))
    return Site(es, sink)


def engine(site: Site, **alert: Any) -> Engine:
    settings = Settings(smtp=site.sink.settings(), alert=AlertSettings(**{"max_per_hour": 0, "max_per_day": 0} | alert))
    return Engine(site.es, [site.watch], Mailer(settings.smtp), settings, site.clock)


def silence(site: Site, **values: Any) -> Silence:
    base: dict[str, Any] = {"start": NOW, "end": NOW + timedelta(hours=1), "why": "a deploy", "by": "anna"}
    return checked(Silence(id="", watch=site.name, created=site.clock.now(), **{**base, **values}))


def test_what_is_silenced_is_told_when_the_silence_ends_and_it_goes_on(site: Site) -> None:
    quiet = silence(site)
    store = SilenceStore(site.es)
    store.add(quiet)
    site.put()
    running = engine(site)
    running.run_once()
    (held,) = site.history()
    assert (held.state, held.gate) == (State.SILENCED, "silenced")
    assert held.reason.endswith("by anna: a deploy")
    assert site.subjects == []
    site.clock.move(61)
    running.run_once()
    assert site.subjects == []
    store.end(quiet.id, "ben", site.clock.now())
    site.clock.move(61)
    running.run_once()
    assert len(site.subjects) == 1
    kept = next(each for each in store.all() if each.id == quiet.id)
    assert (kept.ended_by, kept.is_over(site.clock.now())) == ("ben", True)


def test_what_ended_in_silence_is_not_told(site: Site) -> None:
    SilenceStore(site.es).add(silence(site, end=NOW + timedelta(seconds=30)))
    site.put()
    running = engine(site)
    running.run_once()
    site.put({"wwwatch.incident.state": "closed"})
    site.clock.move(61)
    running.run_once()
    settled = next(each for each in site.history() if each.turn is Turn.NEWS)
    assert site.subjects == []
    assert (settled.state, settled.next_attempt) == (State.SILENCED, None)
    assert "no longer worth telling" in settled.reason


def test_who_is_allowed_is_not_told_of_until_others_join(site: Site) -> None:
    site.put()
    running = engine(site, allow=("203.0.113.0/24",))
    running.run_once()
    (held,) = site.history()
    assert (held.state, held.reason) == (State.ALLOWED, "alert.allow has 203.0.113.9")
    site.put({"source.address": ["203.0.113.9", "198.51.100.7"], "wwwatch.incident.clients": 2})
    site.clock.move(61)
    running.run_once()
    (message,) = site.sink.messages
    assert "198.51.100.7" in message.as_string()


def test_there_is_no_silence_of_a_wrong_name(site: Site) -> None:
    with pytest.raises(StoreError, match="there is no silence nothing"):
        SilenceStore(site.es).end("nothing", "ben", NOW)


def test_caps_end_in_a_summary_at_once_and_when_the_hour_is_over(site: Site) -> None:
    # The history is shared by all tests: a day of its own.
    site.clock = HandClock(NOW + timedelta(days=1 + uuid.uuid4().int % 20_000))
    stamp = site.clock.now().isoformat()
    for number in range(5):
        site.put({"wwwatch.incident.updated": stamp, "@timestamp": stamp}, str(number))
    running = engine(site, max_per_hour=3)
    running.run_once()
    assert len(site.subjects) == 4
    assert "The cap of mails is reached: no more until 03:00 UTC" in site.subjects[3]
    assert [each.state for each in site.history()].count(State.CAPPED) == 2
    site.clock.move(600)
    running.run_once()
    assert len(site.subjects) == 4
    site.clock.move(3600)
    running.run_once()
    assert len(site.subjects) == 5
    assert "2 mails were held until" in site.subjects[4]
    grouped = [each for each in site.history() if each.state is State.GROUPED]
    assert {each.message_id for each in grouped} == {site.sink.messages[4]["Message-ID"]}
    assert len(grouped) == 2
    site.clock.move(60)
    running.run_once()
    assert len(site.subjects) == 5


CLOSED = {"wwwatch.incident.state": "closed"}


def test_only_what_reaches_people_counts_for_the_caps(es: Elasticsearch) -> None:
    index = f"test-{uuid.uuid4().hex[:12]}"
    es.indices.create(index=index, **resolve("wwwatch-watch-history"))
    common: dict[str, Any] = {"state": State.SENT, "sent": NOW, "recipients": ("somebody",)}
    History(es, index).create(
        [Notice(each, "w", "a", each, NOW, channel=each, **common) for each in ("email", "slack", "webhook", "index")]
        + [Notice("grouped", "w", "a", "grouped", NOW, State.GROUPED, channel="email", sent=NOW)]
    )
    assert Counter(es, index)(NOW) == Sent(hour=2, day=2)


def test_that_it_is_over_is_told_once_in_the_same_thread(site: Site) -> None:
    site.put()
    running = engine(site)
    running.run_once()
    for _ in range(3):
        site.clock.move(5)
        site.put(CLOSED)
        running.run_once()
    first, over = site.sink.messages
    assert over["Subject"].startswith("[wwwatch] over: ")
    assert over["In-Reply-To"] == first["Message-ID"]


def test_what_was_over_before_it_was_told_is_told_once(site: Site) -> None:
    site.put(CLOSED)
    running = engine(site)
    running.run_once()
    site.clock.move(5)
    running.run_once()
    (message,) = site.sink.messages
    assert not message["Subject"].startswith("[wwwatch] over")


def test_what_she_closed_herself_is_not_told_to_be_over(site: Site) -> None:
    site.put()
    running = engine(site)
    running.run_once()
    site.clock.move(5)
    site.put({**CLOSED, "wwwatch.incident.judged.state": "closed"})
    running.run_once()
    assert len(site.sink.messages) == 1


def test_what_begins_anew_is_told_anew(site: Site) -> None:
    running = engine(site)
    for opened in ("2026-03-14T02:12:21.518Z", "2026-03-14T02:32:21.518Z"):
        for state in ("open", "closed"):
            site.put({"wwwatch.incident.state": state, "wwwatch.incident.opened": opened})
            running.run_once()
            site.clock.move(5)
    assert [each.startswith("[wwwatch] over") for each in site.subjects] == [False, True, False, True]


def test_what_goes_on_for_a_day_is_told_again(site: Site) -> None:
    site.put()
    running = engine(site)
    running.run_once()
    site.clock.move(23 * 3600)
    running.run_once()
    assert len(site.subjects) == 1
    for _ in range(2):
        site.clock.move(24 * 3600)
        running.run_once()
    assert len(site.subjects) == 3
    assert "It goes on" in plain(site.sink.messages[-1])
    site.put(CLOSED)
    site.clock.move(48 * 3600)
    running.run_once()
    assert len(site.subjects) == 3


def test_what_a_digest_tells_is_kept_as_told_in_it(site: Site) -> None:
    minor = {"wwwatch.incident.level": 1, "wwwatch.incident.severity": "minor"}
    names = {site.put(minor, str(number)) for number in range(3)}
    site.es.indices.refresh(index=site.name)
    digest = site.parse(
        {
            "metadata": {"wwwatch": {"group": "ctx.payload.hits.hits"}},
            "trigger": {"schedule": {"interval": "1d"}},
            "input": {"search": {"request": {"indices": [site.name], "body": {"query": {"match_all": {}}}}}},
            "actions": {"mail": {"email": {"subject": "{{ctx.payload.hits.total}} small ones", "body": "x"}}},
        },
        "-digest",
    )
    settings = Settings(smtp=site.sink.settings())
    Engine(site.es, [digest], Mailer(settings.smtp), settings, site.clock).run_once()
    (message,) = site.sink.messages
    grouped = [each for each in site.history() if each.state is State.GROUPED]
    assert message["Subject"] == "3 small ones"
    assert {each.thread for each in grouped} == names
    assert {each.message_id for each in grouped} == {message["Message-ID"]}
