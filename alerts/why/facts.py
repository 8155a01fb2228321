"""What Elasticsearch holds of a client's requests about a time; reads only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from elasticsearch import Elasticsearch

from alerts.engine.store import StatusStore
from alerts.language.model import Watch
from alerts.notices.history import History
from alerts.notices.notice import Notice
from alerts.quiet.gates import Gates
from alerts.why.ladder import Facts
from core.client import es_errors
from core.clock import iso_millis, parse_iso
from core.documents import ANOMALIES, HEALTH_PATTERN, INCIDENTS, STATE, Document, document_id
from core.text import visible

_IDS = 5
_UNPARSED = 500
_SEARCHABLE = 100
"""Addresses of one anomaly that are indexed: detector/anomaly.py's MOST_CLIENTS."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who, and when.

    Attributes:
        client: An address.
        at: The time, aware.
        within: How far from it requests still count.
    """

    client: str
    at: datetime
    within: timedelta = timedelta(minutes=5)

    @property
    def span(self) -> dict[str, str]:
        """The time as a range query has it."""
        return {"gte": iso_millis(self.at - self.within), "lte": iso_millis(self.at + self.within)}


class Reader:
    """Gathers facts.

    Args:
        client: The cluster.
        index: The pattern of the access events, `detect.index`.
        threshold: `detect.threshold`.
        watches: The watches that run.
        gates: Asked what they say of an incident.
    """

    def __init__(
        self, client: Elasticsearch, *, index: str, threshold: float, watches: Sequence[Watch], gates: Gates
    ) -> None:
        self._client, self._index, self._threshold = client, index, threshold
        self._watches, self._gates = watches, gates

    def gather(self, question: Question, now: datetime) -> Facts:
        """Return what is known.

        Raises:
            StoreError: Elasticsearch did not answer or refused.
        """
        found = self._search(self._index, self._by(question), sort="asc", seq_no_primary_term=True)
        hits, total = found["hits"]["hits"], found["hits"]["total"]["value"]
        anomalies = self._anomalies(question)
        incident = self._incident(anomalies)
        watch, level = self._watch()
        notices = list(self._notices(incident))
        return Facts(
            client=visible(question.client, 60),
            threshold=self._threshold,
            events=total,
            event_ids=[hit["_id"] for hit in hits[:_IDS]],
            first=_moment(hits[0]) if hits else None,
            last=_moment(self._search(self._index, self._by(question), size=1)["hits"]["hits"][0]) if hits else None,
            unparsed=self._unparsed(question),
            near=None if hits else self._nearest(question),
            shippers=self._said("shipper"),
            is_judged=self._is_judged(hits),
            detector="; ".join(self._said("detector").values()),
            anomalies=anomalies,
            incident=incident,
            level=level,
            watch=(watch.id, str(watch.metadata.get("description", ""))) if watch else ("", ""),
            status=StatusStore(self._client).get(watch.id) if watch else {},
            notices=notices,
            explained=self._gates.explain(dict(incident), now) if incident else (),
        )

    def _search(self, index: str, query: Document, *, size: int = 100, sort: str = "desc", **options: Any) -> Document:
        by = [{"@timestamp": {"order": sort, "unmapped_type": "date"}}]
        with es_errors(f"look into {index}"):
            answer = self._client.search(
                index=index, query=query, size=size, sort=by, ignore_unavailable=True, allow_no_indices=True, **options
            )
        return dict(answer.body)

    def _by(self, question: Question) -> Document:
        return {"bool": {"filter": [_is(question.client), {"range": {"@timestamp": question.span}}]}}

    def _unparsed(self, question: Question) -> list[str]:
        """Return lines in no known form that name the client: their text alone can say so, and it is not indexed."""
        query = {"bool": {"filter": [{"exists": {"field": "error.message"}}, {"range": {"@timestamp": question.span}}]}}
        found = self._search(self._index, query, size=_UNPARSED, source_includes=["event.original"])["hits"]["hits"]
        named = (hit for hit in found if question.client in hit["_source"].get("event", {}).get("original", ""))
        return [hit["_id"] for hit in named]

    def _nearest(self, question: Question) -> datetime | None:
        sides = (("lte", "desc"), ("gte", "asc"))
        found: list[datetime] = []
        for side, order in sides:
            span = {"range": {"@timestamp": {side: iso_millis(question.at)}}}
            query = {"bool": {"filter": [_is(question.client), span]}}
            found += [_moment(hit) for hit in self._search(self._index, query, size=1, sort=order)["hits"]["hits"]]
        return min(found, key=lambda moment: abs(moment - question.at), default=None)

    def _said(self, component: str) -> dict[str, str]:
        """Return what each host's part said last of how it is."""
        query = {"term": {"wwwatch.health.component": component}}
        latest = {"top_hits": {"size": 1, "sort": [{"@timestamp": "desc"}]}}
        aggs = {"hosts": {"terms": {"field": "host.name", "size": 100}, "aggs": {"latest": latest}}}
        buckets = self._search(HEALTH_PATTERN, query, size=0, aggs=aggs).get("aggregations", {}).get("hosts", {})
        said = {}
        for bucket in buckets.get("buckets", []):
            source = bucket["latest"]["hits"]["hits"][0]["_source"]
            health = source["wwwatch"]["health"]
            words = f": {visible(health['message'], 300)}" if health.get("message") else ""
            said[visible(bucket["key"], 60)] = f"{health['status']} at {source['@timestamp']}{words}"
        return said

    def _is_judged(self, hits: Sequence[Mapping[str, Any]]) -> bool | None:
        """Tell whether the detector's checkpoint is beyond the requests; see detector/feed.py for what it holds."""
        query = {"ids": {"values": [f"feed-{document_id(self._index)}"]}}
        found = self._search(STATE, query, size=1)["hits"]["hits"]
        if not found:
            return None
        positions = found[0]["_source"]["wwwatch"]["state"]["value"].get("positions", [])
        reached: dict[str, int] = {}
        for each in positions:  # of several shards the one furthest behind: a search does not say which has a document
            name = each["shard"].split("/")[0]
            reached[name] = min(each["seq_no"], reached.get(name, each["seq_no"]))
        return all(hit["_seq_no"] <= reached.get(hit["_index"], -1) for hit in hits)

    def _anomalies(self, question: Question) -> list[Document]:
        begun = {"range": {"event.start": {"lte": question.span["lte"]}}}
        ended = {"range": {"event.end": {"gte": question.span["gte"]}}}
        query = {"bool": {"filter": [_is(question.client), begun, ended]}}
        hits: list[Document] = self._search(ANOMALIES, query)["hits"]["hits"]
        # Of a crowd only some addresses can be searched for; all stand in its members, which are kept to be read.
        crowds = {"bool": {"filter": [{"range": {"wwwatch.anomaly.clients": {"gt": _SEARCHABLE}}}, begun, ended]}}
        known, names = {hit["_id"] for hit in hits}, {question.client, _network(question.client)}
        found = (hit for hit in self._search(ANOMALIES, crowds)["hits"]["hits"] if hit["_id"] not in known)
        hits += [hit for hit in found if names & set(hit["_source"]["wwwatch"]["anomaly"].get("members", ()))]
        return sorted(hits, key=lambda hit: -hit["_source"]["wwwatch"]["anomaly"]["score"])

    def _incident(self, anomalies: Sequence[Document]) -> Document | None:
        name = next((each["_source"]["wwwatch"].get("incident", {}).get("id") for each in anomalies), None)
        found = self._search(INCIDENTS, {"ids": {"values": [name]}}, size=1)["hits"]["hits"] if name else []
        return found[0] if found else None

    def _watch(self) -> tuple[Watch | None, int | None]:
        """Return the watch that tells of the least grave incidents at once, and from which level on."""
        found = [(level, watch) for watch in self._watches if (level := level_of(watch)) is not None]
        level, watch = min(found, key=lambda each: each[0], default=(None, None))
        return watch, level

    def _notices(self, incident: Document | None) -> Iterator[Notice]:
        if incident is None:
            return
        history, identity, found = History(self._client), incident["_id"], []
        for watch in self._watches:
            if level_of(watch) is not None:
                for action in watch.body.actions:
                    found += history.threads(watch.id, action, [identity]).get(identity, [])
        yield from sorted(found, key=lambda notice: notice.created)


def level_of(watch: Watch) -> int | None:
    """Return from which level on a watch tells of each incident; None where it does not do that."""
    search = watch.body.input.search
    if search is None or INCIDENTS not in search.request.indices or watch.body.metadata.wwwatch.thread is None:
        return None
    limits = [each for each in _walk(search.request.body) if "wwwatch.incident.level" in each]
    return int(limits[0]["wwwatch.incident.level"].get("gte", 0)) if limits else 0


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object below ``range`` of a search."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "range" and isinstance(inner, dict):
                yield inner
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def _network(client: str) -> str:
    """Return what the detector takes for one client: an IPv6 address's /64."""
    return str(ip_network(f"{client}/64", strict=False)) if ":" in client else client


def _is(client: str) -> Document:
    by_name = {"term": {"source.address": client}}
    return {"bool": {"should": [{"term": {"source.ip": client}}, by_name], "minimum_should_match": 1}}


def _moment(hit: Mapping[str, Any]) -> datetime:
    return parse_iso(hit["_source"]["@timestamp"])
