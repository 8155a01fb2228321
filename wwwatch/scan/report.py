"""A scan's result as one HTML file: it loads nothing, and nothing in it was written by a visitor unescaped."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import jinja2
import vl_convert

from alerts.advice import Facts, Step, advise
from core.charts import THEMES, chart, theme
from wwwatch.logs import printable
from wwwatch.scan.drawing import Drawing, draw
from wwwatch.scan.findings import Finding
from wwwatch.scan.scan import Result
from wwwatch.scan.terminal import duration, moment

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
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"printable": printable, "moment": moment, "duration": duration}
    style, script = _part("report.css"), _part("report.js")
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return environment.from_string(_part("report.html.j2")).render(
        result=result,
        cards=cards,
        hidden=result.findings[CARDS:],
        drawing=drawing,
        charts=_charts(drawing, cards),
        themes={name: theme(name) for name in THEMES},
        policy=_policy((bundle, script), (style,)),
        style=style,
        script=script,
        bundle=bundle,
        version=version("wwwatch"),
        now=now,
        most_clients=CLIENTS,
    )


def _part(name: str) -> str:
    return (files("wwwatch.scan") / name).read_text("utf-8")


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


def _policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return a content security policy that lets nothing run, load or be styled but these texts."""
    allowed = " ".join(map(_digest, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {' '.join(map(_digest, styles))}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
