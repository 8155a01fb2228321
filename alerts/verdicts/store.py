"""The only place that reads and writes verdicts, and the state that she gives an incident."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from elasticsearch import Elasticsearch

from alerts.verdicts.verdict import MUTED, Verdict
from core.client import es_errors
from core.clock import iso_millis
from core.documents import ANOMALIES, INCIDENTS, VERDICTS, Document
from core.errors import StoreConflictError, StoreError, StoreMissingError
from core.text import visible

_ATTEMPTS = 5
_KEPT = 50
_SESSIONS = 200
_MUTING = 1_000


class Action(StrEnum):
    """What she can say of an incident."""

    TRUE = "true"
    FALSE = "false"
    ACK = "ack"
    CLOSE = "close"


STATES: Mapping[Action, str] = {
    Action.TRUE: "acknowledged",
    Action.FALSE: "closed",
    Action.ACK: "acknowledged",
    Action.CLOSE: "closed",
}
"""The state that an incident has afterwards."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said, by whom, and why.

    Attributes:
        mutes: How long a false alarm mutes what is alike.
    """

    action: Action
    by: str
    note: str = ""
    mutes: timedelta = MUTED


class Verdicts:
    """What she said of incidents.

    Args:
        client: The cluster.
        index: Where verdicts are.
        incidents: Where incidents are.
        anomalies: Where their sessions are.
    """

    def __init__(
        self, client: Elasticsearch, index: str = VERDICTS, incidents: str = INCIDENTS, anomalies: str = ANOMALIES
    ) -> None:
        self._client = client
        self._index, self._incidents, self._anomalies = index, incidents, anomalies

    def incident(self, incident_id: str) -> Document:
        """Return an incident's source.

        Raises:
            StoreError: There is none of this id, or Elasticsearch did not answer.
        """
        try:
            with es_errors("read the incident"):
                found: Document = self._client.get(index=self._incidents, id=incident_id or "-")["_source"]
        except StoreMissingError:
            hint = "see `wwwatch incidents list --all`"
            raise StoreMissingError(f"there is no incident {visible(incident_id, 100)}", hint) from None
        return found

    def get(self, incident_id: str) -> Verdict | None:
        """Return what was said of an incident; None where nothing was."""
        found = self._read(incident_id)
        return Verdict.of(found["_source"]) if found else None

    def muting(self, now: datetime) -> list[Verdict]:
        """Return the false alarms whose time is not over, the latest first; as of the last refresh, without samples."""
        filters = [{"term": {"verdict": False}}, {"range": {"mutes_until": {"gt": iso_millis(now)}}}]
        return self._search({"bool": {"filter": filters}}, _MUTING, source_excludes=["sample", "done"])

    def lessons(self) -> list[Verdict]:
        """Return the true and false alarms with what training learns from, the latest first, at most 1,000."""
        return self._search({"exists": {"field": "verdict"}}, _MUTING)

    def say(self, incident_id: str, saying: Saying, now: datetime) -> Verdict:
        """Record what she says of an incident, and give the incident its state.

        Returns:
            The verdict as it stands now.

        Raises:
            StoreError: There is no such incident, or Elasticsearch refused.
        """
        incident = self.incident(incident_id)
        for attempt in range(_ATTEMPTS):
            try:
                verdict = self._record(incident_id, incident, saying, now)
                break
            except StoreConflictError:  # two people, or one that clicks twice
                if attempt == _ATTEMPTS - 1:
                    raise
        own = {
            "state": STATES[saying.action],
            "judged": {
                "state": STATES[saying.action],
                "level": verdict.level,
                "at": iso_millis(now),
                "by": saying.by,
            },
        }
        with es_errors("set the incident's state"):
            change = {"wwwatch": {"incident": own}}
            self._client.update(
                index=self._incidents, id=incident_id, doc=change, refresh=True, retry_on_conflict=_ATTEMPTS
            )
        return verdict

    def _record(self, incident_id: str, incident: Document, saying: Saying, now: datetime) -> Verdict:
        found = self._read(incident_id)
        before = Verdict.of(found["_source"]) if found else None
        verdict = _changed(before, Verdict.about(incident_id, incident, now), saying, lambda: self._sample(incident_id))
        guard: dict[str, Any] = {"op_type": "create"}
        if found:
            guard = {"if_seq_no": found["_seq_no"], "if_primary_term": found["_primary_term"]}
        with es_errors("write the verdict"):
            self._client.index(index=self._index, id=incident_id, document=verdict.document(), refresh=True, **guard)
        return verdict

    def _read(self, incident_id: str) -> Document | None:
        try:
            with es_errors("read the verdict"):
                return dict(self._client.get(index=self._index, id=incident_id))
        except StoreMissingError:
            self._require()
            return None

    def _require(self) -> None:
        with es_errors("find the verdicts"):
            if not self._client.indices.exists(index=self._index):
                raise StoreError(f"there is no index {self._index}", "run `wwwatch setup`")

    def _sample(self, incident_id: str) -> Document:
        query = {"bool": {"filter": [{"term": {"wwwatch.incident.id": incident_id}}]}}
        with es_errors("read the incident's sessions"):
            answer = self._client.search(
                index=self._anomalies, query=query, size=_SESSIONS, sort=[{"wwwatch.anomaly.score": "desc"}]
            )
        sources = [hit["_source"] for hit in answer["hits"]["hits"]]
        return {"sessions": [_session(each) for each in sources if each["wwwatch"]["anomaly"].get("scope") != "site"]}

    def _search(self, query: Document, size: int, **options: Any) -> list[Verdict]:
        with es_errors("read the verdicts"):
            answer = self._client.search(
                index=self._index, query=query, size=size, sort=[{"@timestamp": "desc"}], **options
            )
        return [Verdict.of(hit["_source"]) for hit in answer["hits"]["hits"]]


def _changed(before: Verdict | None, fresh: Verdict, saying: Saying, sample: Callable[[], Document]) -> Verdict:
    entry = {"at": iso_millis(fresh.said), "action": saying.action.value, "by": saying.by, "note": saying.note}
    earlier = before or fresh
    verdict = replace(
        fresh,
        by=saying.by,
        verdict=earlier.verdict,
        note=saying.note or earlier.note,
        mutes_until=earlier.mutes_until,
        done=(*earlier.done, entry)[-_KEPT:],
        sample=earlier.sample,
    )
    if saying.action in (Action.ACK, Action.CLOSE):
        return verdict
    is_true = saying.action is Action.TRUE
    until = None if is_true else fresh.said + saying.mutes
    return replace(verdict, verdict=is_true, mutes_until=until, sample=sample())


def _session(anomaly: Mapping[str, Any]) -> Document:
    own = anomaly["wwwatch"]
    address = anomaly.get("source", {}).get("address", "")
    return {
        "id": own["session"]["id"],
        "client": address[0] if isinstance(address, list) else address,
        "user_agent": anomaly.get("user_agent", {}).get("original", ""),
        "domain": anomaly.get("url", {}).get("domain", ""),
        "top_path": anomaly.get("url", {}).get("path", ""),
        "start": own["session"]["start"],
        "end": own["session"]["end"],
        "kind": own["anomaly"]["kind"],
        "features": own["session"].get("features", {}),
    }
