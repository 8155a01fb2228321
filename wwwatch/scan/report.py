"""A scan's result as one HTML file: it loads nothing, and nothing in it was written by a visitor unescaped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from core.advice import Facts, Step, advise
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
    link: str


def _no_link(finding: Finding) -> str:
    del finding
    return ""


def render_report(result: Result, now: datetime, link: Callable[[Finding], str] = _no_link) -> str:
    """Return the report.

    Args:
        result: Of a scan.
        now: When it was made.
        link: Gives the address at which an incident's requests are seen in Kibana; empty for none.
    """
    shown = result.findings[:CARDS]
    drawing = draw(result, shown)
    cards = [
        Card(number, finding, _steps(finding), bars, link(finding))
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


def _steps(finding: Finding) -> tuple[Step, ...]:
    return advise(finding.kind, Facts("", finding.clients, len(finding.clients), finding.path))


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
