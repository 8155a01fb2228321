"""Delay: how soon after its first line an attacker of a real log is named, were every line judged as it comes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from detector.evaluation.findings import MAILED, REPORTED
from detector.evaluation.replay import PAGE, replay
from detector.evaluation.truth import ATTACK
from detector.incidents import Incident
from detector.model import SessionModel

SAMPLE = 30
"""Attackers that are followed: each looks at the log again and again."""

LOOKS = (1, 2, 3, 5, 8, 13, 20, 30, 50, 100)
"""After so many of an attacker's lines it is looked whether it is named; a delay is at most one look too long."""


@dataclass(frozen=True, slots=True)
class Delay:
    """How soon an attacker was named: seconds after its first line, and lines up to then (the first counts)."""

    seconds: float
    requests: int


def measure_delays(
    model: tuple[str, SessionModel], events: pl.DataFrame, truth: pl.DataFrame, now: datetime, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Replay a log line by line where attackers are at work.

    Args:
        model: The digest and the model.
        events: EVENT_SCHEMA.
        truth: TRUTH_SCHEMA.
        now: Wall-clock time of the incidents' writes.
        seed: Chooses which attackers are followed where there are more than SAMPLE.

    Returns:
        For `reported` and `mailed`: `followed` and `named` (how many), and the median `seconds` and `requests`.
    """
    attackers = truth.filter(pl.col("truth") == ATTACK)["client"]
    followed = attackers.sample(min(SAMPLE, len(attackers)), seed=seed)
    watch = _Watch(events.drop_nulls("time").sort("time", maintain_order=True), followed)
    if len(followed):
        replay(model, watch.pages(), now, watch.look)
    return {name: _sum_up(found, len(followed)) for name, found in watch.found.items()}


def ban_delays(bans: pl.DataFrame, events: pl.DataFrame, truth: pl.DataFrame) -> dict[str, Any]:
    """Return the same of the plain thresholds.

    Args:
        bans: Output of `detector.evaluation.baseline.ban`.
        events: EVENT_SCHEMA.
        truth: TRUTH_SCHEMA.
    """
    attackers = truth.filter(pl.col("truth") == ATTACK).join(bans, on="client")
    rows = events.join(attackers, on="client").with_columns(pl.col("time").min().over("client").alias("first"))
    before = rows.filter(pl.col("banned") & (pl.col("time") <= pl.col("banned_at")))
    each = before.group_by("client").agg(pl.len(), (pl.col("banned_at") - pl.col("first")).first().alias("after"))
    found = {row["client"]: Delay(row["after"].total_seconds(), row["len"]) for row in each.iter_rows(named=True)}
    return _sum_up(found, attackers.height)


class _Watch:
    def __init__(self, events: pl.DataFrame, followed: pl.Series) -> None:
        own = pl.col("client").is_in(followed.to_list())
        ranked = events.with_row_index("row").filter(own).select("row", "client", "time")
        lines = ranked.with_columns((pl.int_range(pl.len()) + 1).over("client").alias("rank"))
        self.events = events
        self.first = dict(lines.filter(pl.col("rank") == 1).select("client", "time").iter_rows())
        self.looks = lines.filter(pl.col("rank").is_in(LOOKS)).select("row", "client", "rank").rows()
        self.rows = {client: np.array(rows) for client, rows in lines.group_by("client").agg("row").iter_rows()}
        self.found: dict[str, dict[str, Delay]] = {"reported": {}, "mailed": {}}
        self.end = 0

    def pages(self) -> Iterator[pl.DataFrame]:
        begin, total = 0, self.events.height
        looks = iter([*self.looks, (total - 1, None, 0)])
        for row, client, _ in looks:
            if row < begin or client in self.found["mailed"]:
                continue
            for start in range(begin, row + 1, PAGE):
                self.end = min(start + PAGE, row + 1)
                yield self.events[start : self.end]
            begin = row + 1

    def look(self, page: pl.DataFrame, incidents: list[Incident]) -> None:
        now: datetime = page["time"][-1]
        for incident in incidents:
            score = incident.score
            for client in self.rows.keys() & set(incident.clients):
                for name, least in (("reported", REPORTED), ("mailed", MAILED)):
                    if score >= least and client not in self.found[name]:
                        lines = int(np.searchsorted(self.rows[client], self.end, side="left"))
                        self.found[name][client] = Delay((now - self.first[client]).total_seconds(), lines)


def _sum_up(found: dict[str, Delay], followed: int) -> dict[str, Any]:
    return {
        "followed": followed,
        "named": len(found),
        "seconds": median(each.seconds for each in found.values()) if found else None,
        "requests": median(each.requests for each in found.values()) if found else None,
    }
