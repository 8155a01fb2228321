"""An anomaly: one session that is not normal, as it stands now, and its document."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import iso_millis, parse_iso
from core.documents import Document
from core.severity import severity_label, severity_level
from detector.kinds import KINDS, describe_threat
from detector.reasons import Reason


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One anomalous session.

    Attributes:
        session_id: Stable while the session grows; the document's `_id`.
        client: The address, or the /64 of an IPv6 address.
        requests: How many so far.
        score: 0 to 100, higher = stranger.
        evidence: First raw log lines that show it.
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

    @property
    def level(self) -> int:
        """Severity as a rank, 0 to 3."""
        return severity_level(self.score)

    def same_verdict(self, other: "Anomaly") -> bool:
        """Whether nothing that a reader would notice differs."""
        return (self.requests, self.kind, round(self.score), self.incident) == (
            other.requests,
            other.kind,
            round(other.score),
            other.incident,
        )

    def document(self) -> Document:
        """Return the document of `wwwatch-anomalies`."""
        minutes = max((self.end - self.start).total_seconds() / 60, 0)
        where = f" on {self.domain}" if self.domain else ""
        session = f"{self.requests} requests in {minutes:.0f} min" if minutes >= 1 else f"{self.requests} requests"
        found: Document = {
            "@timestamp": iso_millis(self.end),
            "message": f"{KINDS[self.kind].words} from {self.client}{where}: {session}, score {self.score:.0f}",
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
            "source": source_object(self.client),
            "url": {"path": self.top_path, **({"domain": self.domain} if self.domain else {})},
            "wwwatch": {
                "anomaly": {
                    "kind": self.kind,
                    "score": round(self.score, 2),
                    "severity": severity_label(self.score),
                    "level": self.level,
                    "confidence": round(self.confidence, 4),
                    "novelty": round(self.novelty, 4),
                },
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

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Anomaly":
        """Read an anomaly back from its document."""
        own = document["wwwatch"]
        session, verdict = own["session"], own["anomaly"]
        return cls(
            session_id=session["id"],
            client=document["source"]["address"],
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
        )


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
