"""What the texts of requests tell by themselves, worked out once per distinct path, URL and user agent."""

from collections.abc import Callable

import numpy as np
import polars as pl

from detector.patterns import API_LOGIN, FILED, GRANTS, GUARDED, INTERFACE, NUMBERED, SEARCHED, UPLOADED
from detector.texts import distinct, entropies
from detector.words import said
from enrich.agents import declared_classes
from enrich.logins import LOGIN_PATH, LOGIN_QUERY, NO_LOGIN, SHARED_LOGIN_PATH
from enrich.programs import ATTACK_AGENT
from enrich.signs import ASSET_PATH, mark_headers, mark_signs

TOOL, DECLARED, ATTACKER, MISSING, BROWSER, APP = (1 << bit for bit in range(6))
"""Bits of `agent`: a program, one that says it is a robot, one that is made to attack, none, a browser, an app."""

BITS_OF_CLASS = {
    "scanner": TOOL,
    "tool": TOOL,
    "crawler": DECLARED,
    "monitor": DECLARED,
    "feed": DECLARED,
    "browser": BROWSER,
    "app": APP,
}

KNOWN_METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "MOVE",
    "COPY",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "MKCALENDAR",
    "PURGE",
)
"""Of HTTP, WebDAV and caches; CONNECT is none that a web server is for."""

DAV = ("PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "REPORT", "MKCOL", "MKCALENDAR")
"""Methods of WebDAV, whose clients look for all sorts of files that may be there."""

SPOKEN = r"^((?:\\x[0-9A-Fa-f]{2}|[\x00-\x1f]){2})(?s:.*)"
"""What begins with two bytes that are no text, escaped or not: these say which protocol is spoken. The rest of a TLS
handshake is random, and asking for the same once more is no other request."""

IN_QUESTION = 256
"""Characters of a query that its entropy is taken of: enough, and no attacker can make it dear."""


def describe(events: pl.DataFrame) -> pl.DataFrame:
    """Return what the texts of requests tell, without nulls in the columns of DESCRIBED and `method`, row by row.

    Args:
        events: EVENT_SCHEMA.

    Returns:
        What the functions below return, side by side; `marks` are those of the URL and of both headers.
    """
    found = []
    for name, describe_each in DESCRIBED.items():
        texts, rows = distinct(events[name])
        found += list(describe_each(texts).select(pl.all().gather(rows)))
    more = [describe_methods(events["method"]), describe_referrers(events["referrer"])]
    headers = mark_headers(events["referrer"], events["user_agent"]).alias("header_marks")
    return pl.DataFrame([*found, *(column for frame in more for column in frame), headers])


def key_of(texts: pl.Series) -> pl.Series:
    """Return a number (UInt64) for each text, the same for the same text and null for null, shape (n,)."""
    return texts.hash(seed=1).set(texts.is_null(), None)


def describe_domains(texts: pl.Series) -> pl.DataFrame:
    """Return `domain_key` of distinct domains."""
    return key_of(texts).alias("domain_key").to_frame()


def describe_clients(texts: pl.Series) -> pl.DataFrame:
    """Return `client_key` of distinct clients."""
    return key_of(texts).alias("client_key").to_frame()


def describe_agents(texts: pl.Series) -> pl.DataFrame:
    """Return `agent` and `agent_key` of distinct user agents."""
    bits = declared_classes(texts).replace_strict(BITS_OF_CLASS, default=0, return_dtype=pl.UInt8)
    attacks = texts.str.to_lowercase().str.contains(ATTACK_AGENT)
    return pl.DataFrame({"agent": bits, "text": texts, "attacks": attacks}).select(
        (
            pl.col("agent")
            | pl.when("attacks").then(pl.lit(ATTACKER, pl.UInt8)).otherwise(pl.lit(0, pl.UInt8))
            | pl.when(pl.col("text").is_in(["", "-"])).then(pl.lit(MISSING, pl.UInt8)).otherwise(pl.lit(0, pl.UInt8))
        ).alias("agent"),
        key_of(texts).alias("agent_key"),
    )


def describe_methods(texts: pl.Series) -> pl.DataFrame:
    """Return `method_word` of methods."""
    return _word(
        "method_word",
        is_head=texts.is_in(["HEAD", "OPTIONS"]),
        is_change=~texts.is_in(["GET", "HEAD", "OPTIONS", "PROPFIND", ""]),
        is_dav=texts.is_in(DAV),
        is_posted=texts.is_in(["POST", "PUT"]),
        is_odd_method=~texts.is_in(KNOWN_METHODS),
    ).to_frame()


def describe_paths(texts: pl.Series) -> pl.DataFrame:
    """Return `path_word`, `is_interface`, `is_guarded`, `depth` and `path_key` of distinct paths."""
    told = _look(
        texts.str.to_lowercase(),
        is_asset=ASSET_PATH,
        is_interface=INTERFACE,
        is_guarded=GUARDED,
        is_file=FILED,
        at_login=LOGIN_PATH,
        at_shared_login=SHARED_LOGIN_PATH,
        is_api_login=API_LOGIN,
        is_grant=GRANTS,
        is_upload_script=UPLOADED,
    )
    is_asset, is_interface, is_guarded = told["is_asset"], told["is_interface"], told["is_guarded"]
    word = _word(
        "path_word",
        **told.drop("is_interface", "is_guarded", "is_file", "is_api_login").to_dict(),
        is_page=~is_asset & ~is_interface & ~told["is_file"],
        is_api_login=is_guarded | told["is_api_login"],
        is_guarded_login=is_guarded,
        is_robots=texts == "/robots.txt",
    )
    depth = texts.str.count_matches("/", literal=True).clip(0, 255).cast(pl.UInt8).alias("depth")
    return pl.DataFrame([word, is_interface, is_guarded, depth, _asked(texts).alias("path_key")])


def describe_urls(texts: pl.Series) -> pl.DataFrame:
    """Return `url_word`, `url_marks`, `query_length`, `query_entropy`, `url_length` and `url_key` of distinct URLs."""
    queries = texts.str.splitn("?", 2).struct.field("field_1").fill_null("")
    told = _look(
        texts,
        is_numbered=NUMBERED,
        asks_login=LOGIN_QUERY,
        is_signed=NO_LOGIN,
        has_words=SEARCHED,
        is_foreign_url=r"^(?i:https?://)|^[^/*]|^$",
    )
    return pl.DataFrame(
        {
            "url_word": _word("url_word", **told.to_dict()),
            "url_marks": mark_signs(texts),
            "query_length": queries.str.len_bytes(),
            "query_entropy": entropies(queries.str.head(IN_QUESTION)),
            "url_length": texts.str.len_bytes(),
            "url_key": _asked(texts),
        }
    )


def describe_referrers(texts: pl.Series) -> pl.DataFrame:
    """Return `referrer_word`, `referrer_key` and `shown_key` (null without one) of referrers."""
    word = _word("referrer_word", is_linked=~texts.fill_null("-").is_in(["-", ""]))
    shown = key_of(texts.str.replace(r"^\w+://[^/]*", "")).alias("shown_key")
    return pl.DataFrame([word, key_of(texts).alias("referrer_key"), shown])


def _asked(texts: pl.Series) -> pl.Series:
    """Return `key_of` paths or URLs, of another protocol's first words only by what they begin with."""
    return key_of(texts.str.replace(SPOKEN, "${1}"))


def _look(texts: pl.Series, **patterns: str) -> pl.DataFrame:
    """Return which texts each pattern is found in.

    Each of polars' threads remembers its last 32 patterns, and to compile one costs more than to look for it in a page:
    all that is looked for at once is spread over them, and does not push out those of the signs.
    """
    text = pl.col("text")
    return texts.alias("text").to_frame().select(text.str.contains(each).alias(name) for name, each in patterns.items())


def _word(name: str, **columns: pl.Series) -> pl.Series:
    word = np.zeros(len(next(iter(columns.values()))), np.uint32)
    for each, column in columns.items():
        word |= said(column.to_numpy(), each)
    return pl.Series(name, word)


DESCRIBED: dict[str, Callable[[pl.Series], pl.DataFrame]] = {
    "client": describe_clients,
    "user_agent": describe_agents,
    "path": describe_paths,
    "url": describe_urls,
    "domain": describe_domains,
}
"""Columns without nulls, and what their distinct texts tell."""
