"""Incidents: anomalies that belong together, folded by behaviour.

An incident is a pure function of its anomalies, so that folding them again after a crash gives the same document.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.clock import iso_millis, parse_iso
from core.documents import Document, document_id
from core.severity import severity_label, severity_level
from detector.anomaly import Anomaly, reason_object, source_object
from detector.kinds import KINDS, LOGIN_KINDS, describe_threat

QUIET = timedelta(minutes=30)
"""An incident ends when nothing was added to it for so long: the session gap, so that no session spans two."""

LIGHT_ATTEMPTS = 20
"""Below so many failed logins an address is taken as one of many: it joins the others at the same login page."""

SPRAY_CLIENTS = 5
"""From so many addresses on, attempts at one login page are called spraying."""

MOST_CLIENTS = 100
MOST_EVIDENCE = 10


@dataclass(slots=True)
class _Shared:
    """What an incident's anomalies have in common, kept up as they come: a flood may bring thousands at a time."""

    start: datetime
    end: datetime
    worst: Anomaly
    is_light_login: bool
    count: int = 0
    clients: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, anomaly: Anomaly, earlier: Anomaly | None) -> None:
        """Take in an anomaly, in place of the same one as it stood earlier."""
        self.start, self.end = min(self.start, anomaly.start), max(self.end, anomaly.end)
        self.clients.add(anomaly.client)
        self.kinds[anomaly.kind] += 1
        self.is_light_login = self.is_light_login and _is_light_login(anomaly)
        if _rank(anomaly) > _rank(self.worst):
            self.worst = anomaly
        if earlier is None:
            self.count += 1
        else:
            self.kinds[earlier.kind] -= 1


@dataclass(slots=True)
class Incident:
    """One incident and the anomalies in it, by session id.

    Attributes:
        is_stored: Whether Elasticsearch has it as it opened; an attack that goes on after it was closed opens it again.
    """

    id: str
    state: str
    opened: datetime
    updated: datetime
    anomalies: dict[str, Anomaly] = field(default_factory=dict)
    is_stored: bool = False
    _shared: _Shared | None = field(default=None, compare=False, repr=False)

    @property
    def start(self) -> datetime:
        """The first request."""
        return min(anomaly.start for anomaly in self.anomalies.values())

    @property
    def end(self) -> datetime:
        """The last request so far."""
        return max(anomaly.end for anomaly in self.anomalies.values())

    @property
    def clients(self) -> list[str]:
        """The addresses, those with most requests first."""
        total: Counter[str] = Counter()
        for anomaly in self.anomalies.values():
            total[anomaly.client] += anomaly.requests
        return sorted(total, key=lambda client: (-total[client], client))

    @property
    def worst(self) -> Anomaly:
        """The anomaly with the highest score, the larger session on a tie."""
        return max(self.anomalies.values(), key=lambda each: (round(each.score), each.requests, each.session_id))

    @property
    def kind(self) -> str:
        """The kind that most of its sessions have; many addresses at one login page are a spray."""
        counts = Counter(anomaly.kind for anomaly in self.anomalies.values())
        kind = max(counts, key=lambda each: (counts[each], each))
        if kind in LOGIN_KINDS:
            return "spray" if len(self.clients) >= SPRAY_CLIENTS else "bruteforce"
        return kind

    def add(self, anomaly: Anomaly) -> None:
        """Put an anomaly in, or in place of the same one as it stood earlier."""
        earlier = self.anomalies.get(anomaly.session_id)
        self.anomalies[anomaly.session_id] = anomaly
        if self._shared is not None:
            self._shared.add(anomaly, earlier)

    def takes(self, anomaly: Anomaly) -> bool:
        """Whether an anomaly belongs to this incident."""
        if anomaly.session_id in self.anomalies:
            return True
        shared = self._summary()
        if anomaly.start > shared.end + QUIET or anomaly.end < shared.start - QUIET:
            return False
        if anomaly.client in shared.clients:
            return True
        if anomaly.domain != shared.worst.domain:
            return False
        if anomaly.kind == "dos":
            return shared.kinds.most_common(1)[0][0] == "dos"
        return _is_light_login(anomaly) and shared.is_light_login

    def _summary(self) -> _Shared:
        if self._shared is None or self._shared.count != len(self.anomalies):
            first = next(iter(self.anomalies.values()))
            self._shared = _Shared(first.start, first.end, first, is_light_login=True)
            for anomaly in self.anomalies.values():
                self._shared.add(anomaly, None)
        return self._shared

    def document(self) -> Document:
        """Return the document of `wwwatch-incidents`."""
        worst, clients, kind = self.worst, self.clients, self.kind
        requests = sum(anomaly.requests for anomaly in self.anomalies.values())
        who = clients[0] if len(clients) == 1 else f"{len(clients)} addresses"
        where = f" on {worst.domain}" if worst.domain else ""
        addresses = [source_object(client).get("ip") for client in clients[:MOST_CLIENTS]]
        found: Document = {
            "@timestamp": iso_millis(self.end),
            "message": f"{KINDS[kind].words} from {who}{where}: {requests} requests",
            "event": {
                "kind": "alert",
                "start": iso_millis(self.start),
                "end": iso_millis(self.end),
                "risk_score": round(worst.score, 2),
            },
            "ecs": {"version": "8.11.0"},
            "rule": {"name": kind},
            "source": {"ip": [address for address in addresses if address], "address": clients[:MOST_CLIENTS]},
            "url": {"path": worst.top_path, **({"domain": worst.domain} if worst.domain else {})},
            "wwwatch": {
                "reasons": [reason_object(reason) for reason in worst.reasons],
                "evidence": self._evidence(),
                "incident": {
                    "id": self.id,
                    "state": self.state,
                    "kind": kind,
                    "score": round(worst.score, 2),
                    "severity": severity_label(worst.score),
                    "level": severity_level(worst.score),
                    "confidence": round(worst.confidence, 4),
                    "opened": iso_millis(self.opened),
                    "updated": iso_millis(self.updated),
                    "clients": len(clients),
                    "sessions": len(self.anomalies),
                    "requests": requests,
                },
            },
        }
        if threat := describe_threat(kind):
            found["threat"] = threat
        if worst.user_agent:
            found["user_agent"] = {"original": worst.user_agent}
        return found

    def _evidence(self) -> list[str]:
        """Return lines of the worst sessions, in turns, so that many addresses all show."""
        ranked = sorted(self.anomalies.values(), key=lambda each: (-round(each.score), each.start, each.session_id))
        share = max(MOST_EVIDENCE // len(ranked), 1)
        return [line for anomaly in ranked[:MOST_EVIDENCE] for line in anomaly.evidence[:share]][:MOST_EVIDENCE]


def _rank(anomaly: Anomaly) -> tuple[int, int]:
    return round(anomaly.score), anomaly.requests


def _is_light_login(anomaly: Anomaly) -> bool:
    return anomaly.kind in LOGIN_KINDS and anomaly.features.get("client_login_failures", 0) < LIGHT_ATTEMPTS


def fold(
    incidents: dict[str, Incident], anomalies: Iterable[Anomaly], now: datetime
) -> tuple[list[Anomaly], list[Incident]]:
    """Put anomalies into the incidents that take them, or open new ones.

    Args:
        incidents: Incidents that are not closed, by id; changed in place.
        anomalies: New or grown anomalies.
        now: Wall-clock time of this write.

    Returns:
        The anomalies with their incident's id, and the incidents that changed.
    """
    placed: list[Anomaly] = []
    changed: dict[str, Incident] = {}
    for anomaly in sorted(anomalies, key=lambda each: (each.start, each.session_id)):
        incident = _find(incidents, anomaly)
        if incident is None:
            # Deterministic, so that a detector killed between two writes opens the same incident again.
            identifier = document_id("incident", anomaly.session_id)
            incident = incidents.setdefault(identifier, Incident(identifier, "open", now, now))
        member = replace(anomaly, incident=incident.id)
        incident.add(member)
        incident.updated = now
        placed.append(member)
        changed[incident.id] = incident
    return placed, list(changed.values())


def _find(incidents: dict[str, Incident], anomaly: Anomaly) -> Incident | None:
    if anomaly.incident in incidents:
        return incidents[anomaly.incident]
    candidates = [incident for incident in incidents.values() if incident.anomalies and incident.takes(anomaly)]
    return max(candidates, key=lambda incident: (anomaly.session_id in incident.anomalies, incident.end), default=None)


def close_quiet(incidents: dict[str, Incident], watermark: datetime, now: datetime) -> list[Incident]:
    """Close the incidents that were quiet for QUIET, measured in the events' own time; drop and return them."""
    quiet = [incident for incident in incidents.values() if incident.anomalies and incident.end < watermark - QUIET]
    for incident in quiet:
        incident.state, incident.updated = "closed", now
        del incidents[incident.id]
    return quiet


def restore(document: dict[str, Any], anomalies: Iterable[Anomaly]) -> Incident:
    """Build an incident from its document's state and its anomalies."""
    own = document["wwwatch"]["incident"]
    members = {anomaly.session_id: anomaly for anomaly in anomalies}
    return Incident(
        own["id"], own["state"], parse_iso(own["opened"]), parse_iso(own["updated"]), members, is_stored=True
    )
