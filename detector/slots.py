"""What each client does in each 10 s: the sums that a site's intervals of all lengths are made of."""

import logging
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import DECLARED
from detector.prepare import BROKEN, REFUSED, looks_at_login
from detector.rows import MISSING
from detector.runs import Runs
from detector.segments import begins, first_known, in_order, is_in_order, joint_key, totals
from detector.words import BIT, mask

log = logging.getLogger(__name__)

MOST_SLOTS = 1_000_000
"""Slots that are kept, some 130 MB; beyond them only every second client is counted, then every fourth, and so on."""

SUMS = ("requests", "assets", "looks", "failed", "succeeded", "blind", "errors", "odd")

SLOTS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.UInt64,
    "site": pl.UInt64,
    "domain": pl.String,
    "client": pl.String,
    "slot": pl.Datetime("us", "UTC"),
    **dict.fromkeys(SUMS, pl.UInt32),
    "referrer": pl.UInt64,
    "declared": pl.Boolean,
    "more": pl.Boolean,
    "agent": pl.UInt64,
}
"""One row per site, client and 10 s: numbers for site and client together and for the site alone, sums, the first
referrer's number (null: none), whether it called itself a crawler or monitor, whether it did more than asking for
pages (images, or sending something), and the first user agent's number."""

SLOT = 10_000_000
"""10 s in the microseconds of `time`."""

ATTEMPTS = {"failed": "login_failed", "succeeded": "login_succeeded", "blind": "is_blind_login"}
"""Sums, and the words (detector.words) of the requests that they count."""

_RARE = np.uint32(mask([*ATTEMPTS.values(), "is_head", "is_change", "is_dav", "is_malformed"]))
"""Attempts, and all that may be no GET."""


def observe(prepared: pl.DataFrame) -> pl.DataFrame:
    """Count what each client did in each 10 s.

    Args:
        prepared: Output of `detector.features.prepare`, not empty.

    Returns:
        SLOTS_SCHEMA, in the order of `place` and `slot`.
    """
    sites = prepared["domain_key"].to_numpy()
    places = joint_key(prepared["client_key"].to_numpy(), sites)
    slots = prepared["time"].to_physical().to_numpy() // SLOT
    # A page and its images mostly follow one another: what is sorted is much less than all requests.
    runs = Runs.of(places, slots)
    first = runs.first
    named = prepared.select(pl.col("domain", "client", "agent_key").gather(first))
    known = prepared["referrer_key"].is_not_null().to_numpy()
    found = {
        "place": runs.keys,
        "site": sites[first],
        "domain": named["domain"],
        "client": named["client"],
        "slot": runs.times * SLOT,
        "requests": runs.requests(),
        **_count(prepared, runs),
        "referrer": prepared["referrer_key"].gather(runs.first_known(known)),
        "agent": named["agent_key"],
    }
    return pl.DataFrame(found).select(pl.col(name).cast(dtype) for name, dtype in SLOTS_SCHEMA.items())


def _count(prepared: pl.DataFrame, runs: Runs) -> dict[str, NDArray[np.uint32] | NDArray[np.bool_]]:
    """Return SUMS but the first, `declared` and `more`."""
    status, words = prepared["status"].fill_null(0).to_numpy(), prepared["word"].to_numpy()
    marks, agents = prepared["marks"].to_numpy(), prepared["agent"].to_numpy()
    assets = runs.add_up((words & np.uint32(BIT["is_asset"])) != 0)
    # All the rest is rare: it is looked for among the few requests that have any of it.
    rare = (words & _RARE) != 0
    for some in (status >= REFUSED, marks != 0, (agents & DECLARED) != 0):
        rare |= some
    rows = np.flatnonzero(rare)
    status, words = status[rows], words[rows]
    # A request without a method is malformed, or answered as one that never came.
    sent = rows[~prepared["method"].gather(rows).is_in(["GET", "HEAD"]).to_numpy()]
    return {
        "assets": assets,
        "looks": runs.count(np.flatnonzero(looks_at_login(prepared))),
        **{name: runs.count(rows[(words & np.uint32(BIT[bit])) != 0]) for name, bit in ATTEMPTS.items()},
        "errors": runs.count(rows[status >= BROKEN]),
        "odd": runs.count(rows[np.isin(status, MISSING) | (marks[rows] != 0)]),
        "declared": runs.count(rows[(agents[rows] & DECLARED) != 0]) != 0,
        "more": (assets != 0) | (runs.count(sent) != 0),
    }


def merge_slots(slots: pl.DataFrame) -> pl.DataFrame:
    """Put the parts of each slot together: the same rows in the order of `place` and `slot`, each once.

    Returns:
        The same columns: sums of SUMS, whether any for Booleans, the first known `referrer`, and of others the first.
    """
    places, times = slots["place"].to_numpy(), slots["slot"].to_physical().to_numpy()
    if is_in_order(places, times):
        return slots
    order = in_order(places, times)
    starts = begins(places[order], times[order])
    columns = []
    for column in slots:
        if column.name in SUMS or column.dtype == pl.Boolean:
            sums = totals(column.to_numpy()[order], starts)
            columns.append(pl.Series(column.name, sums).cast(column.dtype))
            continue
        rows = first_known(column.is_not_null().to_numpy()[order], starts) if column.name == "referrer" else starts
        columns.append(column.gather(order[rows]))
    return pl.DataFrame(columns)


class Slots:
    """The slots of the last hours, bounded.

    Args:
        most: Slots that are kept.

    Attributes:
        frame: SLOTS_SCHEMA; a slot may be in parts.
        times: What counts of clients are multiplied by, for only a part of them is kept.
    """

    def __init__(self, most: int = MOST_SLOTS) -> None:
        self.most = most
        self.frame = pl.DataFrame(schema=SLOTS_SCHEMA)
        self._merged = self._thinned = 0

    @property
    def times(self) -> int:
        """What counts of clients are multiplied by: only a part of them is kept where they are too many."""
        return 1 << self._thinned

    def add(self, observed: pl.DataFrame) -> None:
        """Take in new slots (output of `observe`)."""
        self.frame = self.frame.vstack(self._thin(observed))
        # Pages hardly overlap: only many small ones have much to put together.
        if self.frame.height > min(2 * max(self._merged, observed.height, 10_000), self.most):
            self.merged()
        while self.frame.height > self.most:
            if not self._thinned:
                log.warning("more than %d clients at a time: sites are judged by a part of them", self.most)
            self._thinned += 1
            self.frame = self._thin(self.frame)
            self._merged = self.frame.height

    def merged(self) -> pl.DataFrame:
        """Return the slots, each in one part, in the order of `place` and `slot`."""
        self.frame = merge_slots(self.frame)
        self._merged = self.frame.height
        return self.frame

    def keep(self, since: datetime, until: datetime) -> None:
        """Let go of what is older than `since`, or far ahead of its time."""
        oldest = self.frame["slot"].min()
        # A tenth of the time more, so that not each page copies all of them.
        if isinstance(oldest, datetime) and oldest < since - 0.05 * (until - since):
            self.frame = self.frame.filter(pl.col("slot").is_between(since, until))
            self._merged = self.frame.height
        if self.frame.height < self.most // 8:
            self._thinned = 0

    def _thin(self, slots: pl.DataFrame) -> pl.DataFrame:
        return slots.filter(pl.col("client").hash(seed=2) % self.times == 0) if self._thinned else slots
