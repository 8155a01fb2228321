"""Folding: which anomalies are one incident.

By behaviour, in this order: the same session; the same client; attempts at the same site's logins by addresses that
make few each; floods of the same site; what shows the same user agent within an hour; and all that is not worth a mail
(score below 50) on one site in one day. An index by each of these makes it cheap however many incidents are open.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from core.documents import document_id
from detector.anomaly import Anomaly
from detector.incidents import Incident
from detector.kinds import FLOOD_KINDS, LOGIN_KINDS, PROBING_KINDS
from detector.tally import is_heavy, is_light_login

QUIET = timedelta(hours=2)
"""An incident ends when nothing was added to it for so long: slow attacks try once in half an hour or in an hour."""

TOGETHER = timedelta(hours=1)
"""Different addresses belong together only when no more than this lies between them."""

DAY = timedelta(days=1)
"""Light probing by whomever is one incident for so long from its first request on."""

Key = tuple[str, ...]


class OpenIncidents(dict[str, Incident]):
    """The incidents that are not closed, by id, with an index by behaviour."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        super().__init__()
        self._index: dict[Key, list[str]] = {}
        for incident in incidents:
            self.put(incident)

    def put(self, incident: Incident) -> None:
        """Take in an incident with all its anomalies."""
        self[incident.id] = incident
        for anomaly in incident.anomalies.values():
            self.learn(incident, anomaly)

    def learn(self, incident: Incident, anomaly: Anomaly) -> None:
        """Index an incident by one of its anomalies."""
        for key in [*_keys(anomaly), *(("client", client) for client in anomaly.clients)]:
            known = self._index.setdefault(key, [])
            if incident.id not in known:
                known[:] = [identifier for identifier in known if identifier in self]
                known.append(incident.id)

    def find(self, anomaly: Anomaly) -> Incident | None:
        """Return the incident that an anomaly belongs to, None where it begins one."""
        current = self.get(anomaly.incident)
        if current is not None and not _outgrew(current, anomaly):
            return current
        for key in _keys(anomaly):
            found = [each for each in self._known(key) if each is not current and _joins(each, anomaly, key[0])]
            if found:
                # What is heavy first: an attacker's light sessions belong to the attack.
                return max(found, key=lambda incident: (not incident.is_light, incident.end, incident.id))
        return None

    def forget(self) -> None:
        """Drop what the index holds of incidents that are closed."""
        for key in [key for key, known in self._index.items() if not any(each in self for each in known)]:
            del self._index[key]

    def _known(self, key: Key) -> Iterator[Incident]:
        return (self[identifier] for identifier in self._index.get(key, ()) if identifier in self)


def _keys(anomaly: Anomaly) -> list[Key]:
    """Return by what an anomaly may belong to an incident, the surest first."""
    keys: list[Key] = [("session", anomaly.session_id)]
    if not anomaly.clients:
        keys.append(("client", anomaly.client))
    if anomaly.kind in FLOOD_KINDS:
        keys.append(("flood", anomaly.domain))
    if is_light_login(anomaly):
        keys.append(("login", anomaly.domain))
    if is_heavy(anomaly) and anomaly.user_agent:
        keys.append(("agent", anomaly.domain, _family(anomaly.kind), anomaly.user_agent))
    if not is_heavy(anomaly):
        keys.append(("light", anomaly.domain, _family(anomaly.kind)))
    return keys


def _family(kind: str) -> str:
    families = (("flood", FLOOD_KINDS), ("login", LOGIN_KINDS), ("probing", PROBING_KINDS))
    return next((name for name, kinds in families if kind in kinds), kind)


def _joins(incident: Incident, anomaly: Anomaly, by: str) -> bool:
    if by == "session":
        return True
    if incident.is_closed_by_her:
        return False
    if by == "light":
        return incident.is_light and anomaly.start < incident.start + DAY and anomaly.end > incident.start - DAY
    quiet = QUIET if by == "client" else TOGETHER
    if anomaly.start > incident.end + quiet or anomaly.end < incident.start - quiet:
        return False
    rules: dict[str, Callable[[], bool]] = {
        "client": lambda: not (incident.is_light and is_heavy(anomaly)) or incident.has_only(anomaly.client),
        "login": lambda: incident.has_only_light_logins,
        "flood": lambda: incident.kind in FLOOD_KINDS,
        # Light attempts to log in go together on their own: a heavy guesser beside them stays apart.
        "agent": lambda: not (incident.is_light or is_light_login(anomaly) or incident.has_only_light_logins),
    }
    return rules[by]()


def _outgrew(incident: Incident, anomaly: Anomaly) -> bool:
    """Whether an anomaly that was one of many light ones has become an attack of its own."""
    return incident.is_light and is_heavy(anomaly) and not incident.has_only(anomaly.client)


def fold(incidents: OpenIncidents, anomalies: Iterable[Anomaly], now: datetime) -> tuple[list[Anomaly], list[Incident]]:
    """Put anomalies into the incidents that take them, or open new ones.

    Args:
        incidents: Incidents that are not closed; changed in place.
        anomalies: New or grown anomalies.
        now: Wall-clock time of this write.

    Returns:
        The anomalies with their incident's id, and the incidents that changed.
    """
    placed: list[Anomaly] = []
    changed: dict[str, Incident] = {}
    for anomaly in sorted(anomalies, key=lambda each: (each.start, each.session_id)):
        incident = incidents.find(anomaly)
        if incident is None:
            incident = _open(incidents, anomaly, now)
        earlier = incidents.get(anomaly.incident)
        if earlier is not None and earlier is not incident:
            earlier.discard(anomaly.session_id)
            earlier.updated = now
            changed[earlier.id] = earlier
        member = replace(anomaly, incident=incident.id)
        incident.add(member)
        incidents.learn(incident, member)
        incident.updated = now
        placed.append(member)
        changed[incident.id] = incident
    return placed, list(changed.values())


def _open(incidents: OpenIncidents, anomaly: Anomaly, now: datetime) -> Incident:
    # Deterministic, so that a detector killed between two writes opens the same incident again.
    identifier = document_id("incident", anomaly.session_id)
    if identifier in incidents:  # it opened one of light probing, which others have joined, and has outgrown it
        identifier = document_id("incident", anomaly.session_id, "own")
    return incidents.setdefault(identifier, Incident(identifier, "open", now, now))


def close_quiet(incidents: OpenIncidents, watermark: datetime, now: datetime) -> list[Incident]:
    """Close the incidents to which nothing comes any more, by the events' own time; drop and return them."""
    quiet = [each for each in incidents.values() if each.anomalies and is_over(each, watermark)]
    for incident in quiet:
        incident.state, incident.updated = "closed", now
        del incidents[incident.id]
    if quiet:
        incidents.forget()
    return quiet


def is_over(incident: Incident, watermark: datetime) -> bool:
    """Whether nothing can be added to an incident any more, by the events' own time."""
    return watermark > (incident.start + DAY if incident.is_light else incident.end + QUIET)
