"""What each client did over the last day, in hourly buckets: slow attacks show in no single session.

Only clients with something suspicious are remembered: a failed login, an attack sign, a path that does not exist.
Different paths are counted by linear counting (Whang, Vander-Zanden and Taylor, 1990): each sets one of 64 bits, so
that buckets add up without counting a path twice, however often a monitor asks for it.
"""

import logging
import math
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from detector.attempts import with_outcomes
from detector.describe import APP, key_of
from detector.places import is_among
from detector.prepare import codes, looks_at_login, marks_of
from detector.served import ORDINARY_MARKS
from detector.words import BIT, mask
from enrich.signs import EXPLICIT

log = logging.getLogger(__name__)

MEMORY_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "client": pl.String,
    "domain": pl.String,
    "hour": pl.Datetime("us", "UTC"),
    "login_failures": pl.UInt32,
    "login_successes": pl.UInt32,
    "blind_logins": pl.UInt32,
    "assets": pl.UInt32,
    "looks": pl.UInt32,
    "requests": pl.UInt32,
    "probe_bits": pl.UInt64,
    "missing_bits": pl.UInt64,
}
"""One row per client, site and hour."""

KEYS = ("client", "domain", "hour")
SUMS = ("login_failures", "login_successes", "blind_logins", "assets", "looks", "requests")
BITS = ("probe_bits", "missing_bits")
COUNTS = ("login_failures", "login_successes", "probes", "missing_paths", "requests")
DAY = tuple(f"day_{name}" for name in COUNTS)
"""The columns of `recall`."""

SPAN = timedelta(hours=24)

MOST_BUCKETS = 300_000
"""Buckets that are kept, some 40 MB; beyond them those go that hold least."""

_EXPLICIT = marks_of(EXPLICIT)
_FORBIDDEN, _MISSING = 403, (404, 410)
_ASKED_FOR = mask(("is_linked", "is_dav", "is_asset"))
"""A page linked to it or is made of it, or a desktop's file manager looks for its own: that is no knock."""

_LOOKED_AT = (
    "time",
    "client",
    "domain",
    "status",
    "is_asset",
    "is_interface",
    "is_guarded",
    "login_failed",
    "login_succeeded",
    "is_blind_login",
    "marks",
    "word",
    "agent",
    "client_key",
    "domain_key",
    "path_key",
)

_CELLS = 64
_POWERS = pl.Series("power", [1 << cell for cell in range(_CELLS)], dtype=pl.UInt64)
_DISTINCT = pl.Series(
    "distinct",
    [0.0, *(round(-_CELLS * math.log(1 - ones / _CELLS)) for ones in range(1, _CELLS)), _CELLS * math.log(_CELLS)],
).cast(pl.UInt32)
"""How many different paths are likeliest when so many bits are set; at the end, at least as many."""


def empty_memory() -> pl.DataFrame:
    """Return a memory of nothing (MEMORY_SCHEMA)."""
    return pl.DataFrame(schema=MEMORY_SCHEMA)


def remember(prepared: pl.DataFrame, known: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return what is worth remembering of requests.

    Args:
        prepared: Output of `detector.features.prepare`.
        known: A memory; of the clients in it everything is worth remembering.

    Returns:
        MEMORY_SCHEMA, one row per client, site and hour with something suspicious in it.
    """
    # What a page links to is no guess of who reads it, and applications look whether something is there.
    is_missing = pl.col("status").is_in(_MISSING) & ~pl.col("is_interface") & ((pl.col("agent") & APP) == 0)
    is_missing &= (pl.col("word") & mask(("is_asset", "is_linked"))) == 0
    # What refuses each first request says nothing of passwords, and an app repeats the one that it keeps.
    has_failed = pl.col("login_failed") & ~pl.col("is_guarded") & ((pl.col("agent") & APP) == 0)
    # What somebody typed into the site's search counts while he is here, and not all day.
    is_probe = ((pl.col("marks") & _EXPLICIT) != 0) & ((pl.col("word") & BIT["is_search"]) == 0)
    # One a visit is what a curious visitor asks for, too; several in a day are a search for what is installed.
    is_refused = pl.col("status").is_in((_FORBIDDEN, *_MISSING)) & ((pl.col("word") & _ASKED_FOR) == 0)
    is_probe |= ((pl.col("marks") & ORDINARY_MARKS) != 0) & is_refused
    is_odd = pl.any_horizontal(has_failed, "is_blind_login", is_probe, is_missing)
    odd = prepared.select(_LOOKED_AT).filter(_may_be_odd(prepared)).filter(is_odd)
    suspicious = odd["client_key"].unique().to_numpy()
    if known is not None and known.height:
        suspicious = np.concatenate([suspicious, key_of(known["client"].unique()).to_numpy()])
    bit = pl.lit(_POWERS).gather(pl.col("path_key") % _CELLS)
    rows = (
        prepared.select(*_LOOKED_AT, pl.Series("looks", looks_at_login(prepared)))
        .filter(pl.Series(is_among(prepared["client_key"].to_numpy(), suspicious)))
        .with_columns(
            pl.when(is_probe.fill_null(value=False)).then(bit).otherwise(0).alias("probe_bits"),
            pl.when(is_missing.fill_null(value=False)).then(bit).otherwise(0).alias("missing_bits"),
        )
    )
    found = rows.group_by("client_key", "domain_key", pl.col("time").dt.truncate("1h").alias("hour")).agg(
        pl.col("client", "domain").first(),
        has_failed.sum().alias("login_failures"),
        pl.col("login_succeeded").sum().alias("login_successes"),
        pl.col("is_blind_login").sum().alias("blind_logins"),
        pl.col("is_asset").sum().alias("assets"),
        pl.col("looks").sum(),
        pl.len().alias("requests"),
        pl.col(*BITS).bitwise_or(),
    )
    return found.select(pl.col(name).cast(dtype) for name, dtype in MEMORY_SCHEMA.items())


def _may_be_odd(prepared: pl.DataFrame) -> pl.Series:
    """Return, at a glance, which requests may be suspicious, shape (n,): few of them."""
    words, marks, status = prepared["word"].to_numpy(), prepared["marks"].to_numpy(), codes(prepared["status"])
    return pl.Series(
        ((words & mask(("login_failed", "is_blind_login"))) != 0)
        | ((marks & np.uint16(_EXPLICIT)) != 0)
        | np.isin(status, _MISSING)
        | ((status == _FORBIDDEN) & (marks != 0))
    )


def merge(*memories: pl.DataFrame) -> pl.DataFrame:
    """Put memories of different requests into one (MEMORY_SCHEMA), one row per client, site and hour."""
    together = pl.concat(memories).group_by(*KEYS).agg(pl.col(*SUMS).sum(), pl.col(*BITS).bitwise_or())
    return together.select(pl.col(name).cast(dtype) for name, dtype in MEMORY_SCHEMA.items())


def recall(memory: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Add up what each session's client did in the 24 hours up to the session's end, on all sites.

    Args:
        memory: MEMORY_SCHEMA; a bucket may be in parts.
        sessions: At least `client` and `end`.

    Returns:
        The columns DAY (UInt32), one row per session in the order of `sessions`; 0 where nothing is remembered.
    """
    asked = sessions.select("client", "end").with_row_index("_row")
    if memory.is_empty():
        return asked.with_columns(pl.lit(0, pl.UInt32).alias(name) for name in DAY).select(DAY)
    known = asked.join(memory, on="client")
    lately = known.filter((pl.col("hour") <= pl.col("end")) & (pl.col("hour") > pl.col("end") - SPAN))
    totals = lately.group_by("_row").agg(
        pl.col("login_failures").sum().alias("failed"),
        pl.col("login_successes").sum().alias("succeeded"),
        pl.col("blind_logins").sum().alias("blind"),
        pl.col("looks", "requests").sum(),
        pl.col("probe_bits").bitwise_or().bitwise_count_ones().alias("day_probes"),
        pl.col("missing_bits").bitwise_or().bitwise_count_ones().alias("day_missing_paths"),
    )
    names = {"failed": "day_login_failures", "succeeded": "day_login_successes", "requests": "day_requests"}
    totals = with_outcomes(totals).rename(names)
    totals = totals.with_columns(pl.lit(_DISTINCT).gather(pl.col("day_probes", "day_missing_paths")).name.keep())
    joined = asked.join(totals, on="_row", how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(pl.UInt32).fill_null(0) for name in DAY)


class ClientMemory:
    """The memory of a detector that goes on and on, bounded.

    Args:
        most: Buckets that are kept at most.

    Attributes:
        frame: MEMORY_SCHEMA; a bucket may be in parts.
    """

    def __init__(self, most: int = MOST_BUCKETS) -> None:
        self.frame = empty_memory()
        self.most = most
        self._merged = 0
        self._told = False

    def add(self, prepared: pl.DataFrame) -> None:
        """Remember requests (output of `detector.features.prepare`)."""
        self.put(remember(prepared, self.frame))

    def put(self, memory: pl.DataFrame) -> None:
        """Take in what was remembered elsewhere (MEMORY_SCHEMA)."""
        self.frame = self.frame.vstack(memory)
        # Merging costs as much as all that is there: not at each page.
        if self.frame.height > max(2 * self._merged, 10_000) or self.frame.height > self.most:
            self._merge()

    def forget_before(self, watermark: datetime) -> None:
        """Let go of what `recall` can no longer ask for."""
        oldest = self.frame["hour"].min()
        if isinstance(oldest, datetime) and oldest < watermark - SPAN - timedelta(hours=1):
            self.frame = self.frame.filter(pl.col("hour") >= watermark - SPAN)
            self._merge()

    def _merge(self) -> None:
        self.frame = merge(self.frame)
        if self.frame.height > self.most:
            if not self._told:
                log.warning("more than %d clients did something odd in a day: the least odd are forgotten", self.most)
                self._told = True
            weight = pl.col("login_failures") + sum(pl.col(name).bitwise_count_ones() for name in BITS)
            # A tenth goes at once, so that the next pages have room.
            self.frame = self.frame.sort(weight, "hour", descending=True).head(int(0.9 * self.most))
        self._merged = self.frame.height
