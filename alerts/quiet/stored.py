"""Reads the days that the alert budget replays."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from elasticsearch import Elasticsearch

from core.client import es_errors
from core.clock import iso_millis, parse_iso
from core.documents import ANOMALIES, INCIDENTS, Document

_PAGE = 1_000
_IDS = 500

Scores = dict[str, list[tuple[datetime, float]]]


def read_incidents(client: Elasticsearch, since: datetime, index: str = INCIDENTS) -> list[Document]:
    """Return every incident that began since then, oldest first, as a search returns them."""
    query = {"bool": {"filter": [{"range": {"event.start": {"gte": iso_millis(since)}}}]}}
    sort: list[Document] = [
        {"event.start": "asc"},
        {"wwwatch.incident.id": {"order": "asc", "unmapped_type": "keyword"}},
    ]
    return list(_pages(client, index, query, sort))


def read_scores(client: Elasticsearch, incident_ids: Sequence[str], index: str = ANOMALIES) -> Scores:
    """Return when each incident's score rose to what, as far as its anomalies are stored: the highest so far."""
    found: Scores = defaultdict(list)
    sort: list[Document] = [
        {"event.end": "asc"},
        {"wwwatch.session.id": {"order": "asc", "unmapped_type": "keyword"}},
    ]
    for first in range(0, len(incident_ids), _IDS):
        wanted = list(incident_ids[first : first + _IDS])
        query = {"bool": {"filter": [{"terms": {"wwwatch.incident.id": wanted}}]}}
        for hit in _pages(client, index, query, sort):
            own, event = hit["_source"]["wwwatch"], hit["_source"]["event"]
            steps, score = found[own["incident"]["id"]], float(own["anomaly"]["score"])
            if not steps or score > steps[-1][1]:
                steps.append((parse_iso(event["end"]), score))
    return dict(found)


def _pages(client: Elasticsearch, index: str, query: Document, sort: list[Document]) -> Iterator[Document]:
    after = None
    while True:
        with es_errors(f"read {index}"):
            answer = client.search(
                index=index,
                query=query,
                sort=sort,
                size=_PAGE,
                search_after=after,
                ignore_unavailable=True,
                source_excludes=["wwwatch.session.features", "wwwatch.evidence", "wwwatch.anomaly.members"],
            )
        hits = answer["hits"]["hits"]
        yield from hits
        if len(hits) < _PAGE:
            return
        after = hits[-1]["sort"]
