"""A scan's result as one HTML file: it loads nothing, and nothing in it was written by a visitor unescaped."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from alerts.mails.advice import Facts, Step, advise
from core.charts import chart
from wwwatch.pages import render_page
from wwwatch.scan.drawing import Drawing, draw
from wwwatch.scan.findings import Finding
from wwwatch.scan.scan import Result
from wwwatch.scan.terminal import duration, moment, notes

CARDS = 50
"""Incidents that are told in full."""

LANE_PIXELS, TALKER_PIXELS = 17, 20
CLIENTS = 500
"""Addresses that are shown of an incident."""


@dataclass(frozen=True, slots=True)
class Card:
    """An incident and what is shown beside it."""

    number: int
    finding: Finding
    steps: tuple[Step, ...]
    activity: list[dict[str, Any]]


def render_report(result: Result, now: datetime) -> str:
    """Return the report.

    Args:
        result: Of a scan.
        now: When it was made.
    """
    shown = result.findings[:CARDS]
    drawing = draw(result, shown)
    cards = [
        Card(
            number, finding, advise(finding.kind, Facts("", finding.clients, len(finding.clients), finding.path)), bars
        )
        for number, (finding, bars) in enumerate(zip(shown, drawing.activity, strict=True), 1)
    ]
    return render_page(
        (files("wwwatch.scan") / "report.html.j2").read_text("utf-8"),
        _charts(drawing, cards),
        {"moment": moment, "duration": duration},
        result=result,
        cards=cards,
        hidden=result.findings[CARDS:],
        drawing=drawing,
        now=now,
        notes=list(notes(result.log)),
        most_clients=CLIENTS,
    )


def _charts(drawing: Drawing, cards: Iterable[Card]) -> dict[str, Any]:
    """Return the specifications, with their data, by the id of the element that each is drawn in."""
    requests, talkers = chart("requests"), chart("talkers")
    requests["encoding"]["color"]["legend"]["values"] = sorted(drawing.classes, reverse=True)
    rows = max(bar["rank"] for bar in drawing.talkers)
    found = {
        "chart-requests": requests | {"datasets": {"requests": drawing.requests}},
        "chart-talkers": talkers | {"datasets": {"talkers": drawing.talkers}, "height": TALKER_PIXELS * rows},
    }
    if drawing.incidents:
        data = {"incidents": drawing.incidents, "period": [{"time": time} for time in drawing.period]}
        height = LANE_PIXELS * (1 + max(bar["lane"] for bar in drawing.incidents))
        found["chart-incidents"] = chart("incidents") | {"datasets": data, "height": height}
    for card in cards:
        found[f"chart-activity-{card.number}"] = chart("activity") | {"datasets": {"activity": card.activity}}
    return found
