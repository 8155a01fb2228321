"""The recent requests in memory, as columns."""

from datetime import datetime, timedelta

import polars as pl

from detector.context import Context
from detector.events import EVENT_SCHEMA, attributable
from detector.features import features, prepare
from detector.memory import ClientMemory
from detector.profile import SiteProfile
from detector.sessions import GAP

HORIZON = timedelta(hours=6)
"""Requests older than this leave even where their client goes on, so that a monitor never fills the memory."""

LOGIN_MEMORY = timedelta(minutes=10)
"""A failed login looks again at everybody who failed within so long: a spray shows only in all of them together."""

RECENT = 20
"""Requests, at least, that tell what time it is."""


class Window:
    """Requests of the clients that are active, prepared for features.

    Time here is the events' own: `watermark` is the time that 90 % of the last page lie before, or of the last RECENT
    requests where it is smaller, so that one line with a clock of its own does not empty the window.

    Args:
        profile: What the sites serve, as the model learnt it; None: nothing is known.

    Attributes:
        rows: The requests.
        fresh: Those that came last.
        memory: What clients did over the last day, also those that have left.
    """

    def __init__(self, profile: SiteProfile | None = None) -> None:
        self.profile = SiteProfile.empty() if profile is None else profile
        self.memory = ClientMemory()
        self.rows = self.fresh = prepare(pl.DataFrame(schema=EVENT_SCHEMA))
        self.watermark: datetime | None = None
        self._hindmost: object = None

    @property
    def start(self) -> datetime | None:
        """The oldest request in memory: what has to be read back after a restart."""
        oldest = self.rows["time"].min()
        return oldest if isinstance(oldest, datetime) else None

    def refill(self, events: pl.DataFrame) -> None:
        """Take back requests that were dealt with before a restart.

        Args:
            events: EVENT_SCHEMA.
        """
        self.fresh = prepare(attributable(events))
        self.memory.add(self.fresh)
        self._append(self.fresh)

    def add(self, events: pl.DataFrame) -> pl.DataFrame:
        """Add new requests.

        Args:
            events: EVENT_SCHEMA and any further columns, always the same ones; requests without an address or time
                (lines that did not parse) are left out.

        Returns:
            IDENTITY and features of every session in memory of the clients that the new requests touch: what else a
            client does tells about its earlier sessions, too, and so the end is the same whatever the pages were.
        """
        self.fresh = new = prepare(attributable(events))
        if new.is_empty():
            return features(new, Context.of(new))
        self._append(new)
        self.memory.add(new)
        latest = self.rows["time"].tail(max(new.height, RECENT))
        mark, self._hindmost = latest.quantile(0.9, "lower"), latest.quantile(0.1, "lower")
        self.watermark = mark if isinstance(mark, datetime) else self.watermark
        rows = self.rows.join(self._touched(new), on="client", how="semi")
        return features(rows, Context.of(self.rows, self.profile, self.memory.frame))

    def _append(self, new: pl.DataFrame) -> None:
        # The first events say which further columns there are.
        self.rows = new if self.rows.is_empty() else self.rows.vstack(new)

    def _touched(self, new: pl.DataFrame) -> pl.DataFrame:
        clients = new.select("client").unique()
        failed = new.filter("login_failed")
        if failed.is_empty():
            return clients
        since = pl.lit(failed["time"].min()) - LOGIN_MEMORY
        others = self.rows.filter(pl.col("login_failed") & (pl.col("time") >= since))
        return pl.concat([clients, others.select("client")]).unique()

    def evict(self) -> None:
        """Let go of clients that were silent for the session gap, and of requests beyond the horizon.

        A request far ahead of all that came after it had a wrong clock, and goes as well.
        """
        if self.watermark is None or self.rows.is_empty():
            return
        self.memory.forget_before(self.watermark)
        # Batches arrive in any order: where a page holds old and new requests, nobody in the old ones is silent yet.
        lately = min(self.watermark, self._hindmost) if isinstance(self._hindmost, datetime) else self.watermark
        silent = pl.col("time").max().over("client") < lately - GAP
        ahead = (pl.col("time") > self.watermark + HORIZON) & (pl.int_range(pl.len()) < pl.len() - RECENT)
        self.rows = self.rows.filter(~silent & ~ahead & (pl.col("time") >= self.watermark - HORIZON)).rechunk()
