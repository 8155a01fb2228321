"""Requests as numbers, sorted by session: what features are computed on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.segments import Bools, Keys, Rows, begins, order_within, totals
from detector.sessions import Numbered
from detector.words import BIT, Words, mask

Floats = NDArray[np.float64]

ANSWERED = 16
"""The bit beside the marks that says that a request with signs of an attack was answered 2xx."""

FORCED, TYPED = 17, 18
"""That no person who browses typed it, as far as it tells; and that the signs are in the URL itself."""


ODD_STATUS = 300
"""Answers from here on are no plain success."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What owners (sessions, say) asked for, each distinct key once, sorted by owner.

    Attributes:
        owner: Numbers of shape (p,), ascending.
        key: Hashes of shape (p,).
        first: The first request for it, shape (p,).
        size: How many there are, shape (p,).
        words: What holds for any of them, shape (p,).
    """

    owner: Rows
    key: Keys
    first: Rows
    size: Rows
    words: Words

    @staticmethod
    def of(owners: Rows, keys: Keys, words: Words, rows: Rows | None = None) -> "Pairs":
        """Put requests together that share owner and key.

        Args:
            owners: Numbers of shape (n,), ascending.
            keys: Hashes of shape (n,).
            words: Of shape (n,).
            rows: Which requests these are; None: all.
        """
        order = order_within(owners, keys)
        sorted_keys = keys[order]
        starts = begins(owners, sorted_keys)
        first = order[starts]
        size = np.diff(starts, append=len(order))
        any_of = np.bitwise_or.reduceat(words[order], starts)
        return Pairs(owners[starts], sorted_keys[starts], first if rows is None else rows[first], size, any_of)

    def chosen(self, name: str) -> Rows:
        """Return the pairs with a request of which this holds."""
        return np.flatnonzero(self.words & BIT[name])

    def count(self, owners: int, name: str | None = None) -> Floats:
        """Return how many pairs each owner has, only those with a request of which this holds, shape (owners,)."""
        chosen = self.owner if name is None else self.owner[self.chosen(name)]
        return np.bincount(chosen, minlength=owners).astype(np.float64)


RARE = (
    "is_login",
    "is_malformed",
    "is_head",
    "is_change",
    "is_robots",
    "is_missing",
    "is_unknown",
    "has_failed",
    "has_succeeded",
    "is_denied_again",
)
"""What is said of few requests: to look at these alone costs next to nothing."""


@dataclass(frozen=True, slots=True)
class Odd:
    """The few requests of which any of RARE is said, or whose status is ODD_STATUS or higher; k of them.

    Attributes:
        rows: Which they are, shape (k,), ascending.
        session, words, status: Theirs, shape (k,).
        sessions: How many sessions there are.
    """

    rows: Rows
    session: Rows
    words: Words
    status: NDArray[np.int16]
    sessions: int

    @staticmethod
    def of(order: Numbered, words: Words, status: NDArray[np.int16]) -> "Odd":
        """Choose them among requests in the order of session and time, shape (n,)."""
        rows = np.flatnonzero(((words & mask(RARE)) != 0) | (status >= ODD_STATUS))
        return Odd(rows, order.session[rows], words[rows], status[rows], len(order.begins))

    def has(self, name: str) -> Bools:
        """Return which of them one of RARE holds for, shape (k,)."""
        if name not in RARE:
            raise ValueError(name)
        return np.asarray((self.words & BIT[name]) != 0)

    def count(self, name: str) -> Floats:
        """Return how many of each session's requests one of RARE holds for, shape (m,)."""
        return self.each(self.has(name))

    def each(self, which: Bools) -> Floats:
        """Return how many of each session's requests are among these (shape (k,)), shape (m,)."""
        return np.bincount(self.session[which], minlength=self.sessions).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests in the order of session and time, n of them in m sessions.

    Attributes:
        order: Their places, sessions and times.
        status: 0 where there is none, and for what is no status.
        size: Bytes of the answer, -1 where it is not told.
        agent: Bits of the user agent (detector.prepare), shape (m,).
        agent_key: Its hash, shape (m,).
        visit: Each session's, shape (m,).
        marks, depth, url_length, path_key: As `prepare` tells them.
        words: A bit for each of TOLD and FOUND.
        odd: Those of which something is told that is told of few.
        asked: Those whose URL is more than its path, shape (q,); what follows is told of them alone.
        url_key, query_length, query_entropy: As `prepare` tells them, shape (q,).
        paths: The distinct paths of each session.
        urls: The distinct URLs of each session that have a query.
        signed: The distinct URLs of each session that have signs of an attack; their words are the marks, and
            ANSWERED, FORCED and TYPED.
    """

    order: Numbered
    status: NDArray[np.int16]
    size: Rows
    agent: NDArray[np.uint8]
    agent_key: Keys
    visit: Rows
    marks: NDArray[np.uint16]
    depth: NDArray[np.uint8]
    url_length: NDArray[np.uint32]
    path_key: Keys
    words: Words
    odd: Odd
    asked: Rows
    url_key: Keys
    query_length: NDArray[np.uint32]
    query_entropy: NDArray[np.float32]
    paths: Pairs
    urls: Pairs
    signed: Pairs

    @property
    def begins(self) -> Rows:
        """The first request of each session, shape (m,)."""
        return self.order.begins

    @property
    def sizes(self) -> Rows:
        """How many requests each session has, shape (m,)."""
        return np.diff(self.begins, append=len(self.order.rows))

    def has(self, *names: str) -> Bools:
        """Return which requests any of these hold for."""
        return np.asarray((self.words & mask(names)) != 0)

    def count(self, which: Bools) -> Floats:
        """Return how many of each session's requests are among these, shape (m,)."""
        return totals(which, self.begins).astype(np.float64)

    def total(self, values: NDArray[Any]) -> Floats:
        """Return the sum over each session's requests, shape (m,)."""
        # Of floats: somebody's sizes may be too large for the sum of integers.
        return np.asarray(np.add.reduceat(values.astype(np.float64, copy=False), self.begins))

    def most(self, values: NDArray[Any]) -> Floats:
        """Return the most among each session's requests, shape (m,)."""
        return np.asarray(np.maximum.reduceat(values, self.begins), np.float64)

    def each(self, values: Rows) -> Floats:
        """Return how often each session is among these, shape (m,)."""
        return np.bincount(values, minlength=len(self.begins)).astype(np.float64)
