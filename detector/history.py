"""History: what a past period teaches, however long it is, in bounded memory.

Requests come in any order and are put aside on disk by client, so that each client's requests come back together:
sessions are whole, whatever page, file or chunk they began in. The first pass learns what the site serves and who fails
to log in; the second computes the sessions of some clients at a time, leaves out what the model takes for attacks, and
keeps an even sample of the rest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from core.clock import iso_millis
from core.documents import CANARY_AGENT
from detector.adaptation import NOT_ATTACKS, adapt
from detector.context import LOGIN_INTERVAL, Context, find_naming, login_context
from detector.events import EVENT_SCHEMA, attributable
from detector.features import features, prepare
from detector.memory import remember
from detector.model import SessionModel
from detector.profile import ProfileLearner, SiteProfile
from detector.texts import with_own_texts

MOST_SESSIONS = 50_000
"""Sessions of a history that are kept to learn from: percentiles and a forest need no more."""

AT_ONCE = 150_000
"""Requests that are looked at together."""

PARTS = 64
"""Parts by client: ten million requests make parts of 150,000."""

MOST_IN_PART = 1_500_000
"""Where a part holds more requests, for example a proxy's for everybody, it is cut by time, and sessions at the cuts
are, too."""

_SHARES = 10_000
_WHO = ("client", "user_agent")
_FAILED = {
    "domain": pl.String,
    "client": pl.String,
    "time": EVENT_SCHEMA["time"],
    "login_failed": pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class History:
    """What a period teaches.

    Attributes:
        sessions: A sample of the sessions without attacks: IDENTITY and features.
        profile: What the site serves to those that do not attack.
        events: Requests that were read.
        total: Sessions that they make.
        attacks: Sessions among them that the model takes for attacks.
        start, end: The first and the last request.
        share: Which part of the clients was looked at, 0 to 1.
    """

    sessions: pl.DataFrame
    profile: SiteProfile
    events: int
    total: int
    attacks: int
    start: datetime | None
    end: datetime | None
    share: float = 1.0


def adapt_to(model: SessionModel, history: History, *, source: str, now: datetime) -> SessionModel:
    """Return the model with a site's own usual (detector.adaptation.adapt), and a card that says what it learnt from.

    Args:
        model: Knows the kinds.
        history: The site's.
        source: Where it was read, for the card.
        now: When this takes place, for the card.
    """
    learnt = adapt(model, history.sessions, now=now, profile=history.profile)
    learnt.card |= {
        "history_source": source,
        "history_events": history.events,
        "history_sessions": history.total,
        "history_sample": history.sessions.height,
        "history_client_share": history.share,
        "history_left_out_as_attacks": history.attacks,
        "history_from": history.start and iso_millis(history.start),
        "history_to": history.end and iso_millis(history.end),
        "profile": {
            "sites": history.profile.sites.height,
            "paths": history.profile.paths.height,
            "paths_left_out": history.profile.left_out,
        },
    }
    return learnt


class HistoryLearner:
    """Learns from requests that come piece by piece.

    Args:
        folder: Where requests are put aside: private, on a disk with some 50 bytes for each, and deleted by the caller.
            None for a history that is small enough to stay in memory.
        share: Which part of the clients to look at, 0 to 1; the same ones each time.

    Attributes:
        events: Requests taken in so far.
    """

    def __init__(self, folder: Path | None, share: float = 1.0) -> None:
        self.folder, self.share = folder, share
        self.events = 0
        self._waiting: list[pl.DataFrame] = []
        self._rows_waiting = 0
        self._files = 0
        self._failed = pl.DataFrame(schema=_FAILED)
        self._profile = ProfileLearner()
        self._ends: list[datetime] = []
        self._prepared: pl.DataFrame | None = None

    def add(self, events: pl.DataFrame) -> None:
        """Take in requests (EVENT_SCHEMA), in any order; the canary's are left out."""
        rows = _without_canary(attributable(events).select(*EVENT_SCHEMA))
        if self.share < 1:
            rows = rows.filter(pl.col("client").hash(seed=2) % _SHARES < round(self.share * _SHARES))
        if rows.height:
            self.events += rows.height
            self._waiting.append(rows)
            self._rows_waiting += rows.height
        if self.folder is not None and self._rows_waiting >= AT_ONCE:
            self._put_aside(self._look(), self.folder)

    def add_prepared(self, prepared: pl.DataFrame) -> None:
        """Take in requests that are prepared, all at once and nothing else: only without a folder.

        Args:
            prepared: Output of `prepare`; the canary's requests are left out.
        """
        rows = _without_canary(prepared)
        if rows.height:
            self.events += rows.height
            self._learn_from(rows)

    def learn(self, model: SessionModel, progress: Callable[[int], None] = lambda _: None) -> History:
        """Learn from all that came in.

        Args:
            model: Says which sessions are attacks.
            progress: Told how many requests were looked at again since it was told last.
        """
        rest = self._look()
        if self.folder is not None and self._files:
            self._put_aside(rest, self.folder)
        second = _SecondLook(model, login_context(self._failed), self._profile.profile())
        parts = _read_parts(self.folder) if self.folder is not None and self._files else None
        whole = () if self._prepared is None else _slices(self._prepared)
        prepared = map(prepare, parts) if parts else whole
        for rows in prepared:
            second.take(rows)
            progress(rows.height)
        profile = second.profile.profile()
        if self.share < 1:  # some of the clients do not make the hour's traffic
            profile = replace(profile, hours=profile.hours.clear())
        start, end = (min(self._ends), max(self._ends)) if self._ends else (None, None)
        return History(second.kept, profile, self.events, second.total, second.attacks, start, end, self.share)

    def _look(self) -> pl.DataFrame:
        """Learn from what waits, all together, for each look has its price; return it."""
        rows = pl.concat(self._waiting) if self._waiting else pl.DataFrame(schema=EVENT_SCHEMA)
        self._waiting, self._rows_waiting = [], 0
        if rows.height:
            self._learn_from(prepare(rows))
        return rows

    def _learn_from(self, prepared: pl.DataFrame) -> None:
        self._prepared = prepared
        self._profile.add(prepared)
        failed = prepared.filter("login_failed").select(
            "domain", "client", pl.col("time").dt.truncate(LOGIN_INTERVAL), "login_failed"
        )
        self._failed = with_own_texts(pl.concat([self._failed, failed]).unique())
        times = prepared["time"]
        self._ends += [end for end in (times.min(), times.max()) if isinstance(end, datetime)]

    def _put_aside(self, rows: pl.DataFrame, folder: Path) -> None:
        parted = rows.with_columns((pl.col("client").hash(seed=3) % PARTS).alias("part"))
        for (part,), piece in parted.partition_by("part", include_key=False, as_dict=True).items():
            piece.write_ipc(folder / f"{part}-{self._files}.arrow", compression="lz4")
        self._files += 1


def _without_canary(rows: pl.DataFrame) -> pl.DataFrame:
    # Whoever only pretends to be the canary keeps nothing but himself out of what is usual.
    return rows.filter(~pl.col("user_agent").str.starts_with(CANARY_AGENT).fill_null(value=False))


def _read_parts(folder: Path) -> Iterator[pl.DataFrame]:
    together: list[pl.DataFrame] = []  # small parts: each look has its price
    for part in range(PARTS):
        together += [pl.read_ipc(file) for file in sorted(folder.glob(f"{part}-*.arrow"))]
        if together and (part == PARTS - 1 or sum(each.height for each in together) >= AT_ONCE):
            yield from _slices(pl.concat(together))
            together = []


class _SecondLook:
    """Sessions of some clients at a time: attacks are left out, and a sample of the others is kept."""

    def __init__(self, model: SessionModel, logins: pl.DataFrame, served: SiteProfile) -> None:
        self.profile = ProfileLearner()
        self._kept: pl.DataFrame | None = None
        self.total = self.attacks = 0
        self._model, self._logins, self._served = model, logins, served

    @property
    def kept(self) -> pl.DataFrame:
        """The sample: IDENTITY and features."""
        if self._kept is None:
            return features(prepare(pl.DataFrame(schema=EVENT_SCHEMA)), Context.empty())
        return self._kept

    def take(self, prepared: pl.DataFrame) -> None:
        """Take all requests of some clients (output of `prepare`)."""
        memory, naming = remember(prepared), find_naming(prepared)
        context = Context(logins=self._logins, memory=memory, profile=self._served, naming=naming)
        sessions = features(prepared, context)
        is_quiet = self._model.judge(self._model.matrix(sessions))["kind"].is_in(NOT_ATTACKS)
        quiet = sessions.filter(is_quiet)
        self.total += sessions.height
        self.attacks += sessions.height - quiet.height
        attackers = sessions.filter(~is_quiet).select(_WHO).unique()
        self.profile.add(prepared.join(attackers, on=_WHO, how="anti"))
        dice = pl.struct("client", "user_agent", "start").hash(seed=4)
        both = quiet if self._kept is None else pl.concat([self._kept, quiet])
        self._kept = with_own_texts(both if both.height <= MOST_SESSIONS else both.bottom_k(MOST_SESSIONS, by=dice))


def _slices(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield a part, cut by time where it is too large to be looked at as a whole."""
    if rows.height <= MOST_IN_PART:
        yield rows
        return
    ordered = rows.sort("time")
    for begin in range(0, ordered.height, MOST_IN_PART):
        yield ordered[begin : begin + MOST_IN_PART]
