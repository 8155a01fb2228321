"""Slots spread out as arrays, by client and time, once for intervals of all lengths; and who of the clients browses."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.segments import Bools, begins, in_order, totals
from detector.sessions import HOUR
from detector.slots import SLOT

MANY = 10
"""Requests without a single image or style among them from which on a referrer makes nobody a visitor."""

MADE_UP = 0.5
"""Share of different ones among the referrers of clients that load nothing, from which on they are made up: crowds come
by one link, or a few."""

CLAIMS = 30
"""Such clients, at least, before that is said."""

SPARSE = 64
"""Possible numbers for each that there is, up to which to look them up in a table costs less than to sort them."""


@dataclass(frozen=True, slots=True)
class Browsing:
    """What a client's slots together tell, shape (n,), the same for all of a client's.

    Attributes:
        loads: It loads images or styles.
        browses: It does, or is a visitor by its referrer. A referrer is easily made up: it counts only for who asks
            for little, and not where everybody shows another.
        is_made_up: Its referrer is made up.
    """

    loads: Bools
    browses: Bools
    is_made_up: Bools


@dataclass(frozen=True, slots=True)
class Points:
    """All 10 s of all sites in which anybody asked for anything, by site and time, shape (p,).

    Attributes:
        domains: The sites' names, by the alphabet.
        sites: Which of them each is of.
        times: When each begins, microseconds since 1970.
    """

    domains: pl.Series
    sites: NDArray[np.int64]
    times: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spread:
    """Slots in the order of client and time, shape (n,).

    Attributes:
        slots: SLOTS_SCHEMA, as they came.
        order: The row of `slots` of each.
        clients: Numbers from 0 on, one for each client of each site.
        times: When each begins, microseconds since 1970.
        points: Which of `table` each is in.
        table: All 10 s.
        browsing: Who browses.
        declared: Whether it calls itself a robot.
        tries: Whether it tried to log in.
    """

    slots: pl.DataFrame
    order: NDArray[np.integer]
    clients: NDArray[np.int32]
    times: NDArray[np.int64]
    points: NDArray[np.int32]
    table: Points
    browsing: Browsing
    declared: Bools
    tries: Bools

    @classmethod
    def of(cls, slots: pl.DataFrame) -> "Spread":
        """Spread slots (SLOTS_SCHEMA, in any order, a slot may be in parts)."""
        order = _in_order(slots["place"].to_numpy(), slots["slot"].to_physical().to_numpy())
        starts = begins(slots["place"].to_numpy()[order])
        times = slots["slot"].to_physical().to_numpy()[order]
        sizes = np.diff(starts, append=len(order))
        sites, domains = _number_sites(slots, order[starts])
        points, table = _points(np.repeat(sites, sizes), times, domains)
        return cls(
            slots,
            order,
            np.repeat(np.arange(len(starts), dtype=np.int32), sizes),
            times,
            points,
            table,
            _browsing(slots, order, starts, sites),
            slots["declared"].to_numpy()[order],
            ((slots["failed"].to_numpy() | slots["succeeded"].to_numpy()) != 0)[order],
        )


def _in_order(places: NDArray[np.uint64], times: NDArray[np.int64]) -> NDArray[np.integer]:
    # Mostly a few stretches that are in order: a merge sort only puts them together.
    order = np.argsort(places, kind="stable")
    own, when = places[order], times[order]
    if bool(((when[1:] >= when[:-1]) | (own[1:] != own[:-1])).all()):
        return order
    return in_order(places, times)


def _number_sites(slots: pl.DataFrame, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], pl.Series]:
    """Return the number of each row's site, shape (m,), and the sites' names, by the alphabet."""
    _, first, numbers = np.unique(slots["site"].to_numpy()[rows], return_index=True, return_inverse=True)
    names = slots["domain"].gather(rows[first])
    by_name = names.arg_sort().to_numpy()
    ranks = np.empty(len(by_name), np.int64)
    ranks[by_name] = np.arange(len(by_name))
    return ranks[numbers], names.gather(by_name)


def _points(sites: NDArray[np.int64], times: NDArray[np.int64], domains: pl.Series) -> tuple[NDArray[np.int32], Points]:
    if not len(times):
        return np.zeros(0, np.int32), Points(domains, sites, times)
    begun = times.min() // HOUR * HOUR
    slots = (times - begun) // SLOT
    span = int(slots.max()) + 1
    numbers, codes = number_codes(sites * span + slots)
    return numbers, Points(domains, codes // span, codes % span * SLOT + begun)


def number_codes(codes: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the rank of each code among the different ones, shape (n,), and these, ascending.

    Args:
        codes: From 0 on, not empty, shape (n,).
    """
    most = int(codes.max()) + 1
    if most > SPARSE * len(codes):
        distinct, numbers = np.unique(codes, return_inverse=True)
        return numbers.astype(np.int32), distinct
    is_there = np.zeros(most, np.bool_)
    is_there[codes] = True
    ranks = np.cumsum(is_there, dtype=np.int32)
    ranks -= 1
    return np.asarray(ranks[codes], np.int32), np.asarray(np.flatnonzero(is_there), np.int64)


def _browsing(
    slots: pl.DataFrame, order: NDArray[np.integer], starts: NDArray[np.intp], sites: NDArray[np.int64]
) -> Browsing:
    """Return who browses.

    Args:
        slots: As in `Spread`.
        order: As there.
        starts: Where each client begins, shape (m,).
        sites: Their sites' numbers.
    """
    loads = totals((slots["assets"].to_numpy() != 0)[order], starts) != 0
    asks_little = totals(slots["requests"].to_numpy()[order], starts) < MANY
    sizes = np.diff(starts, append=len(order))
    claims, is_made_up = np.zeros(len(starts), np.bool_), np.zeros(len(starts), np.bool_)
    may = np.repeat(~loads & asks_little, sizes)
    rows = np.flatnonzero(may)
    named = slots["referrer"].gather(order[rows])
    shown = named.is_not_null().to_numpy()
    # Of each client the first one counts: the last that is written.
    rows, sources = rows[shown][::-1], named.filter(named.is_not_null()).to_numpy()[::-1]
    who = np.searchsorted(starts, rows, side="right") - 1
    first = np.zeros(len(starts), np.uint64)
    first[who] = sources
    claims[who] = True
    if np.count_nonzero(claims) >= CLAIMS:
        told = pl.DataFrame({"site": sites[claims], "referrer": first[claims]}).group_by("site")
        counted = told.agg(pl.len(), pl.col("referrer").n_unique().alias("different"))
        liars = counted.filter((pl.col("len") >= CLAIMS) & (pl.col("different") >= MADE_UP * pl.col("len")))
        is_made_up = claims & np.isin(sites, liars["site"].to_numpy())
    each = (loads, loads | (claims & ~is_made_up), is_made_up)
    return Browsing(*(np.repeat(told, sizes) for told in each))
