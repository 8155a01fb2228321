"""What an e-mail says about an incident: every value shortened, made visible, and never missing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.language.mustache import lookup
from core.advice import Facts, Step, advise
from core.clock import parse_iso
from core.severity import BANDS
from core.text import visible

KINDS: Mapping[str, str] = {
    "dos": "denial of service",
    "ddos": "distributed denial of service",
    "bruteforce": "password guessing",
    "spray": "password spraying",
    "stuffing": "credential stuffing",
    "scan": "scan for weak spots",
    "injection": "injection attempts",
    "webshell": "web shell attempts",
    "scrape": "scraping",
    "novel": "unusual behaviour",
}
"""The kinds in a sysadmin's words."""

_ONGOING = timedelta(minutes=2)
_ADDRESSES = 10
_LINES = 10
_LINE_LIMIT = 400
_REASONS = 5


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident in words; all text is safe to show.

    Attributes:
        what: The kind in words.
        previous: The severity that was mailed before; empty for the first mail.
        score: 0 to 100.
        confidence: In percent; None where the model gave none.
        who: The client's address, or how many addresses there are.
        more_addresses: How many clients are not among `addresses`.
        start: First and last event as written in the mail, with zone; empty where unknown.
        lasted: How long, in words; empty where unknown.
        is_ongoing: Whether the last event is less than 2 min old.
        evidence: The first raw log lines; `more_evidence` counts what is left out.
    """

    id: str
    kind: str
    what: str
    severity: str
    previous: str
    score: int
    confidence: int | None
    site: str
    path: str
    who: str
    clients: int
    addresses: tuple[str, ...]
    more_addresses: int
    user_agent: str
    start: str
    end: str
    lasted: str
    is_ongoing: bool
    requests: int
    sessions: int
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    more_evidence: int
    techniques: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def summary(self) -> str:
        """Where, how much, how long; as far as known."""
        much = f"{self.requests:,} requests" if self.requests else ""
        lasted = f"{much} in {self.lasted}" if much and self.lasted else much
        return ", ".join(filter(None, (f"on {self.site}" if self.site else "", lasted)))


def describe_incident(ctx: Mapping[str, Any], previous_rank: float | None = None) -> Incident | None:
    """Return the words for the incident that is the payload; None when the payload is none.

    Args:
        ctx: A run's variables, with a hit of `wwwatch-incidents` as payload.
        previous_rank: The level that was mailed before, 0 to 3.
    """
    source = lookup("payload._source", ctx)
    if not isinstance(lookup("wwwatch.incident", source or {}), Mapping):
        return None
    get = _Reader(source)
    now = parse_iso(ctx["execution_time"])
    kind = get.text("wwwatch.incident.kind", 40) or "novel"
    severity = get.text("wwwatch.incident.severity")
    addresses = get.texts("source.address", 100, 100) or get.texts("source.ip", 100, 100)
    clients = max(get.count("wwwatch.incident.clients"), len(addresses))
    start, end = get.moment("event.start"), get.moment("event.end")
    evidence = get.texts("wwwatch.evidence", 1000, _LINE_LIMIT)
    identity = visible(lookup("payload._id", ctx), 100)
    return Incident(
        id=identity,
        kind=kind,
        what=KINDS.get(kind, kind),
        severity=severity if severity in dict(BANDS).values() else "unknown severity",
        previous=previous if (previous := _label(previous_rank)) != severity else "",
        score=min(get.count("wwwatch.incident.score"), 100),
        confidence=get.percent("wwwatch.incident.confidence"),
        site=get.text("url.domain"),
        path=get.text("url.path", 120),
        who=addresses[0] if clients == 1 and addresses else f"{clients:,} addresses" if clients else "unknown clients",
        clients=clients,
        addresses=addresses[:_ADDRESSES],
        more_addresses=max(clients - _ADDRESSES, 0) if addresses else 0,
        user_agent=get.text("user_agent.original"),
        start=clock_time(start),
        end=clock_time(end),
        lasted=_lasted(start, end),
        is_ongoing=end is not None and now - end < _ONGOING,
        requests=get.count("wwwatch.incident.requests"),
        sessions=get.count("wwwatch.incident.sessions"),
        reasons=get.sentences("wwwatch.reasons", _REASONS),
        evidence=evidence[:_LINES],
        more_evidence=max(len(evidence) - _LINES, 0),
        techniques=_techniques(get),
        steps=advise(kind, Facts(identity, addresses, clients, str(get.first("url.path") or ""))),
    )


class _Reader:
    """Reads a document of which nothing is certain: absent, wrong and single values where lists are usual."""

    def __init__(self, source: Mapping[str, Any]) -> None:
        self._source = source

    def all(self, path: str) -> list[Any]:
        value = lookup(path, self._source)
        listed = value if isinstance(value, list) else [value]
        return [each for each in listed if each is not None]

    def first(self, path: str) -> Any:
        return next(iter(self.all(path)), None)

    def text(self, path: str, limit: int = 200) -> str:
        return visible(self.first(path), limit)

    def texts(self, path: str, count: int, limit: int) -> tuple[str, ...]:
        return tuple(visible(each, limit) for each in self.all(path)[:count])

    def sentences(self, path: str, count: int) -> tuple[str, ...]:
        found = (each.get("sentence") for each in self.all(path) if isinstance(each, Mapping))
        return tuple(visible(each, 300) for each in found if each)[:count]

    def number(self, path: str) -> float | None:
        value = self.first(path)
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return float(value) if is_number else None

    def count(self, path: str) -> int:
        return max(round(self.number(path) or 0), 0)

    def percent(self, path: str) -> int | None:
        value = self.number(path)
        return None if value is None else min(max(round(value * 100), 0), 100)

    def moment(self, path: str) -> datetime | None:
        try:
            return parse_iso(str(self.first(path)))
        except ValueError:
            return None


def _techniques(get: _Reader) -> tuple[str, ...]:
    names = [visible(each) for each in get.all("threat.technique.name")]
    ids = [visible(each, 20) for each in get.all("threat.technique.id")]
    names += [""] * (len(ids) - len(names))
    return tuple(f"{name} ({each})" if name else each for name, each in zip(names, ids, strict=False))[:5]


def _label(rank: float | None) -> str:
    return BANDS[int(rank)][1] if rank is not None and 0 <= rank < len(BANDS) else ""


def clock_time(moment: datetime | None) -> str:
    """Return a moment as mails write it, in UTC; empty for none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def _lasted(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None or end < start:
        return ""
    seconds = round((end - start).total_seconds())
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{max(seconds, 1)} s"
    minutes, hours = seconds // 60, seconds // 3600
    if hours == 0:
        return f"{minutes} min"
    if hours < 48:  # noqa: PLR2004 - from two days on, days say more
        return f"{hours} h {minutes % 60} min"
    return f"{hours // 24} days"
