"""The watch over whole sites: intervals in which many clients together did what is strange become anomalies."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from detector.anomaly import Anomaly
from detector.evidence import LINES, EvidenceSource, Wanted
from detector.siteverdict import family_of, grow, judge_floods, judge_logins, reaches_floor
from detector.slow import DAY, by_day, judge_days
from detector.traffic import (
    HISTORY_SCHEMA,
    SCALES,
    SLOTS_SCHEMA,
    Scale,
    browsers,
    by_client,
    by_interval,
    mark,
    merge_slots,
    observe,
    with_learnt,
    with_usual,
)

log = logging.getLogger(__name__)

SPAN = timedelta(hours=2)
"""How long slots are kept: the hour that goes on and the one before, and who browsed in them."""

PAST = timedelta(hours=25)
"""How long counts of intervals are kept."""

MOST_LOOKS = 8
"""How often intervals are judged anew without those that were strange the time before."""

APART = timedelta(hours=1)
"""With more than this between two strange intervals there are two anomalies."""

MOST_SLOTS = 1_000_000
"""Slots that are kept, some 100 MB; beyond them only every second client is counted, then every fourth, and so on."""

MOST_HISTORY = 200_000
"""Counts of intervals that are kept: a day of 120 sites."""


@dataclass(frozen=True, slots=True)
class _Strange:
    """Intervals of a site that are strange, and who made them so (`client`, `interval`)."""

    flags: pl.DataFrame
    members: pl.DataFrame


class SiteWatch:
    """Watches sites as a whole.

    Args:
        digest: The model's, for the anomalies' documents.
        hours: What is usual in each hour of the week (detector.usual).
        evidence: Where raw lines come from.
        most: Slots that are kept.

    Attributes:
        slots: What clients did lately (detector.traffic.SLOTS_SCHEMA).
        history: How many of which sort there were in each interval (HISTORY_SCHEMA).
    """

    def __init__(self, digest: str, hours: pl.DataFrame, evidence: EvidenceSource, *, most: int = MOST_SLOTS) -> None:
        self.digest, self.hours, self.evidence, self.most = digest, hours, evidence, most
        self.slots = pl.DataFrame(schema=SLOTS_SCHEMA)
        self.history = pl.DataFrame(schema=HISTORY_SCHEMA)
        self._going: dict[tuple[str, str], Anomaly] = {}
        self._merged = 0
        self._thinned = 0

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
            for scale in SCALES:
                self._look(scale, since, browsers(self.slots))

    def refill(self, prepared: pl.DataFrame) -> None:
        """Count requests without judging them (output of `detector.features.prepare`)."""
        self.slots = self.slots.vstack(self._thin(observe(prepared)))
        if self.slots.height > min(max(2 * self._merged, 20_000), self.most):
            self.slots = merge_slots(self.slots)
            self._merged = self.slots.height
        while self.slots.height > self.most:
            if not self._thinned:
                log.warning("more than %d clients at a time: sites are judged by a part of them", self.most)
            self._thinned += 1
            self.slots = self._thin(self.slots)
            self._merged = self.slots.height

    def _thin(self, slots: pl.DataFrame) -> pl.DataFrame:
        return slots.filter(pl.col("client").hash(seed=2) % 2**self._thinned == 0) if self._thinned else slots

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
        known = browsers(self.slots)
        found = [
            strange
            for scale in SCALES
            if _is_due(scale, before, watermark)
            for strange in self._look(scale, min(first, (before or first) - scale.cadence), known)
        ]
        if _is_due(DAY, before, watermark):
            found += self._look_at_days(memory, min(first, (before or first) - DAY.cadence))
        anomalies = [anomaly for strange in found for anomaly in self._name(strange, rows)]
        self._trim(watermark)
        # The same episode may show at several lengths: the last one has all its clients.
        return list({anomaly.session_id: anomaly for anomaly in anomalies}.values())

    def _look(self, scale: Scale, since: datetime, known: pl.DataFrame) -> list[_Strange]:
        clients = by_client(self.slots, known, scale, since)
        if clients.is_empty():
            return []
        counted = by_interval(clients, times=2**self._thinned)
        counted = with_learnt(counted, self.hours).with_columns(
            is_flooded=pl.lit(value=False), is_sprayed=pl.lit(value=False)
        )
        if not reaches_floor(counted, scale):  # whatever is usual
            self._learn(counted.with_columns(pl.lit(scale.name).alias("scale")))
            return []
        # A long attack in one page must not become usual by itself: what is strange is left out, and looked at again.
        for _ in range(MOST_LOOKS):
            judged = with_usual(counted, self.history, scale)
            floods, logins = judge_floods(judged, scale), judge_logins(judged, scale)
            again = mark(mark(judged, floods, "is_flooded"), logins, "is_sprayed")
            if again.select("is_flooded", "is_sprayed").equals(counted.select("is_flooded", "is_sprayed")):
                break
            counted = again.select(counted.columns)
        self._learn(counted.with_columns(pl.lit(scale.name).alias("scale")))
        strange = []
        for flags, who in (
            (floods, pl.col("is_bare")),
            (logins, pl.col("is_dry") | pl.col("is_lucky")),
        ):
            if flags.height:
                members = clients.filter(who).join(flags, on=["domain", "interval"], how="semi")
                strange.append(_strange(flags, members, scale))
        return strange

    def _look_at_days(self, memory: pl.DataFrame, since: datetime) -> list[_Strange]:
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
        return [_strange(flags, members.join(flags, on=["domain", "interval"], how="semi"), DAY)]

    def _learn(self, counted: pl.DataFrame) -> None:
        own = counted.select(pl.col(name).cast(kind) for name, kind in HISTORY_SCHEMA.items())
        self.history = self.history.join(own, on=["scale", "domain", "interval"], how="anti").vstack(own)

    def _name(self, strange: _Strange, rows: pl.DataFrame) -> list[Anomaly]:
        named = []
        gap = pl.col("interval").diff() > APART + pl.col("length")
        ordered = strange.flags.sort("domain", "interval").with_columns(
            gap.fill_null(value=False).cum_sum().over("domain").alias("episode")
        )
        for (domain, _), flags in ordered.group_by("domain", "episode", maintain_order=True):
            members = strange.members.join(flags, on=["domain", "interval"], how="semi")
            anomaly = self._episode(str(domain), flags, members, rows)
            if anomaly is not None:
                named.append(anomaly)
        return named

    def _episode(self, domain: str, flags: pl.DataFrame, members: pl.DataFrame, rows: pl.DataFrame) -> Anomaly | None:
        worst = flags.sort("score", "count", "interval", descending=True).row(0, named=True)
        begin, end = flags["interval"][0], flags["interval"][-1] + worst["length"]
        old = self._going.get((domain, family_of(worst["kind"])))
        if old is not None and (begin > old.end + APART or end < old.start - APART):
            old = None
        ranked = (
            members.group_by("client")
            .agg(pl.col("requests").sum())
            .sort("requests", "client", descending=[True, False])
        )
        clients = tuple(dict.fromkeys([*(old.clients if old else ()), *ranked["client"]]))
        here = rows.filter((pl.col("domain") == domain) & pl.col("client").is_in(clients) & (pl.col("time") >= begin))
        anomaly = grow(old, worst | {"domain": domain}, clients, here, self.digest)
        if anomaly is None:
            return None
        if len(anomaly.evidence) < LINES:
            first = here.sort("time").unique("client", keep="first", maintain_order=True).head(LINES)
            (lines,) = self.evidence.fetch([Wanted(anomaly, [anomaly.top_path], first)])
            anomaly = replace(anomaly, evidence=lines or anomaly.evidence)
        self.place(anomaly)
        return anomaly

    def place(self, anomaly: Anomaly) -> None:
        """Remember which incident an anomaly was put into."""
        self._going[anomaly.domain, family_of(anomaly.kind)] = anomaly

    def _trim(self, watermark: datetime) -> None:
        oldest = self.slots["slot"].min()
        # A tenth of the time more, so that not each page copies all of them.
        if isinstance(oldest, datetime) and oldest < watermark - 1.1 * SPAN:
            self.slots = self.slots.filter(pl.col("slot").is_between(watermark - SPAN, watermark + SPAN))
            self._merged = self.slots.height
        if self.slots.height < self.most // 8:
            self._thinned = 0
        past = pl.when(pl.col("scale") == DAY.name).then(2 * PAST).otherwise(PAST)
        self.history = self.history.filter(pl.col("interval") >= pl.lit(watermark) - past).tail(MOST_HISTORY)
        for key, anomaly in list(self._going.items()):
            if anomaly.end < watermark - APART - SPAN:
                del self._going[key]


def _strange(flags: pl.DataFrame, members: pl.DataFrame, scale: Scale) -> _Strange:
    spans = flags.with_columns(pl.lit(scale.length).alias("length"), pl.lit(scale.words).alias("within"))
    return _Strange(spans, members.select("domain", "client", "interval", "requests"))


def _is_due(scale: Scale, before: datetime | None, watermark: datetime) -> bool:
    # By the events' own time and on a fixed grid, so that a restart changes nothing.
    step = scale.cadence.total_seconds()
    return before is None or watermark.timestamp() // step != before.timestamp() // step
