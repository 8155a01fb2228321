"""What caps held is told together: one message when a cap is reached, one when its hour or day is over."""

import logging
from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch

from alerts.language.files import parse_watch
from alerts.language.model import Watch
from alerts.language.mustache import lookup
from alerts.notices.delivery import Delivery
from alerts.notices.notice import Notice, State
from alerts.quiet.capped import SUMMARY_WATCH
from core.client import es_errors
from core.clock import iso_millis, parse_iso
from core.documents import WATCH_HISTORY, Document
from core.errors import WwwatchError
from core.settings import Settings
from core.text import visible

log = logging.getLogger(__name__)

ACTION = "mail"
GRACE = timedelta(seconds=30)
"""How long after the end of an hour its summary waits for what another engine is writing down."""
EVERY = timedelta(seconds=10)
_MOST = 1_000
_WORST = 20
_ORDER = {"critical": 0, "major": 1, "minor": 2}


def summary_watch(watch_id: str = SUMMARY_WATCH) -> Watch:
    """Return the watch under whose name summaries are told."""
    data = {
        "metadata": {"wwwatch": {"once_per": "{{key}}"}},
        "trigger": {"schedule": {"interval": "10s"}},
        "actions": {
            ACTION: {
                "email": {
                    "to": "{{ctx.payload.to}}",
                    "subject": "[wwwatch] {{ctx.payload.headline}}",
                    "body": "{{ctx.payload.headline}}\n\n{{ctx.payload.reason}}\n\n"
                    "{{#ctx.payload.lines}}- {{.}}\n{{/ctx.payload.lines}}\nSee all with: wwwatch alert history\n",
                }
            }
        },
    }
    return parse_watch(data, Path(f"{watch_id}.json"))


class Summaries:
    """Tells of what the gate `capped` held.

    Args:
        client: The cluster.
        settings: The caps, and in `smtp.to` who gets it; where that is empty, who got the latest mails.
        index: The watch history.
    """

    def __init__(self, client: Elasticsearch, settings: Settings, index: str = WATCH_HISTORY) -> None:
        self._client, self._to, self._index = client, settings.smtp.to, index
        self._is_capped = bool(settings.alert.max_per_hour or settings.alert.max_per_day)
        self._watch = summary_watch()
        self._handled: set[str] = set()
        self._looked: datetime | None = None

    def tell_soon(self, delivery: Delivery, now: datetime) -> None:
        """Tell what is due, at most every 10 s; what goes wrong is logged, and tried again then."""
        if not self._is_capped or (self._looked and timedelta() <= now - self._looked < EVERY):
            return
        self._looked = now
        try:
            self.tell(delivery, now)
        except WwwatchError as error:
            log.warning("what caps held is told later: %s", visible(error, 1000))

    def tell(self, delivery: Delivery, now: datetime) -> list[Notice]:
        """Tell what is due, and what of it waited; mark what was told as grouped.

        Raises:
            StoreError: Elasticsearch did not answer.
        """
        settled = delivery.take_up(self._watch)
        for end, count in self._windows():
            payload = self._payload(end, count, now)
            if payload is not None:
                settled += delivery.tell(self._watch, ACTION, _variables(self._watch, payload, now), self._handled)
        for notice in settled:
            self._mark(notice)
        return settled

    def _windows(self) -> list[tuple[datetime, int]]:
        buckets = {"ends": {"terms": {"field": "next_attempt", "size": 100, "order": {"_key": "asc"}}}}
        with es_errors("look for what caps held"):
            self._client.indices.refresh(index=self._index, ignore_unavailable=True)
            answer = self._client.search(
                index=self._index, query=self._capped(), aggs=buckets, size=0, ignore_unavailable=True
            )
        found = answer.get("aggregations", {}).get("ends", {}).get("buckets", [])
        return [(parse_iso(each["key_as_string"]), each["doc_count"]) for each in found]

    def _payload(self, end: datetime, count: int, now: datetime) -> Document | None:
        told = self._earlier(end)
        if now < end:
            first = f"{iso_millis(end)}/first"
            return None if any(each["key"] == first for each in told) else self._first(end, count, first)
        if now < end + GRACE:
            return None
        over = [each for each in told if "/over/" in each["key"]]
        known = {name for each in over for name in lookup("ctx.variables.payload.members", each) or []}
        for each in over:
            if each["state"] == State.SENT.value:  # told, and not marked: the engine died in between
                self._group(lookup("ctx.variables.payload.members", each) or [], each.get("message_id", ""), now)
        hits = [each for each in self._held(end) if each["_id"] not in known]
        if not hits:
            return None
        return self._over(end, hits, f"{iso_millis(end)}/over/{len(over)}")

    def _first(self, end: datetime, count: int, key: str) -> Document:
        headline = f"The cap of mails is reached: no more until {end:%H:%M} UTC"
        reason = (
            f"{count} held so far. What is held until {end:%Y-%m-%d %H:%M} UTC comes in one summary then. "
            "The caps are the settings alert.max_per_hour and alert.max_per_day."
        )
        return {**self._words(self._held(end)), "key": key, "headline": headline, "reason": reason, "members": []}

    def _over(self, end: datetime, hits: list[Document], key: str) -> Document:
        headline = f"{len(hits)} mails were held until {end:%Y-%m-%d %H:%M} UTC"
        reason = f"More mails than alert.max_per_hour or alert.max_per_day allow: {_kinds(hits)}."
        members = [each["_id"] for each in hits]
        return {**self._words(hits), "key": key, "headline": headline, "reason": reason, "members": members}

    def _words(self, hits: list[Document]) -> Document:
        worst = sorted(hits, key=lambda each: _ORDER.get(each["_source"].get("severity", ""), 9))[:_WORST]
        payloads = [lookup("_source.ctx.variables.payload", each) for each in worst]
        incidents = [each for each in payloads if isinstance(lookup("_source.wwwatch.incident", each or {}), dict)]
        times = sorted(each["_source"]["@timestamp"] for each in hits)
        return {
            "hits": {"total": len(hits), "hits": incidents},
            "kinds": dict(Tally(each["_source"].get("kind", "other") for each in hits)),
            "since": times[0] if times else None,
            "until": times[-1] if times else None,
            "lines": [_line(each["_source"]) for each in worst],
            "to": ", ".join(self._to or self._usual()),
        }

    def _usual(self) -> list[str]:
        """Return who got the latest mails: where the settings name nobody, the watches do."""
        query = {"bool": {"filter": [{"term": {"state": State.SENT.value}}, {"term": {"channel": "email"}}]}}
        with es_errors("look for who gets the mails"):
            answer = self._client.search(index=self._index, query=query, size=20, sort=[{"sent": "desc"}])
        return list(dict.fromkeys(name for hit in answer["hits"]["hits"] for name in hit["_source"]["recipients"]))

    def _capped(self, end: datetime | None = None) -> Document:
        terms: list[Document] = [{"term": {"state": State.CAPPED.value}}]
        if end is not None:
            terms.append({"term": {"next_attempt": iso_millis(end)}})
        return {"bool": {"filter": terms}}

    def _held(self, end: datetime) -> list[Document]:
        with es_errors("read what caps held"):
            answer = self._client.search(
                index=self._index, query=self._capped(end), size=_MOST, sort=[{"@timestamp": "asc"}]
            )
        return list(answer["hits"]["hits"])

    def _earlier(self, end: datetime) -> list[Document]:
        terms = [{"term": {"watch_id": SUMMARY_WATCH}}, {"prefix": {"key": f"{iso_millis(end)}/"}}]
        with es_errors("read the summaries"):
            answer = self._client.search(index=self._index, query={"bool": {"filter": terms}}, size=100)
        return [each["_source"] for each in answer["hits"]["hits"]]

    def _mark(self, notice: Notice) -> None:
        members = lookup("payload.members", notice.ctx) or []
        if notice.state is State.SENT and members:
            self._group(members, notice.message_id, notice.sent or notice.created)

    def _group(self, members: Sequence[str], message_id: str, now: datetime) -> None:
        change: dict[str, Any] = {"state": State.GROUPED.value, "message_id": message_id, "sent": iso_millis(now)}
        change["reason"] = f"capped; told in the summary {message_id}"
        operations: list[Document] = []
        for name in members:
            operations += [{"update": {"_id": name}}, {"doc": change}]
        with es_errors("mark what a summary told"):
            self._client.bulk(index=self._index, operations=operations, refresh=True)


def _kinds(hits: Sequence[Document]) -> str:
    counts = Tally(each["_source"].get("kind", "other") for each in hits)
    return ", ".join(f"{count} {visible(kind, 40)}" for kind, count in counts.most_common())


def _line(source: Document) -> str:
    message = lookup("ctx.variables.payload._source.message", source) or source["key"]
    return f"{source.get('severity', source['watch_id'])}: {visible(message)}"


def _variables(watch: Watch, payload: Document, now: datetime) -> Document:
    stamp = iso_millis(now)
    ctx: Document = {
        "watch_id": watch.id,
        "execution_time": stamp,
        "trigger": {"scheduled_time": stamp, "triggered_time": stamp},
        "metadata": watch.metadata,
        "payload": payload,
        "vars": {},
    }
    return {**ctx, "letter": "summary"} if payload["hits"]["hits"] else ctx
