"""The only place where the quiet part asks Elasticsearch: silences, and how much was sent."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from elasticsearch import Elasticsearch

from alerts.notices.notice import State
from alerts.quiet.capped import MESSAGES, Sent, day_of, hour_of
from alerts.quiet.silence import Silence
from core.client import es_errors, require_index
from core.clock import iso_millis
from core.documents import STATE, WATCH_HISTORY, Document
from core.errors import StoreError, StoreMissingError
from core.text import visible

KIND = "silence"
"""What `wwwatch.state.kind` says of a silence."""
FRESH = timedelta(seconds=5)
"""How old what the gates know may be: a new silence counts after so long."""
_MOST = 1_000

T = TypeVar("T")


class SilenceStore:
    """Reads and writes silences; those that are over are kept for the record."""

    def __init__(self, client: Elasticsearch, index: str = STATE) -> None:
        self._client = client
        self._index = index

    def add(self, silence: Silence) -> None:
        """Keep a silence; the same one twice is one."""
        with es_errors("find the silences"):
            require_index(self._client, self._index)
        self._write(silence)

    def all(self) -> list[Silence]:
        """Return every silence, the latest first, at most 1,000; malformed ones are left out."""
        query = {"bool": {"filter": [{"term": {"wwwatch.state.kind": KIND}}]}}
        with es_errors("read the silences"):
            answer = self._client.search(
                index=self._index,
                query=query,
                size=_MOST,
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                ignore_unavailable=True,
            )
        found = (_silence(hit) for hit in answer["hits"]["hits"])
        return [each for each in found if each is not None]

    def end(self, identity: str, by: str, now: datetime) -> Silence:
        """End a silence now.

        Raises:
            StoreError: There is none of this id.
        """
        try:
            with es_errors("read the silence"):
                found = self._client.get(index=self._index, id=_name(identity))
        except StoreMissingError:
            found = None
        silence = _silence(dict(found.body)) if found is not None else None
        if silence is None:
            hint = "see `wwwatch alert silence list`"
            raise StoreError(f"there is no silence {visible(identity, 60)}", hint)
        if not silence.is_over(now):
            silence = silence.over_by(by, now)
            self._write(silence)
        return silence

    def _write(self, silence: Silence) -> None:
        moment = silence.ended or silence.created or silence.start
        state = {"kind": KIND, "owner": silence.by, "value": silence.value()}
        document = {"@timestamp": iso_millis(moment), "wwwatch": {"state": state}}
        with es_errors("keep the silence"):
            self._client.index(index=self._index, id=_name(silence.id), document=document, refresh=True)


class Fresh(Generic[T]):
    """What is read again when it is older than five seconds, so that a thousand notices are not a thousand searches."""

    def __init__(self, read: Callable[[datetime], T]) -> None:
        self._read = read
        self._known: tuple[datetime, T] | None = None

    def __call__(self, now: datetime) -> T:
        """Return what is known now."""
        if self._known is None or not timedelta() <= now - self._known[0] < FRESH:
            self._known = now, self._read(now)
        return self._known[1]


class Counter:
    """How many messages to people went out; what this engine lets pass between two looks is added."""

    def __init__(self, client: Elasticsearch, index: str = WATCH_HISTORY) -> None:
        self._client = client
        self._index = index
        self._fresh = Fresh(self._read)
        self._since: list[datetime] = []

    def __call__(self, now: datetime) -> Sent:
        """Return what went out in the present hour and day."""
        sent = self._fresh(now)
        hour, day = hour_of(now), day_of(now)
        return Sent(
            sent.hour + sum(moment >= hour for moment in self._since),
            sent.day + sum(moment >= day for moment in self._since),
        )

    def add(self, now: datetime) -> None:
        """Count one that is about to go out."""
        self._since.append(now)

    def _read(self, now: datetime) -> Sent:
        told: list[Document] = [{"term": {"state": State.SENT.value}}, {"terms": {"channel": sorted(MESSAGES)}}]
        query = {"bool": {"filter": [*told, _within(day_of(now), timedelta(days=1))]}}
        hours: dict[str, Any] = {"hour": {"filter": _within(hour_of(now), timedelta(hours=1))}}
        with es_errors("count what was sent"):
            self._client.indices.refresh(index=self._index, ignore_unavailable=True, allow_no_indices=True)
            answer = self._client.search(
                index=self._index, query=query, aggs=hours, size=0, track_total_hits=True, ignore_unavailable=True
            )
        self._since = []
        counted = answer.get("aggregations", {}).get("hour", {}).get("doc_count", 0)
        return Sent(counted, answer["hits"]["total"]["value"])


def _within(begin: datetime, period: timedelta) -> Document:
    return {"range": {"sent": {"gte": iso_millis(begin), "lt": iso_millis(begin + period)}}}


def current(silences: Sequence[Silence], now: datetime) -> list[Silence]:
    """Return those that are not over."""
    return [each for each in silences if not each.is_over(now)]


def _name(identity: str) -> str:
    return f"silence-{identity}"


def _silence(hit: Document) -> Silence | None:
    try:
        return Silence.of(hit["_id"].removeprefix("silence-"), hit["_source"]["wwwatch"]["state"]["value"])
    except (KeyError, TypeError, ValueError):
        return None
