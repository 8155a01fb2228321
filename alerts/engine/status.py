"""The state of every watch in Elasticsearch, in the shape of Watcher's status."""

from datetime import datetime
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from core.client import es_errors, require_index
from core.clock import iso_millis, parse_iso
from core.documents import WATCHES, Document


class StatusStore:
    """Reads and writes `status` of watches."""

    def __init__(self, client: Elasticsearch, index: str = WATCHES) -> None:
        self._client = client
        self._index = index
        self._is_there = False

    def get(self, watch_id: str) -> Document:
        """Return a watch's status; empty before its first run."""
        with es_errors(f"read the state of the watch {watch_id}"):
            try:
                source = self._client.get(index=self._index, id=watch_id)["_source"]
            except NotFoundError as error:
                if "found" not in error.body:  # not the document is missing but its index
                    raise
                return {}
        return dict(source.get("status", {}))

    def merge(self, watch_id: str, status: Document, now: datetime) -> None:
        """Write parts of a watch's status; parts that are not named stay as they are."""
        change = {"@timestamp": iso_millis(now), "watch_id": watch_id, "status": status}
        self._require_index()
        with es_errors(f"save the state of the watch {watch_id}"):
            self._client.update(index=self._index, id=watch_id, doc=change, doc_as_upsert=True, retry_on_conflict=3)

    def _require_index(self) -> None:
        if not self._is_there:
            require_index(self._client, self._index)
            self._is_there = True


def last_success(status: Document, action_id: str) -> datetime | None:
    """Return when an action was last done with success."""
    moment = status.get("actions", {}).get(action_id, {}).get("last_successful_execution", {}).get("timestamp")
    return parse_iso(moment) if moment else None


def execution(now: datetime, *, successful: bool, reason: str = "") -> Document:
    """Return what an action's status says about one execution."""
    entry: dict[str, Any] = {"timestamp": iso_millis(now), "successful": successful}
    if reason:
        entry["reason"] = reason
    return {"last_execution": entry, **({"last_successful_execution": entry} if successful else {})}


def throttled(now: datetime, reason: str) -> Document:
    """Return what an action's status says when it was held back."""
    return {"last_throttle": {"timestamp": iso_millis(now), "reason": reason}}
