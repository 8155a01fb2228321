"""Attack signs in URLs and headers: the one table that enrichment and detection share.

URLs are decoded twice before they are matched, because attackers encode twice to pass filters that decode once.

Nearly all URLs are boring, and one simple expression, the signs' hints together, says so in one pass; what it takes is
matched sign by sign.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import polars as pl

from enrich.exploits import HEADER_PAYLOADS, PAYLOADS
from enrich.hints import factored
from enrich.holes import EXPLOIT
from enrich.logins import LOGIN_PATH
from enrich.probes import ADMIN, CMS, DEVICE, INTERNAL, LEFTOVER, PROTOCOL, SENSITIVE
from enrich.programs import CRAWLER_AGENT, SCANNER_AGENT, TOOL_AGENT
from enrich.shells import BACKDOOR, WEBSHELL
from enrich.sign import HOLE, Sign

__all__ = [
    "ASSET_PATH",
    "CRAWLER_AGENT",
    "EXPLICIT",
    "EXPLOITS",
    "LOGIN_PATH",
    "PRIVATE",
    "PROBES",
    "SCANNER_AGENT",
    "SIGNS",
    "TOOL_AGENT",
    "Sign",
    "decode",
    "mark_headers",
    "mark_signs",
    "match_signs",
    "name_signs",
    "shows",
]

SIGNS = (
    *PAYLOADS,
    EXPLOIT,
    SENSITIVE,
    LEFTOVER,
    INTERNAL,
    ADMIN,
    DEVICE,
    CMS,
    WEBSHELL,
    BACKDOOR,
    PROTOCOL,
)
"""Every class; at most 16, for `mark_signs` gives each a bit."""

EXPLOITS = tuple(sign.name for sign in SIGNS if sign.technique == HOLE)
"""Signs of an attempt to break in."""

PROBES = tuple(sign.name for sign in SIGNS if sign.technique != HOLE)
"""Signs of looking for a way in."""

EXPLICIT = tuple(sign.name for sign in SIGNS if sign.is_explicit)
"""Signs that are an attack by themselves; what shows another sign is ordinary where the site has what was asked for."""

PRIVATE = tuple(sign.name for sign in SIGNS if sign.is_private)
"""Signs that are a probe where the request is refused: visitors never ask for such a thing, even by mistake."""

ASSET_PATH = r"\.(css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|eot|otf|mp4|webm|mp3)$"
"""Paths that a browser fetches by itself to show a page (lower case)."""

_NAMES = tuple(sign.name for sign in SIGNS)


class _Table:
    """The signs that are looked for in one kind of text.

    Args:
        signs: They; bit i of a mark stands for the i-th.
    """

    def __init__(self, signs: tuple[Sign, ...]) -> None:
        self._signs = signs
        self._suspicious = factored([sign.guess for sign in signs])
        # Takes each text that `decode` could make suspicious, so that the others need not be decoded. It takes all that
        # is not ASCII, so that its classes need no more than that.
        ascii_only = self._suspicious.replace(r"\s", r"[\t-\r +]").replace(r"\w", "[[:word:]]").replace(r"\d", "[0-9]")
        self._undecoded = r"(?i)[%\\]|[^\x00-\x7f]|" + ascii_only

    def mark(self, texts: pl.Series) -> pl.Series:
        """Return the marks of texts (UInt16), shape (n,); 0 where a text is null."""
        marks = pl.Series(texts.name, [0], pl.UInt16).new_from_index(0, len(texts))
        rows = texts.str.contains(self._undecoded).fill_null(value=False).arg_true()
        if rows.is_empty():
            return marks
        decoded = decode(texts.gather(rows))
        is_suspect = decoded.str.contains(self._suspicious)
        if not is_suspect.any():
            return marks
        suspects = decoded.filter(is_suspect).rename("text")
        # An attacker asks for the same URL again and again: each is matched once.
        distinct = suspects.unique()
        found = suspects.to_frame().join(
            pl.DataFrame([distinct, self._match(distinct)]), on="text", how="left", maintain_order="left"
        )
        return marks.scatter(rows.filter(is_suspect), found["marks"])

    def _match(self, decoded: pl.Series) -> pl.Series:
        # One by one: nearly always there are a handful of texts, and to wake a pool of threads costs more than they do.
        marks = pl.Series("marks", [0], pl.UInt16).new_from_index(0, len(decoded))
        for bit, sign in enumerate(self._signs):
            marks |= shows(sign, decoded).cast(pl.UInt16) * (1 << bit)
        return marks


def shows(sign: Sign, decoded: pl.Series) -> pl.Series:
    """Return whether texts from `decode` show a sign: Boolean, shape (n,), null where a text is."""
    is_shown = decoded.str.contains(sign.pattern)
    return is_shown & ~decoded.str.contains(sign.unless) if sign.unless and is_shown.any() else is_shown


_ESCAPES = [f"%{code:02x}" for code in range(256)]
_CHARACTERS = [chr(code) for code in range(256)]


def decode(urls: pl.Series) -> pl.Series:
    r"""Return URLs percent-decoded twice and in lower case; bytes above 127 become Latin-1 characters.

    What the server escaped in its log, as in ``\x22`` and ``\"``, is decoded likewise.

    Args:
        urls: Strings of shape (n,); null stays null.
    """
    plain = _where(urls.str.to_lowercase(), "\\", _unescape)
    twice = _where(_where(plain, "%", _unquote), "%", _unquote)
    return twice.str.replace_all("+", " ", literal=True)


def _where(texts: pl.Series, character: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Change the texts that have a character in them: they are few, and the change is dear."""
    rows = texts.str.contains(character, literal=True).fill_null(value=False).arg_true()
    return texts if rows.is_empty() else texts.scatter(rows, change(texts.gather(rows)))


def _unescape(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r"\\x([0-9a-f]{2})", "%${1}").str.replace_all('\\"', '"', literal=True)


def _unquote(texts: pl.Series) -> pl.Series:
    return texts.str.replace_many(_ESCAPES, _CHARACTERS).str.to_lowercase()


def match_signs(urls: pl.Series) -> pl.DataFrame:
    """Match every class of signs against URLs.

    Args:
        urls: Raw URLs (path and query), shape (n,).

    Returns:
        One Boolean column per sign, shape (n, len(SIGNS)), in the order of `urls`; null URLs match nothing.
    """
    marks = mark_signs(urls)
    return pl.DataFrame([((marks & (1 << bit)) != 0).alias(name) for bit, name in enumerate(_NAMES)])


def mark_signs(urls: pl.Series) -> pl.Series:
    """Match every class of signs against URLs, and return them as numbers.

    Args:
        urls: Raw URLs (path and query), shape (n,).

    Returns:
        UInt16 of shape (n,): bit i is set where ``SIGNS[i]`` matches; 0 where the URL is null.
    """
    return _table(SIGNS).mark(urls)


def mark_headers(referrers: pl.Series, agents: pl.Series) -> pl.Series:
    """Match the signs that a header can carry, those of `PAYLOADS`, against referrers and user agents.

    Args:
        referrers: As logged, shape (n,).
        agents: User agents as logged, shape (n,).

    Returns:
        UInt16 of shape (n,), as `mark_signs` returns: what either header shows.
    """
    return mark_header(referrers) | mark_header(agents)


def mark_header(texts: pl.Series) -> pl.Series:
    """Return what `mark_headers` returns of one header, shape (n,)."""
    # Most say what others said before, and nearly always nothing is found.
    distinct = texts.unique()
    marks = _table(HEADER_PAYLOADS).mark(distinct)
    found = marks != 0
    if not found.any():
        return pl.Series(texts.name, [0], pl.UInt16).new_from_index(0, len(texts))
    return texts.replace_strict(distinct.filter(found), marks.filter(found), default=0, return_dtype=pl.UInt16)


def name_signs(marks: pl.Series) -> pl.Series:
    """Return the names of the signs that `mark_signs` found: lists of shape (n,), null where there are none."""
    distinct, rows = np.unique(marks.to_numpy(), return_inverse=True)
    names = [[name for bit, name in enumerate(_NAMES) if int(mark) >> bit & 1] or None for mark in distinct]
    return pl.Series(marks.name, names, dtype=pl.List(pl.String)).gather(rows)


@cache
def _table(signs: tuple[Sign, ...]) -> _Table:
    return _Table(signs)
