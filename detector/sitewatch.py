"""The watch over whole sites: intervals in which many clients together did what is strange become anomalies."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import polars as pl

from detector.anomaly import Anomaly
from detector.cut import Cut
from detector.episodes import Episodes, Strange
from detector.evidence import EvidenceSource
from detector.sharing import SHARED, find_sharers, judge_sharers, split_sharers
from detector.siteverdict import judge_floods, judge_logins, reaches_floor
from detector.slots import MOST_SLOTS, Slots, observe
from detector.slow import DAY, by_day, judge_days
from detector.spread import Spread
from detector.traffic import SCALES, Scale, with_details, with_floors
from detector.trend import HISTORY_SCHEMA, mark, put, to_history, with_history, with_learnt, with_usual
from detector.walks import Walks

SPAN = timedelta(hours=2)
"""How long slots are kept: the hour that goes on and the one before, and who browsed in them."""

PAST = timedelta(hours=25)
"""How long counts of intervals are kept."""

MOST_LOOKS = 8
"""How often intervals are judged anew without those that were strange the time before."""

MOST_HISTORY = 200_000
"""Counts of intervals that are kept: a day of 120 sites."""

_Seen = tuple[list[pl.DataFrame], list[Strange]]
"""What the history is to learn (the columns of HISTORY_SCHEMA), and what is strange."""


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
            learnt, _ = self._look([(scale, since) for scale in SCALES])
            self.history = put(self.history, learnt)

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
        due = [(scale, before) for scale in SCALES if _is_due(scale, before, watermark)]
        learnt, found = self._look([(scale, min(first, (before or first) - scale.cadence)) for scale, _ in due])
        if _is_due(DAY, before, watermark):
            more, strange = self._look_at_days(memory, min(first, (before or first) - DAY.cadence))
            learnt, found = learnt + more, found + strange
        if _is_due(SHARED, before, watermark):
            more, strange = self._look_at_walks(min(first, before or first), watermark)
            learnt, found = learnt + more, found + strange
        self.history = put(self.history, learnt)
        anomalies = self._episodes.name(found, rows)
        self._trim(watermark)
        return anomalies

    def _look(self, wanted: Sequence[tuple[Scale, datetime]]) -> _Seen:
        """Look at intervals of some lengths, each from a moment on."""
        if not wanted or self.slots.frame.is_empty():
            return [], []
        cut, scales, times = Cut(Spread.of(self.slots.frame), wanted), [scale for scale, _ in wanted], self.slots.times
        counted = cut.count(times)
        busy = with_floors(counted, scales).filter(reaches_floor())
        if busy.is_empty():  # whatever is usual
            return [to_history(counted, scales)], []
        clients = cut.clients(busy["where"])
        busy = with_learnt(with_details(busy, clients, times), self.hours)
        seen = with_history(busy, counted, self.history, scales)
        # A long attack in one page must not become usual by itself: what is strange is left out, and looked at again.
        for _ in range(MOST_LOOKS):
            judged = with_usual(busy, seen)
            floods, logins = judge_floods(judged), judge_logins(judged)
            again = mark(mark(seen, floods, "is_flooded"), logins, "is_sprayed")
            if again.equals(seen):
                break
            seen = again
        strange = list[Strange]()
        for place, scale in enumerate(scales):
            for flags, who in ((floods, pl.col("is_bare")), (logins, pl.col("is_dry") | pl.col("is_lucky"))):
                own = flags.filter(pl.col("scale") == place)
                if own.height:
                    members = clients.filter(who & pl.col("where").is_in(own["where"].implode()))
                    strange.append(Strange.at(own, members, scale))
        return [to_history(counted, scales, seen)], strange

    def _look_at_days(self, memory: pl.DataFrame, since: datetime) -> _Seen:
        clients = by_day(memory, since)
        if clients.is_empty():
            return [], []
        flags, seen = judge_days(clients, self.history)
        nothing = {name: pl.lit(0) for name in ("bare", "browsing")}
        calm = {name: pl.lit(value=False) for name in ("is_flooded", "is_sprayed")}
        learnt = [seen.with_columns(pl.lit(DAY.name).alias("scale"), **nothing, **calm)]
        if flags.is_empty():
            return learnt, []
        members = clients.filter(pl.col("is_dry") | pl.col("is_lucky"))
        return learnt, [Strange.at(flags, members.join(flags, on=["domain", "interval"], how="semi"), DAY)]

    def _look_at_walks(self, since: datetime, until: datetime) -> _Seen:
        known = self.history.filter(pl.col("scale") == SHARED.name)
        learnt, strange = list[pl.DataFrame](), list[Strange]()
        for pairs, visitors in self.walks.windows(since, until):
            times = 2**self.walks.thinned
            calm, others = split_sharers(find_sharers(pairs, visitors), times)
            for sharers in ([calm] if calm.height else []) + others:
                flags, seen = judge_sharers(sharers, known, times)
                known = put(known, [seen])
                learnt.append(seen)
                for part in flags["part"]:
                    own = pl.col("part") == part
                    members = sharers.filter(own).join(flags.filter(own), on="domain", how="semi")
                    strange.append(Strange.at(flags.filter(own), members, SHARED))
        return learnt, strange

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
