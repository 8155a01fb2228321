"""The report as one HTML page with its curves: it loads nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from core.charts import chart
from wwwatch.evaluation.protocols import LEFT_OUT, SHIPPED, SIMULATED
from wwwatch.evaluation.tables import build_tables, share
from wwwatch.pages import render_page

_AXES = {
    "roc": ("share of normal clients at least so high", "share of attackers at least so high"),
    "pr": ("recall", "precision"),
}
_CAPTIONS = {
    "roc": "ROC: the further to the upper left, the better; a coin would draw the diagonal.",
    "pr": "Precision and recall at every threshold: the further to the upper right, the better.",
}
_NAMES = {"roc": "ROC curve", "pr": "Precision and recall"}


@dataclass(frozen=True, slots=True)
class Tile:
    """A number and what it is."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart's element; `lines` are its curves by name."""

    id: str
    title: str
    caption: str
    lines: dict[str, list[tuple[float, float]]]
    which: str


@dataclass(frozen=True, slots=True)
class Cases:
    """Clients that were missed, or named wrongly."""

    title: str
    count: int
    rows: list[dict[str, Any]]


def render_card(report: dict[str, Any]) -> str:
    """Return the page of a report."""
    figures = [figure for figure in _figures(report) if figure.lines]
    return render_page(
        (files("wwwatch.evaluation") / "card.html.j2").read_text("utf-8"),
        {figure.id: _spec(figure) for figure in figures},
        {},
        report=report,
        tiles=list(_tiles(report)),
        figures=figures,
        tables=build_tables(report),
        misses=[cases for cases in _cases(report) if cases.count],
    )


def _tiles(report: dict[str, Any]) -> Iterator[Tile]:
    for protocol, words in ((LEFT_OUT, "left one out"), (SHIPPED, "shipped model")):
        average = report.get(protocol, {}).get("mean")
        if average and average["sources"]:
            for name in ("recall", "precision"):
                yield Tile(share(average["reported"][name]), f"{name} by client, mean over labelled logs, {words}")
    if SIMULATED in report:
        attacks = report[SIMULATED]["attacks"].values()
        runs, found = sum(each["runs"] for each in attacks), sum(each["found"] for each in attacks)
        quiet = report[SIMULATED]["quiet_runs"].values()
        yield Tile(share(found / runs if runs else None), f"of {runs} simulated attacks found")
        total, silent = sum(each["runs"] for each in quiet), sum(each["mail_silent"] for each in quiet)
        yield Tile(share(silent / total if total else None), f"of {total} simulated runs without attacks gave no mail")


def _figures(report: dict[str, Any]) -> Iterator[Figure]:
    for which in ("roc", "pr"):
        lines: dict[str, list[tuple[float, float]]] = {}
        for name, source in report.get(SHIPPED, {}).get("sources", {}).items():
            for sort, suffix in (("labels", ""), ("silver", " (silver)")):
                if sort in source and source[sort]["clients"][which]:
                    lines[f"{name}{suffix}"] = source[sort]["clients"][which]
        yield Figure(f"chart-{which}-logs", f"{_NAMES[which]}: labelled logs", _CAPTIONS[which], lines, which)
        kinds = report.get(SIMULATED, {}).get("kinds", {})
        lines = {kind: own[which] for kind, own in kinds.items() if own[which]}
        yield Figure(f"chart-{which}-kinds", f"{_NAMES[which]}: simulated kinds", _CAPTIONS[which], lines, which)


def _spec(figure: Figure) -> dict[str, Any]:
    spec = chart("curve")
    for axis, title in zip(("x", "y"), _AXES[figure.which], strict=True):
        spec["encoding"][axis]["axis"]["title"] = title
    # Between two recalls no threshold lies: precision holds to the next one.
    spec["mark"]["interpolate"] = "step-before" if figure.which == "pr" else "linear"
    rows = [
        {"x": x, "y": y, "order": order, "series": name}
        for name, points in figure.lines.items()
        for order, (x, y) in enumerate(points)
    ]
    return spec | {"datasets": {"curve": rows}}


def _cases(report: dict[str, Any]) -> Iterator[Cases]:
    for name, source in report.get(SHIPPED, {}).get("sources", {}).items():
        for sort, suffix in (("labels", ""), ("silver", ", silver labels")):
            for which, words in (("missed", "attackers missed"), ("named", "normal clients and crawlers named")):
                if found := source.get(sort, {}).get(which):
                    yield Cases(f"{name}{suffix}: {words}", found["count"], found["cases"])
