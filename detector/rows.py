"""Prepared requests to numbers: sorted by session, with what their order and the site's history say of them."""

from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import APP, BROWSER, TOOL
from detector.pieces import gather
from detector.prepare import REFUSED, UNAUTHORIZED, codes
from detector.profile import SiteProfile
from detector.requests import ANSWERED, FORCED, TYPED, Odd, Pairs, Requests
from detector.segments import Bools, Keys, Rows, changes, order_within
from detector.served import Answers, ask_history, tell_facts
from detector.sessions import SECOND, Numbered, moments, number
from detector.words import BIT, Words, mask, said

COUNTED = (
    "time",
    "status",
    "bytes",
    "word",
    "agent",
    "marks",
    "depth",
    "url_length",
    "query_length",
    "query_entropy",
    "client_key",
    "agent_key",
    "path_key",
    "url_key",
    "domain_key",
    "shown_key",
    "is_interface",
)
"""Columns of prepared requests that make their numbers; `domain` and `path` are looked up in the site's history."""

TURNED_AWAY = (301, 302, 303, 307, 308, 403)
"""Where all is sent to https or to the front page, or forbidden, guessing shows no 404."""

MISSING = (404, 410)

_ALL = 0xFFFFFFFF

STORED = 20 * SECOND
"""An app keeps a password and knows no other: what it sends again after so long is no guess, however often it does."""


def number_rows(prepared: pl.DataFrame, profile: SiteProfile, answers: Answers | None = None) -> Requests:
    """Return requests as numbers.

    Args:
        prepared: Output of `detector.prepare.prepare`.
        profile: What the sites serve.
        answers: What this profile has answered before, for who asks again and again.
    """
    keys = [prepared[name].to_numpy() for name in ("path_key", "url_key")]
    words = prepared["word"].to_numpy() | said(keys[0] == keys[1], "is_plain")
    facts = tell_facts(prepared, words, profile, answers or Answers())
    clients, agents = (prepared[name].to_numpy() for name in ("client_key", "agent_key"))
    order = number(clients, moments(prepared["time"]), agents, (words & BIT["at_login"]) != 0)
    rows, begins = order.rows, order.begins

    def take(name: str) -> NDArray[Any]:
        return prepared[name].to_numpy()[rows]

    words, marks, paths, agent = words[rows], take("marks"), take("path_key"), take("agent")
    status = codes(prepared["status"])[rows]
    words |= _answers(status, words, agent)
    words |= _outcomes(order, status, words, paths, agent)
    words |= ask_history(prepared, rows, words=words, marks=marks, status=status, agent=agent, facts=facts[rows])
    words |= _reads(words, agent, prepared, rows)
    asked = np.flatnonzero((words & BIT["is_plain"]) == 0)
    urls, lengths, entropies = (
        column.to_numpy() for column in gather(prepared.select("url_key", "query_length", "query_entropy"), rows[asked])
    )
    return Requests(
        order=order,
        status=status,
        size=prepared["bytes"].fill_null(-1).to_numpy()[rows],
        agent=agent[begins],
        agent_key=agents[rows[begins]],
        visit=order.visit[begins],
        marks=marks,
        depth=take("depth"),
        url_length=take("url_length"),
        path_key=paths,
        words=words,
        odd=Odd.of(order, words, status),
        asked=asked,
        url_key=urls,
        query_length=lengths,
        query_entropy=entropies,
        paths=Pairs.of(order.session, paths, words),
        urls=Pairs.of(order.session[asked], urls, words[asked], asked),
        signed=_signed(order, prepared, words, marks),
    )


def _answers(status: NDArray[np.int16], words: Words, agent: NDArray[np.uint8]) -> Words:
    """Return what the answers say: that something is missing, was got, or was guessed at."""
    found: Words = _of_statuses()[status]
    # What no page linked to, no asset, and leads nowhere; applications look whether something is there.
    rows = np.flatnonzero(found & BIT["is_guess"])
    looks = ((words[rows] & mask(("is_asset", "is_linked", "is_dav"))) == 0) & ((agent[rows] & APP) == 0)
    found[rows[~looks]] &= np.uint32(~BIT["is_guess"] & _ALL)
    return found


@cache
def _of_statuses() -> Words:
    """Return what each status says, as far as it does: shape (1000,)."""
    status = np.arange(1000)
    missing = np.isin(status, MISSING)
    got = (status >= 200) & (status < 300)  # noqa: PLR2004 - statuses
    guessed = missing | np.isin(status, TURNED_AWAY)
    return said(missing, "is_missing") | said(got, "is_got") | said(guessed, "is_guess")


def _outcomes(order: Numbered, status: NDArray[np.int16], words: Words, paths: Keys, agent: NDArray[np.uint8]) -> Words:
    """Judge logins by what follows: back at the login page, or at the next attempt, nobody has got in."""
    found = np.zeros(len(words), np.uint32)
    same = ~changes(order.session)  # as the request before
    again = same & (status == UNAUTHORIZED) & ((words & BIT["is_login"]) == 0)
    # HTTP's own way: refused, asked for the password, and let in. Forms take the next password with the same answers.
    let_in = np.zeros(len(words), np.bool_)
    refused = np.flatnonzero((status[:-1] == UNAUTHORIZED) & same[1:])
    let_in[refused] = (status[refused + 1] < REFUSED) & (paths[refused + 1] == paths[refused])
    let_in &= (words & BIT["at_login"]) == 0
    repeats = np.flatnonzero(again & ~let_in)
    repeats = repeats[(status[repeats - 1] == UNAUTHORIZED) & (paths[repeats] == paths[repeats - 1])]
    # A program whose token has run out asks on and on as well.
    found[repeats[((agent[repeats] & (APP | TOOL)) == 0) | (order.gap[repeats] < STORED)]] = BIT["is_denied_again"]
    logins = np.flatnonzero(words & mask(("login_failed", "login_succeeded")))
    own, following = words[logins], np.minimum(logins + 1, len(words) - 1)
    goes_on = (following > logins) & same[following]
    # Who changes the user agent for each attempt shows what follows only in the visit.
    back = np.where(goes_on, (words[following] & BIT["at_login"]) != 0, order.then_login[logins] == 1)
    # A browser would follow the redirect, and had fetched the form; where others were refused, this one was not.
    before = np.maximum(logins - 1, 0)
    comes_first = ~same[logins] | ((words[before] & BIT["is_blind_login"]) != 0)
    unfollowed = ((own & BIT["is_blind_login"]) != 0) & (order.then_login[logins] < 0) & comes_first
    again = back | unfollowed
    succeeded = (own & BIT["login_succeeded"]) != 0
    failed = ((own & BIT["is_login"]) != 0) & ((own & BIT["login_failed"]) != 0) & ~let_in[logins]
    by_app = np.flatnonzero(failed & ((agent[logins] & APP) != 0))
    failed[by_app[_sent_again(order, paths, logins[by_app])]] = False
    found[logins] |= said(failed | (succeeded & again), "has_failed") | said(succeeded & ~again, "has_succeeded")
    denied = np.flatnonzero((status == UNAUTHORIZED) & (((words & BIT["is_login"]) | found) == 0))
    found[denied[_by_many_names(order, status, paths, denied)]] = BIT["has_failed"]
    return found


def _sent_again(order: Numbered, paths: Keys, refused: Rows) -> Bools:
    """Return which of an app's refused logins only repeat, a while later, what the same path refused before."""
    again = np.zeros(len(refused), np.bool_)
    if not len(refused):
        return again
    sessions, keys = order.session[refused], paths[refused]
    by_path = order_within(sessions, keys)
    times = order.times[refused][by_path]
    again[by_path[1:]] = ~changes(sessions[by_path], keys[by_path])[1:] & (np.diff(times) >= STORED)
    return again


def _by_many_names(order: Numbered, status: NDArray[np.int16], paths: Keys, denied: Rows) -> Bools:
    """Return which refusals met another user agent of the same visit before, and led this one to nothing else."""
    again = np.zeros(len(denied), np.bool_)
    if not len(denied):
        return again
    is_refused = np.minimum.reduceat(status == UNAUTHORIZED, order.begins)
    visits, sessions, keys = order.visit[denied], order.session[denied], paths[denied]
    by_path = order_within(visits, keys)
    first = changes(visits[by_path], keys[by_path])
    again[by_path] = ~first & changes(sessions[by_path])
    return np.asarray(again & is_refused[sessions])


def _signed(order: Numbered, prepared: pl.DataFrame, words: Words, marks: NDArray[np.uint16]) -> Pairs:
    rows = np.flatnonzero(marks)
    told = marks[rows].astype(np.uint32)
    for name, is_said, bit in (("is_got", True, ANSWERED), ("is_search", False, FORCED), ("is_echo", False, TYPED)):
        told |= (((words[rows] & BIT[name]) != 0) == is_said).astype(np.uint32) << np.uint32(bit)
    urls = gather(prepared.select("url_key"), order.rows[rows]).to_series()
    return Pairs.of(order.session[rows], urls.to_numpy(), told, rows)


def _reads(words: Words, agent: NDArray[np.uint8], prepared: pl.DataFrame, order: Rows) -> Words:
    """Return which requests got something to read, or leafed through the numbers in queries, and which unlinked."""
    wanted = mask(("is_page", "is_got"))
    reads = (words & wanted) == wanted
    leafs = reads & ((words & mask(("is_numbered", "is_plain"))) == BIT["is_numbered"])
    reads &= ~leafs
    # In a browser's name, without following a link.
    unlinked = ((words & BIT["is_linked"]) == 0) & ((agent & BROWSER) != 0)
    # Interfaces are for programs; a page that leafs through one on a browser's behalf says which page it is.
    numbered = words & mask(("is_numbered", "is_plain", "is_got", "is_page", "is_asset", "is_change"))
    posing = np.flatnonzero((numbered == mask(("is_numbered", "is_got"))) & unlinked)
    leafs[posing] = prepared["is_interface"].to_numpy()[order[posing]]
    return (
        said(reads, "is_read")
        | said(reads & unlinked, "is_read_unlinked")
        | said(leafs, "is_leafed")
        | said(leafs & unlinked, "is_leafed_unlinked")
    )
