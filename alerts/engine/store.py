"""Keeps what `wwwatch-watches` holds of each watch: its status, and the watch itself where it is no file."""

from collections.abc import Callable
from datetime import datetime

from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import scan

from core.client import es_errors, require_index
from core.clock import iso_millis
from core.documents import WATCHES, Document
from core.errors import StoreConflictError

_ATTEMPTS = 8


class StatusStore:
    """Reads and writes the documents of watches; a write meets the version that was read, or is done again."""

    def __init__(self, client: Elasticsearch, index: str = WATCHES) -> None:
        self._client = client
        self._index = index
        self._is_there = False

    def get(self, watch_id: str) -> Document:
        """Return a watch's status; empty before its first run."""
        return dict(self._document(watch_id).get("status", {}))

    def change(self, watch_id: str, change: Callable[[Document], Document], now: datetime) -> Document:
        """Write what `change` makes of the status, on top of what others wrote meanwhile; return it.

        Args:
            watch_id: Whose status.
            change: From the status as it stands to the status wanted; called again when somebody was faster.
            now: The time, for the document.

        Raises:
            StoreConflictError: Others were faster again and again.
        """
        self._require_index()
        for attempt in range(_ATTEMPTS):
            document = self._document(watch_id)
            status = document.get("status", {})
            wanted = change(status)
            if wanted == status:
                return dict(status)
            wanted = wanted | {"version": status.get("version", 0) + 1}
            try:
                self._write(watch_id, document, wanted, now)
            except StoreConflictError:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            return wanted
        raise AssertionError("unreachable")

    def stored(self) -> dict[str, Document]:
        """Return the watches that are kept in Elasticsearch and not in files, by id, as the JSON they are."""
        with es_errors("read the watches kept in Elasticsearch"):
            self._client.indices.refresh(index=self._index)
            found = scan(self._client, index=self._index, _source=["watch"])
            return {hit["_id"]: hit["_source"]["watch"] for hit in found if "watch" in hit["_source"]}

    def _document(self, watch_id: str) -> Document:
        with es_errors(f"read the state of the watch {watch_id}"):
            try:
                answer = self._client.get(index=self._index, id=watch_id)
            except NotFoundError as error:
                if "found" not in error.body:  # not the document is missing but its index
                    raise
                return {}
        return {**answer["_source"], "_version": (answer["_seq_no"], answer["_primary_term"])}

    def _write(self, watch_id: str, document: Document, status: Document, now: datetime) -> None:
        version = document.get("_version")
        kept = {name: value for name, value in document.items() if name != "_version"}
        changed = {**kept, "@timestamp": iso_millis(now), "watch_id": watch_id, "status": status}
        with es_errors(f"save the state of the watch {watch_id}"):
            if version is None:
                self._client.create(index=self._index, id=watch_id, document=changed)
                return
            self._client.index(
                index=self._index, id=watch_id, document=changed, if_seq_no=version[0], if_primary_term=version[1]
            )

    def _require_index(self) -> None:
        if not self._is_there:
            require_index(self._client, self._index)
            self._is_there = True
