"""`prepare(events) -> frame`: what a request tells by itself."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import APP, BROWSER, describe
from detector.pieces import gather
from detector.words import BIT, TOLD, Words, mask, said
from enrich.logins import SHARED_LOGIN_PATH
from enrich.signs import SIGNS

OK, REFUSED, UNAUTHORIZED, FORBIDDEN, TIMEOUT, BROKEN = 200, 400, 401, 403, 408, 500
"""Statuses by name; from REFUSED on a client gets nothing of what it asked for, from BROKEN on it is not its fault."""

FAILED_STATUS = (400, 401, 403, 422, 423, 429)
"""Answers that refuse a login; 423 and 429 are a lock-out."""

SENT_ON = (302, 303)
"""Redirects that answer a login; 301, 307 and 308 only say where to send it instead."""

DONE = (201, 204)
"""Programs' endpoints answer a login so."""

COLUMNS = ("is_asset", "is_numbered", "is_login", "login_failed", "login_succeeded", "is_blind_login")
"""What is asked of all requests here and there, and so has a column of its own beside its bit."""

_TEXTS = ("client", "user_agent", "domain", "path", "method", "url")


def prepare(events: pl.DataFrame, described: pl.DataFrame | None = None) -> pl.DataFrame:
    """Add to each request what the features count.

    Args:
        events: EVENT_SCHEMA and any further columns, which are kept.
        described: What `detector.describe.describe` returns of them, where it is known.

    Returns:
        The same rows in the same order; a client, user agent, domain, path, URL or method that is null becomes "".
        Added are `agent` (UInt8, the bits of detector.describe), `depth` (UInt8, slashes in the path), `url_length`
        and `query_length` (UInt32, bytes), `query_entropy` (Float32, bits per byte), `marks` (UInt16, bit i for
        ``SIGNS[i]``), and `client_key`, `agent_key`, `path_key`, `url_key`, `domain_key` and `referrer_key` (UInt64;
        null without a referrer): numbers for the texts, by which rows are sorted and counted; equal within one process
        only; `shown_key` is the `url_key` of the page that the referrer names, on whatever site.
        `word` (UInt32, detector.words) tells `is_asset`, `is_page` (something to read: no asset, file, thumbnail or
        interface), `is_numbered` (the query says which page), `is_login` (credentials are sent), `at_login` (the path
        takes logins), `is_blind_login` (sent without a referrer, or from its own URL, and answered with a redirect),
        `login_failed` and `login_succeeded` (as far as the answer tells: what follows may tell more), `is_malformed`,
        `is_shell` (a web shell, or a script among uploads), `is_linked` (it has a referrer), `is_head`, `is_change`
        (other methods that change something), `is_dav`, `is_robots`, `is_search` (its signs may be words that somebody
        typed) and `is_echo` (its signs are in the headers alone); those of COLUMNS are Boolean columns, too, as are
        `is_interface` and `is_guarded` (the path refuses each first request).
    """
    lacking = [name for name in _TEXTS if events[name].null_count()]
    ready = events.with_columns(pl.col(lacking).fill_null("")) if lacking else events
    told = describe(ready) if described is None else described
    marks = (told["url_marks"] | told["header_marks"]).alias("marks")
    words = np.bitwise_or.reduce([told[f"{name}_word"].to_numpy() for name in ("path", "url", "method", "referrer")])
    status = codes(ready["status"])
    others = _Others(
        told["agent"].to_numpy(),
        told["query_length"].to_numpy(),
        marks.to_numpy(),
        told["url_marks"].to_numpy(),
        _is_silent(ready, status),
        (told["shown_key"].fill_null(0) == told["url_key"]).to_numpy(),
    )
    words = _tell(words, status, others)
    rows = ready.hstack([*told.select(pl.exclude("^.*_word$", "^.*_marks$")), marks, pl.Series("word", words)])
    return rows.with_columns(((pl.col("word") & BIT[name]) != 0).alias(name) for name in COLUMNS)


def looks_at_login(prepared: pl.DataFrame) -> NDArray[np.bool_]:
    """Return which requests show a login page and send nothing, shape (n,).

    Where a path takes other requests as well it is a look only without a query and without a referrer: the pages of who
    has got in link to it.

    Args:
        prepared: Output of `prepare`.
    """
    words = prepared["word"].to_numpy()
    looks: NDArray[np.bool_] = (words & mask(("at_login", "is_login"))) == BIT["at_login"]
    # All these paths show a sign of an attack: they are looked at one by one.
    bare = (prepared["marks"].to_numpy() != 0) & ((words & mask(("is_linked", "is_change", "is_login"))) == 0)
    rows = np.flatnonzero(bare & (prepared["query_length"].to_numpy() == 0))
    if len(rows):
        texts = gather(prepared.select("path"), rows).to_series().str.to_lowercase()
        looks[rows] |= texts.str.contains(SHARED_LOGIN_PATH).to_numpy()
    return looks


def codes(status: pl.Series) -> NDArray[np.int16]:
    """Return statuses as small numbers, 0 where there is none, and 0 or 999 for what is no status, shape (n,)."""
    told = status.fill_null(0) if status.null_count() else status
    found: NDArray[np.int16] = np.clip(told.to_numpy(), 0, 999).astype(np.int16)
    return found


def _is_silent(events: pl.DataFrame, status: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which lines tell of a connection on which nobody said anything, shape (n,).

    A browser opens connections ahead, and a balancer tries whether a server is there. What nobody uses leaves a line
    without a request, answered 408 or, where the client hung up, 400 with nothing sent. Who says something that is no
    request gets at least the words *Bad Request*.

    Args:
        events: Prepared as far as its texts.
        status: `codes` of them.
    """
    is_empty = ((events["method"] == "") & (events["url"] == "")).to_numpy()
    sent = events["bytes"].fill_null(0).to_numpy()
    return np.asarray((status == TIMEOUT) | (is_empty & (status == REFUSED) & (sent == 0)))


class _Others(NamedTuple):
    """What else is told of requests, each of shape (n,)."""

    agent: NDArray[np.uint8]
    query_length: NDArray[np.uint32]
    marks: NDArray[np.uint16]
    url_marks: NDArray[np.uint16]
    is_silent: NDArray[np.bool_]
    names_itself: NDArray[np.bool_]

    def of(self, rows: NDArray[np.int64]) -> "_Others":
        return _Others(
            self.agent[rows],
            self.query_length[rows],
            self.marks[rows],
            self.url_marks[rows],
            self.is_silent[rows],
            self.names_itself[rows],
        )


def _tell(words: Words, status: NDArray[np.int16], others: _Others) -> Words:
    """Return what texts and answer tell together, and no hints any more."""
    hinted = np.flatnonzero((words & _HINTED) | others.marks)
    done: Words = words & np.uint32(_TOLD)
    # An application's screens are no pages, nor is what answers a form.
    done[((others.agent & APP) != 0) | ((done & BIT["is_change"]) != 0)] &= np.uint32(_TOLD & ~BIT["is_page"])
    if len(hinted):
        own, answers, more = words[hinted], status[hinted], others.of(hinted)
        signed, asks = (own & BIT["is_signed"]) != 0, (own & BIT["asks_login"]) != 0
        own = np.where(signed, own & ~np.uint32(BIT["at_login"]), own) | said(asks, "at_login")
        told = _answer(own, answers, more) | _search(own, answers, more)
        done[hinted] = (done[hinted] & ~np.uint32(BIT["at_login"])) | told
    return done


def _answer(words: Words, status: NDArray[np.int16], others: _Others) -> Words:
    def has(name: str) -> NDArray[np.bool_]:
        return np.asarray((words & BIT[name]) != 0)

    posted, at_login, at_shared = (has(name) for name in ("is_posted", "at_login", "at_shared_login"))
    # Applications are told by the status whether they got in; forms are for people.
    is_app, is_done = (others.agent & APP) != 0, (status >= OK) & (status < 300)  # noqa: PLR2004 - statuses
    is_api = has("is_api_login") | is_app
    # Where a path takes other requests besides logins, only the answer shows that this was one.
    tells = (status == UNAUTHORIZED) | (has("is_guarded_login") & posted & is_done)
    login = (posted & at_login) | (at_shared & tells)
    # Browsers say which page a form is on; a form with a query in its address may be for anything.
    here = at_login | (at_shared & (others.query_length == 0))
    # Its own URL as the referrer is as easily made up: whether the form was fetched shows elsewhere.
    blind = posted & here & (~has("is_linked") | others.names_itself) & np.isin(status, SENT_ON)
    login |= blind
    # Who was given a token fetches the next one when it is old: that is no second try.
    granted = posted & is_done & (has("is_grant") | is_app)
    is_redirect = (status >= 300) & (status < REFUSED)  # noqa: PLR2004 - statuses
    failed = np.isin(status, FAILED_STATUS) | ((status == OK) & ~is_api)
    succeeded = is_redirect | np.isin(status, DONE) | ((status == OK) & is_api)
    malformed = (has("is_odd_method") | has("is_foreign_url")) & ~others.is_silent
    shell = (has("is_upload_script") & (posted | (status >= REFUSED))) | ((others.marks & np.uint16(_WEBSHELL)) != 0)
    return (
        said(login, "is_login")
        | said((at_login & ~granted) | blind, "at_login")
        | said(blind, "is_blind_login")
        | said(login & failed, "login_failed")
        | said(login & succeeded, "login_succeeded")
        | said(malformed, "is_malformed")
        | said(shell, "is_shell")
    )


def _search(words: Words, status: NDArray[np.int16], others: _Others) -> Words:
    """Return whether signs may lie in words that somebody typed into a form of the site, which answered.

    The pages found, and all that they load, name the search as their referrer: an echo.
    """
    is_echo = others.url_marks == 0
    is_typed = ((others.marks & np.uint16(_TYPED)) != 0) & ((others.marks & np.uint16(0xFFFF ^ _TYPED)) == 0)
    is_typed &= is_echo | ((words & BIT["has_words"]) != 0)
    browses = ((others.agent & BROWSER) != 0) & ((words & BIT["is_linked"]) != 0) & ((words & _NO_GET) == 0)
    return said(is_typed & browses & (status >= OK) & (status < REFUSED), "is_search") | said(is_echo, "is_echo")


def marks_of(names: Iterable[str]) -> int:
    """Return the number whose bits stand for these signs."""
    return sum(1 << bit for bit, sign in enumerate(SIGNS) if sign.name in set(names))


_HINTED = mask(
    ("is_posted", "at_shared_login", "asks_login", "is_signed", "is_upload_script", "is_odd_method", "is_foreign_url")
)
_NO_GET = mask(("is_head", "is_change", "is_dav", "is_odd_method"))
_TOLD = mask(TOLD)
_WEBSHELL = marks_of(["webshell"])
_TYPED = marks_of(["sqli", "xss", "traversal", "rce", "exploit", "sensitive"])
"""Signs that words typed into a form may show: programs, files and mistakes that somebody looks for help with."""
