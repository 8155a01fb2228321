"""What she says of an incident, in real Elasticsearch."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from elasticsearch import Elasticsearch

from alerts.verdicts.store import Action, Saying, Verdicts
from alerts.verdicts.verdict import MUTED
from core.errors import StoreError, StoreMissingError
from es_templates import read_catalogue, resolve
from tests.alerting import NOW, incident

pytestmark = pytest.mark.es


@pytest.fixture
def verdicts(es: Elasticsearch) -> Iterator[Verdicts]:
    """Indices of this test's own, with the incident ``i1`` and a session of it."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    names = [f"{name}-verdicts", f"{name}-incidents", f"{name}-anomalies"]
    for index, template in zip(names, ("wwwatch-verdicts", "wwwatch-incidents", "wwwatch-anomalies"), strict=True):
        es.indices.create(index=index, **resolve(template))
    es.index(index=names[1], id="i1", document=incident())
    anomaly = read_catalogue().samples["wwwatch-anomalies"]
    anomaly = {**anomaly, "wwwatch": {**anomaly["wwwatch"], "incident": {"id": "i1"}}}
    es.index(index=names[2], document=anomaly, refresh=True)
    yield Verdicts(es, *names)
    es.indices.delete(index=names)


def state(verdicts: Verdicts) -> str:
    return str(verdicts.incident("i1")["wwwatch"]["incident"]["state"])


def test_a_false_alarm_closes_mutes_and_is_kept_for_training(verdicts: Verdicts) -> None:
    said = verdicts.say("i1", Saying(Action.FALSE, "admin", "our own monitoring"), NOW)
    assert said.mutes_until == NOW + MUTED
    assert state(verdicts) == "closed"
    assert [each.incident_id for each in verdicts.muting(NOW)] == ["i1"]
    assert verdicts.muting(NOW + MUTED) == []
    (lesson,) = verdicts.lessons()
    assert lesson.sample is not None
    assert lesson.sample["sessions"][0]["features"] == {"login_posts": 412.0, "login_failed_share": 0.97}
    assert (lesson.clients, lesson.path, lesson.level, lesson.note) == (
        ("203.0.113.9",),
        "/login",
        2,
        "our own monitoring",
    )


def test_a_change_of_mind_ends_the_muting_and_both_stay_on_record(verdicts: Verdicts) -> None:
    verdicts.say("i1", Saying(Action.FALSE, "admin"), NOW)
    said = verdicts.say("i1", Saying(Action.TRUE, "boss", "no, look again"), NOW + timedelta(hours=1))
    assert (said.verdict, said.mutes_until, said.by) == (True, None, "boss")
    assert [(each["action"], each["by"]) for each in said.done] == [("false", "admin"), ("true", "boss")]
    assert state(verdicts) == "acknowledged"
    assert verdicts.muting(NOW) == []


def test_acknowledging_and_closing_say_nothing_about_true_or_false(verdicts: Verdicts) -> None:
    assert verdicts.get("i1") is None
    verdicts.say("i1", Saying(Action.ACK, "admin"), NOW)
    assert state(verdicts) == "acknowledged"
    verdicts.say("i1", Saying(Action.CLOSE, "admin"), NOW)
    assert state(verdicts) == "closed"
    said = verdicts.get("i1")
    assert said is not None
    assert said.verdict is None
    assert len(said.done) == 2
    assert verdicts.lessons() == []


def test_two_people_at_once_are_both_on_record(verdicts: Verdicts) -> None:
    def say(number: int) -> None:
        verdicts.say("i1", Saying(Action.ACK, f"admin {number}"), NOW)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(say, range(3)))
    said = verdicts.get("i1")
    assert said is not None
    assert {each["by"] for each in said.done} == {"admin 0", "admin 1", "admin 2"}


def test_what_is_not_there_is_said(verdicts: Verdicts, es: Elasticsearch) -> None:
    with pytest.raises(StoreMissingError, match="there is no incident nonsense"):
        verdicts.say("nonsense", Saying(Action.ACK, "admin"), NOW)
    with pytest.raises(StoreMissingError):
        verdicts.incident("")
    es.indices.delete(index=verdicts._index)
    with pytest.raises(StoreError, match="wwwatch setup"):
        verdicts.get("i1")
    es.indices.create(index=verdicts._index)
