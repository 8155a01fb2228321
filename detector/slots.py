"""What each client does in each 10 s: the sums that a site's intervals of all lengths are made of."""

import logging
from datetime import datetime

import polars as pl

from detector.prepare import DECLARED

log = logging.getLogger(__name__)

MOST_SLOTS = 1_000_000
"""Slots that are kept, some 100 MB; beyond them only every second client is counted, then every fourth, and so on."""

MANY = 10
"""Requests without a single image or style among them from which on a referrer makes nobody a visitor."""

MADE_UP = 0.5
"""Share of different ones among the referrers of clients that load nothing, from which on they are made up: crowds come
by one link, or a few."""

CLAIMS = 30
"""Such clients, at least, before that is said."""

SUMS = ("requests", "assets", "failed", "succeeded", "blind", "errors", "odd")

SLOTS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "domain": pl.String,
    "client": pl.String,
    "slot": pl.Datetime("us", "UTC"),
    **dict.fromkeys(SUMS, pl.UInt32),
    "referrer": pl.UInt64,
    "declared": pl.Boolean,
    "agent": pl.UInt64,
}
"""One row per site, client and 10 s: sums, the first referrer's hash (null: none), whether it called itself a
crawler or monitor, and the user agent's hash."""


def observe(prepared: pl.DataFrame) -> pl.DataFrame:
    """Count what each client did in each 10 s.

    Args:
        prepared: Output of `detector.features.prepare`.

    Returns:
        SLOTS_SCHEMA.
    """
    status = pl.col("status")
    odd = status.is_in([404, 410]).fill_null(value=False) | (pl.col("marks") != 0)
    found = prepared.group_by("domain", "client", pl.col("time").dt.truncate("10s").alias("slot")).agg(
        pl.len().alias("requests"),
        pl.col("is_asset").sum().alias("assets"),
        pl.col("login_failed").sum().alias("failed"),
        pl.col("login_succeeded").sum().alias("succeeded"),
        pl.col("is_blind_login").sum().alias("blind"),
        (status >= 500).sum().alias("errors"),  # noqa: PLR2004 - HTTP's server errors
        odd.sum().alias("odd"),
        pl.col("referrer").drop_nulls().first().hash(seed=0).alias("_source"),
        pl.col("referrer").is_not_null().any().alias("_referred"),
        ((pl.col("agent") & DECLARED) != 0).any().alias("declared"),
        pl.col("user_agent").first().hash(seed=0).alias("agent"),
    )
    found = found.with_columns(pl.when("_referred").then("_source").alias("referrer"))
    return found.select(pl.col(name).cast(dtype) for name, dtype in SLOTS_SCHEMA.items())


def merge_slots(slots: pl.DataFrame) -> pl.DataFrame:
    """Put the parts of each slot together (SLOTS_SCHEMA)."""
    together = slots.group_by("domain", "client", "slot").agg(
        pl.col(*SUMS).sum(),
        pl.col("declared").any(),
        pl.col("referrer").drop_nulls().first(),
        pl.col("agent").first(),
    )
    return together.select(pl.col(name).cast(dtype) for name, dtype in SLOTS_SCHEMA.items())


def browsers(slots: pl.DataFrame) -> pl.DataFrame:
    """Return who `loads` assets, who else `browses`, and whose referrer `is_made_up`, by `domain` and `client`.

    A referrer is easily made up: it counts only for who asks for little, and not where everybody shows another.
    """
    source = pl.col("referrer").drop_nulls().first().alias("source")
    few = (pl.col("requests").sum() < MANY).alias("few")
    who = slots.group_by("domain", "client").agg((pl.col("assets").sum() > 0).alias("loads"), few, source)
    claims = who.filter(~pl.col("loads") & pl.col("few") & pl.col("source").is_not_null())
    told = claims.group_by("domain").agg(pl.len(), pl.col("source").n_unique().alias("different"))
    liars = told.filter((pl.col("len") >= CLAIMS) & (pl.col("different") >= MADE_UP * pl.col("len")))
    is_made_up = pl.col("domain").is_in(liars["domain"].implode())
    both = [
        who.filter("loads").select("domain", "client", "loads", browses=True, is_made_up=False),
        claims.select("domain", "client", "loads", browses=~is_made_up, is_made_up=is_made_up),
    ]
    return pl.concat(both)


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

    def add(self, prepared: pl.DataFrame) -> None:
        """Count requests (output of `detector.features.prepare`)."""
        self.frame = self.frame.vstack(self._thin(observe(prepared)))
        if self.frame.height > min(max(2 * self._merged, 20_000), self.most):
            self.frame = merge_slots(self.frame)
            self._merged = self.frame.height
        while self.frame.height > self.most:
            if not self._thinned:
                log.warning("more than %d clients at a time: sites are judged by a part of them", self.most)
            self._thinned += 1
            self.frame = self._thin(self.frame)
            self._merged = self.frame.height

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
