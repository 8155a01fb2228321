"""The watch over whole sites: intervals in which many clients together did what is strange become anomalies."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import polars as pl

from detector.anomaly import Anomaly
from detector.episodes import Episodes, Strange
from detector.evidence import EvidenceSource
from detector.sharing import SHARED, find_sharers, judge_sharers, split_sharers
from detector.siteverdict import judge_floods, judge_logins, reaches_floor
from detector.slots import MOST_SLOTS, Slots, observe, with_browsers
from detector.slow import DAY, by_day, judge_days
from detector.traffic import SCALES, Cut, Scale, Spread, with_details
from detector.trend import HISTORY_SCHEMA, mark, with_history, with_learnt, with_usual
from detector.walks import Walks

SPAN = timedelta(hours=2)
"""How long slots are kept: the hour that goes on and the one before, and who browsed in them."""

PAST = timedelta(hours=25)
"""How long counts of intervals are kept."""

MOST_LOOKS = 8
"""How often intervals are judged anew without those that were strange the time before."""

MOST_HISTORY = 200_000
"""Counts of intervals that are kept: a day of 120 sites."""


class SiteWatch:
    """Watches sites as a whole.

    Args:
        digest: The model's, for the anomalies' documents.
        hours: What is usual in each hour of the week (detector.usual).
        evidence: Where raw lines come from.
        most: Slots that are kept.

    Attributes:
        slots: What clients did lately.
        walks: Which pages those asked for that do nothing else.
        history: How many of which sort there were in each interval (HISTORY_SCHEMA).
    """

    def __init__(self, digest: str, hours: pl.DataFrame, evidence: EvidenceSource, *, most: int = MOST_SLOTS) -> None:
        self.hours = hours
        self.slots, self.walks, self._episodes = Slots(most), Walks(), Episodes(digest, evidence)
        self.history = pl.DataFrame(schema=HISTORY_SCHEMA)

    def restore(self, anomalies: Iterable[Anomaly], history: pl.DataFrame | None, since: datetime | None) -> None:
        """Take up where an earlier watch stopped, after `refill` with its events from `since` on.

        Args:
            anomalies: Those of open incidents; those of sessions are passed over.
            history: HISTORY_SCHEMA, of intervals before `since`.
            since: A full hour.
        """
        for anomaly in anomalies:
            if anomaly.clients:
                self.place(anomaly)
        if history is not None:
            self.history = history
        if since is not None:
            slots = Spread.of(with_browsers(self.slots.merged()))
            for scale in SCALES:
                self._look(scale, since, slots)

    def refill(self, prepared: pl.DataFrame) -> None:
        """Count requests without judging them (output of `detector.features.prepare`)."""
        if prepared.height:
            observed = observe(prepared)
            self.slots.add(observed)
            self.walks.add(prepared, observed)

    def take(
        self,
        new: pl.DataFrame,
        rows: pl.DataFrame,
        memory: pl.DataFrame,
        *,
        before: datetime | None,
        watermark: datetime,
    ) -> list[Anomaly]:
        """Count new requests, and judge the intervals that they are in.

        Args:
            new: New requests (output of `detector.features.prepare`).
            rows: All requests in memory, these among them.
            memory: What clients did over the last day (detector.memory).
            before: The watermark before they came.
            watermark: The watermark now.

        Returns:
            Anomalies of sites that are new or changed.
        """
        first = new["time"].min()
        if not isinstance(first, datetime):
            return []
        self.refill(new)
        slots = Spread.of(with_browsers(self.slots.merged()))
        found = [
            strange
            for scale in SCALES
            if _is_due(scale, before, watermark)
            for strange in self._look(scale, min(first, (before or first) - scale.cadence), slots)
        ]
        if _is_due(DAY, before, watermark):
            found += self._look_at_days(memory, min(first, (before or first) - DAY.cadence))
        if _is_due(SHARED, before, watermark):
            found += self._look_at_walks(min(first, before or first), watermark)
        anomalies = self._episodes.name(found, rows)
        self._trim(watermark)
        return anomalies

    def _look(self, scale: Scale, since: datetime, slots: Spread) -> list[Strange]:
        cut = Cut(slots, scale, since)
        if not len(cut):
            return []
        counted = cut.count(times=self.slots.times)
        busy = counted.filter(reaches_floor(scale))
        if busy.is_empty():  # whatever is usual
            calm = {name: pl.lit(value=False) for name in ("is_flooded", "is_sprayed")}
            self._learn(counted.with_columns(pl.lit(scale.name).alias("scale"), **calm))
            return []
        clients = cut.clients(busy["where"])
        busy = with_learnt(with_details(busy, clients, times=self.slots.times), self.hours)
        seen = with_history(counted, self.history, scale)
        # A long attack in one page must not become usual by itself: what is strange is left out, and looked at again.
        for _ in range(MOST_LOOKS):
            judged = with_usual(busy, seen, scale)
            floods, logins = judge_floods(judged, scale), judge_logins(judged, scale)
            again = mark(mark(seen, floods, "is_flooded"), logins, "is_sprayed")
            if again.equals(seen):
                break
            seen = again
        self._learn(seen.filter(pl.col("where").is_not_null()).with_columns(pl.lit(scale.name).alias("scale")))
        strange = []
        for flags, who in (
            (floods, pl.col("is_bare")),
            (logins, pl.col("is_dry") | pl.col("is_lucky")),
        ):
            if flags.height:
                members = clients.filter(who & pl.col("where").is_in(flags["where"].implode()))
                strange.append(Strange.at(flags, members, scale))
        return strange

    def _look_at_days(self, memory: pl.DataFrame, since: datetime) -> list[Strange]:
        clients = by_day(memory, since)
        if clients.is_empty():
            return []
        flags, seen = judge_days(clients, self.history)
        nothing = {name: pl.lit(0) for name in ("bare", "browsing")}
        calm = {name: pl.lit(value=False) for name in ("is_flooded", "is_sprayed")}
        self._learn(seen.with_columns(pl.lit(DAY.name).alias("scale"), **nothing, **calm))
        if flags.is_empty():
            return []
        members = clients.filter(pl.col("is_dry") | pl.col("is_lucky"))
        return [Strange.at(flags, members.join(flags, on=["domain", "interval"], how="semi"), DAY)]

    def _look_at_walks(self, since: datetime, until: datetime) -> list[Strange]:
        strange = []
        for pairs, visitors in self.walks.windows(since, until):
            times = 2**self.walks.thinned
            calm, others = split_sharers(find_sharers(pairs, visitors), times)
            if calm.height:
                self._learn(judge_sharers(calm, self.history, times)[1])
            for sharers in others:
                flags, seen = judge_sharers(sharers, self.history, times)
                self._learn(seen)
                for is_guess in flags["is_guess"]:
                    own = pl.col("is_guess") == is_guess
                    members = sharers.filter(own).join(flags.filter(own), on="domain", how="semi")
                    strange.append(Strange.at(flags.filter(own), members, SHARED))
        return strange

    def _learn(self, counted: pl.DataFrame) -> None:
        own = counted.select(pl.col(name).cast(kind) for name, kind in HISTORY_SCHEMA.items())
        self.history = self.history.join(own, on=["scale", "domain", "interval"], how="anti").vstack(own)

    def place(self, anomaly: Anomaly) -> None:
        """Remember which incident an anomaly was put into."""
        self._episodes.place(anomaly)

    def _trim(self, watermark: datetime) -> None:
        self.slots.keep(watermark - SPAN, watermark + SPAN)
        self.walks.forget_before(watermark)
        past = pl.when(pl.col("scale") == DAY.name).then(2 * PAST).otherwise(PAST)
        self.history = self.history.filter(pl.col("interval") >= pl.lit(watermark) - past).tail(MOST_HISTORY)
        self._episodes.forget_before(watermark - SPAN)


def _is_due(scale: Scale, before: datetime | None, watermark: datetime) -> bool:
    # By the events' own time and on a fixed grid, so that a restart changes nothing.
    step = scale.cadence.total_seconds()
    return before is None or watermark.timestamp() // step != before.timestamp() // step
