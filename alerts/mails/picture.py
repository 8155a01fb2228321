"""An incident's requests over time as a picture in the mail; without the `report` extra there is none."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch

from core.charts import chart, choose_step
from core.client import es_errors
from core.clock import parse_iso
from core.documents import ANOMALIES
from core.errors import StoreError

log = logging.getLogger(__name__)

CID = "requests.wwwatch"
WIDTH, HEIGHT, SCALE = 480, 100, 2
BARS = 60
SESSIONS = 500
"""At most so many of an incident's sessions are drawn, the largest."""

_GREY, _LINES = "#7a8594", "#8a94a244"
"""Readable on white and on black alike (about 4:1): the picture is transparent."""

_FIELDS = ("start", "end", "requests", "features.share_3xx", "features.share_4xx", "features.share_5xx")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a mail.

    Attributes:
        cid: What the HTML names it by.
        png: The file.
        alt: What it shows, in words.
        caption: How it is to be read.
    """

    cid: str
    png: bytes
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Stay:
    """How many requests a session made while it lasted, by class of status; the times in s since 1970."""

    start: float
    end: float
    requests: Mapping[str, float]


def read_stays(client: Elasticsearch, incident_id: str, index: str = ANOMALIES) -> list[Stay]:
    """Return the largest sessions of an incident, in one search.

    Raises:
        StoreError: Elasticsearch refused or did not answer.
    """
    terms = [{"term": {"wwwatch.incident.id": incident_id}}, {"term": {"wwwatch.anomaly.scope": "session"}}]
    with es_errors("read the incident's sessions"):
        answer = client.search(
            index=index,
            query={"bool": {"filter": terms}},
            size=SESSIONS,
            sort=[{"wwwatch.session.requests": {"order": "desc", "unmapped_type": "long"}}],
            source_includes=[f"wwwatch.session.{name}" for name in _FIELDS],
            track_total_hits=False,
        )
    return [_stay(hit["_source"]["wwwatch"]["session"]) for hit in answer["hits"]["hits"]]


def draw_activity(stays: Sequence[Stay]) -> Picture | None:
    """Return the picture of some sessions; None where there is nothing to draw, or nothing to draw with."""
    try:
        import vl_convert  # noqa: PLC0415 - an extra, and 40 MB that only those pay who want pictures
    except ImportError:
        return None
    bars = count_bars(stays)
    if len({bar["time"] for bar in bars}) < 2:  # noqa: PLR2004 - one bar is no curve
        return None
    try:
        png = vl_convert.vegalite_to_png(_specification(bars), scale=SCALE, allowed_base_urls=[])
    except ValueError as error:
        log.warning("cannot draw the incident's picture, the mail goes without: %s", error)
        return None
    alt, caption = _words(bars, len(stays))
    return Picture(CID, png, alt, caption)


def picture_of(client: Elasticsearch, incident_id: str) -> Picture | None:
    """Return the picture of an incident; None where it cannot be had: a mail never waits for one."""
    try:
        return draw_activity(read_stays(client, incident_id))
    except (StoreError, KeyError, TypeError, ValueError) as error:
        log.warning("cannot read what the incident's picture shows, the mail goes without: %s", error)
        return None


def count_bars(stays: Sequence[Stay]) -> list[dict[str, Any]]:
    """Return the data of `activity.vl.json`: each session's requests spread evenly over the time it lasted."""
    if not stays:
        return []
    first, last = min(stay.start for stay in stays), max(stay.end for stay in stays)
    step = choose_step(last - first, BARS)
    counts: defaultdict[tuple[int, str], float] = defaultdict(float)
    for stay in stays:
        begin, end = int(stay.start // step), int(stay.end // step)
        length = max(stay.end - stay.start, 1e-3)
        for number in range(begin, end + 1):
            inside = min(stay.end, (number + 1) * step) - max(stay.start, number * step)
            share = inside / length if end > begin else 1.0
            for name, requests in stay.requests.items():
                counts[number, name] += requests * share
    return [
        {
            "time": number * step * 1000,
            "until": (number + 1) * step * 1000,
            "when": "",
            "class": name,
            "requests": round(requests, 2),
        }
        for (number, name), requests in sorted(counts.items())
        if requests > 0
    ]


def _stay(session: Mapping[str, Any]) -> Stay:
    requests, features = float(session["requests"]), session.get("features", {})
    shares = {name: min(max(float(features.get(f"share_{name}", 0)), 0.0), 1.0) for name in ("3xx", "4xx", "5xx")}
    shares["2xx"] = max(1 - sum(shares.values()), 0.0)
    start, end = (parse_iso(session[name]).timestamp() for name in ("start", "end"))
    return Stay(start, max(end, start), {name: requests * share for name, share in shares.items() if share > 0})


def _specification(bars: list[dict[str, Any]]) -> dict[str, Any]:
    axis = {"labelColor": _GREY, "gridColor": _LINES, "domainColor": _LINES, "tickColor": _LINES, "labelFontSize": 13}
    drawn = chart("activity")
    drawn |= {"width": WIDTH - 40, "height": HEIGHT, "autosize": {"type": "pad"}, "data": {"values": bars}}
    drawn["config"] = {"background": None, "font": "sans-serif", "view": {"stroke": None}, "axis": axis}
    return drawn


def _words(bars: Sequence[Mapping[str, Any]], sessions: int) -> tuple[str, str]:
    totals: defaultdict[int, float] = defaultdict(float)
    classes: defaultdict[str, float] = defaultdict(float)
    for bar in bars:
        totals[bar["time"]] += bar["requests"]
        classes[bar["class"]] += bar["requests"]
    seconds = round((bars[0]["until"] - bars[0]["time"]) / 1000)
    step = f"{seconds} s" if seconds < 60 else f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"  # noqa: PLR2004
    busiest = max(totals, key=lambda time: totals[time])
    at = datetime.fromtimestamp(busiest / 1000, UTC)
    total = sum(classes.values())
    shares = ", ".join(
        f"{round(100 * count / total)} % {name}" for name, count in sorted(classes.items(), key=lambda each: -each[1])
    )
    alt = (
        f"Requests over time: {round(total):,} in all, most of them about {at:%H:%M} UTC"
        f" ({round(totals[busiest]):,} in {step}). Answers: {shares}."
    )
    noun = (
        "its session"
        if sessions == 1
        else f"its {sessions:,} sessions"
        if sessions < SESSIONS
        else "its largest sessions"
    )
    return alt, f"Requests in {step}, by {noun}; UTC. {shares}."
