"""What the sysadmin can do about an incident: concrete commands per kind, made of nothing that an attacker wrote."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_SAFE_PATH = re.compile(r"/[A-Za-z0-9/_.-]{0,80}")
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_BLOCKED_AT_MOST = 10
_LOGIN = "/login"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a sentence, and the lines to paste, if there are any."""

    what: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What advice is made of.

    Attributes:
        incident_id: As it stands in the document.
        addresses: The clients', as they stand in the document.
        clients: How many there are.
        path: The most asked path, as it stands in the document.
    """

    incident_id: str
    addresses: Sequence[str]
    clients: int
    path: str


def advise(kind: str, facts: Facts) -> tuple[Step, ...]:
    """Return the steps for a kind of incident, the most urgent first."""
    steps = _BY_KIND.get(kind, _novel)(facts)
    story = _show(facts)
    if not story or any(story in step.lines for step in steps):
        return steps
    return (*steps, Step("See the whole incident:", (story,)))


def _bruteforce(facts: Facts) -> tuple[Step, ...]:
    return (_check_logins(facts), *_block(facts), _slow_down_login(facts))


def _spray(facts: Facts) -> tuple[Step, ...]:
    return (_check_logins(facts), _slow_down_login(facts), *_block(facts))


def _dos(facts: Facts) -> tuple[Step, ...]:
    limit = (
        "# in http { }:",
        "limit_req_zone $binary_remote_addr zone=site:20m rate=10r/s;",
        "limit_conn_zone $binary_remote_addr zone=clients:20m;",
        "# in server { }:",
        "limit_req zone=site burst=40 nodelay;",
        "limit_conn clients 20;",
    )
    return (
        *_block(facts),
        Step("Slow every client down in nginx, then reload it with: nginx -t && nginx -s reload", limit),
        Step("If the line itself is full, only your provider or CDN can filter it: call them now."),
    )


def _ddos(facts: Facts) -> tuple[Step, ...]:
    shield = "Call your provider or CDN now: many addresses at once are stopped before your line, not on this machine."
    return (Step(shield), *_dos(facts)[:-1])


def _stuffing(facts: Facts) -> tuple[Step, ...]:
    reset = "Reset the passwords of accounts entered meanwhile: the pairs were stolen elsewhere, and some fit."
    return (_check_logins(facts), Step(reset), _slow_down_login(facts), *_block(facts))


def _scan(facts: Facts) -> tuple[Step, ...]:
    look = (
        "Look at what it found: answers with status 200 on paths that should not exist, such as backups, .git or .env."
    )
    return (Step(look), *_block(facts))


def _injection(facts: Facts) -> tuple[Step, ...]:
    look = "Look for answers with status 200 or 500 among its requests: there the application ran what was sent."
    keep = "If one went through: keep the logs and a copy of the database, then take the page off the net."
    return (Step(look), *_block(facts), Step(keep))


def _webshell(facts: Facts) -> tuple[Step, ...]:
    look = "See whether the script exists: an answer 200 means that somebody may run commands on this machine."
    keep = "If it does: take the server off the net before you delete anything, and keep its disk and logs."
    return (Step(look), Step(keep), *_block(facts))


def _scrape(facts: Facts) -> tuple[Step, ...]:
    limit = (
        "# in http { }:",
        "limit_req_zone $binary_remote_addr zone=pages:20m rate=30r/m;",
        "# in server { }:",
        "limit_req zone=pages burst=30 nodelay;",
    )
    friend = "Make sure that it is no search engine that you want: see `host ADDRESS` for its name."
    return (Step(friend), Step("Slow it down in nginx, then: nginx -t && nginx -s reload", limit), *_block(facts))


def _novel(facts: Facts) -> tuple[Step, ...]:
    look = "Nothing known looks like this. Read the reasons and the log lines before you act."
    return (Step(look), *_block(facts))


def _check_logins(facts: Facts) -> Step:
    story = _show(facts)
    check = (
        "Check whether a login succeeded (an answer unlike the others: a redirect, a cookie); then lock that account."
    )
    return Step(check, (story,) if story else ())


def _slow_down_login(facts: Facts) -> Step:
    path = facts.path if _SAFE_PATH.fullmatch(facts.path) else _LOGIN
    lines = (
        "# in http { }:",
        "limit_req_zone $binary_remote_addr zone=login:10m rate=6r/m;",
        "# in server { }, beside what the location does already:",
        f"location = {path} {{ limit_req zone=login burst=5 nodelay; }}",
    )
    return Step("Slow guessing down in nginx, then: nginx -t && nginx -s reload", lines)


def _block(facts: Facts) -> tuple[Step, ...]:
    """Return how to block the clients: only if all of them are known and few, and of real addresses alone."""
    if not facts.addresses or facts.clients > _BLOCKED_AT_MOST:
        return ()
    known = [each for each in map(_network, facts.addresses) if each is not None][:_BLOCKED_AT_MOST]
    if not known:
        return ()
    firewall = [line for version in (4, 6) for line in _nft(version, [ip for ip in known if ip.version == version])]
    denied = tuple(f"deny {_written(each)};" for each in known)
    noun, unless = ("the address", "it is") if len(known) == 1 else (f"the {len(known)} addresses", "one is")
    return (
        Step(f"Block {noun} for an hour, unless {unless} a proxy or monitor of your own:", tuple(firewall)),
        Step("Or refuse in nginx, in server { }, then: nginx -t && nginx -s reload", denied),
    )


def _nft(version: int, networks: Sequence[Network]) -> list[str]:
    if not networks:
        return []
    family, name = ("ip", "blocked4") if version == 4 else ("ip6", "blocked6")  # noqa: PLR2004 - IP's versions
    elements = ", ".join(f"{_written(network)} timeout 1h" for network in networks)
    return [
        "nft add table inet wwwatch",
        f"nft add set inet wwwatch {name} '{{ type ipv{version}_addr; flags interval, timeout; }}'",
        "nft add chain inet wwwatch input '{ type filter hook input priority -10; }'",
        f"nft add rule inet wwwatch input {family} saddr @{name} drop",
        f"nft add element inet wwwatch {name} '{{ {elements} }}'",
    ]


def _network(text: str) -> Network | None:
    """Return an address, or the /64 that stands for an IPv6 client."""
    try:
        return ipaddress.ip_network(text) if "%" not in text else None  # a scope id is free text
    except ValueError:
        return None


def _written(network: Network) -> str:
    return str(network.network_address if network.num_addresses == 1 else network)


def _show(facts: Facts) -> str:
    return f"wwwatch incidents show {facts.incident_id}" if _SAFE_ID.fullmatch(facts.incident_id) else ""


_BY_KIND: Mapping[str, Callable[[Facts], tuple[Step, ...]]] = {
    "dos": _dos,
    "ddos": _ddos,
    "bruteforce": _bruteforce,
    "spray": _spray,
    "stuffing": _stuffing,
    "scan": _scan,
    "injection": _injection,
    "webshell": _webshell,
    "scrape": _scrape,
    "novel": _novel,
}
