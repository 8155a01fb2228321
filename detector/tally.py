"""What an incident's anomalies add up to, kept up as they come: a flood may bring thousands at a time."""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from core.severity import MAJOR
from detector.anomaly import Anomaly
from detector.events import network_of
from detector.kinds import FLOOD_KINDS, LOGIN_KINDS

LIGHT_ATTEMPTS = 20
"""Below so many failed logins an address is taken as one of many: it joins the others at the same login page."""

GET_IN = 0.005
"""Share of many addresses that get in, two at least, from which on they are taken to know passwords: of what is tried
with leaked ones 0.1 to 2 % fit, as operators report; of guesses hardly any."""


def is_light_login(anomaly: Anomaly) -> bool:
    """Whether an anomaly is a few failed logins, as one of many addresses makes them, or all of those together."""
    if anomaly.kind not in LOGIN_KINDS:
        return False
    return bool(anomaly.clients) or anomaly.features.get("client_login_failures", 0) < LIGHT_ATTEMPTS


def is_heavy(anomaly: Anomaly) -> bool:
    """Whether an anomaly is worth a mail, or is of the kinds that many light ones make up."""
    return anomaly.score >= MAJOR or anomaly.kind in LOGIN_KINDS | FLOOD_KINDS


@dataclass(slots=True)
class Tally:
    """The sums over an incident's anomalies.

    Attributes:
        start, end: The first and the last request.
        requests: Requests of the sessions that were judged one by one, by client.
        sites: Site-wide anomalies by their id: their clients and requests.
        addresses: The real addresses of clients that are networks.
        weights: How much speaks for each kind.
        heavy, light_logins: How many anomalies are so.
        lucky: Clients whose attempts to log in seem to have succeeded, with the number of sessions in which they did.
    """

    start: datetime = datetime.max  # noqa: DTZ901 - stands for none yet
    end: datetime = datetime.min  # noqa: DTZ901
    requests: Counter[str] = field(default_factory=Counter)
    sites: dict[str, Anomaly] = field(default_factory=dict)
    addresses: dict[str, dict[str, None]] = field(default_factory=dict)
    weights: Counter[str] = field(default_factory=Counter)
    lucky: Counter[str] = field(default_factory=Counter)
    heavy: int = 0
    light_logins: int = 0
    judged: int = 0

    @classmethod
    def of(cls, anomalies: Iterable[Anomaly]) -> "Tally":
        """Add up anomalies."""
        tally = cls()
        for anomaly in anomalies:
            tally.replace(None, anomaly)
        return tally

    def replace(self, earlier: Anomaly | None, anomaly: Anomaly) -> None:
        """Take in an anomaly, in place of the same one as it stood earlier."""
        if earlier is not None:
            self._count(earlier, -1)
        first = not (self.judged or self.sites)
        self._count(anomaly, 1)
        self.start = anomaly.start if first else min(self.start, anomaly.start)
        self.end = anomaly.end if first else max(self.end, anomaly.end)
        for address in anomaly.addresses:
            self.addresses.setdefault(network_of(address), {})[address] = None

    def _count(self, anomaly: Anomaly, sign: int) -> None:
        self.weights[anomaly.kind] += sign * _weight(anomaly)
        self.heavy += sign * is_heavy(anomaly)
        self.light_logins += sign * is_light_login(anomaly)
        if anomaly.clients:
            if sign > 0:
                self.sites[anomaly.session_id] = anomaly
            else:
                del self.sites[anomaly.session_id]
            return
        self.judged += sign
        self.requests[anomaly.client] += sign * anomaly.requests
        if anomaly.features.get("login_successes"):
            self.lucky[anomaly.client] += sign
            if not self.lucky[anomaly.client]:
                del self.lucky[anomaly.client]

    def clients(self, most: int | None = None) -> list[str]:
        """Return the clients, those with most requests first; only the first ones where `most` is given."""
        everybody = dict.fromkeys(
            [*self.requests, *(client for each in self.sites.values() for client in each.clients)]
        )
        if most is None:
            return sorted(everybody, key=self._order)
        return heapq.nsmallest(most, everybody, key=self._order)

    def _order(self, client: str) -> tuple[int, str]:
        return -self.requests.get(client, 0), client

    def count(self) -> int:
        """Return how many clients there are."""
        return len(self.requests) + len(self._unjudged())

    def sessions(self) -> int:
        """Return how many sessions there are; a client that only a site's interval tells of counts as one."""
        return self.judged + len(self._unjudged())

    def total(self) -> int:
        """Return how many requests there are, none counted twice."""
        total = self.requests.total()
        for anomaly in self.sites.values():
            total += max(anomaly.requests - sum(self.requests.get(client, 0) for client in anomaly.clients), 0)
        return total

    def _unjudged(self) -> set[str]:
        return {client for each in self.sites.values() for client in each.clients if client not in self.requests}


def _weight(anomaly: Anomaly) -> int:
    # Whole numbers, so that the order in which anomalies come cannot show.
    return round(anomaly.score) * (len(anomaly.clients) or 1) * max(anomaly.requests, 1).bit_length()
