"""How a part of wwwatch is, in a document every 15 seconds: what its dashboard and the rules about wwwatch read."""

import logging
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal

from elasticsearch import ConflictError, Elasticsearch

from core.client import es_errors
from core.clock import iso_millis
from core.documents import Document, document_id, health_stream
from core.errors import WwwatchError

log = logging.getLogger(__name__)

Component = Literal["shipper", "detector", "alerts", "canary"]
Status = Literal["ok", "warn", "failing"]

EVERY = timedelta(seconds=15)
"""How often a part tells, at most, while nothing changes."""

_TIMEOUT_SECONDS = 10.0
_MESSAGE = 1000


class Health:
    """Writes the health documents of one part.

    Telling never fails and never waits: a document is written by a thread of its own, and one that Elasticsearch does
    not take is missed, which the log says once until the next one is taken.

    Args:
        client: The cluster.
        component: Which part this is.
        host: Where it runs; default: this machine's name.
        namespace: Last part of the data stream's name.
    """

    def __init__(
        self, client: Elasticsearch, component: Component, *, host: str | None = None, namespace: str = "default"
    ) -> None:
        self._client = client.options(request_timeout=_TIMEOUT_SECONDS, max_retries=0)
        self._component = component
        self._host = host or socket.gethostname()
        self._stream = health_stream(namespace)
        self._last: datetime | None = None
        self._status: Status | None = None
        self._writer: threading.Thread | None = None
        self._has_failed = False

    def is_due(self, now: datetime, status: Status = "ok") -> bool:
        """Return whether a document would be written now: the last one is 15 s old, or said another status."""
        if self._last is None or status != self._status:
            return True
        return not self._last <= now < self._last + EVERY  # also after a clock was set back

    def report(self, now: datetime, *, status: Status = "ok", message: str = "", **values: Any) -> None:
        """Tell how the part is; does nothing while it is not due, or while the last document is still on its way.

        Args:
            now: The time.
            status: `warn` where a person should look, `failing` where the part does not do its work.
            message: Why, in a sentence; log text in it must be made visible before.
            values: Fields below `wwwatch.health`, e.g. ``lag_seconds=0.4, lines={"indexed": 12}``; None is left out.
        """
        if not self.is_due(now, status) or (self._writer is not None and self._writer.is_alive()):
            return
        is_change = self._status not in (None, status)
        self._last, self._status = now, status
        when = iso_millis(now) if is_change else int(now.timestamp() // EVERY.total_seconds())
        identity = document_id(self._component, self._host, when, status, message)
        document = self._document(now, {"status": status, "message": message[:_MESSAGE], **values})
        self._writer = threading.Thread(target=self._write, args=(identity, document), name="health", daemon=True)
        self._writer.start()

    def wait(self, seconds: float = _TIMEOUT_SECONDS) -> None:
        """Wait until the last document is written, so many seconds at most."""
        if self._writer is not None:
            self._writer.join(seconds)

    def _document(self, now: datetime, values: Mapping[str, Any]) -> Document:
        told = {"component": self._component, **{name: value for name, value in values.items() if value is not None}}
        return {"@timestamp": iso_millis(now), "host": {"name": self._host}, "wwwatch": {"health": told}}

    def _write(self, identity: str, document: Document) -> None:
        try:
            # A conflict: it was told already, before a restart or an answer that was lost.
            with es_errors(f"tell how the {self._component} is"), suppress(ConflictError):
                self._client.create(index=self._stream, id=identity, document=document, require_data_stream=True)
        except WwwatchError as error:
            log.log(logging.DEBUG if self._has_failed else logging.WARNING, "%s", error)
            self._has_failed = True
        except Exception as error:  # noqa: BLE001 - e.g. a client that was closed meanwhile: no reason to end a thread badly
            log.debug("cannot tell how the %s is: %r", self._component, error)
        else:
            self._has_failed = False
