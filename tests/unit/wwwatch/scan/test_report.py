"""The report: one file that loads nothing, says what was found, and lets no visitor write into it."""

import base64
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pytest

from core.charts import STEPS, choose_step
from core.settings import KibanaSettings
from wwwatch.kibana_access import finding_link
from wwwatch.scan.drawing import BARS, draw
from wwwatch.scan.report import render_report
from wwwatch.scan.scan import Wish

from .conftest import NOW, Scan

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--virtual-time-budget=20000", "--enable-logging=stderr"),
)
PAYLOADS = (
    "</script><script>document.title='owned'</script>",
    "\"><img src=x onerror=document.title='owned'>",
    "{{7*191}}${7*191}<%= 7*191 %>",
    "<!--<script>",
    "\x1b]0;owned\x07\u202e",
    "javascript:document.title='owned'",
)


class Page(HTMLParser):
    """Counts elements and keeps scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        if tag in {"script", "style"}:
            self.scripts.append((dict(attrs), ""))
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"] or ""

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            attrs, text = self.scripts[-1]
            self.scripts[-1] = attrs, text + data

    def data(self, name: str) -> Any:
        return json.loads(next(text for attrs, text in self.scripts if attrs.get("id") == name))


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A log in which a visitor tries to write into whatever shows it."""
    lines = []
    for number in range(80):
        payload = PAYLOADS[number % len(PAYLOADS)]
        quoted = payload.replace('"', '\\"')
        when = f"14/Mar/2026:{number // 40:02d}:{number % 40:02d}:07 +0100"
        url = f"/{number}.sql?{quoted}".replace(" ", "+")
        lines.append(f'{quoted.replace(" ", "")} - - [{when}] "GET {url} HTTP/1.1" 404 5 "{quoted}" "{quoted}"\n')
    path = tmp_path / "</script><b>a.log".replace("/", "\u2215")
    path.write_text("".join(lines), "utf-8")
    return path


def test_says_what_was_found(log: Path, traffic: pl.DataFrame, scan_files: Scan) -> None:
    result = scan_files(log)
    text = render_report(result, NOW)
    page = Page(text)
    assert page.tags["details"] >= len(result.findings)
    for finding in result.findings:
        assert finding.words in text
        assert finding.clients[0] in text
    charts = page.data("charts")
    bars = charts["chart-requests"]["datasets"]["requests"]
    assert sum(bar["requests"] for bar in bars) == traffic.height
    assert {"chart-requests", "chart-talkers", "chart-incidents"} <= set(charts)
    assert len(charts["chart-incidents"]["datasets"]["incidents"]) == len(result.findings)
    ids = set(re.findall(r'<div [^>]*id="(chart-[a-z0-9-]+)" data-chart', text.replace('class="activity" ', "")))
    assert ids <= set(charts)
    assert all('aria-label="' in tag for tag in re.findall(r"<div [^>]*data-chart[^>]*>", text))


def test_leads_into_kibana_where_there_is_one(log: Path, scan_files: Scan) -> None:
    result = scan_files(log)
    link = partial(finding_link, KibanaSettings(url="https://kibana.example.org"))
    found = re.findall(r'<a href="(https://kibana\.example\.org/[^"]*)"', render_report(result, NOW, link))
    assert len(found) == len(result.findings)
    assert all(finding.clients[0] in unquote(url) for url, finding in zip(found, result.findings, strict=True))
    assert "kibana" not in render_report(result, NOW)


def test_loads_nothing_and_runs_nothing_else(log: Path, scan_files: Scan) -> None:
    text = render_report(scan_files(log), NOW)
    page = Page(text)
    assert not {"src", "srcset", "onclick", "onload", "onerror", "style"} & page.attributes
    assert page.tags["link"] == 1
    assert page.policy.startswith("default-src 'none'; ")
    assert "unsafe" not in page.policy
    for attrs, content in page.scripts:
        if attrs.get("type") != "application/json":
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in page.policy


def test_no_visitor_writes_into_it(log: Path, hostile: Path, scan_files: Scan) -> None:
    quiet = Page(render_report(scan_files(log), NOW))
    result = scan_files(hostile, wish=Wish(threshold=25.0))
    assert result.findings
    text = render_report(result, NOW)
    page = Page(text)
    assert page.tags["script"] == quiet.tags["script"]
    assert page.tags["img"] == page.tags["b"] - len(re.findall(r"<b[> ]", text)) == 0
    assert "owned" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "1337" not in text
    assert page.attributes <= quiet.attributes
    assert page.data("charts").keys()


@pytest.mark.parametrize("seconds", [0, 1, 59, 3_600, 86_400, 86_400 * 365, 86_400 * 365 * 20])
def test_a_step_gives_at_most_so_many_bars(seconds: int) -> None:
    step = choose_step(seconds, BARS)
    assert seconds / step < BARS
    assert step in STEPS or step % STEPS[-1] == 0


def test_incidents_in_a_lane_do_not_overlap(log: Path, scan_files: Scan) -> None:
    result = scan_files(log, wish=Wish(threshold=25.0))
    drawn = draw(result, result.findings).incidents
    for lane in {bar["lane"] for bar in drawn}:
        bars = sorted((bar["start"], bar["end"]) for bar in drawn if bar["lane"] == lane)
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(bars))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_opens_in_a_real_browser_and_draws(hostile: Path, tmp_path: Path, scan_files: Scan) -> None:
    assert CHROMIUM
    report = tmp_path / "report.html"
    report.write_text(render_report(scan_files(hostile, wish=Wish(threshold=25.0)), NOW), "utf-8")
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = (CHROMIUM, *FLAGS, *sandbox, profile, "--dump-dom", report.as_uri())
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    said = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line]
    assert said == []
    page = done.stdout.decode()
    assert "<title>owned" not in page
    drawn = re.findall(r'<div id="(chart-[a-z]+)"[^>]*><canvas', page)
    assert set(drawn) == {"chart-incidents", "chart-requests", "chart-talkers"}
