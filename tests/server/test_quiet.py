"""Silences, verdicts and caps against real Elasticsearch and a real mail server."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from alerts import Engine, Mailer, State
from alerts.quiet import Silence, SilenceStore
from alerts.quiet.silence import checked
from core.errors import StoreError
from core.settings import AlertSettings, Settings
from es_templates import apply, plan
from tests.alerting import NOW, HandClock
from tests.server.test_alerts import Site
from tests.smtp_sink import SmtpSink, smtp_sink

pytestmark = pytest.mark.es


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_sink() as running:
        yield running


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
    (settled,) = site.history()
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


def test_caps_count_what_was_sent_in_the_hour(es: Elasticsearch, sink: SmtpSink, site: Site) -> None:
    # The history is shared by all tests: an hour of its own.
    site.clock = HandClock(NOW + timedelta(days=1 + uuid.uuid4().int % 20_000))
    for number in range(4):
        stamp = site.clock.now().isoformat()
        site.put({"wwwatch.incident.updated": stamp, "@timestamp": stamp}, str(number))
    running = engine(site, max_per_hour=3)
    running.run_once()
    assert len(site.subjects) == 3
    assert [each.state for each in site.history()].count(State.CAPPED) == 1
