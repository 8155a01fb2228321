"""What a site's history says of requests: whether somebody looks for what is not there."""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import DECLARED
from detector.pieces import gather
from detector.places import number_keys
from detector.prepare import BROKEN, REFUSED, UNAUTHORIZED, marks_of
from detector.profile import SiteProfile, extension
from detector.segments import Keys, Rows, joint_key
from detector.words import BIT, Words, said
from enrich.signs import EXPLICIT, EXPLOITS, PRIVATE, PROBES

FEW_CLIENTS = 2
"""What a site has served to fewer clients may have been served to attackers alone."""

SCRIPTS = (
    "php",
    "php5",
    "php7",
    "phtml",
    "asp",
    "aspx",
    "ashx",
    "asmx",
    "jsp",
    "jspx",
    "do",
    "action",
    "cgi",
    "pl",
    "cfm",
)
"""Extensions that tell a site's technology."""

EXPLOIT_MARKS = marks_of(EXPLOITS)
EXPLICIT_MARKS = marks_of(set(EXPLICIT) - set(EXPLOITS))
ORDINARY_MARKS = marks_of(set(PROBES) - set(EXPLICIT))
"""Probes that are attacks by themselves, and those that are ordinary where the site has what was asked for."""
PRIVATE_MARKS = marks_of(PRIVATE)
"""Probes that are attacks where they are refused to somebody who followed no link."""

MOST_ANSWERS = 200_000
"""Paths of which it is kept what was answered, some 2 MB; beyond them it is forgotten."""

_SERVED, _NEW, _STRANGE, _THERE = 1, 2, 4, 8


class Answers:
    """What a history has answered, for who asks again and again: of each path it is asked once."""

    def __init__(self) -> None:
        self._keys, self._facts = np.zeros(0, np.uint64), np.zeros(0, np.uint8)

    def recall(self, keys: Keys, ask: Callable[[Rows], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Return the answers, shape (n,).

        Args:
            keys: Of what is asked, shape (n,), each once.
            ask: Answers those of these rows, of whose keys nothing is known.
        """
        held = np.minimum(np.searchsorted(self._keys, keys), max(len(self._keys) - 1, 0))
        is_known = self._keys[held] == keys if len(self._keys) else np.zeros(len(keys), np.bool_)
        found, rows = np.zeros(len(keys), np.uint8), np.flatnonzero(~is_known)
        found[is_known] = self._facts[held[is_known]]
        if len(rows):
            found[rows] = ask(rows)
            if len(self._keys) > MOST_ANSWERS:
                self._keys, self._facts = np.zeros(0, np.uint64), np.zeros(0, np.uint8)
            both = np.concatenate([self._keys, keys[rows]])
            order = np.argsort(both)
            self._keys, self._facts = both[order], np.concatenate([self._facts, found[rows]])[order]
        return found


def tell_facts(prepared: pl.DataFrame, words: Words, profile: SiteProfile, answers: Answers) -> NDArray[np.uint8]:
    """Return what the history knows of each request's path, shape (n,); nothing of assets without signs of an attack.

    Args:
        prepared: Output of `detector.prepare.prepare`.
        words: What it tells.
        profile: What the sites serve.
        answers: What this profile has answered before.
    """
    found = np.zeros(len(words), np.uint8)
    if not profile.is_empty:
        rows = np.flatnonzero(((words & BIT["is_asset"]) == 0) | (prepared["marks"].to_numpy() != 0))
        found[rows] = _facts(prepared, rows, profile, answers)
    return found


def ask_history(
    prepared: pl.DataFrame,
    order: Rows,
    *,
    words: Words,
    marks: NDArray[np.uint16],
    status: NDArray[np.int16],
    agent: NDArray[np.uint8],
    facts: NDArray[np.uint8],
) -> Words:
    """Return the bits `is_probe`, `is_knock`, `is_unknown` and `is_foreign` of each request, shape (n,).

    Args:
        prepared: Output of `detector.prepare.prepare`.
        order: The order of the requests; the other columns are in it.
        words: What is known already.
        marks: Signs of an attack.
        status: 0 where there is none.
        agent: Bits of the user agent.
        facts: Output of `tell_facts`.
    """
    found = np.zeros(len(words), np.uint32)
    rows = np.flatnonzero((marks != 0) | ((facts & (_NEW | _STRANGE)) != 0))
    words, marks, status, facts = words[rows], marks[rows], status[rows], facts[rows]
    is_page, is_bare = (words & BIT["is_asset"]) == 0, (words & BIT["is_linked"]) == 0
    # A server that is down (5xx) refuses its own visitors, who follow links.
    refused = (status >= REFUSED) & ((status < BROKEN) | is_bare)
    explicit, private, ordinary = ((marks & np.uint16(some)) != 0 for some in _KINDS)
    # Robots that say so ask for whatever somebody linked to; 401 is what owners get before they say who they are.
    snoops = private & refused & (status != UNAUTHORIZED) & is_bare & ((agent[rows] & DECLARED) == 0)
    # What is down now was there for its owner, if for anybody; a query may ask the front page for anything.
    unserved = ((facts & _SERVED) == 0) & (((facts & _THERE) == 0) | (status < BROKEN))
    place = gather(prepared.select("depth", "query_length"), order[rows])
    is_front = place.select((pl.col("depth") <= 1) & (pl.col("query_length") > 0)).to_series().to_numpy()
    knocks = ordinary & refused & ~snoops & ((words & BIT["is_dav"]) == 0)
    is_search = (words & BIT["is_search"]) != 0
    bits = said((explicit & ~is_search) | (snoops & unserved), "is_probe")
    bits |= said(knocks & (unserved | is_front), "is_knock")
    bits |= said(((facts & _NEW) != 0) & is_page, "is_unknown")
    bits |= said(((facts & _STRANGE) != 0) & is_page & refused, "is_foreign")
    found[rows] = bits
    return found


_KINDS = (EXPLICIT_MARKS, PRIVATE_MARKS, ORDINARY_MARKS)


def _facts(prepared: pl.DataFrame, rows: Rows, profile: SiteProfile, answers: Answers) -> NDArray[np.uint8]:
    """Return what the history knows of these requests' paths, each path looked up once."""
    keys, domains = prepared["path_key"].to_numpy()[rows], prepared["domain_key"].to_numpy()
    if len(domains) and bool((domains == domains[0]).all()):
        firsts, places = number_keys(keys)
        own = joint_key(keys[firsts], domains[rows[firsts]])
    else:
        keys = joint_key(keys, domains[rows])
        firsts, places = number_keys(keys)
        own = keys[firsts]
    texts = prepared.select("domain", "path")
    return answers.recall(own, lambda new: _ask(gather(texts, rows[firsts[new]]), profile))[places]


def _ask(asked: pl.DataFrame, profile: SiteProfile) -> NDArray[np.uint8]:
    """Return what the history knows of each `domain` and `path`, shape (n,)."""
    script = extension().is_in(SCRIPTS)
    known = profile.known(asked).hstack(asked.select("path"))
    told = known.select(
        pl.when(pl.col("known_clients") >= FEW_CLIENTS).then(_SERVED).otherwise(0).alias("served"),
        pl.when(pl.col("is_profiled") & (pl.col("known_clients") == 0)).then(_NEW).otherwise(0).alias("new"),
        pl.when(pl.col("is_profiled") & script & (pl.col("extension_clients") == 0))
        .then(_STRANGE)
        .otherwise(0)
        .alias("strange"),
        pl.when(pl.col("known_clients") > 0).then(_THERE).otherwise(0).alias("there"),
    )
    facts = told.select(pl.sum_horizontal("served", "new", "strange", "there").cast(pl.UInt8)).to_series().to_numpy()
    return np.asarray(facts, np.uint8)
