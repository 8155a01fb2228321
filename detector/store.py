"""What the detector keeps in Elasticsearch: anomalies, incidents, and how far it got."""

import base64
import io
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from elasticsearch import Elasticsearch

from core.client import es_errors, require_index, store_error
from core.clock import iso_millis, parse_iso
from core.documents import ANOMALIES, INCIDENTS, STATE, Document, document_id
from core.errors import StoreConflictError, StoreMissingError
from detector.anomaly import Anomaly
from detector.feed import Positions
from detector.folding import DAY, is_over
from detector.incidents import Incident, Standing, restore, standing_of
from detector.memory import MEMORY_SCHEMA
from detector.scorer import Kept
from detector.trend import HISTORY_SCHEMA

log = logging.getLogger(__name__)

Schema = dict[str, pl.DataType | type[pl.DataType]]

PAGE = 1_000

FINDINGS_PER_REQUEST = 500
"""With ten long lines of evidence each, these stay far below the 100 MB that Elasticsearch takes at once."""


@dataclass(slots=True)
class Checkpoint:
    """How far the detector got, saved after what it found.

    Attributes:
        positions: Last sequence number dealt with, by shard.
        window_start: The oldest request that has to be read back.
        events: Requests dealt with since the first start.
        sessions: Verdicts given since the first start.
    """

    positions: Positions = field(default_factory=dict)
    window_start: datetime | None = None
    watermark: datetime | None = None
    events: int = 0
    sessions: int = 0
    version: tuple[int, int] | None = None


class DetectorStore:
    """Reads and writes the detector's documents; every write may be repeated.

    Args:
        client: The cluster.
        index: The index pattern that is watched: its checkpoint has an own document.
    """

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self.client = client
        self.checkpoint_id = f"feed-{document_id(index)}"
        self.kept_id = f"memory-{document_id(index)}"

    def require_setup(self) -> None:
        """See that the indices are there.

        Raises:
            StoreError: One is missing.
        """
        for name in (STATE, ANOMALIES, INCIDENTS):
            require_index(self.client, name)

    def load_checkpoint(self) -> Checkpoint | None:
        """Return the saved checkpoint, None at the first start."""
        try:
            with es_errors("read the checkpoint"):
                found = self.client.get(index=STATE, id=self.checkpoint_id)
        except StoreMissingError:
            return None
        value = found["_source"]["wwwatch"]["state"]["value"]
        moments = {key: parse_iso(value[key]) if value[key] else None for key in ("window_start", "watermark")}
        version = (found["_seq_no"], found["_primary_term"])
        positions = {entry["shard"]: entry["seq_no"] for entry in value["positions"]}
        return Checkpoint(positions, **moments, events=value["events"], sessions=value["sessions"], version=version)

    def save_checkpoint(self, checkpoint: Checkpoint, now: datetime) -> None:
        """Save the checkpoint.

        Raises:
            StoreConflictError: Another detector saved one since this one was read: two of them share one feed.
        """
        value = {
            # Index names hold dots, which Elasticsearch takes apart in field names even where it does not index them.
            "positions": [{"shard": shard, "seq_no": number} for shard, number in checkpoint.positions.items()],
            "window_start": iso_millis(checkpoint.window_start) if checkpoint.window_start else None,
            "watermark": iso_millis(checkpoint.watermark) if checkpoint.watermark else None,
            "events": checkpoint.events,
            "sessions": checkpoint.sessions,
        }
        document = {"@timestamp": iso_millis(now), "wwwatch": {"state": {"kind": "feed", "value": value}}}
        guard: dict[str, Any] = {"op_type": "create"}
        if checkpoint.version:
            guard = {"if_seq_no": checkpoint.version[0], "if_primary_term": checkpoint.version[1]}
        # The client's own second attempt would meet the first one's version, and it would look like another detector's.
        client = self.client.options(max_retries=0)
        try:
            with es_errors("save the checkpoint"):
                saved = client.index(index=STATE, id=self.checkpoint_id, document=document, **guard)
        except StoreConflictError as error:
            raise StoreConflictError(
                "another detector reads the same events", "stop one of them, or give them different --index patterns"
            ) from error
        checkpoint.version = (saved["_seq_no"], saved["_primary_term"])

    def save_kept(self, kept: Kept, now: datetime) -> None:
        """Save what cannot be read back."""
        frames = {"memory": _pack(kept.memory), "history": _pack(kept.history)}
        value = {"until": iso_millis(kept.until), **frames}
        document = {"@timestamp": iso_millis(now), "wwwatch": {"state": {"kind": "memory", "value": value}}}
        with es_errors("save the memory of the last day"):
            self.client.index(index=STATE, id=self.kept_id, document=document)

    def load_kept(self, since: datetime) -> Kept | None:
        """Return what was saved last, as far as it lies before `since`; None where nothing was saved."""
        try:
            with es_errors("read the memory of the last day"):
                value = self.client.get(index=STATE, id=self.kept_id)["_source"]["wwwatch"]["state"]["value"]
        except StoreMissingError:
            return None
        memory, history = _unpack(value.get("memory"), MEMORY_SCHEMA), _unpack(value.get("history"), HISTORY_SCHEMA)
        # Saved before the checkpoint: a detector killed between the two reads the last hours back, too.
        return Kept(
            parse_iso(value["until"]), memory.filter(pl.col("hour") < since), history.filter(pl.col("interval") < since)
        )

    def write(self, anomalies: Iterable[Anomaly], incidents: Iterable[Incident]) -> None:
        """Write anomalies, then incidents; an incident's state is set when it opens, closes or opens again.

        Raises:
            StoreError: A document was refused.
        """
        changed = list(incidents)
        operations = [_anomaly_operation(anomaly) for anomaly in anomalies] + [
            _incident_operation(each, self.checkpoint_id) for each in changed
        ]
        for begin in range(0, len(operations), FINDINGS_PER_REQUEST):
            self._bulk(operations[begin : begin + FINDINGS_PER_REQUEST])
        for incident in changed:
            incident.is_stored, incident.says_state = True, False

    def _bulk(self, operations: list[tuple[Document, Document]]) -> None:
        with es_errors("write what was found"):
            answer = self.client.bulk(operations=[line for operation in operations for line in operation])
        failed = [item for entry in answer["items"] for item in entry.values() if item["status"] >= 400]  # noqa: PLR2004
        if failed:
            worst = min(failed, key=lambda item: store_error(item["status"], "").retryable)
            reason = worst["error"].get("reason", "")
            raise store_error(worst["status"], f"{len(failed)} findings were refused: {reason}")

    def standings(self, since: datetime) -> dict[str, Standing]:
        """Return what she said of this feed's incidents that had a request since then, by incident; at most 1,000."""
        filters = [
            {"term": {"wwwatch.incident.feed": self.checkpoint_id}},
            {"terms": {"wwwatch.incident.state": ["acknowledged", "closed"]}},
            {"exists": {"field": "wwwatch.incident.judged.level"}},
            {"range": {"@timestamp": {"gte": iso_millis(since)}}},
        ]
        fields = ["wwwatch.incident.id", "wwwatch.incident.state", "wwwatch.incident.judged"]
        with es_errors("read what was said of incidents"):
            found = self.client.search(
                index=INCIDENTS, query={"bool": {"filter": filters}}, size=PAGE, source_includes=fields
            )["hits"]["hits"]
        said = ((hit["_source"]["wwwatch"]["incident"]["id"], standing_of(hit["_source"])) for hit in found)
        return {identifier: standing for identifier, standing in said if standing is not None}

    def load_incidents(self, watermark: datetime | None = None) -> dict[str, Incident]:
        """Return this feed's incidents that were open at a moment, with their anomalies.

        Args:
            watermark: The checkpoint's: what a detector closed after that, before it was killed, is open again; None:
                only what is not closed.
        """
        with es_errors("refresh incidents and anomalies"):
            self.client.indices.refresh(index=f"{INCIDENTS},{ANOMALIES}")
        ours = {"term": {"wwwatch.incident.feed": self.checkpoint_id}}
        asked: list[dict[str, Any]] = [{"terms": {"wwwatch.incident.state": ["open", "acknowledged"]}}]
        if watermark:
            asked.append({"range": {"@timestamp": {"gte": iso_millis(watermark - DAY)}}})
        open_ones = self._all(INCIDENTS, {"bool": {"filter": [ours, {"bool": {"should": asked}}]}})
        found: dict[str, Incident] = {}
        for document in open_ones:
            identifier = document["wwwatch"]["incident"]["id"]
            members = self._all(ANOMALIES, {"term": {"wwwatch.incident.id": identifier}})
            if not members:
                continue
            incident = restore(document, map(Anomaly.from_document, members))
            if incident.state == "closed":
                if watermark is None or is_over(incident, watermark):
                    continue
                said = incident.standing.state if incident.standing else "open"
                incident.state, incident.says_state = said, said != "closed"  # what she closed stays closed
            found[identifier] = incident
        return found

    def _all(self, index: str, query: dict[str, Any]) -> list[Document]:
        documents: list[Document] = []
        after: list[Any] | None = None
        while True:
            with es_errors(f"read {index}"):
                page = self.client.search(
                    index=index,
                    query=query,
                    size=PAGE,
                    sort=[{"@timestamp": "asc"}, {"_seq_no": "asc"}],
                    search_after=after,
                    track_total_hits=False,
                )["hits"]["hits"]
            documents += [hit["_source"] for hit in page]
            if len(page) < PAGE:
                return documents
            after = page[-1]["sort"]


def _pack(frame: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _unpack(packed: str | None, schema: Schema) -> pl.DataFrame:
    try:
        frame = pl.read_ipc(base64.b64decode(packed or ""))
    except (OSError, ValueError, pl.exceptions.PolarsError):
        frame = pl.DataFrame()
    if frame.schema == pl.Schema(schema):
        return frame
    log.warning("what was remembered of the last day was saved by another version: it is learnt anew")
    return pl.DataFrame(schema=schema)


def _anomaly_operation(anomaly: Anomaly) -> tuple[Document, Document]:
    return {"index": {"_index": ANOMALIES, "_id": anomaly.session_id}}, anomaly.document()


def _incident_operation(incident: Incident, feed: str) -> tuple[Document, Document]:
    document = incident.document()
    document["wwwatch"]["incident"]["feed"] = feed
    change = json.loads(json.dumps(document))
    if incident.is_stored and incident.state != "closed" and not incident.says_state:  # she may have said otherwise
        del change["wwwatch"]["incident"]["state"]
    return {"update": {"_index": INCIDENTS, "_id": incident.id}}, {"doc": change, "upsert": document}
