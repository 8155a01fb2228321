"""Findings: what a scan tells of each incident."""

import ipaddress
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.advice import Facts, advise
from core.clock import iso_millis
from core.severity import BANDS, severity_label
from detector.events import EVENT_SCHEMA, complete
from detector.incidents import Incident
from detector.kinds import KINDS, describe_threat


@dataclass(frozen=True, slots=True)
class Finding:
    """One incident.

    Attributes:
        kind: One of `detector.kinds.KINDS`.
        words: How a person calls it.
        score: 0 to 100.
        start, end: Its first and last request.
        clients: Every address, those with most requests first; of IPv6 clients the real ones.
        sessions, requests: How many.
        domain, path: Where, "" where the log does not tell; the path that was asked for most.
        user_agent: The worst session's.
        reasons: Sentences, the most decisive first.
        examples: Raw lines.
        steps: What to do, the most urgent first.
    """

    kind: str
    words: str
    score: float
    start: datetime
    end: datetime
    clients: tuple[str, ...]
    sessions: int
    requests: int
    domain: str
    path: str
    user_agent: str
    reasons: tuple[str, ...]
    examples: tuple[str, ...]
    steps: tuple[str, ...]

    @property
    def severity(self) -> str:
        """`warning`, `minor`, `major` or `critical`."""
        return severity_label(self.score)

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        threat: Any = describe_threat(self.kind).get("technique", {"id": []})
        return {
            "kind": self.kind,
            "score": round(self.score, 2),
            "severity": self.severity,
            "start": iso_millis(self.start),
            "end": iso_millis(self.end),
            "clients": list(self.clients),
            "sessions": self.sessions,
            "requests": self.requests,
            "reasons": list(self.reasons),
            "examples": list(self.examples),
            "domain": self.domain,
            "path": self.path,
            "user_agent": self.user_agent,
            "technique": threat["id"],
            "advice": list(self.steps),
        }


def build_findings(
    incidents: Sequence[Incident], addresses: Mapping[str, Sequence[str]], lines: Mapping[int, str]
) -> list[Finding]:
    """Return findings, the worst first.

    Args:
        incidents: With positions of lines as evidence.
        addresses: From an IPv6 client (a /64) to its real addresses, of `real_addresses`.
        lines: Raw lines by position.
    """
    findings = [_build(incident, addresses, lines) for incident in incidents]
    return sorted(findings, key=lambda each: (-round(each.score), each.start, each.kind))


def count_levels(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how many findings each severity has, the worst first; only those that occur."""
    counts = Counter(finding.severity for finding in findings)
    return {name: counts[name] for _, name in reversed(BANDS) if counts[name]}


def real_addresses(rows: pl.DataFrame) -> dict[str, list[str]]:
    """Return the addresses behind each IPv6 client, in their own order.

    Args:
        rows: Compact rows.
    """
    distinct = rows["address"].unique().cast(pl.String)
    long = distinct.filter(distinct.str.contains(":", literal=True))
    if long.is_empty():
        return {}
    absent = [pl.lit(None, kind).alias(name) for name, kind in EVENT_SCHEMA.items() if name != "address"]
    clients = complete(pl.DataFrame({"address": long}).with_columns(absent))
    grouped = clients.group_by("client").agg(pl.col("address").sort())
    return dict(grouped.iter_rows())


def evidence_of(incident: Incident) -> list[int]:
    """Return the positions of the lines that show an incident."""
    return [int(position) for position in incident.document()["wwwatch"]["evidence"]]


def _build(incident: Incident, addresses: Mapping[str, Sequence[str]], lines: Mapping[int, str]) -> Finding:
    document = incident.document()
    own = document["wwwatch"]
    clients = tuple(address for client in incident.addresses for address in addresses.get(client, (client,)))
    kind, path = own["incident"]["kind"], document["url"].get("path", "")
    steps = advise(kind, Facts("", clients, len(clients), path))
    return Finding(
        kind=kind,
        words=KINDS[kind].words,
        score=own["incident"]["score"],
        start=incident.start,
        end=incident.end,
        clients=clients,
        sessions=own["incident"]["sessions"],
        requests=own["incident"]["requests"],
        domain=document["url"].get("domain", ""),
        path=path,
        user_agent=document.get("user_agent", {}).get("original", ""),
        reasons=tuple(reason["sentence"] for reason in own["reasons"]),
        examples=tuple(filter(None, (lines.get(position) for position in evidence_of(incident)))),
        steps=tuple(step.what for step in steps),
    )


def is_within(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    """Say whether an address lies in one of the networks; a host's name lies in none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
