"""The canary's attack: requests that nobody made, from an address that nobody has, marked so that nobody can pretend.

The mark is a user agent with a nonce and its HMAC-SHA256 (RFC 2104) under a key that only Elasticsearch holds. What is
left out of people's mail is left out by the whole mark, which is kept when the canary is sent: a user agent that only
looks like one is told as everything else is.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta

from core.clock import iso_millis
from core.documents import CANARY_AGENT, ECS_VERSION, Document, document_id

REQUESTS = 60
_SPAN = timedelta(seconds=30)
_MAC_DIGITS = 32
_PATHS = (
    "/wwwatch-canary?id={n}%27%20UNION%20SELECT%20username,password%20FROM%20users--",
    "/wwwatch-canary?id={n}%20OR%201=1--",
    "/wwwatch-canary?file=../../../../etc/passwd&n={n}",
    "/wwwatch-canary?q=%3Cscript%3Ealert({n})%3C/script%3E",
)


def make_mark(key: bytes, nonce: str) -> str:
    """Return the user agent of a canary."""
    return f"{CANARY_AGENT}{nonce}-{_mac(key, nonce)}"


def is_mark(user_agent: str, key: bytes) -> bool:
    """Tell whether a user agent is one that this key has marked."""
    nonce, _, mac = user_agent.removeprefix(CANARY_AGENT).partition("-")
    return user_agent.startswith(CANARY_AGENT) and hmac.compare_digest(mac.encode(), _mac(key, nonce).encode())


def address_of(number: int) -> str:
    """Return the client's address: one of 192.0.2.0/24, which RFC 5737 keeps for documentation.

    Canaries behind each other have different ones: the same client's visits within two hours are one incident.
    """
    return f"192.0.2.{1 + number % 254}"


def render_lines(mark: str, client: str, now: datetime) -> str:
    """Return the attack as lines of a combined log."""
    lines = (
        f'{client} - - [{moment:%d/%b/%Y:%H:%M:%S %z}] "GET {path} HTTP/1.1" 404 153 "-" "{mark}"\n'
        for moment, path in _requests(now)
    )
    return "".join(lines)


def render_events(mark: str, client: str, now: datetime) -> Iterator[tuple[str, Document]]:
    """Yield the attack as access events, each with its id."""
    for number, (moment, path) in enumerate(_requests(now)):
        head, _, query = path.partition("?")
        yield (
            document_id(mark, number),
            {
                "@timestamp": iso_millis(moment),
                "ecs": {"version": ECS_VERSION},
                "event": {"kind": "event", "category": ["web"], "dataset": "www.access"},
                "source": {"address": client, "ip": client},
                "http": {"request": {"method": "GET"}, "response": {"status_code": 404, "body": {"bytes": 153}}},
                "url": {"original": path, "path": head, "query": query},
                "user_agent": {"original": mark},
            },
        )


def _requests(now: datetime) -> Iterator[tuple[datetime, str]]:
    for number in range(REQUESTS):
        yield now - _SPAN + _SPAN * number / REQUESTS, _PATHS[number % len(_PATHS)].format(n=number)


def _mac(key: bytes, nonce: str) -> str:
    return hmac.new(key, nonce.encode(), hashlib.sha256).hexdigest()[:_MAC_DIGITS]
