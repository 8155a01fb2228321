"""What the detector writes: a closed incident that goes on is open again, and floods are written in parts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from elasticsearch import Elasticsearch

from core.documents import INCIDENTS
from core.errors import StoreError
from detector.folding import OpenIncidents, close_quiet, fold
from detector.store import FINDINGS_PER_REQUEST, DetectorStore
from es_templates import apply, plan
from tests.unit.detector.findings import anomaly
from tests.unit.detector.frames import at

pytestmark = pytest.mark.es

NOW = at(3600)


@pytest.fixture
def store(es: Elasticsearch, namespace: str) -> DetectorStore:
    apply(es, plan(es))
    return DetectorStore(es, namespace)


def state(es: Elasticsearch, identifier: str) -> str:
    return str(es.get(index=INCIDENTS, id=identifier)["_source"]["wwwatch"]["incident"]["state"])


def test_a_closed_incident_that_goes_on_is_open_again(es: Elasticsearch, store: DetectorStore, namespace: str) -> None:
    found = anomaly(session_id=namespace)
    incidents = OpenIncidents()
    placed, changed = fold(incidents, [found], NOW)
    store.write(placed, changed)
    identifier = changed[0].id
    assert state(es, identifier) == "open"
    store.write([], close_quiet(incidents, NOW + timedelta(hours=3), NOW))
    assert state(es, identifier) == "closed"
    store.write(*fold(incidents, [replace(placed[0], requests=300)], NOW))
    assert state(es, identifier) == "open"


def test_more_findings_than_one_request_takes_are_all_written(
    es: Elasticsearch, store: DetectorStore, namespace: str
) -> None:
    count = 2 * FINDINGS_PER_REQUEST + 1
    many = [anomaly(kind="dos", session_id=f"{namespace}-{number}", domain=namespace) for number in range(count)]
    store.write(*fold(OpenIncidents(), many, NOW))
    es.indices.refresh(index="wwwatch-anomalies")
    assert es.count(index="wwwatch-anomalies", query={"term": {"url.domain": namespace}})["count"] == count


def test_before_setup_it_says_so(store: DetectorStore, monkeypatch: pytest.MonkeyPatch, namespace: str) -> None:
    monkeypatch.setattr("detector.store.INCIDENTS", f"{namespace}-missing")
    with pytest.raises(StoreError, match="run `wwwatch setup`"):
        store.require_setup()
