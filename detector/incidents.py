"""Incidents: anomalies that belong together. Which do, detector.folding says.

An incident is a pure function of its anomalies, so that folding them again after a crash gives the same document.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.clock import iso_millis, parse_iso
from core.documents import Document
from core.severity import MAJOR, severity_label, severity_level
from detector.anomaly import MOST_CLIENTS, Anomaly, describe_source, reason_object
from detector.attempts import spray_score
from detector.kinds import FLOOD_KINDS, KINDS, LOGIN_KINDS, describe_threat
from detector.reasons import MOST, Reason
from detector.tally import GET_IN, Tally

SPRAY_CLIENTS = 5
"""From so many addresses on, attempts at one login page are called spraying."""

DDOS_CLIENTS = 10
"""From so many addresses on, a flood is called distributed: fewer can be blocked by hand."""

MOST_EVIDENCE = 10

THIS = "this address"
"""How a feature's phrase calls the client that it tells of."""

MOST_WHOLE = 200
"""Anomalies of an incident that are kept with features, reasons and lines, up to twice as many for a while; of the
others the counts remain."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What she said of an incident, `acknowledged` or `closed`, and how grave it was then, 0 to 3."""

    state: str
    level: int


@dataclass(slots=True)
class Incident:
    """One incident and the anomalies in it, by session id.

    Attributes:
        anomalies: Beyond MOST_WHOLE of them the less strange ones are kept without features, reasons and lines.
        is_stored: Whether Elasticsearch has it as it opened; an attack that goes on after it was closed opens it again.
        standing: What she said of it; None where nothing holds (detector.standing).
        says_state: Whether the next write sets the state: it is open again.
    """

    id: str
    state: str
    opened: datetime
    updated: datetime
    anomalies: dict[str, Anomaly] = field(default_factory=dict)
    is_stored: bool = False
    standing: Standing | None = None
    says_state: bool = False
    _tally: Tally = field(default_factory=Tally, compare=False, repr=False)
    _whole: set[str] = field(default_factory=set, compare=False, repr=False)
    _worst: Anomaly | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        given, self.anomalies = self.anomalies, {}
        for anomaly in given.values():
            self.add(anomaly)

    @property
    def start(self) -> datetime:
        """The first request."""
        return self._tally.start

    @property
    def end(self) -> datetime:
        """The last request so far."""
        return self._tally.end

    @property
    def clients(self) -> list[str]:
        """The addresses (of IPv6 the /64 networks), those with most requests first."""
        return self._tally.clients()

    @property
    def addresses(self) -> list[str]:
        """Every real address, in the order of `clients`: of an IPv6 network those that were seen."""
        return self._real(self.clients)

    @property
    def sessions(self) -> int:
        """How many sessions; an address that only a site's interval tells of counts as one."""
        return self._tally.sessions()

    @property
    def requests(self) -> int:
        """How many requests."""
        return self._tally.total()

    @property
    def worst(self) -> Anomaly:
        """The anomaly with the highest score, the larger session on a tie."""
        if self._worst is None:
            self._worst = max(self.anomalies.values(), key=_rank)
        return self._worst

    @property
    def kind(self) -> str:
        """The kind that the evidence weighs most for; attempts and floods by how many take part and what came of it."""
        weights = self._tally.weights
        login, flood = (sum(weights.get(kind, 0) for kind in kinds) for kinds in (LOGIN_KINDS, FLOOD_KINDS))
        kind = max(weights, key=lambda each: (weights[each], each))
        most = max((weight for each, weight in weights.items() if each not in LOGIN_KINDS | FLOOD_KINDS), default=0)
        if login >= max(flood, most):
            return self._login_kind()
        if flood >= most:
            return "ddos" if self._tally.count() >= DDOS_CLIENTS else "dos"
        return kind

    @property
    def score(self) -> float:
        """The worst anomaly's, 0 to 100, raised by how many addresses take part in what is no light probing."""
        score, count = self.worst.score, self._tally.count()
        if self.kind in LOGIN_KINDS:
            hours = (self.end - self.start).total_seconds() / 3600
            return max(score, float(spray_score(count, hours))) if count >= SPRAY_CLIENTS else score
        return score if score < MAJOR else min(score + 10 * math.log10(max(count, 1)), 100.0)

    @property
    def reasons(self) -> list[Reason]:
        """Why: what the site as a whole tells first, then the worst anomaly's; at most MOST reasons.

        Of many addresses "this one" would be nobody's: the reasons name whose they are.
        """
        site = max(self._tally.sites.values(), key=_rank, default=self.worst)
        own = self.worst.reasons
        if self._tally.count() > 1 and not self.worst.clients:
            own = tuple(replace(each, sentence=each.sentence.replace(THIS, self.worst.client)) for each in own)
        return list(dict.fromkeys([*(site.reasons if site is not self.worst else ()), *own]))[:MOST]

    @property
    def is_closed_by_her(self) -> bool:
        """Whether she closed it: no new visit joins it."""
        return self.standing is not None and self.standing.state == "closed"

    @property
    def is_light(self) -> bool:
        """Whether nothing in it is worth a mail, and nothing is an attempt to log in or a flood."""
        return not self._tally.heavy

    @property
    def has_only_light_logins(self) -> bool:
        """Whether every anomaly is a few failed logins of one address."""
        return self._tally.light_logins == len(self.anomalies)

    def has_only(self, client: str) -> bool:
        """Whether nobody but this client is in it."""
        return not self._tally.sites and self._tally.requests.keys() == {client}

    def add(self, anomaly: Anomaly) -> None:
        """Put an anomaly in, or in place of the same one as it stood earlier."""
        self._tally.replace(self.anomalies.get(anomaly.session_id), anomaly)
        if self._worst is not None and _rank(anomaly) >= _rank(self._worst):
            self._worst = anomaly
        elif self._worst is not None and anomaly.session_id == self._worst.session_id:
            self._worst = None
        self.anomalies[anomaly.session_id] = anomaly
        self._whole.add(anomaly.session_id)
        if len(self._whole) > 2 * MOST_WHOLE:
            ranked = sorted(self._whole, key=lambda each: _rank(self.anomalies[each]), reverse=True)
            for session_id in ranked[MOST_WHOLE:]:
                self.anomalies[session_id] = self.anomalies[session_id].slim()
            self._whole = set(ranked[:MOST_WHOLE])

    def discard(self, session_id: str) -> None:
        """Take an anomaly out."""
        anomaly = self.anomalies.pop(session_id, None)
        self._whole.discard(session_id)
        if anomaly is not None:
            self._tally, self._worst = Tally.of(self.anomalies.values()), None

    def _real(self, clients: list[str]) -> list[str]:
        return [address for client in clients for address in self._tally.addresses.get(client, (client,))]

    def _login_kind(self) -> str:
        if self._tally.count() < SPRAY_CLIENTS:
            return "bruteforce"
        judged = max(self._tally.sites.values(), key=_rank, default=None)
        if judged is not None and judged.kind in LOGIN_KINDS:
            return judged.kind
        # Whoever has the passwords already gets in now and then; whoever guesses hardly ever does.
        return "stuffing" if len(self._tally.lucky) >= max(2, GET_IN * self._tally.count()) else "spray"

    def document(self) -> Document:
        """Return the document of `wwwatch-incidents`."""
        worst, kind, score = self.worst, self.kind, self.score
        clients, count = self._tally.clients(MOST_CLIENTS), self._tally.count()
        who = clients[0] if count == 1 else f"{count} addresses"
        where = f" on {worst.domain}" if worst.domain else ""
        found: Document = {
            "@timestamp": iso_millis(self.end),
            "message": f"{KINDS[kind].words} from {who}{where}: {self.requests} requests",
            "event": {
                "kind": "alert",
                "start": iso_millis(self.start),
                "end": iso_millis(self.end),
                "risk_score": round(score, 2),
            },
            "ecs": {"version": "8.11.0"},
            "rule": {"name": kind},
            "source": describe_source(clients, self._real(clients)),
            "url": {"path": worst.top_path, **({"domain": worst.domain} if worst.domain else {})},
            "wwwatch": {
                "reasons": [reason_object(reason) for reason in self.reasons],
                "evidence": self._evidence(),
                "incident": self._own(kind, score, count),
            },
        }
        if threat := describe_threat(kind):
            found["threat"] = threat
        if worst.user_agent:
            found["user_agent"] = {"original": worst.user_agent}
        return found

    def _own(self, kind: str, score: float, clients: int) -> Document:
        return {
            "id": self.id,
            "state": self.state,
            "kind": kind,
            "score": round(score, 2),
            "severity": severity_label(score),
            "level": severity_level(score),
            "confidence": round(self.worst.confidence, 4),
            "opened": iso_millis(self.opened),
            "updated": iso_millis(self.updated),
            "clients": clients,
            "sessions": self.sessions,
            "requests": self.requests,
        }

    def _evidence(self) -> list[str]:
        """Return lines of the worst sessions, in turns: first one of each address, of the largest of equals."""
        ranked = heapq.nsmallest(
            4 * MOST_EVIDENCE,
            self.anomalies.values(),
            lambda each: (-round(each.score), -each.requests, each.session_id),
        )
        turns: Counter[str] = Counter()
        ordered = []
        for anomaly in ranked:
            ordered.append((turns[anomaly.client], anomaly))
            turns[anomaly.client] += 1
        shown = [anomaly for _, anomaly in sorted(ordered, key=lambda each: each[0])][:MOST_EVIDENCE]
        share = max(MOST_EVIDENCE // len(shown), 1)
        return [line for anomaly in shown for line in anomaly.evidence[:share]][:MOST_EVIDENCE]


def _rank(anomaly: Anomaly) -> tuple[int, int, str]:
    return round(anomaly.score), anomaly.requests, anomaly.session_id


def restore(document: dict[str, Any], anomalies: Iterable[Anomaly]) -> Incident:
    """Build an incident from its document's state and its anomalies."""
    own = document["wwwatch"]["incident"]
    members = {anomaly.session_id: anomaly for anomaly in anomalies}
    return Incident(
        own["id"],
        own["state"],
        parse_iso(own["opened"]),
        parse_iso(own["updated"]),
        members,
        is_stored=True,
        standing=standing_of(document),
    )


def standing_of(document: dict[str, Any]) -> Standing | None:
    """Return what she said of an incident, from its document; None where it stands as the detector left it."""
    own = document["wwwatch"]["incident"]
    judged = own.get("judged", {})
    return Standing(judged["state"], judged["level"]) if own["state"] != "open" and "level" in judged else None
