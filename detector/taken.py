"""What a party took, guessed and tried: pages among all that it got, guesses among all that it did not get.

Both need a look at texts, and only of those few parties that may have much.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from detector.pieces import gather
from detector.places import is_among
from detector.requests import FORCED, TYPED, Floats, Pairs, Requests
from detector.segments import Bools, Keys, Rows, joint_key
from detector.served import EXPLOIT_MARKS
from detector.words import BIT, mask

MANY_PAGES = 20
"""Pages from which on it is looked at whether a browser showed them: half of what makes a scraper."""

MANY_GUESSES = 6
"""Guesses from which on it is looked at whether they are more than numbers: half of what makes a scan."""

ODD_SEARCHES = 5
"""Searches that read like an attack and that somebody who browses may have typed: people look for help."""

_NUMBERS = r"[^/]{24,}|[0-9A-Fa-f]{8,}|\d+"
"""Parts of a path that number things, or name one by a token or a title: no list of guesses holds them."""


def count_taken(
    requests: Requests, of: Rows, taken: tuple[Pairs, Pairs], shows: tuple[Bools, Bools], prepared: pl.DataFrame
) -> tuple[Floats, Floats]:
    """Count the different pages that each party took, and those it took in a browser's name without a link.

    What a browser shows becomes the referrer of what it loads and of what is read next; what its pages fetch by
    themselves (parts of maps, states, messages) does not. So of a party that shows pages those with a referrer
    count only if they were shown. Of an interface's numbers those count that somebody opened as a page, and
    those that a browser's name asks without loading anything: pages ask for them as well, and programs as themselves.

    Args:
        requests: Output of `detector.rows.number_rows`.
        of: Each session's party, shape (m,).
        taken: The distinct paths, and URLs with a query, of the parties.
        shows: Whether a party loads images and styles as browsers do, and whether it does so or its pages' scripts ask
            an interface, both of shape (p,).
        prepared: What the requests were made of.

    Returns:
        Both of shape (p,); of parties with few it is not looked up what they showed.
    """
    (browses, runs), (paths, urls) = shows, taken
    count = len(browses)
    every = paths.count(count, "is_read") + urls.count(count, "is_leafed")
    unlinked = paths.count(count, "is_read_unlinked") + urls.count(count, "is_leafed_unlinked")
    is_asked = (urls.words & mask(("is_leafed", "is_page"))) == BIT["is_leafed"]
    is_posing = (urls.words & BIT["is_leafed_unlinked"]) != 0
    doubtful = np.flatnonzero(is_asked & (~is_posing | browses[urls.owner]))
    looked_at = np.zeros(count, np.bool_)
    looked_at[urls.owner[doubtful]] = True
    looked_at = (looked_at | runs) & (every >= MANY_PAGES)
    rows = np.flatnonzero(looked_at[of[requests.order.session]])
    shown = _shown(requests, of, rows, prepared)
    is_shown = is_among(joint_key(urls.key[doubtful], urls.owner[doubtful]), shown.urls)
    fetched = doubtful[~is_shown]
    loaded = _count_loaded(taken, shown, looked_at & runs, ~is_asked)
    posed = fetched[is_posing[fetched]]
    return (
        every - loaded - np.bincount(urls.owner[fetched], minlength=count),
        unlinked - np.bincount(urls.owner[posed], minlength=count),
    )


def _count_loaded(taken: tuple[Pairs, Pairs], shown: "_Shown", looked_at: Bools, is_page: Bools) -> Floats:
    """Count what each of these parties (shape (p,)) got by a link and no browser showed, of URLs only pages."""
    found = np.zeros(len(looked_at))
    for pairs, name, keys in ((taken[0], "is_read", shown.paths), (taken[1], "is_leafed", shown.urls)):
        linked = BIT[name] | BIT["is_linked"]
        doubtful = (pairs.words & (linked | BIT[f"{name}_unlinked"])) == linked
        if name == "is_leafed":
            doubtful &= is_page
        chosen = np.flatnonzero(doubtful & looked_at[pairs.owner])
        loaded = ~is_among(joint_key(pairs.key[chosen], pairs.owner[chosen]), keys)
        found += np.bincount(pairs.owner[chosen[loaded]], minlength=len(looked_at))
    return found


class _Shown(NamedTuple):
    """Pages that parties name as the referrer of a request: joint keys of path or URL, and party."""

    paths: Keys
    urls: Keys


def _shown(requests: Requests, of: Rows, rows: Rows, prepared: pl.DataFrame) -> _Shown:
    words, parties = requests.words[rows], of[requests.order.session[rows]]
    # All of a column at once: these are most rows.
    pages, urls = (prepared[name].fill_null(0).to_numpy() for name in ("shown_key", "url_key"))
    linked = np.flatnonzero(words & BIT["is_linked"])
    referrers = joint_key(pages[requests.order.rows[rows[linked]]], parties[linked])
    got = np.flatnonzero(words & mask(("is_read", "is_leafed")))
    asked = joint_key(urls[requests.order.rows[rows[got]]], parties[got])
    is_shown = is_among(asked, referrers)
    shown = got[is_shown]
    return _Shown(joint_key(requests.path_key[rows[shown]], parties[shown]), asked[is_shown])


def count_guesses(requests: Requests, paths: Pairs, count: int, prepared: pl.DataFrame) -> Floats:
    """Count the different guesses of each party: pages that led to nothing and that no link named.

    Who looks up one number or token after the other guesses no paths.

    Args:
        requests: Output of `detector.rows.number_rows`.
        paths: The distinct paths of the parties.
        count: How many parties there are.
        prepared: What the requests were made of.

    Returns:
        Of shape (count,).
    """
    found = paths.count(count, "is_guess")
    chosen = paths.chosen("is_guess")
    chosen = chosen[found[paths.owner[chosen]] >= MANY_GUESSES]
    if not len(chosen):
        return found
    texts = gather(prepared.select("path"), requests.order.rows[paths.first[chosen]]).to_series()
    shapes = texts.str.replace_all(_NUMBERS, "0")
    each = (
        pl.DataFrame({"party": paths.owner[chosen], "shape": shapes}).group_by("party").agg(pl.col("shape").n_unique())
    )
    found[each["party"].to_numpy()] = each["shape"].to_numpy()
    return found


def count_exploits(signed: Pairs, browses: Bools) -> Floats:
    """Count the different URLs of each party that look like an exploit, but for the odd searches of who browses.

    Args:
        signed: The distinct URLs of the parties that have signs of an attack.
        browses: Whether a party loads images or styles, shape (p,).

    Returns:
        Of shape (p,).
    """
    exploits = np.flatnonzero(signed.words & np.uint32(EXPLOIT_MARKS))
    forced, typed = ((signed.words[exploits] >> np.uint32(bit)) & 1 == 1 for bit in (FORCED, TYPED))
    every, by_force, searches = (
        np.bincount(signed.owner[exploits[which]], minlength=len(browses)).astype(np.float64)
        for which in (np.ones(len(exploits), np.bool_), forced, typed & ~forced)
    )
    return np.where(browses, by_force + np.maximum(searches - ODD_SEARCHES, 0.0), every)
