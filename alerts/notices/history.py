"""The watch history in Elasticsearch: what was decided about every notice, and the claims that keep engines apart."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from alerts.notices.document import BRIEF, TYPE, document_of, notice_of
from alerts.notices.notice import HELD, Notice, State, Turn
from core.client import es_errors, store_error
from core.clock import iso_millis
from core.documents import WATCH_HISTORY, Document
from core.errors import StoreConflictError

_PAGE = 100
_MOST_WATCHES = 1000
_THREADS_PAGE = 10_000
_CONFLICT = 409
_FORGOTTEN = timedelta(hours=1)


class History:
    """Reads and writes notices; a write meets the version that was read, or fails."""

    def __init__(self, client: Elasticsearch, index: str = WATCH_HISTORY) -> None:
        self._client = client
        self._index = index

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return which notices exist, as of now and not as of the last refresh."""
        if not ids:
            return set()
        with es_errors("look into the watch history"):
            answer = self._client.mget(index=self._index, ids=list(ids), source=False)
        return {document["_id"] for document in answer["docs"] if document.get("found")}

    def create(self, notices: Sequence[Notice]) -> list[Notice]:
        """Record notices; those that somebody else recorded first are left out of the answer.

        Raises:
            StoreError: Elasticsearch refused one for another reason.
        """
        return [each for each in self._bulk(map(_creating, notices), notices) if each is not None]

    def update(self, notice: Notice, **changes: Any) -> Notice:
        """Write changed attributes of a notice.

        Returns:
            The notice as it stands now.

        Raises:
            StoreConflictError: Somebody else changed it since it was read: it is theirs now.
        """
        changed = replace(notice, **changes)
        with es_errors(f"mark {notice.key} in the watch history"):
            answer = self._client.index(
                index=self._index,
                id=notice.id,
                document=document_of(changed),
                if_seq_no=notice.seq_no,
                if_primary_term=notice.primary_term,
            )
        return replace(changed, seq_no=answer["_seq_no"], primary_term=answer["_primary_term"])

    def update_all(self, notices: Sequence[Notice]) -> list[Notice]:
        """Write notices, each against the version that it was read from, in one request.

        Returns:
            Those written, as they stand now; what somebody else changed meanwhile is left out: it is theirs.

        Raises:
            StoreError: Elasticsearch refused one for another reason.
        """
        return [each for each in self._bulk(map(_changing, notices), notices) if each is not None]

    def update_with(self, notice: Notice, follows: Sequence[Notice]) -> Notice:
        """Write a notice and record what follows from it in one request, so that a crash cannot come between.

        Returns:
            The notice as it stands now.

        Raises:
            StoreConflictError: Somebody else changed the notice since it was read: it is theirs now.
            StoreError: Elasticsearch refused one for another reason.
        """
        if not follows:
            return self.update(notice)
        written, *_ = self._bulk([_changing(notice), *map(_creating, follows)], [notice, *follows])
        if written is None:
            raise StoreConflictError(f"cannot mark {notice.key}: somebody else changed it since it was read")
        return written

    def _bulk(self, actions: Iterable[Mapping[str, Any]], notices: Sequence[Notice]) -> list[Notice | None]:
        """Do one action for each notice; return the notices as they stand now, None for those that met a conflict."""
        if not notices:
            return []
        operations = [each for pair in zip(actions, map(document_of, notices), strict=True) for each in pair]
        with es_errors("write the watch history"):
            answer = self._client.bulk(index=self._index, operations=operations)
        results = [next(iter(item.values())) for item in answer["items"]]
        for result in results:
            if "error" in result and result["status"] != _CONFLICT:
                reason = result["error"].get("reason", "")
                raise store_error(result["status"], f"cannot write the watch history: Elasticsearch answered {reason}")
        return [_written(notice, result) for notice, result in zip(notices, results, strict=True)]

    def threads(self, watch_id: str, action_id: str, threads: Iterable[str]) -> dict[str, list[Notice]]:
        """Return every notice of some threads, oldest first, without their variables; includes the latest writes."""
        wanted = sorted({thread for thread in threads if thread})
        if not wanted:
            return {}
        terms = [{"term": {"watch_id": watch_id}}, {"term": {"action_id": action_id}}]
        query = {"bool": {"filter": [*terms, {"terms": {"incident_id": wanted}}]}}
        self._refresh()
        found: dict[str, list[Notice]] = defaultdict(list)
        for notice in self._search(query, "@timestamp", _THREADS_PAGE, source_excludes=["ctx.variables"]):
            found[notice.thread].append(notice)
        return found

    def due(self, watch_id: str, now: datetime, left_by_others_than: str = "") -> list[Notice]:
        """Return pending and held notices of a watch whose time has come, the longest waiting first, at most 100.

        Args:
            watch_id: The watch.
            now: The present.
            left_by_others_than: An engine that alone runs the watch now: what others have in hand is due, too.
        """
        self._refresh()
        states = {"terms": {"state": sorted({State.PENDING, *HELD})}}
        ripe: Document = {"range": {"next_attempt": {"lte": iso_millis(now)}}}
        if left_by_others_than:
            mine = {"term": {"owner": left_by_others_than}}
            left = {"bool": {"filter": {"exists": {"field": "owner"}}, "must_not": mine}}
            ripe = {"bool": {"should": [ripe, left]}}
        query = {"bool": {"filter": [{"term": {"watch_id": watch_id}}, states, ripe]}}
        return self._search(query, "next_attempt", _PAGE)

    def watches_due(self, now: datetime) -> set[str]:
        """Return the ids of the watches that have a notice whose time has come."""
        self._refresh()
        ripe: Document = {"range": {"next_attempt": {"lte": iso_millis(now)}}}
        query = {"bool": {"filter": [{"terms": {"state": sorted({State.PENDING, *HELD})}}, ripe]}}
        names = {"watches": {"terms": {"field": "watch_id", "size": _MOST_WATCHES}}}
        with es_errors("read the watch history"):
            answer = self._client.search(index=self._index, query=query, size=0, aggs=names)
        return {bucket["key"] for bucket in answer["aggregations"]["watches"]["buckets"]}

    def dead(self, now: datetime, size: int) -> list[Notice]:
        """Return what was not told: the newest first.

        What failed or was given up; what some recipients refused; and what nobody has taken up for an hour after its
        time, as when its watch is gone.
        """
        late = {"range": {"next_attempt": {"lte": iso_millis(now - _FORGOTTEN)}}}
        forgotten = {"bool": {"filter": [{"terms": {"state": sorted({State.PENDING, *HELD})}}, late]}}
        found = [{"term": {"state": State.FAILED}}, {"exists": {"field": "refused"}}, forgotten]
        self._refresh()
        notices = {"term": {"type": TYPE}}
        query = {"bool": {"filter": notices, "should": found, "minimum_should_match": 1}}
        return self._search(query, "@timestamp", size, order="desc", source_includes=BRIEF)

    def by_id(self, ids: Sequence[str]) -> list[Notice]:
        """Return notices by their ids, whole, as of now and not as of the last refresh; unknown ones are left out."""
        if not ids:
            return []
        with es_errors("look into the watch history"):
            answer = self._client.mget(index=self._index, ids=list(ids))
        return [notice_of(document) for document in answer["docs"] if document.get("found")]

    def is_waiting(self, watch_id: str, action_id: str) -> bool:
        """Tell whether something that an action has to tell was recorded and is not told yet."""
        terms = [{"term": {"watch_id": watch_id}}, {"term": {"action_id": action_id}}]
        query = {"bool": {"filter": [*terms, {"term": {"state": State.PENDING.value}}]}}
        self._refresh()
        return bool(self._search(query, "@timestamp", 1, source_excludes=["ctx.variables"]))

    def recent(self, size: int, *, everything: bool = True) -> list[Notice]:
        """Return the latest notices of all watches, the newest first, without their variables.

        Args:
            size: How many at most.
            everything: Also what waits to be told again if it goes on, and ends that nobody had to hear of.
        """
        self._refresh()
        quiet = [{"term": {"state": State.THROTTLED.value}}, {"terms": {"turn": [Turn.AGAIN.value, Turn.OVER.value]}}]
        without: list[Document] = [{"term": {"type": "execution"}}]
        query = {"bool": {"must_not": without if everything else [*without, {"bool": {"filter": quiet}}]}}
        return self._search(query, "@timestamp", size, order="desc", source_includes=BRIEF)

    def about(self, thread: str, size: int) -> list[Notice]:
        """Return the latest notices of a thread, of all watches, the newest first, without their variables."""
        self._refresh()
        query = {"bool": {"filter": [{"term": {"incident_id": thread}}]}}
        return self._search(query, "@timestamp", size, order="desc", source_excludes=["ctx.variables"])

    def _refresh(self) -> None:
        with es_errors("refresh the watch history"):
            self._client.indices.refresh(index=self._index)

    def _search(self, query: Document, sort: str, size: int, order: str = "asc", **options: Any) -> list[Notice]:
        by = [{sort: {"order": order, "unmapped_type": "date"}}]
        with es_errors("read the watch history"):
            answer = self._client.search(
                index=self._index, query=query, sort=by, size=size, seq_no_primary_term=True, **options
            )
        return [notice_of(hit) for hit in answer["hits"]["hits"]]


def _creating(notice: Notice) -> Document:
    return {"create": {"_id": notice.id}}


def _changing(notice: Notice) -> Document:
    version = {"_id": notice.id, "if_seq_no": notice.seq_no, "if_primary_term": notice.primary_term}
    return {"index": version}


def _written(notice: Notice, result: Document) -> Notice | None:
    if "error" in result:
        return None
    return replace(notice, seq_no=result["_seq_no"], primary_term=result["_primary_term"])
