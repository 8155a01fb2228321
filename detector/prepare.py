"""`prepare(events) -> frame`: what a request tells by itself, worked out once per distinct path, URL and user agent."""

from collections.abc import Callable, Iterable

import polars as pl

from detector.texts import distinct, entropies
from enrich.agents import declared_classes
from enrich.logins import LOGIN_PATH, SHARED_LOGIN_PATH
from enrich.programs import ATTACK_AGENT
from enrich.signs import ASSET_PATH, EXPLOITS, SIGNS, mark_headers, mark_signs

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

OK, REFUSED, UNAUTHORIZED, FORBIDDEN, TIMEOUT, BROKEN = 200, 400, 401, 403, 408, 500
"""Statuses by name; from REFUSED on a client gets nothing of what it asked for, from BROKEN on it is not its fault."""

FAILED_STATUS = (400, 401, 403, 422, 423, 429)
"""Answers that refuse a login; 423 and 429 are a lock-out."""

SENT_ON = (302, 303)
"""Redirects that answer a login; 301, 307 and 308 only say where to send it instead."""

API_LOGIN = r"/api/|/rest|/v\d+/|json|token|graphql|oauth|/wp-json/"
"""Login endpoints of programs, which answer 200 when the password is right, and not with the form again."""

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

UPLOADED = r"/(uploads?|images?|img|tmp|temp|cache|avatars?|\.well-known)/(.*/)?[^/]+\.(php\d?|phtml|aspx?|jspx?)$"
"""Scripts where only visitors' files should lie (lower case)."""

FILED = (
    r"\.(deb|rpm|apk|ipa|whl|jar|war|gem|crate|nupkg|t?gz|t?xz|bz2|zst|zip|7z|rar|iso|img|exe|msi|dmg|pkg|bin|ts|m4s|m3u8"
    r"|mpd|pbf|sig|asc|sha\d+)$|/(thumb(nail)?s?|previews?|avatars?|tiles?)(/|$)|\.git/"
    r"|/(objects|blobs|manifests|assets|(web|cal|card)?dav)/"
)
"""What programs fetch by the hundred and nobody reads: packages, parts of films, thumbnails, shares (lower case)."""

NUMBERED = r"[?&][A-Za-z_]{1,16}=\d{1,6}(&|$)"
"""A query that chooses among pages: a page's number or an article's, too short for a time."""

IN_QUESTION = 256
"""Characters of a query that its entropy is taken of: enough, and no attacker can make it dear."""


def prepare(events: pl.DataFrame, described: pl.DataFrame | None = None) -> pl.DataFrame:
    """Add to each request what the features count.

    Args:
        events: EVENT_SCHEMA and any further columns, which are kept.
        described: What `describe` returns of them, where it is known.

    Returns:
        The same rows in the same order; a client, user agent, domain, path, URL or method that is null becomes "".
        Added are `agent` (UInt8, the bits above), `is_asset`, `is_login` (credentials are sent), `at_login`
        (the path takes logins), `is_blind_login` (sent without a referrer, and answered with a redirect),
        `login_failed` and `login_succeeded` (as far as the answer tells: what follows may tell more),
        `is_page` (something to read: no asset, file or thumbnail), `is_numbered` (the query says which page),
        `is_malformed`, `is_shell` (a web shell, or a script among uploads), `is_exploit`, `depth` (UInt8, slashes in
        the path), `query_length` (UInt32, bytes), `query_entropy` (Float32, bits per byte), `marks` (UInt16, bit i for
        ``SIGNS[i]``), a Boolean `sign_<name>` for each sign, and `client_key`, `agent_key`, `path_key`, `url_key`,
        `domain_key` and `referrer_key` (UInt64; null without a referrer): numbers for the texts, by which rows are
        sorted and counted; equal within one process only.
    """
    ready = events.with_columns(pl.col("client", "user_agent", "domain", "path", "method", "url").fill_null(""))
    rows = ready.hstack(describe(ready) if described is None else described)
    status, method = pl.col("status"), pl.col("method")
    posted = method.is_in(["POST", "PUT"])
    is_api = pl.col("is_api_login")
    refused = status.is_in(FAILED_STATUS)
    # Where a path takes other requests besides logins, only a refusal shows that this was one.
    login = (posted & pl.col("at_login")) | (pl.col("at_shared_login") & (status == UNAUTHORIZED))
    # Browsers say which page a form is on; a form with a query in its address may be for anything.
    unreferred = pl.col("referrer").fill_null("-").is_in(["-", ""])
    here = pl.col("at_login") | (pl.col("at_shared_login") & (pl.col("query_length") == 0))
    blind = (posted & here & unreferred & status.is_in(SENT_ON)).fill_null(value=False)
    done = rows.with_columns(
        (login.fill_null(value=False) | blind).alias("is_login"),
        (pl.col("at_login") | blind).alias("at_login"),
        blind.alias("is_blind_login"),
        _is_malformed(method).alias("is_malformed"),
        (~pl.col("referrer").fill_null("-").is_in(["-", ""])).alias("is_linked"),
        method.is_in(["HEAD", "OPTIONS"]).alias("is_head"),
        (~method.is_in(["GET", "HEAD", "OPTIONS", "PROPFIND", ""])).alias("is_change"),
        (pl.col("url_marks") | pl.col("header_marks")).alias("marks"),
    ).with_columns(
        (pl.col("is_login") & (refused | ((status == OK) & ~is_api))).fill_null(value=False).alias("login_failed"),
        (pl.col("is_login") & (status.is_between(300, 399) | status.is_in([201, 204]) | ((status == OK) & is_api)))
        .fill_null(value=False)
        .alias("login_succeeded"),
        ((pl.col("is_upload_script") & (posted | (status >= REFUSED))).fill_null(value=False) | _has("webshell")).alias(
            "is_shell"
        ),
        _has(*EXPLOITS).alias("is_exploit"),
        *(((pl.col("marks") & (1 << bit)) != 0).alias(f"sign_{sign.name}") for bit, sign in enumerate(SIGNS)),
    )
    return done.drop(
        "url_marks", "header_marks", "is_upload_script", "is_api_login", "at_shared_login", "is_foreign_url"
    )


def describe(events: pl.DataFrame) -> pl.DataFrame:
    """Return what the texts of requests tell, without nulls in the columns of DESCRIBED, row by row."""
    found = []
    for name, describe_each in DESCRIBED.items():
        texts, rows = distinct(events[name])
        found += list(describe_each(texts).select(pl.all().gather(rows)))
    headers = mark_headers(events["referrer"], events["user_agent"]).alias("header_marks")
    return pl.DataFrame([*found, headers, referrer_keys(events["referrer"])])


def _has(*names: str) -> pl.Expr:
    return (pl.col("marks") & mask(names)) != 0


def mask(names: Iterable[str]) -> int:
    """Return the number whose bits stand for these signs."""
    return sum(1 << bit for bit, sign in enumerate(SIGNS) if sign.name in set(names))


def key_of(texts: pl.Series) -> pl.Series:
    """Return a number (UInt64) for each text without nulls, the same for the same text, shape (n,)."""
    return texts.hash(seed=1)


def referrer_keys(texts: pl.Series) -> pl.Series:
    """Return `referrer_key` of referrers, null where there is none."""
    return pl.select(pl.when(texts.is_not_null()).then(key_of(texts)).alias("referrer_key")).to_series()


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


def describe_paths(texts: pl.Series) -> pl.DataFrame:
    """Return what distinct paths tell by themselves."""
    lower = pl.col("path").str.to_lowercase()
    return (
        texts.alias("path")
        .to_frame()
        .select(
            lower.str.contains(ASSET_PATH).alias("is_asset"),
            (~lower.str.contains(ASSET_PATH) & ~lower.str.contains(FILED)).alias("is_page"),
            lower.str.contains(LOGIN_PATH).alias("at_login"),
            lower.str.contains(SHARED_LOGIN_PATH).alias("at_shared_login"),
            lower.str.contains(API_LOGIN).alias("is_api_login"),
            lower.str.contains(UPLOADED).alias("is_upload_script"),
            pl.col("path").str.count_matches("/", literal=True).clip(0, 255).cast(pl.UInt8).alias("depth"),
            key_of(texts).alias("path_key"),
            (pl.col("path") == "/robots.txt").alias("is_robots"),
        )
    )


def describe_urls(texts: pl.Series) -> pl.DataFrame:
    """Return what distinct URLs tell by themselves."""
    queries = texts.str.splitn("?", 2).struct.field("field_1").fill_null("")
    return pl.DataFrame(
        {
            "url_marks": mark_signs(texts),
            "query_length": queries.str.len_bytes(),
            "query_entropy": entropies(queries.str.head(IN_QUESTION)),
            "is_numbered": texts.str.contains(NUMBERED),
            "is_foreign_url": texts.str.contains(r"^(?i:https?://)|^[^/*]|^$"),
            "url_key": key_of(texts),
            "url_length": texts.str.len_bytes(),
        }
    )


def describe_referrers(texts: pl.Series) -> pl.DataFrame:
    """Return `header_marks` of distinct referrers or user agents; none where one is null."""
    return mark_headers(texts, texts).alias("header_marks").to_frame()


DESCRIBED: dict[str, Callable[[pl.Series], pl.DataFrame]] = {
    "client": describe_clients,
    "user_agent": describe_agents,
    "path": describe_paths,
    "url": describe_urls,
    "domain": describe_domains,
}
"""Columns without nulls, and what their distinct texts tell."""


def _is_malformed(method: pl.Expr) -> pl.Expr:
    # A browser that opens a connection ahead and does not use it leaves an empty line with 408.
    odd = ~method.is_in(KNOWN_METHODS) | pl.col("is_foreign_url")
    return odd & (pl.col("status") != TIMEOUT).fill_null(value=True)
