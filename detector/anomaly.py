"""An anomaly: one session that is not normal, as it stands now, and its document."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.clock import iso_millis, parse_iso
from core.documents import Document
from core.severity import severity_label, severity_level, whole_score
from detector.kinds import KINDS, describe_threat
from detector.reasons import Reason

MOST_CLIENTS = 100
"""Addresses in a document's `source`."""

MOST_MEMBERS = 10_000
"""Clients of a site's anomaly that its document names."""

MOST_ADDRESSES = 1_000
"""Real addresses of one anomaly's clients that are kept."""

_COUNTED = ("client_login_failures", "login_successes")
"""The features that incidents count."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One anomalous session, or what was strange at a site as a whole while it lasted.

    Attributes:
        session_id: Stable while the session grows; the document's `_id`.
        client: The address, or the /64 of an IPv6 address; empty for a site.
        requests: How many so far.
        score: 0 to 100, higher = stranger.
        evidence: First raw log lines that show it.
        clients: Of a site: who makes it up. Empty for a session.
        addresses: The real IPv6 addresses of its clients, at most MOST_ADDRESSES.
    """

    session_id: str
    client: str
    user_agent: str
    domain: str
    top_path: str
    start: datetime
    end: datetime
    requests: int
    kind: str
    score: float
    confidence: float
    novelty: float
    features: dict[str, float]
    reasons: tuple[Reason, ...]
    evidence: tuple[str, ...]
    model: str
    incident: str = ""
    clients: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        """Severity as a rank, 0 to 3."""
        return severity_level(self.score)

    def same_verdict(self, other: "Anomaly") -> bool:
        """Whether nothing that a reader would notice differs."""
        return (self.requests, self.kind, whole_score(self.score), self.incident) == (
            other.requests,
            other.kind,
            whole_score(other.score),
            other.incident,
        )

    def slim(self) -> "Anomaly":
        """Return it without what only its own document needs: thousands of them are kept at a time."""
        kept = {name: self.features[name] for name in _COUNTED if name in self.features}
        return replace(self, features=kept, reasons=(), evidence=())

    def _message(self) -> str:
        minutes = max((self.end - self.start).total_seconds() / 60, 0)
        where = f" on {self.domain}" if self.domain else ""
        session = f"{self.requests} requests in {minutes:.0f} min" if minutes >= 1 else f"{self.requests} requests"
        who = f"{len(self.clients)} addresses" if self.clients else self.client
        return f"{KINDS[self.kind].words} from {who}{where}: {session}, score {whole_score(self.score)}"

    def document(self) -> Document:
        """Return the document of `wwwatch-anomalies`."""
        found: Document = {
            "@timestamp": iso_millis(self.end),
            "message": self._message(),
            "event": {
                "kind": "alert",
                "category": ["intrusion_detection", "web"],
                "type": ["info"],
                "start": iso_millis(self.start),
                "end": iso_millis(self.end),
                "duration": int((self.end - self.start).total_seconds() * 1e9),
                "risk_score": round(self.score, 2),
                "severity": self.level,
            },
            "ecs": {"version": "8.11.0"},
            "rule": {"name": self.kind},
            "source": self._source(),
            "url": {"path": self.top_path, **({"domain": self.domain} if self.domain else {})},
            "wwwatch": {
                "anomaly": self._verdict(),
                "reasons": [reason_object(reason) for reason in self.reasons],
                "evidence": list(self.evidence),
                "session": {
                    "id": self.session_id,
                    "requests": self.requests,
                    "start": iso_millis(self.start),
                    "end": iso_millis(self.end),
                    "features": self.features,
                },
                "model": {"digest": self.model},
                "incident": {"id": self.incident},
            },
        }
        threat = describe_threat(self.kind)
        if threat:
            found["threat"] = threat
        if self.user_agent:
            found["user_agent"] = {"original": self.user_agent}
        return found

    def _source(self) -> Document:
        if self.clients or self.addresses:
            networks = self.clients or (self.client,)
            single = [client for client in networks if not client.endswith("/64")]
            return describe_source(networks, [*single, *self.addresses])
        return source_object(self.client)

    def _verdict(self) -> Document:
        return {
            "kind": self.kind,
            "score": round(self.score, 2),
            "severity": severity_label(self.score),
            "level": self.level,
            "confidence": round(self.confidence, 4),
            "novelty": round(self.novelty, 4),
            "scope": "site" if self.clients else "session",
            "clients": len(self.clients) or 1,
            "members": list(self.clients[:MOST_MEMBERS]) or [self.client],
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Anomaly":
        """Read an anomaly back from its document."""
        own = document["wwwatch"]
        session, verdict, source = own["session"], own["anomaly"], document["source"]
        clients = tuple(verdict["members"]) if verdict.get("scope") == "site" else ()
        addresses = source["ip"] if isinstance(source.get("ip"), list) else ()
        return cls(
            session_id=session["id"],
            client="" if clients else _only(source["address"]),
            user_agent=document.get("user_agent", {}).get("original", ""),
            domain=document["url"].get("domain", ""),
            top_path=document["url"]["path"],
            start=parse_iso(session["start"]),
            end=parse_iso(session["end"]),
            requests=session["requests"],
            kind=verdict["kind"],
            score=verdict["score"],
            confidence=verdict["confidence"],
            novelty=verdict["novelty"],
            features=session["features"],
            reasons=tuple(Reason(**reason) for reason in own["reasons"]),
            evidence=tuple(own["evidence"]),
            model=own["model"]["digest"],
            incident=own["incident"]["id"],
            clients=clients,
            addresses=tuple(address for address in addresses if ":" in address),
        )


def _only(value: str | list[str]) -> str:
    return value if isinstance(value, str) else value[0]


def describe_source(clients: Sequence[str], addresses: Sequence[str]) -> Document:
    """Return ECS `source` of several: who they are and their real addresses, at most MOST_CLIENTS of each."""
    ips = [source_object(address).get("ip") for address in addresses[:MOST_CLIENTS]]
    return {"ip": [address for address in ips if address], "address": list(clients[:MOST_CLIENTS])}


def source_object(client: str) -> Document:
    """Return ECS `source` of a client: an IPv6 /64 keeps its first address as `ip`."""
    address = client.removesuffix("/64")
    try:
        ipaddress.ip_address(address)
    except ValueError:  # a host name, or what a visitor wrote into a forwarding header: Elasticsearch would refuse it
        return {"address": client}
    return {"address": client, "ip": address}


def reason_object(reason: Reason) -> Document:
    """Return a reason as it stands in documents."""
    return {
        "feature": reason.feature,
        "value": reason.value,
        "usual": reason.usual,
        "sentence": reason.sentence,
    }
