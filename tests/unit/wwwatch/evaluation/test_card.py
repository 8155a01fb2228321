"""The card: one file that loads nothing, shows the curves, and takes no markup from names and labels."""

import html
import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from detector.evaluation.baseline import ban
from detector.evaluation.findings import INCIDENT_SCHEMA, SESSION_SCHEMA, Findings
from detector.evaluation.report import Judged, describe_log, measure
from detector.evaluation.truth import TRUTH_SCHEMA
from tests.unit.detector.frames import at, events_of, request
from wwwatch.evaluation.card import render_card
from wwwatch.evaluation.tables import build_tables

HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[2J"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--virtual-time-budget=20000", "--enable-logging=stderr"),
)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """A report of one log, whose names are as hostile as may be."""
    clients = [HOSTILE, "192.0.2.1", "192.0.2.2"]
    events = events_of(*(request(step, address=client) for step, client in enumerate(clients)))
    sessions = [(client, "", at(0), at(1), 1.0, 60.0 - 20 * step, "scan") for step, client in enumerate(clients)]
    incidents = [("1", "scan", 60.0, at(0), at(1), clients[:2])]
    findings = Findings(
        pl.DataFrame(sessions, schema=SESSION_SCHEMA, orient="row"),
        pl.DataFrame(incidents, schema=INCIDENT_SCHEMA, orient="row"),
    )
    truths = [(HOSTILE, "attack", HOSTILE), ("192.0.2.1", "normal", ""), ("192.0.2.2", "attack", "")]
    truth = pl.DataFrame(truths, schema=TRUTH_SCHEMA, orient="row")
    judged = Judged(HOSTILE, events, findings, ban(events))
    source = {"log": describe_log(judged), "labels": measure(judged, truth)}
    shares = {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    average = {"sources": 1, "reported": shares, "mailed": shares, "banned": shares, "roc_area": 1.0, "pr_area": 1.0}
    return {
        "created": datetime(2026, 5, 5, tzinfo=UTC).isoformat(),
        "version": "9.9",
        "model": {"digest": "d" * 64},
        "shipped": {"sources": {HOSTILE: source}, "mean": average},
    }


def test_shows_curves_tables_and_cases(report: dict[str, Any]) -> None:
    text = render_card(report)
    for table in build_tables(report):
        assert table.title in text
    charts = json.loads(re.findall(r'<script type="application/json" id="charts">(.*?)</script>', text)[0])
    assert set(charts) == {"chart-roc-logs", "chart-pr-logs"}
    points = charts["chart-roc-logs"]["datasets"]["curve"]
    assert points[0]["x"] == points[0]["y"] == 0
    assert points[-1]["x"] == points[-1]["y"] == 1
    assert "attackers missed" in text
    assert "normal clients and crawlers named" in text


def test_takes_no_markup_from_names(report: dict[str, Any]) -> None:
    text = render_card(report).split("<script>", 1)[0]  # before the frame's own scripts
    assert "<img" not in text
    assert "\x1b" not in text
    assert "onerror" in text
    assert not re.findall(r"<[^>]*\s(?:src|onclick|onerror|style)=", text)
    assert "default-src 'none'" in html.unescape(text)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_opens_in_a_real_browser_and_draws(report: dict[str, Any], tmp_path: Path) -> None:
    assert CHROMIUM
    card = tmp_path / "card.html"
    card.write_text(render_card(report), "utf-8")
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    command = (CHROMIUM, *FLAGS, *sandbox, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", card.as_uri())
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line] == []
    drawn = re.findall(r'<div id="(chart-[a-z-]+)"[^>]*><canvas', done.stdout.decode())
    assert set(drawn) == {"chart-roc-logs", "chart-pr-logs"}
