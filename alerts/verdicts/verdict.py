"""What she said of an incident, and which later ones a false alarm mutes: pure."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.language.mustache import lookup
from core.clock import iso_millis, parse_iso
from core.documents import Document
from core.text import visible

MUTED = timedelta(days=30)
"""How long a false alarm mutes what is alike, where she says nothing else."""

_CLIENTS = 10_000
_OWN = "wwwatch.incident."


@dataclass(frozen=True, slots=True)
class Verdict:
    """A document of `wwwatch-verdicts`: what she said of one incident, and how that incident looked then.

    Attributes:
        verdict: True or false alarm; None where she only acknowledged or closed it.
        by: Who said so last.
        level: The incident's severity as a rank, 0 to 3.
        clients: Its addresses, of IPv6 the networks; empty where the document did not name them all.
        mutes_until: How long what is alike is muted; None for a true alarm.
        done: Everything that was said, oldest first: `at`, `action`, `by`, `note`.
        sample: What training learns from: `sessions`, each with `kind` and `features`.
    """

    incident_id: str
    said: datetime
    verdict: bool | None = None
    note: str = ""
    by: str = ""
    kind: str = ""
    level: int = 0
    site: str = ""
    clients: tuple[str, ...] = ()
    path: str = ""
    user_agent: str = ""
    mutes_until: datetime | None = None
    done: tuple[Mapping[str, str], ...] = ()
    sample: Mapping[str, Any] | None = None

    @classmethod
    def about(cls, incident_id: str, incident: Mapping[str, Any], said: datetime) -> "Verdict":
        """Return a verdict that says nothing yet, with how an incident (the document's source) looks."""
        listed = _texts(incident, "source.address") or _texts(incident, "source.ip")
        count = lookup(f"{_OWN}clients", incident)
        are_all = isinstance(count, int) and count <= len(listed)
        return cls(
            incident_id,
            said,
            kind=_text(incident, f"{_OWN}kind"),
            level=_level(incident),
            site=_text(incident, "url.domain"),
            clients=tuple(listed[:_CLIENTS]) if are_all else (),
            path=_text(incident, "url.path"),
            user_agent=_text(incident, "user_agent.original"),
        )

    @classmethod
    def of(cls, source: Mapping[str, Any]) -> "Verdict":
        """Return the verdict that a document's source holds."""
        until = source.get("mutes_until")
        return cls(
            incident_id=source["incident_id"],
            said=parse_iso(source["@timestamp"]),
            verdict=source.get("verdict"),
            note=source.get("note", ""),
            by=source.get("by", ""),
            kind=source.get("kind", ""),
            level=source.get("level", 0),
            site=source.get("site", ""),
            clients=tuple(source.get("clients", ())),
            path=source.get("path", ""),
            user_agent=source.get("user_agent", ""),
            mutes_until=parse_iso(until) if until else None,
            done=tuple(source.get("done", ())),
            sample=source.get("sample"),
        )

    def document(self) -> Document:
        """Return the document; what is not known is left out."""
        document: Document = {
            "@timestamp": iso_millis(self.said),
            "incident_id": self.incident_id,
            "verdict": self.verdict,
            "note": self.note or None,
            "by": self.by,
            "kind": self.kind or None,
            "level": self.level,
            "site": self.site or None,
            "clients": list(self.clients) or None,
            "path": self.path or None,
            "user_agent": self.user_agent or None,
            "mutes_until": iso_millis(self.mutes_until) if self.mutes_until else None,
            "done": [dict(each) for each in self.done],
            "sample": self.sample,
        }
        return {name: value for name, value in document.items() if value is not None}

    def is_muting(self, now: datetime) -> bool:
        """Tell whether it is a false alarm whose time is not over."""
        return self.verdict is False and self.mutes_until is not None and now < self.mutes_until


def alike(verdict: Verdict, incident: Mapping[str, Any]) -> str | None:
    """Return why an incident is like one that she called a false alarm, as one clause; None where it is not.

    Alike is the same kind at the same site, by clients that were all in it, or with the same user agent at the same
    most asked path. What is graver than what she judged is never alike. The time is not looked at: `is_muting`.

    Args:
        verdict: One of `Verdicts.muting`.
        incident: The source of a document of `wwwatch-incidents`.
    """
    if verdict.verdict is not False or _level(incident) > verdict.level:
        return None
    told = (
        f"like {visible(verdict.incident_id, 40)}, which {visible(verdict.by, 60) or 'somebody'} called a false alarm"
    )
    told += f" on {verdict.said:%Y-%m-%d}"
    if _text(incident, f"{_OWN}id") == verdict.incident_id:
        return told.removeprefix("like ")
    if (_text(incident, f"{_OWN}kind"), _text(incident, "url.domain")) != (verdict.kind, verdict.site):
        return None
    other = Verdict.about("", incident, verdict.said)
    if other.clients and _are_among(other.clients, verdict.clients):
        return f"{told}: the same kind, site and clients"
    if verdict.user_agent and verdict.path and (other.user_agent, other.path) == (verdict.user_agent, verdict.path):
        return f"{told}: the same kind, site, user agent and path"
    return None


def first_alike(verdicts: Sequence[Verdict], incident: Mapping[str, Any], now: datetime) -> tuple[str, datetime] | None:
    """Return why an incident is muted, and until when; None where no verdict mutes it now."""
    for verdict in verdicts:
        if verdict.is_muting(now) and verdict.mutes_until and (reason := alike(verdict, incident)):
            return reason, verdict.mutes_until
    return None


def _are_among(clients: Sequence[str], known: Sequence[str]) -> bool:
    """Tell whether every client is one of the known, or in one of their networks."""
    if set(clients) <= set(known):
        return True
    networks = [network for each in known if (network := _network(each)) is not None]
    return all(
        (mine := _network(client)) is not None
        and any(mine.version == other.version and mine.subnet_of(other) for other in networks)  # type: ignore[arg-type]
        for client in clients
    )


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return what a client is: an address, or of IPv6 a /64; who calls himself 0.0.0.0/0 is not everybody."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    return network if network.prefixlen >= (32 if network.version == 4 else 64) else None  # noqa: PLR2004 - IP's own


def _level(incident: Mapping[str, Any]) -> int:
    level = lookup(f"{_OWN}level", incident)
    return level if isinstance(level, int) else 0


def _text(document: Mapping[str, Any], path: str) -> str:
    return next(iter(_texts(document, path)), "")


def _texts(document: Mapping[str, Any], path: str) -> list[str]:
    value = lookup(path, document)
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, str)]
