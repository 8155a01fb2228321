"""What she says of an incident survives the detector's next writes, restarts too."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from alerts.verdicts.store import Action, Saying, Verdicts
from core.documents import INCIDENTS
from tests.server.watching import NOW, START, Site

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


def guesses(first: int, count: int, start: datetime = START) -> list[str]:
    """Return failed logins of one address, one a second."""
    line = '203.0.113.9 - - [{}] "POST /login HTTP/1.1" 401 512 "-" "python-requests/2.32.3"'
    moments = (start + timedelta(seconds=number) for number in range(first, first + count))
    return [line.format(moment.strftime("%d/%b/%Y:%H:%M:%S +0000")) for moment in moments]


def incidents(es: Elasticsearch) -> list[dict[str, Any]]:
    es.indices.refresh(index=INCIDENTS)
    hits = es.search(index=INCIDENTS, sort=[{"event.start": "asc"}])["hits"]["hits"]
    return [hit["_source"]["wwwatch"]["incident"] for hit in hits]


def say(es: Elasticsearch, identity: str, action: Action) -> None:
    Verdicts(es).say(identity, Saying(action, "admin"), NOW)


def test_acknowledged_stays_so_until_it_gets_graver(es: Elasticsearch, site: Site) -> None:
    site.ship(guesses(0, 12))
    site.step()
    (first,) = incidents(es)
    assert first["state"] == "open"
    assert first["level"] < 3, "this test needs room to get graver"
    say(es, first["id"], Action.ACK)

    site.ship(guesses(12, 1))
    site.step()
    (second,) = incidents(es)
    assert (second["state"], second["level"], second["requests"]) == ("acknowledged", first["level"], 13)

    site.ship(guesses(13, 600))
    site.step()
    (third,) = incidents(es)
    assert third["level"] > first["level"]
    assert third["state"] == "open"
    assert third["judged"]["state"] == "acknowledged"


def test_closed_stays_so_for_the_visit_and_a_new_visit_is_a_new_incident(es: Elasticsearch, site: Site) -> None:
    site.ship(guesses(0, 600))
    detector = site.detector()
    try:
        detector.step()
        (first,) = incidents(es)
        say(es, first["id"], Action.CLOSE)
        site.ship(guesses(600, 5))
        detector.step()
        (second,) = incidents(es)
        assert (second["state"], second["requests"]) == ("closed", 605)
    finally:
        detector.close()
    site.ship(guesses(605, 5))
    site.step()  # another detector, which read everything back
    (third,) = incidents(es)
    assert (third["state"], third["requests"]) == ("closed", 610)

    site.ship(guesses(0, 60, START + timedelta(minutes=50)))
    site.step()
    both = incidents(es)
    assert both[0]["id"] == first["id"]
    assert [each["state"] for each in both] == ["closed", "open"]
