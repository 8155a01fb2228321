"""Dashboards over a simulated day with attacks: every panel shows something, and what it shows is right."""

import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from core.documents import INCIDENTS
from detector.model import SessionModel
from kibana.compile.objects import build_objects
from kibana.compile.saved import SavedObject
from kibana.preview.content import Reader
from kibana.preview.page import render
from kibana.queries.aggregations import Scope, buckets_of
from kibana.queries.interval import auto_interval
from kibana.queries.rows import Documents, ask
from kibana.source.files import read_sources
from tests.day.expected import expected, frame_of, holds, is_other, narrowed
from tests.day.traffic import HOSTILE, NO_REQUESTS, PROBES
from tests.day.watched import Day, forget, guessing, live_through

pytestmark = pytest.mark.es

NAMES = tuple(read_sources().dashboards)
_LONG = ["event.original", "wwwatch.evidence", "wwwatch.reasons", "ctx", "result", "input"]
"""What no panel counts."""
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def day(
    es: Elasticsearch, es_url: str, templates: None, model: SessionModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Day]:
    """A day that was lived through."""
    del templates
    yield live_through(es, es_url, tmp_path_factory.mktemp("day"), f"test_{uuid.uuid4().hex[:12]}", model)
    forget(es)


@pytest.fixture(scope="module")
def objects(day: Day) -> dict[tuple[str, str], SavedObject]:
    """All compiled objects, by type and id."""
    return {(each.type, each.id): each for each in build_objects(read_sources(), day.options)}


@pytest.fixture(scope="module")
def frames(es: Elasticsearch, day: Day, objects: dict[tuple[str, str], SavedObject]) -> dict[str, pl.DataFrame]:
    """The day's documents of each data view that a panel counts, by its id."""
    dashboards = [each for (kind, _), each in objects.items() if kind == "dashboard"]
    counted = {view for dashboard in dashboards for _, view, _, _ in layers(dashboard)}
    found = {}
    for (kind, name), view in objects.items():
        if kind == "index-pattern" and name in counted:
            query = day.scope.query(view.attributes["timeFieldName"])
            pattern = view.attributes["title"]
            hits = scan(es, index=pattern, query={"query": query}, size=5_000, source_excludes=_LONG)
            found[name] = frame_of([hit["_source"] for hit in hits])
    return found


def layers(dashboard: SavedObject) -> Iterator[tuple[str, str, dict[str, Any], tuple[str, ...]]]:
    """Yield panel, data view, layer and queries of each layer that asks something."""
    targets = {each.name: each.id for each in dashboard.references}
    own = json.loads(dashboard.attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"]["query"]
    for panel in json.loads(dashboard.attributes["panelsJSON"]):
        if panel["type"] != "lens":
            continue
        state = panel["embeddableConfig"]["attributes"]["state"]
        for name, layer in state["datasourceStates"]["formBased"]["layers"].items():
            if any(each["operationType"] != "static_value" for each in layer["columns"].values()):
                view = targets[f"{panel['panelIndex']}:indexpattern-datasource-layer-{name}"]
                yield panel["panelIndex"], view, layer, (own, state["query"]["query"])


def test_the_day_holds_attacks_of_several_kinds_and_one_goes_on(es: Elasticsearch, day: Day) -> None:
    hits = [hit["_source"]["wwwatch"]["incident"] for hit in scan(es, index=INCIDENTS)]
    assert {"bruteforce", "dos", "scan", "spray"} <= {each["kind"] for each in hits}
    assert {"critical", "major", "minor"} <= {each["severity"] for each in hits}
    assert {"open", "closed", "acknowledged"} == {each["state"] for each in hits}
    assert any("critical: denial of service" in subject for subject in day.mails)


@pytest.mark.parametrize("name", NAMES)
def test_each_panel_counts_what_polars_counts(
    es: Elasticsearch, day: Day, objects: dict[tuple[str, str], SavedObject], frames: dict[str, pl.DataFrame], name: str
) -> None:
    interval = auto_interval(day.scope.end - day.scope.start)
    for panel, view, layer, queries in layers(objects["dashboard", day.options.dashboard(name)]):
        attributes = objects["index-pattern", view].attributes
        documents = Documents(es, attributes["title"], attributes["timeFieldName"])
        frame = frames[view]
        for query in queries:
            frame = frame.filter(holds(query, frame))
        frame = narrowed(layer, frame)
        rows = ask(documents, layer, Scope(day.scope.start, day.scope.end, queries)).to_dicts()
        assert rows, f"{panel} shows nothing"
        for row in rows:
            if is_other(row):
                continue
            for column, wanted in expected(layer, row, frame, interval).items():
                agree(row[column], wanted, layer["columns"][column], f"{panel}: {row}")


def agree(found: Any, wanted: Any, column: dict[str, Any], place: str) -> None:
    """Elasticsearch's percentiles and, beyond some thousands, its distinct counts are near; all else is exact."""
    operation = column["operationType"]
    if operation == "last_value":
        text = str(int(found)) if isinstance(found, float) and found.is_integer() else found
        assert text in (wanted or {None}), place
    elif operation in ("median", "percentile"):
        assert (found is None) == (wanted is None), place
        assert found is None or found == pytest.approx(wanted, rel=0.25), place
    else:
        assert (found or 0) == pytest.approx(wanted or 0, rel=0.02 if operation == "unique_count" else 1e-6), place


def test_terms_are_the_largest(
    es: Elasticsearch, day: Day, objects: dict[tuple[str, str], SavedObject], frames: dict[str, pl.DataFrame]
) -> None:
    for _, view, layer, queries in layers(objects["dashboard", day.options.dashboard("overview")]):
        names = buckets_of(layer)
        column = layer["columns"][names[0]] if len(names) == 1 else {}
        if column.get("operationType") != "terms":
            continue
        attributes = objects["index-pattern", view].attributes
        rows = ask(
            Documents(es, attributes["title"], "@timestamp"), layer, Scope(day.scope.start, day.scope.end, queries)
        )
        largest = (
            frames[view][column["sourceField"]].explode().drop_nulls().value_counts().sort("count")["count"].tail(3)
        )
        counts = rows[next(each for each in layer["columnOrder"] if each not in names)].sort().tail(4).to_list()
        assert set(largest) <= set(map(int, counts))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_previews_draw_in_a_real_browser(
    es: Elasticsearch, day: Day, objects: dict[tuple[str, str], SavedObject], tmp_path: Path, name: str
) -> None:
    scope = day.scope_of(name, guessing(es))
    dashboard = objects["dashboard", day.options.dashboard(name)]
    panels = Reader(es, list(objects.values()), scope).panels(dashboard)
    if name != "incident":  # one incident's clients did not do everything
        assert [panel.id for panel in panels if panel.is_empty] == []
    page = tmp_path / f"{name}.html"
    page.write_text(render(dashboard, panels, scope), "utf-8")
    text = page.read_text("utf-8")
    assert not re.search(r"(?:src|href|url\()[=\"']*\s*https?:", text)
    assert "<script" not in text
    drawn, said = opened(page, tmp_path / "profile")
    assert said == []
    assert f"<title>{dashboard.attributes['title']}</title>" in drawn
    assert len(re.findall(r"<section ", drawn)) == len(panels)


def test_hostile_values_are_shown_as_text(
    es: Elasticsearch, day: Day, objects: dict[tuple[str, str], SavedObject]
) -> None:
    dashboard = objects["dashboard", day.options.dashboard("security")]
    text = render(dashboard, Reader(es, list(objects.values()), day.scope).panels(dashboard), day.scope)
    assert f"/{HOSTILE.replace('<', '&lt;').replace('>', '&gt;').replace(chr(39), '&#39;')}" in text
    assert str(PROBES) in text
    unread = objects["dashboard", day.options.dashboard("wwwatch")]
    text = render(unread, Reader(es, list(objects.values()), day.scope).panels(unread), day.scope)
    assert text.count("does not fit the format") == len(NO_REQUESTS)
    assert "owned" in text
    assert "<script" not in text


def test_a_mail_leads_to_its_incident(es: Elasticsearch, day: Day) -> None:
    incident = guessing(es)
    identity = incident["wwwatch"]["incident"]["id"]
    (text,) = (each for each in day.texts if "CRITICAL: password guessing" in each)
    assert "https://kibana.example.org/app/dashboards#/view/wwwatch-dashboard-incident?" in text
    assert f"%22{identity}%22" in text
    scope = day.scope_of("incident", incident)
    assert scope.start < day.scope.end
    assert identity in scope.queries[0]


def opened(page: Path, profile: Path) -> tuple[str, list[str]]:
    """Return a page's elements after it was opened, and what the browser's console said."""
    assert BROWSER
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    flags = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
    log = ("--enable-logging=stderr", "--virtual-time-budget=5000", f"--user-data-dir={profile}")
    command = (BROWSER, *flags, *log, *sandbox, "--dump-dom", page.as_uri())
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    said = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line]
    return done.stdout.decode(), said
