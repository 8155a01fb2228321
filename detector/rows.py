"""Prepared requests to numbers: sorted by session, with what their order and the site's history say of them."""

from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import APP, BROWSER
from detector.outcomes import judge_logins
from detector.pieces import gather
from detector.prepare import codes
from detector.profile import SiteProfile
from detector.requests import ANSWERED, FORCED, TYPED, Odd, Pairs, Requests
from detector.segments import Rows
from detector.served import Answers, ask_history, tell_facts
from detector.sessions import Numbered, moments, number
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
    words |= judge_logins(order, status, words, paths, agent=agent, prepared=prepared)
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
    # Interfaces are for programs, and pages leaf through them: which of these numbers count, `detector.taken` tells.
    numbered = words & mask(("is_numbered", "is_plain", "is_got", "is_page", "is_asset", "is_change"))
    asked = np.flatnonzero(numbered == mask(("is_numbered", "is_got")))
    leafs[asked] = prepared["is_interface"].to_numpy()[order[asked]]
    return (
        said(reads, "is_read")
        | said(reads & unlinked, "is_read_unlinked")
        | said(leafs, "is_leafed")
        | said(leafs & unlinked, "is_leafed_unlinked")
    )
