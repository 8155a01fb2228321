"""What each party did in all its sessions: see `detector.parties`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import BROWSER
from detector.parties import LINKS
from detector.peaks import Windows, busiest, in_time
from detector.prepare import BROKEN
from detector.requests import Floats, Pairs, Requests
from detector.segments import ODD, Bools, Keys, Rows, begins, changes, joint_key, order_within, width
from detector.served import ORDINARY_MARKS, PRIVATE_MARKS
from detector.sessions import NO_TIME
from detector.taken import count_exploits, count_guesses, count_taken
from detector.words import BIT, mask

FAST = 15
"""Requests of a party below which nobody asks for its most asked page."""

FETCHED = 4
"""Requests of a shown page's own script that count as one in a peak: it asks for dozens of things at once, and at its
worst, over the six connections that a browser has to a host, for some twenty a second, which is no flood yet. So do
an interface's answers where requests for one page are counted."""

PARTIAL, BUSY = 206, 429
TIMEOUTS = (408, 444, 499, 504)
COMMON_ANSWERS = 3
"""Different pages may have the same size by chance; so many panels of different software do not."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who is behind the sessions.

    Attributes:
        of: Each session's party, numbers from 0 on, shape (m,).
        is_joined: Whether a party has several sessions, shape (p,).
    """

    of: Rows
    is_joined: Bools

    @staticmethod
    def numbered(parties: Rows) -> "Parties":
        """Number parties that are told by any number of each, shape (m,)."""
        _, of, sizes = np.unique(parties, return_inverse=True, return_counts=True)
        return Parties(of, sizes > 1)

    def add_up(self, values: Floats) -> Floats:
        """Return the sum of a number over each party's sessions, shape (p,)."""
        return np.bincount(self.of, values, len(self.is_joined)).astype(np.float64, copy=False)

    def join(self, pairs: Pairs) -> Pairs:
        """Return what each party asked for, from what each session asked for: who repeats another has an empty word."""
        owners, words = self.of[pairs.owner], pairs.words
        rows = np.flatnonzero(self.is_joined[owners])
        if len(rows):
            rows = rows[np.argsort(owners[rows], kind="stable")]
            joined = Pairs.of(owners[rows], pairs.key[rows], words[rows], rows)
            words = words.copy()
            words[rows] = 0
            words[joined.first] = joined.words
        return replace(pairs, owner=owners, words=words)


def total_parties(
    requests: Requests, parties: Parties, own: Mapping[str, Floats], windows: Windows, prepared: pl.DataFrame
) -> dict[str, Floats]:
    """Return what each party did.

    Args:
        requests: Output of `detector.rows.number_rows`.
        parties: Who is behind the sessions.
        own: The features of the sessions' own requests, each of shape (m,).
        windows: Over the sessions' requests, of 10 and 60 seconds at least.
        prepared: What the requests were made of, for the texts.

    Returns:
        The features of `detector.table_context.CLIENT` but `crowd`, each of shape (m,).
    """
    count = len(parties.is_joined)
    paths, urls, signed = (parties.join(pairs) for pairs in (requests.paths, requests.urls, requests.signed))
    peaks = _peaks(requests, parties, windows, own["linked_assets"] >= LINKS, prepared)
    got = np.bincount(
        paths.owner[(paths.words & mask(("is_got", "is_asset"))) == BIT["is_got"]], minlength=count
    ).astype(np.float64)
    browses = parties.add_up(own["linked_assets"]) >= LINKS
    pages, unlinked = count_taken(
        requests, parties.of, (paths, urls), (browses, browses | _runs_scripts(requests, parties, prepared)), prepared
    )
    found = {
        "client_requests": parties.add_up(own["requests"]),
        "client_user_agents": _count_agents(requests, parties),
        "client_linked_assets": parties.add_up(own["linked_assets"]),
        "client_timeouts": parties.add_up(requests.odd.each(np.isin(requests.odd.status, TIMEOUTS))),
        "client_malformed": parties.add_up(own["malformed"]),
        "client_login_failures": parties.add_up(own["login_failures"]),
        "client_login_successes": parties.add_up(own["login_successes"]),
        "client_missing_paths": paths.count(count, "is_missing"),
        # An application or a crawler that gets hundreds of pages misses some; who guesses gets next to none.
        "client_guessed_paths": np.maximum(count_guesses(requests, paths, count, prepared) - got, 0.0),
        "client_probes": paths.count(count, "is_probe"),
        "client_knocks": _count_knocks(requests, paths, urls, count) + _same_refusals(requests, parties),
        # A browser that was here before has most of the images already.
        "client_exploits": count_exploits(signed, parties.add_up(own["linked_assets"]) > 0),
        "client_shells": paths.count(count, "is_shell"),
        "client_foreign_paths": paths.count(count, "is_foreign"),
        "client_pages": pages,
        "client_unlinked_pages": unlinked,
        "client_same_answers": _same_answers(requests, parties),
        **peaks,
    }
    return {name: values[parties.of] for name, values in found.items()}


def _count_knocks(requests: Requests, paths: Pairs, urls: Pairs, count: int) -> Floats:
    """Count the parties' knocks: paths, and what a query asks the front page for."""
    fronts, asked = (
        np.bincount(each.owner[rows[requests.depth[each.first[rows]] <= 1]], minlength=count)
        for each, rows in ((paths, paths.chosen("is_knock")), (urls, urls.chosen("is_knock")))
    )
    return np.asarray(paths.count(count, "is_knock") + np.maximum(asked - fronts, 0.0))


def _count_agents(requests: Requests, parties: Parties) -> Floats:
    order = np.argsort(parties.of, kind="stable")
    shown = Pairs.of(parties.of[order], requests.agent_key[order], np.zeros(len(order), np.uint32))
    return shown.count(len(parties.is_joined))


def _same_answers(requests: Requests, parties: Parties) -> Floats:
    """Count, at most, the different pages that were answered alike: a site that has no 404 shows guessing so."""
    paths = requests.paths
    chosen = np.flatnonzero((requests.words[paths.first] & mask(("is_asset", "is_head"))) == 0)
    rows = paths.first[chosen]
    status, size = requests.status[rows], requests.size[rows]
    alike = (size > 0) & ((status == 200) | (status == 302))  # noqa: PLR2004 - statuses
    rows, keys = rows[alike], paths.key[chosen[alike]]
    enough = np.flatnonzero(is_repeated(parties.of[requests.order.session[rows]], status[alike], size[alike]))
    same = _alike(requests, parties, rows[enough], keys[enough])
    most = np.full(len(parties.is_joined), float(COMMON_ANSWERS))
    np.maximum.at(most, same["party"].to_numpy(), same["same"].to_numpy())
    return most - COMMON_ANSWERS


def is_repeated(owners: Rows, status: NDArray[np.int16], size: Rows) -> Bools:
    """Return, of requests, at least those whose party got this answer more than COMMON_ANSWERS times, shape (n,)."""
    # Most answers are alone of their size: they are counted by some bits of a hash, which others seldom share.
    bits = width(2 * len(owners))
    answers = joint_key(joint_key(owners.view(np.uint64), status), size) * ODD
    places = (answers >> np.uint64(64 - bits)).view(np.int64)
    return np.asarray((np.bincount(places) > COMMON_ANSWERS)[places])


def _same_refusals(requests: Requests, parties: Parties) -> Floats:
    """Count the party's knocks that a site without 404 answers, all alike, with its front page or a redirect."""
    rows = np.flatnonzero(requests.marks & np.uint16(PRIVATE_MARKS | ORDINARY_MARKS))
    status = requests.status[rows]
    told = (requests.words[rows] & mask(("is_knock", "is_probe", "is_linked"))) != 0
    rows = rows[~told & (status >= 200) & (status < 400)]  # noqa: PLR2004 - statuses
    same = _alike(requests, parties, rows, requests.path_key[rows]).filter(pl.col("same") >= COMMON_ANSWERS)
    return np.bincount(same["party"].to_numpy(), same["same"].to_numpy(), len(parties.is_joined)).astype(np.float64)


def _alike(requests: Requests, parties: Parties, rows: Rows, keys: Keys) -> pl.DataFrame:
    """Return how many of these requests' distinct keys each party got each answer to: `party` and `same`."""
    asked = pl.DataFrame(
        {
            "party": parties.of[requests.order.session[rows]],
            "status": requests.status[rows],
            "size": requests.size[rows],
            "key": keys,
        }
    )
    answers = asked.group_by("party", "status", "size").agg(pl.col("key").n_unique().cast(pl.Int64).alias("same"))
    return answers.select("party", "same")


def _peaks(
    requests: Requests, parties: Parties, windows: Windows, browses: Bools, prepared: pl.DataFrame
) -> dict[str, Floats]:
    """Return the parties' peaks without what browsers load to show a page; requests without a time are in none."""
    linked = mask(("is_asset", "is_linked"))
    # Films and long documents are fetched in parts.
    counts = ((requests.words & linked) != linked) & (requests.status != PARTIAL) & (requests.order.times != NO_TIME)
    counts[_fetched(requests, browses)] = False
    ten, minute = (np.zeros(len(parties.is_joined)) for _ in range(2))
    ten[parties.of], minute[parties.of] = windows.most(10, counts), windows.most(60, counts)
    # One session's requests are in the order of time; those of several have to be put in it.
    rows = _of_parties(requests, parties, counts, parties.is_joined)
    owners, moments = in_time(parties.of[requests.order.session[rows]], requests.order.times[rows])
    starts = begins(owners)
    found = busiest(starts, moments, {"ten": 10, "minute": 60})
    ten[parties.is_joined] = minute[parties.is_joined] = 0.0
    ten[owners[starts]], minute[owners[starts]] = found["ten"], found["minute"]
    fast = _of_parties(requests, parties, counts, ten >= FAST)
    # An interface is asked for everything at one path.
    serves = prepared["is_interface"].to_numpy()[requests.order.rows[fast]] & _is_served(requests.status[fast])
    serves[serves] = ~_is_counted(requests, fast[serves])
    same = _peaks_of_pages(requests, parties, fast[~serves])
    return {"client_peak_10s": ten, "client_peak_60s": minute, "client_same_10s": same}


def _runs_scripts(requests: Requests, parties: Parties, prepared: pl.DataFrame) -> Bools:
    """Return which parties' pages ask an interface, as browsers let them: shape (p,).

    That is how a browser shows itself where a site's images and styles are elsewhere.
    """
    wanted = mask(("is_linked", "is_got"))
    rows = np.flatnonzero((requests.words & (wanted | mask(("is_page", "is_asset", "is_login")))) == wanted)
    rows = rows[(requests.agent[requests.order.session[rows]] & BROWSER) != 0]
    rows = rows[prepared["is_interface"].to_numpy()[requests.order.rows[rows]]]
    asked = np.bincount(parties.of[requests.order.session[rows]], minlength=len(parties.is_joined))
    return np.asarray(asked >= LINKS)


def _fetched(requests: Requests, browses: Bools) -> Rows:
    """Return what the scripts of shown pages asked for and got, but for every FETCHED-th.

    Args:
        requests: As above.
        browses: Whether a session loads images and styles as browsers do, shape (m,).
    """
    rows = np.flatnonzero((requests.words & mask(("is_linked", "is_page", "is_asset", "is_login"))) == BIT["is_linked"])
    rows = rows[browses[requests.order.session[rows]] & _is_served(requests.status[rows])]
    return rows[~_is_counted(requests, rows)]


def _is_counted(requests: Requests, rows: Rows) -> Bools:
    """Return which of these requests (ascending) is the first of FETCHED of a session's, shape (n,)."""
    sessions = requests.order.session[rows]
    starts = begins(sessions)
    places = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
    return np.asarray(places % FETCHED == 0)


def _is_served(status: NDArray[np.int16]) -> Bools:
    """Return which answers are a server's that has no trouble, shape (n,)."""
    return np.asarray((status < BROKEN) & (status != BUSY))


def _of_parties(requests: Requests, parties: Parties, which: Bools, chosen: Bools) -> Rows:
    """Return those of these requests that are of some parties (shape (p,))."""
    return np.flatnonzero(which & chosen[parties.of][requests.order.session]) if chosen.any() else np.zeros(0, np.int64)


def _peaks_of_pages(requests: Requests, parties: Parties, rows: Rows) -> Floats:
    """Return the most of these requests of a party for one page within 10 seconds, shape (p,)."""
    found = np.zeros(len(parties.is_joined))
    owners = parties.of[requests.order.session[rows]]
    early = np.argsort(owners, kind="stable")
    order = rows[early[order_within(owners[early], requests.path_key[rows[early]])]]
    owners = parties.of[requests.order.session[order]]
    pages = np.cumsum(changes(owners, requests.path_key[order])) - 1
    firsts = begins(pages)
    _, moments = in_time(pages, requests.order.times[order])
    np.maximum.at(found, owners[firsts], busiest(firsts, moments, {"ten": 10})["ten"])
    return found
