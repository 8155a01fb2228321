"""The recent requests in memory, as columns."""

import logging
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from detector.bounds import add_cut, empty_cut, keep_active, keep_newest
from detector.context import Context, find_naming
from detector.events import EVENT_SCHEMA, attributable
from detector.features import NEEDED, features, prepare
from detector.memory import ClientMemory
from detector.places import is_among
from detector.profile import SiteProfile
from detector.segments import Keys
from detector.served import Answers
from detector.sessions import GAP, microseconds, moment, moments

log = logging.getLogger(__name__)

HORIZON = timedelta(hours=6)
"""Requests older than this leave even where their client goes on, so that a monitor never fills the memory."""

LOGIN_MEMORY = timedelta(minutes=10)
"""A failed login looks again at everybody who failed within so long: a spray shows only in all of them together."""

TIDY = timedelta(seconds=30)
"""Of the events' time: who left a moment ago costs little memory, and looking at all requests each time costs much."""

MOST_ROWS = 2_000_000
"""Requests in memory where nothing else is said."""

MOST_CHUNKS = 100

RECENT = 20
"""Requests, at least, that tell what time it is."""


def make_ready(events: pl.DataFrame) -> pl.DataFrame:
    """Return what a window keeps of events (EVENT_SCHEMA): needs nothing but them, so a thread may do it ahead."""
    return prepare(attributable(events))


class Window:
    """Requests of the clients that are active, prepared for features.

    Time here is the events' own: `watermark` is the time that 90 % of the last page lie before, or of the last RECENT
    requests where it is smaller, so that one line with a clock of its own does not empty the window.

    Args:
        profile: What the sites serve, as the model learnt it; None: nothing is known.
        most: Requests that are kept in memory.

    Attributes:
        rows: The requests.
        fresh: Those that came last.
        memory: What clients did over the last day, also those that have left.
        cut: What is counted of sessions of which only the newest requests are kept (detector.bounds).
    """

    def __init__(self, profile: SiteProfile | None = None, most: int = MOST_ROWS) -> None:
        self.profile = SiteProfile.empty() if profile is None else profile
        self._answers = Answers()
        self._naming: Keys = np.zeros(0, np.uint64)
        self.memory = ClientMemory()
        self.cut = empty_cut()
        self._most, self._is_cutting = most, False
        self._tidied: datetime | None = None
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
        self.fresh = make_ready(events)
        self.memory.add(self.fresh)
        self._append(self.fresh)

    def add(self, events: pl.DataFrame, *, is_prepared: bool = False) -> pl.DataFrame:
        """Add new requests.

        Args:
            events: EVENT_SCHEMA and any further columns, always the same ones; requests without an address or time
                (lines that did not parse) are left out.
            is_prepared: Whether they are output of `make_ready`.

        Returns:
            IDENTITY and features of every session in memory of the clients that the new requests touch: what else a
            client does tells about its earlier sessions, too, and so the end is the same whatever the pages were.
        """
        self.fresh = new = events if is_prepared else make_ready(events)
        if new.is_empty():
            return features(new, Context.of(new))
        self._append(new)
        self.memory.add(new)
        latest = self.rows["time"].tail(max(new.height, RECENT))
        mark, self._hindmost = latest.quantile(0.9, "lower"), latest.quantile(0.1, "lower")
        self.watermark = mark if isinstance(mark, datetime) else self.watermark
        # New requests are touched by definition: only those before them have to be looked at.
        before = self.rows.select(NEEDED).head(self.rows.height - new.height)
        touched = is_among(before["client_key"].to_numpy(), self._touched(new))
        rows = before.filter(pl.Series(touched)).vstack(new.select(NEEDED))
        known = Context.of(self.rows, self.profile, self.memory.frame, self._answers, self._naming)
        return add_cut(features(rows, known), self.cut)

    def _append(self, new: pl.DataFrame) -> None:
        # The first events say which further columns there are.
        self.rows = new if self.rows.is_empty() else self.rows.vstack(new)
        self._naming = find_naming(new, self._naming)

    def _touched(self, new: pl.DataFrame) -> Keys:
        clients = new["client_key"].to_numpy()
        failed = new.select("time", "login_failed").filter("login_failed")
        if failed.is_empty():
            return clients
        since = pl.lit(failed["time"].min()) - LOGIN_MEMORY
        others = self.rows.select("time", "login_failed", "client_key").filter(
            pl.col("login_failed") & (pl.col("time") >= since)
        )
        return np.concatenate([clients, others["client_key"].to_numpy()])

    def tidy(self) -> None:
        """Let go of what is no longer needed, when enough has come or enough time has passed to be worth the work."""
        is_due = self.watermark is not None and (
            self._tidied is None or abs(self.watermark - self._tidied) >= TIDY or self.rows.height > self._most
        )
        if is_due or self.rows.n_chunks() > MOST_CHUNKS:
            self.evict()

    def evict(self) -> None:
        """Let go of clients that were silent for the session gap, and of requests beyond the horizon.

        A request far ahead of all that came after it had a wrong clock, and goes as well. Of a client or session with
        very many requests the newest stay (detector.bounds), and of too many clients those that were active last.
        """
        if self.watermark is None or self.rows.is_empty():
            return
        self._tidied = self.watermark
        self.memory.forget_before(self.watermark)
        # Batches arrive in any order: where a page holds old and new requests, nobody in the old ones is silent yet.
        lately = min(self.watermark, self._hindmost) if isinstance(self._hindmost, datetime) else self.watermark
        clients, times = self.rows["client_key"].to_numpy(), moments(self.rows["time"])
        mark, horizon = moment(self.watermark), microseconds(HORIZON)
        stays = is_among(clients, clients[times >= moment(lately - GAP)]) & (times >= mark - horizon)
        stays[:-RECENT] &= times[:-RECENT] <= mark + horizon
        kept = self.rows.filter(pl.Series(stays))
        kept, self.cut = keep_newest(kept, self.cut.filter(pl.col("until") >= self.watermark - HORIZON))
        self.rows = keep_active(kept, self._most).rechunk()
        is_cutting = self.rows.height < kept.height
        if is_cutting and not self._is_cutting:
            log.warning(
                "more than %d requests in memory: who is silent longest leaves (detect.window_rows)", self._most
            )
        self._is_cutting = is_cutting
