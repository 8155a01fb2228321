"""Whose request it is when reverse proxies stand before the server.

A proxy appends the address that it was asked from to `X-Forwarded-For` or RFC 7239's `Forwarded`; what stands before
that was written by whoever asked, and may be a lie. So the list is walked from its end, and only as long as the one who
wrote an entry is a proxy that the user trusts.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence

import polars as pl

from core.errors import SettingsError
from enrich.memo import MAX_VALUES, Memo

PROXY_SCHEMA: dict[str, pl.DataType] = {
    "source.address": pl.String(),
    "source.ip": pl.String(),
    "network.forwarded_ip": pl.String(),
    "wwwatch.proxy.address": pl.String(),
}
"""The columns of `ClientTable.columns`, in order.

`source.*` is the client; `wwwatch.proxy.address` is the trusted proxy that connected, null where the client did so
itself; `network.forwarded_ip` is for whom somebody who is not trusted says that he asks: nobody has checked it.
"""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_HOPS = 50
_SEPARATOR = "\n"
_UNIX = "unix:"
_PAIR = r"""[!#$%&'*+.^_`|~0-9A-Za-z\-]+\s*=\s*(?:[^\s",;\\]+|"[^",;\\]*")"""
_PAIRS = re.compile(rf"\s*{_PAIR}(?:\s*;\s*{_PAIR})*\s*;?\s*")
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*"?([^";]*)', re.IGNORECASE)
_PORT = re.compile(r":[0-9]{1,5}")


def read_networks(trusted: Sequence[str]) -> tuple[str, ...]:
    """Check networks such as ``10.0.0.0/8``, ``2001:db8::/32``, ``192.0.2.7`` and ``unix:``; return them as they are.

    Raises:
        SettingsError: One is no network; all that are wrong are named.
    """
    wrong = [text for text in trusted if text != _UNIX and _network(text) is None]
    if wrong:
        raise SettingsError(
            f"no network: {', '.join(map(repr, wrong))}", "correct ship.trusted_proxies, e.g. 10.0.0.0/8"
        )
    return tuple(trusted)


class ClientTable:
    """Finds the client behind trusted proxies; each distinct pair of peer and list is walked once.

    Args:
        trusted: The proxies' networks, as `read_networks` takes them; without any, nobody is believed.
        limit: Distinct pairs to keep.

    Raises:
        SettingsError: A network is none.
    """

    def __init__(self, trusted: Sequence[str], limit: int = MAX_VALUES) -> None:
        networks = [_network(text) for text in read_networks(trusted)]
        self._networks = [network for network in networks if network]
        self._trusts_unix = _UNIX in trusted
        self._memo = Memo(self._resolve, limit)

    def columns(self, peers: pl.Series, forwarded: pl.Series) -> pl.DataFrame:
        """Return the columns of `PROXY_SCHEMA` of each request, shape (n, 4).

        Args:
            peers: Addresses or names of who connected (String), shape (n,).
            forwarded: What `X-Forwarded-For` or `Forwarded` said, as logged (String), shape (n,).

        A request whose peer or list is null has nulls in all columns.
        """
        # The list's end decides, and a memo looks at a text's beginning: so the end is what is kept.
        pairs = pl.select(pl.concat_str(peers.str.head(300), pl.lit(_SEPARATOR), forwarded.str.tail(1_500)))
        return self._memo.columns(pairs.to_series())

    def _resolve(self, pairs: pl.Series) -> pl.DataFrame:
        rows = [self._row(*pair.partition(_SEPARATOR)[::2]) for pair in pairs]
        return pl.DataFrame(rows, schema=PROXY_SCHEMA, orient="row")

    def _row(self, peer: str, forwarded: str) -> tuple[str | None, str | None, str | None, str | None]:
        address = read_address(peer)
        hops = list(_hops(forwarded))[::-1][:MAX_HOPS]
        if not self._is_trusted(peer, address):
            return peer, str(address) if address else None, str(hops[0]) if hops and hops[0] else None, None
        client: _Address | None = None
        for hop in hops:
            if hop is None:
                break
            client = hop
            if not self._is_trusted("", hop):
                break
        if client is None:
            return peer, str(address) if address else None, None, None
        return str(client), str(client), None, peer

    def _is_trusted(self, text: str, address: _Address | None) -> bool:
        if address is None:
            return self._trusts_unix and text == _UNIX
        return any(address in network for network in self._networks)


def read_address(text: str) -> _Address | None:
    """Return the address in an entry, with or without port and brackets; None where it is none.

    An IPv4 address in IPv6's clothes (``::ffff:192.0.2.7``) is one of IPv4, and a zone (``%eth0``) is left out.
    """
    bare = text.strip()
    if bare.startswith("["):
        inside, end, port = bare[1:].partition("]")
        if not end or (port and not _PORT.fullmatch(port)):
            return None
        bare = inside
    elif bare.count(":") == 1:
        bare, _, port = bare.partition(":")
        if not _PORT.fullmatch(f":{port}"):
            return None
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _hops(forwarded: str) -> Iterator[_Address | None]:
    """Yield the list's entries as addresses, from the first to the last; None for what is none."""
    # nginx writes a quote as \x22, Apache as \".
    plain = forwarded.replace("\\x22", '"').replace('\\"', '"')
    # Commas part entries even between quotes: a quote that the client left open must not swallow what a proxy appended.
    for entry in plain.split(","):
        if "=" in entry:
            # Strictly RFC 7239, and told once: else a Host header with quotes in it could bring its own `for`.
            named = _FOR.findall(entry) if _PAIRS.fullmatch(entry) else ()
            yield read_address(named[0]) if len(named) == 1 else None
        elif entry.strip():
            yield read_address(entry)


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError:
        return None
