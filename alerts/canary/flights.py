"""Canaries as they were sent, kept in wwwatch-state; and whether they came back."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import BulkIndexError, bulk

from alerts.canary.attack import address_of, make_mark, render_events, render_lines
from core.client import es_errors, require_index
from core.clock import iso_millis, parse_iso
from core.documents import STATE, WATCH_HISTORY, Document, access_stream
from core.errors import DeliveryError, StoreError, StoreMissingError

STATE_ID = "canary"
"""The document that the watches' searches look the marks up in: `wwwatch.state.value.user_agents`."""
WATCH = "canary"
_KEPT = 200
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Flight:
    """One canary.

    Attributes:
        mark: Its user agent.
        client: Its address.
        sent: When.
        returned: When its mail, or what stands in for it, was handed over; None while it is missing.
    """

    mark: str
    client: str
    sent: datetime
    returned: datetime | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it is missing."""
        return (self.returned - self.sent).total_seconds() if self.returned else None

    def is_missing(self, now: datetime, within: timedelta) -> bool:
        """Tell whether it should have been back by now."""
        return self.returned is None and now >= self.sent + within


class Flights:
    """Sends canaries and looks for them.

    Args:
        client: The cluster.
        namespace: Whose data stream gets the events where there is no log to write into.
        log: A file that the shipper follows; with it the shipper is tested, too.
    """

    def __init__(self, client: Elasticsearch, namespace: str, log: Path | None = None) -> None:
        self._client, self._stream, self._log = client, access_stream(namespace), log

    def send(self, now: datetime) -> Flight:
        """Send one: its mark is known to the watches before anything of it can be found.

        Raises:
            StoreError: Elasticsearch did not take it.
            DeliveryError: The log cannot be written.
        """
        value, version = self._read()
        key = bytes.fromhex(value.get("key") or secrets.token_hex(_KEY_BYTES))
        number = int(value.get("number", 0))
        flight = Flight(make_mark(key, secrets.token_hex(8)), address_of(number), now)
        kept = {"mark": flight.mark, "client": flight.client, "sent": iso_millis(now)}
        flights = [*value.get("flights", []), kept][-_KEPT:]
        marks = [each["mark"] for each in flights]
        told = {"key": key.hex(), "user_agents": marks, "flights": flights, "number": number + 1}
        self._write(told, version, now)
        if self._log is not None:
            _append(self._log, render_lines(flight.mark, flight.client, now))
        else:
            self._index(flight)
        return flight

    def last(self, count: int = 1) -> list[Flight]:
        """Return the latest canaries, the newest first, with what is known of their return.

        Raises:
            StoreError: Elasticsearch did not answer.
        """
        kept = self._read()[0].get("flights", [])[-count:]
        flights = [Flight(each["mark"], each["client"], parse_iso(each["sent"])) for each in reversed(kept)]
        returned = self._returned([flight.mark for flight in flights])
        return [Flight(each.mark, each.client, each.sent, returned.get(each.mark)) for each in flights]

    def look(self, flight: Flight) -> Flight:
        """Return a flight with what is known of its return now."""
        return Flight(flight.mark, flight.client, flight.sent, self._returned([flight.mark]).get(flight.mark))

    def _returned(self, marks: list[str]) -> dict[str, datetime]:
        query = {
            "bool": {
                "filter": [{"term": {"watch_id": WATCH}}, {"term": {"state": "sent"}}, {"terms": {"key": marks}}],
                "must_not": [{"term": {"type": "execution"}}],
            }
        }
        with es_errors("look for the canary in the watch history"):
            self._client.indices.refresh(index=WATCH_HISTORY)
            answer = self._client.search(index=WATCH_HISTORY, query=query, size=1000, source_includes=["key", "sent"])
        found = ((hit["_source"]["key"], parse_iso(hit["_source"]["sent"])) for hit in answer["hits"]["hits"])
        return dict(found)

    def _read(self) -> tuple[dict[str, Any], dict[str, int]]:
        try:
            with es_errors("read what is known of canaries"):
                found = self._client.get(index=STATE, id=STATE_ID)
        except StoreMissingError:
            return {}, {}
        version = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
        return dict(found["_source"]["wwwatch"]["state"]["value"]), version

    def _write(self, value: Document, version: dict[str, Any], now: datetime) -> None:
        state = {"kind": "canary", "value": value}
        document = {"@timestamp": iso_millis(now), "wwwatch": {"state": state}}
        require_index(self._client, STATE)
        with es_errors("write down the canary"):
            options = version or {"op_type": "create"}
            self._client.index(index=STATE, id=STATE_ID, document=document, refresh=True, **options)

    def _index(self, flight: Flight) -> None:
        actions = (
            {"_op_type": "create", "_index": self._stream, "_id": identity, "_source": event}
            for identity, event in render_events(flight.mark, flight.client, flight.sent)
        )
        with es_errors("send the canary"):
            try:
                bulk(self._client, actions, refresh=True)
            except BulkIndexError as error:
                raise StoreError(f"cannot send the canary: {error}", "run `wwwatch setup`") from error


def as_dict(flight: Flight) -> dict[str, Any]:
    """Return a flight for JSON."""
    moments = {"sent": iso_millis(flight.sent), "returned": iso_millis(flight.returned) if flight.returned else None}
    return {**asdict(flight), **moments, "seconds": flight.seconds}


def _append(log: Path, lines: str) -> None:
    try:
        with log.open("ab") as file:  # one write, so that no other writer's line comes in between
            file.write(lines.encode("ascii"))
    except OSError as error:
        raise DeliveryError(f"cannot write the canary into {log}: {error.strerror}", "check canary.log") from None
