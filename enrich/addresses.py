"""Which of the client addresses in a log are IP addresses."""

import polars as pl

from core import fields

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_H = "[0-9A-Fa-f]{1,4}"
_TAIL = rf"(?:{_H}:{_H}|{_IPV4})"
_IPV6 = "|".join(
    [
        rf"(?:{_H}:){{6}}{_TAIL}",
        *(rf"(?:(?:{_H}:){{0,{left}}}{_H})?::(?:{_H}:){{{4 - left}}}{_TAIL}" for left in range(5)),
        rf"(?:(?:{_H}:){{0,4}}{_H})?::{_TAIL}",
        rf"(?:(?:{_H}:){{0,5}}{_H})?::{_H}",
        rf"(?:(?:{_H}:){{0,6}}{_H})?::",
        rf"::(?:{_H}:){{5}}{_TAIL}",
    ]
)


_BARE = rf"^\[?({_IPV4}|{_IPV6})(?:%[0-9A-Za-z._\-]+)?\]?$"


def ip_of(address: pl.Expr) -> pl.Expr:
    """Return the address where it is an IP address as Elasticsearch's `ip` type reads it, else null (a host's name).

    Brackets around it and a zone, as in ``[fe80::1%eth0]``, are no part of it.
    """
    return bare_ip(address).alias(fields.SOURCE_IP)


def bare_ip(address: pl.Expr) -> pl.Expr:
    """Return the IP address in a text, which may have brackets and a zone, else null."""
    return address.str.extract(_BARE)
