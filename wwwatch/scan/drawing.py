"""The data that the report's charts draw."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from core.charts import choose_step
from wwwatch.scan.findings import Finding
from wwwatch.scan.scan import Result
from wwwatch.scan.terminal import duration, moment, name_clients

BARS, FEW_BARS = 160, 60
TALKERS = 15
LANES = 8
THIN, ROOM = 0.006, 0.035
"""Parts of the width that an incident takes at least, and the number beside it."""

_NONE = "none"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The data, by what the charts call it.

    Attributes:
        period: First and last moment of the time axis, in ms since 1970.
        step: Seconds that a bar of `requests` stands for.
        requests: Of `requests.vl.json`.
        incidents: Of `incidents.vl.json`.
        talkers: Of `talkers.vl.json`.
        activity: Of `activity.vl.json`, one list for each finding.
        classes: Requests by class of status.
    """

    period: tuple[int, int]
    step: int
    requests: list[Row]
    incidents: list[Row]
    talkers: list[Row]
    activity: list[list[Row]]
    classes: dict[str, int]

    @property
    def step_words(self) -> str:
        """What a bar stands for, in words."""
        return duration(timedelta(seconds=self.step)).replace(".0", "")

    @property
    def busiest(self) -> list[tuple[str, int]]:
        """The bars with the most requests: from when, and how many."""
        total: Counter[str] = Counter()
        for bar in self.requests:
            total[bar["when"]] += bar["requests"]
        return total.most_common(10)

    @property
    def busy_clients(self) -> list[tuple[str, int, str]]:
        """The clients with the most requests: who, how many, and the incident."""
        total: Counter[str] = Counter()
        for bar in self.talkers:
            total[bar["client"]] += bar["requests"]
        incidents = {bar["client"]: bar["incident"] for bar in self.talkers}
        return [(client, count, incidents[client]) for client, count in total.most_common()]


def draw(result: Result, findings: Sequence[Finding]) -> Drawing:
    """Count what the charts show.

    Args:
        result: Of a scan.
        findings: Those that are shown.
    """
    status = pl.col("status")
    classes = pl.when(status.is_between(100, 599)).then(pl.format("{}xx", status // 100)).otherwise(pl.lit(_NONE))
    judged = result.rows.select("time", "status", "address")[result.order]
    rows = judged.select("time", "address", classes.alias("class"))
    step = choose_step((result.end - result.start).total_seconds(), BARS)
    requests = _bars(rows, step)
    period = requests[0]["time"], max(bar["until"] for bar in requests)
    return Drawing(
        period=period,
        step=step,
        requests=requests,
        incidents=_incidents(findings, period),
        talkers=_talkers(rows, findings),
        activity=_activity(rows, findings),
        classes=dict(rows["class"].value_counts(sort=True).iter_rows()),
    )


def _bars(rows: pl.DataFrame, step: int) -> list[Row]:
    counts = rows.group_by(pl.col("time").dt.truncate(f"{step}s"), "class").len("requests").sort("time", "class")
    return [
        {
            "time": millis(time),
            "until": millis(time) + step * 1_000,
            "when": moment(time),
            "class": kind,
            "requests": requests,
        }
        for time, kind, requests in counts.iter_rows()
    ]


def millis(time: datetime) -> int:
    """Return a moment in milliseconds since 1970."""
    return round(time.timestamp() * 1_000)


def _incidents(findings: Sequence[Finding], period: tuple[int, int]) -> list[Row]:
    """Put incidents into lanes, the worst first, so that no two overlap as long as there are lanes."""
    least = (period[1] - period[0]) * THIN
    gap = (period[1] - period[0]) * ROOM
    ends: list[list[tuple[float, float]]] = []
    drawn = []
    for number, finding in enumerate(findings, 1):
        start = float(millis(finding.start))
        end = max(float(millis(finding.end)), start + least)
        free = (
            lane
            for lane, taken in enumerate(ends)
            if all(end + gap < other_start or start > other_end + gap for other_start, other_end in taken)
        )
        lane = next(free, min(len(ends), LANES - 1))
        if lane == len(ends):
            ends.append([])
        ends[lane].append((start, end))
        drawn.append(
            {
                "start": start,
                "end": end,
                "label": start if end + gap > period[1] else end,
                "flip": end + gap > period[1],
                "lane": lane,
                "severity": finding.severity,
                "number": number,
                "title": finding.words,
                "when": f"{moment(finding.start)} to {moment(finding.end, finding.start)}",
                "who": name_clients(finding.clients),
                "score": finding.score,
            }
        )
    return drawn


def _talkers(rows: pl.DataFrame, findings: Sequence[Finding]) -> list[Row]:
    top = rows["address"].value_counts().sort("count", "address", descending=[True, False]).head(TALKERS)
    top = top.with_row_index("rank", 1)
    counts = rows.join(top.select("address", "rank"), on="address").group_by("rank", "address", "class").len()
    named: dict[str, str] = {}
    for number, finding in enumerate(findings, 1):
        for client in finding.clients:
            named.setdefault(client, f"{number}: {finding.words}")
    texts = counts.with_columns(pl.col("address").cast(pl.String)).sort("rank", "class")
    return [
        {"rank": rank, "client": client, "class": kind, "requests": requests, "incident": named.get(client, "none")}
        for rank, client, kind, requests in texts.iter_rows()
    ]


def _activity(rows: pl.DataFrame, findings: Sequence[Finding]) -> list[list[Row]]:
    """Count what the clients of each finding asked for while it lasted."""
    found = []
    for finding in findings:
        clients = pl.Series("address", finding.clients, dtype=pl.String).cast(rows["address"].dtype)
        within = pl.col("time").is_between(finding.start, finding.end) & pl.col("address").is_in(clients.implode())
        found.append(_bars(rows.filter(within), choose_step((finding.end - finding.start).total_seconds(), FEW_BARS)))
    return found
