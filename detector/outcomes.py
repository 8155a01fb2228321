"""Whether who logs in gets in, by what the site answers and by what he asks for next."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import APP, TOOL
from detector.prepare import OK, REFUSED, UNAUTHORIZED, looks_at_login
from detector.segments import Bools, Keys, Rows, changes, joint_key, order_within
from detector.sessions import NO_TIME, SECOND, Numbered
from detector.words import BIT, Words, mask, said

REFUSED_TRY = (400, 401, 422)
"""How programs are told that a password is wrong; 403, 423 and 429 may be a lock-out after wrong ones answered 200."""

SHORTEST_FORM = 1000
"""Bytes: no page with a form to log in is shorter, and hardly a token is longer."""

STORED = 20 * SECOND
"""An app keeps a password and knows no other: what it sends again after so long is no guess, however often it does."""

AT_ONCE = 3
"""Requests that an app makes with its password at one time: for its folders, its mail, and to be told of more."""

Statuses = NDArray[np.int16]


def judge_logins(
    order: Numbered,
    status: Statuses,
    words: Words,
    paths: Keys,
    *,
    agent: NDArray[np.uint8],
    prepared: pl.DataFrame,
) -> Words:
    """Judge logins by what follows: back at the login page, or at the next attempt, nobody has got in.

    Args:
        order: The requests by session, in order, n.
        status: Their status, 0 where unknown, shape (n,).
        words: What is known of each, shape (n,).
        paths: The keys of their paths, shape (n,).
        agent: Their user agents' classes (detector.describe), shape (n,).
        prepared: What `order` was made of.

    Returns:
        Of shape (n,): `has_failed`, `has_succeeded` and `is_denied_again`.
    """
    found, let_in = _denied_again(order, status, words, paths, agent)
    logins = np.flatnonzero(words & mask(("login_failed", "login_succeeded")))
    own, back = words[logins], _comes_back(order, words, logins)
    # A browser would follow the redirect, and had fetched the form; where others were refused, this one was not.
    comes_first = changes(order.session)[logins] | ((words[np.maximum(logins - 1, 0)] & BIT["is_blind_login"]) != 0)
    unfollowed = ((own & BIT["is_blind_login"]) != 0) & (order.then_login[logins] < 0) & comes_first
    again = back | unfollowed | _shown_again(prepared, order, words)[logins]
    succeeded = (own & BIT["login_succeeded"]) != 0
    failed = ((own & BIT["is_login"]) != 0) & ((own & BIT["login_failed"]) != 0) & ~let_in[logins]
    by_app = np.flatnonzero(failed & ((agent[logins] & APP) != 0))
    failed[by_app[_sent_again(order, paths, logins[by_app])]] = False
    granted = _granted(order, status, words, paths, logins=logins, back=back, prepared=prepared)
    failed, got_in = (failed | (succeeded & again)) & ~granted, (succeeded & ~again) | granted
    found[logins] |= said(failed, "has_failed") | said(got_in, "has_succeeded")
    denied = np.flatnonzero((status == UNAUTHORIZED) & (((words & BIT["is_login"]) | found) == 0))
    found[denied[_by_many_names(order, status, paths, denied)]] = BIT["has_failed"]
    return found


def _denied_again(
    order: Numbered, status: Statuses, words: Words, paths: Keys, agent: NDArray[np.uint8]
) -> tuple[Words, Bools]:
    """Return what HTTP's own way refused again, and what it let in after asking for a password, each of shape (n,)."""
    found, let_in = np.zeros(len(words), np.uint32), np.zeros(len(words), np.bool_)
    same = ~changes(order.session)  # as the request before
    again = same & (status == UNAUTHORIZED) & ((words & BIT["is_login"]) == 0)
    refused = np.flatnonzero((status[:-1] == UNAUTHORIZED) & same[1:])
    let_in[refused] = (status[refused + 1] < REFUSED) & (paths[refused + 1] == paths[refused])
    # Forms take the next password with the same answers.
    let_in &= (words & BIT["at_login"]) == 0
    repeats = np.flatnonzero(again & ~let_in)
    repeats = repeats[(status[repeats - 1] == UNAUTHORIZED) & (paths[repeats] == paths[repeats - 1])]
    # A program whose token has run out asks on and on as well.
    found[repeats[((agent[repeats] & (APP | TOOL)) == 0) | (order.gap[repeats] < STORED)]] = BIT["is_denied_again"]
    return found, let_in


def _comes_back(order: Numbered, words: Words, logins: Rows) -> Bools:
    """Return after which logins the next request is for a login page again."""
    following = np.minimum(logins + 1, len(words) - 1)
    goes_on = _goes_on(order, logins)
    # Who changes the user agent for each attempt shows what follows only in the visit.
    back: Bools = np.where(goes_on, (words[following] & BIT["at_login"]) != 0, order.then_login[logins] == 1)
    return back


def _goes_on(order: Numbered, logins: Rows) -> Bools:
    """Return after which logins the session goes on."""
    return ~np.append(changes(order.session), True)[logins + 1]


def _shown_again(prepared: pl.DataFrame, order: Numbered, words: Words) -> Bools:
    """Return which attempts, of those that a redirect answered unread, led to the login page and to nothing else.

    Where a path takes other requests besides logins, that page alone may be what a login opens: only the next attempt,
    or the end of the visit, shows that it was the form again.
    """
    again = np.zeros(len(words), np.bool_)
    blind = np.flatnonzero(words & BIT["is_blind_login"])
    if not len(blind):  # hardly any site has such
        return again
    looks = looks_at_login(prepared)[order.rows] & ~changes(order.session)
    # The first request after each that is no look: another visit's, or this one's.
    others = np.append(np.flatnonzero(~looks), len(words))
    following = others[np.searchsorted(others, blind, side="right")]
    is_last = np.append(changes(order.visit), True)[following]
    tries = (np.append(words, 0)[following] & BIT["is_login"]) != 0
    again[blind] = (following > blind + 1) & (is_last | tries)
    return again


def _granted(
    order: Numbered,
    status: Statuses,
    words: Words,
    paths: Keys,
    *,
    logins: Rows,
    back: Bools,
    prepared: pl.DataFrame,
) -> Bools:
    """Return which logins were right though answered 200: where a refusal has a status, the form is not shown again.

    What refused the attempt before at the same path answers no wrong one with 200: who then goes elsewhere is in. And
    where the visit was refused at this path as programs are, an answer too short for a form is a token, unless its
    sender looks at the form next.
    """
    done = status[logins] == OK
    comes_after = ~changes(order.session[logins], paths[logins]) & (np.roll(status[logins], 1) >= REFUSED)
    granted: Bools = done & comes_after & _goes_on(order, logins) & ~back
    is_try = (words & BIT["is_login"]) != 0
    refused = np.flatnonzero(is_try & np.isin(status, REFUSED_TRY))
    short = np.flatnonzero(done & is_try[logins])
    if len(refused) and len(short):
        sent = prepared["bytes"].gather(order.rows[logins[short]]).fill_null(0).to_numpy()
        short = short[(sent > 0) & (sent < SHORTEST_FORM)]
        looks = ((words & mask(("at_login", "is_login"))) == BIT["at_login"]) & ~changes(order.session)
        short = short[~np.append(looks, False)[logins[short] + 1]]
        own, others = (joint_key(paths[rows], order.visit[rows]) for rows in (logins[short], refused))
        granted[short[np.isin(own, others)]] = True
    return granted


def _sent_again(order: Numbered, paths: Keys, refused: Rows) -> Bools:
    """Return which of an app's refused logins only repeat, at once or later, what the same path refused before."""
    again = np.zeros(len(refused), np.bool_)
    if not len(refused):
        return again
    sessions, keys = order.session[refused], paths[refused]
    by_path = order_within(sessions, keys)
    first = changes(sessions[by_path], keys[by_path])
    is_later = np.diff(order.times[refused][by_path], prepend=NO_TIME) >= STORED
    starts = np.flatnonzero(first | is_later)
    places = np.arange(len(first)) - np.repeat(starts, np.diff(starts, append=len(first)))
    again[by_path] = ~first & (places < AT_ONCE)
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
