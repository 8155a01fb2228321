"""What she said of an incident holds until it gets graver, and no new visit joins what she closed."""

from dataclasses import replace

import pytest

from detector.folding import OpenIncidents, fold
from detector.incidents import Incident, Standing, restore, standing_of
from detector.standing import heed, reopen
from tests.unit.detector.findings import anomaly
from tests.unit.detector.frames import at

NOW, LATER = at(10_000), at(20_000)
FIRST = anomaly(score=60.0)


def begun() -> tuple[OpenIncidents, Incident]:
    incidents = OpenIncidents()
    fold(incidents, [FIRST], NOW)
    (incident,) = incidents.values()
    incident.is_stored = True
    return incidents, incident


@pytest.mark.parametrize("state", ["acknowledged", "closed"])
def test_what_she_said_holds_until_it_gets_graver(state: str) -> None:
    incidents, incident = begun()
    assert heed(incidents, {incident.id: Standing(state, 2), "another": Standing(state, 0)}, LATER) == []
    fold(incidents, [replace(FIRST, requests=500, score=70.0, incident=incident.id)], LATER)
    assert reopen([incident], LATER) == []
    assert not incident.says_state

    fold(incidents, [replace(FIRST, requests=900, score=90.0, incident=incident.id)], LATER)
    assert reopen([incident], LATER) == [incident]
    assert (incident.state, incident.says_state, incident.standing) == ("open", True, None)


def test_an_incident_that_got_graver_while_she_spoke_is_opened_again() -> None:
    incidents, incident = begun()
    assert heed(incidents, {incident.id: Standing("acknowledged", 1)}, LATER) == [incident]
    assert (incident.state, incident.updated) == ("open", LATER)


def test_a_new_visit_of_the_same_client_joins_what_is_acknowledged_and_not_what_she_closed() -> None:
    visit = anomaly(start=2_400, score=60.0)
    incidents, incident = begun()
    heed(incidents, {incident.id: Standing("acknowledged", 2)}, NOW)
    fold(incidents, [visit], LATER)
    assert list(incidents) == [incident.id]

    incidents, incident = begun()
    heed(incidents, {incident.id: Standing("closed", 2)}, NOW)
    fold(incidents, [visit], LATER)
    assert len(incidents) == 2
    fold(incidents, [replace(FIRST, requests=77, incident=incident.id)], LATER)
    assert incident.requests == 77
    assert len(incidents) == 2


def test_what_she_said_comes_back_from_the_document() -> None:
    _, incident = begun()
    document = incident.document()
    assert standing_of(document) is None
    document["wwwatch"]["incident"] |= {"state": "closed", "judged": {"state": "closed", "level": 2}}
    again = restore(document, [FIRST])
    assert again.is_closed_by_her
    document["wwwatch"]["incident"]["state"] = "open"
    assert restore(document, [FIRST]).standing is None
