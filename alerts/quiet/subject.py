"""What a notice is about, as the gates see it: an incident's kind, clients and place. Pure."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.language.mustache import lookup

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Subject:
    """An incident, or of another payload nothing but empty values.

    Attributes:
        incident_id: Its document's id; empty where the payload is no incident.
        addresses: Of its clients, as far as the document lists them (100 at most).
        clients: How many clients there are.
        was_closed_by_hand: Whether a person closed it, or called it a false alarm.
    """

    incident_id: str = ""
    kind: str = ""
    severity: str = ""
    site: str = ""
    path: str = ""
    addresses: tuple[str, ...] = ()
    clients: int = 0
    was_closed_by_hand: bool = False

    def outside(self, networks: Sequence[Network]) -> tuple[str, ...]:
        """Return the addresses that are in none of the networks; what is no address is in none."""
        return tuple(each for each in self.addresses if not is_inside(each, networks))

    def is_all_inside(self, networks: Sequence[Network]) -> bool:
        """Tell whether every client is known to be in the networks: unlisted ones are not."""
        return bool(self.addresses) and self.clients <= len(self.addresses) and not self.outside(networks)


def subject_of(ctx: Any) -> Subject:
    """Return what a run's variables are about; values that are missing or of a wrong type count as absent."""
    incident = lookup("payload._source.wwwatch.incident", ctx)
    if not isinstance(incident, dict):
        return Subject()
    source = ctx["payload"]["_source"]
    addresses = _texts(lookup("source.address", source)) or _texts(lookup("source.ip", source))
    clients = incident.get("clients")
    return Subject(
        incident_id=_text(ctx["payload"].get("_id")) or _text(incident.get("id")),
        kind=_text(incident.get("kind")),
        severity=_text(incident.get("severity")),
        site=_text(lookup("url.domain", source)),
        path=_text(lookup("url.path", source)),
        addresses=addresses,
        clients=max(clients if isinstance(clients, int) else 0, len(addresses)),
        was_closed_by_hand=lookup("judged.state", incident) == "closed",
    )


def is_inside(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether an address, or an IPv6 client's whole /64, is in one of the networks."""
    try:
        found = ipaddress.ip_network(address.strip(), strict=False)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Network) and (mapped := found.network_address.ipv4_mapped):
        found = ipaddress.IPv4Network(mapped)
    return any(_contains(network, found) for network in networks)


def _contains(network: Network, found: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(found, ipaddress.IPv4Network) and found.subnet_of(network)
    return isinstance(found, ipaddress.IPv6Network) and found.subnet_of(network)


def _texts(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(each for each in listed if isinstance(each, str)))


def _text(value: Any) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""
