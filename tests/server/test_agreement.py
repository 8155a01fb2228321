"""Live and offline agree: what `detect` finds in a shipped log is what the scorer finds in the file itself."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from elasticsearch import Elasticsearch

from core.documents import ANOMALIES, INCIDENTS
from detector.evidence import NoEvidence
from detector.scorer import Scorer
from enrich import Enrichment
from tests.server.watching import NOW, Site, findings, rounded
from wwwatch.formats import choose_format
from wwwatch.scan.inputs import find_inputs
from wwwatch.scan.reading import Reader
from wwwatch.scan.rows import to_events

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]

PAGE = 700

Found = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pages, although the log is small."""
    monkeypatch.setattr("detector.feed.PAGE", PAGE)


def read_file(log: Path) -> pl.DataFrame:
    """Return a log's events as `scan` reads them, in the order of the lines."""
    with ExitStack() as stack:
        reader = Reader(choose_format("auto", None, "UTC"), "UTC", Enrichment((), ()))
        return to_events(pl.concat(reader.read(find_inputs([str(log)], stack)).take_pieces()))


def paged(events: pl.DataFrame, size: int = PAGE) -> list[pl.DataFrame]:
    return [events[begin : begin + size] for begin in range(0, events.height, size)]


def offline(site: Site, pages: Iterable[pl.DataFrame]) -> Found:
    """Return the documents of what a scorer finds without Elasticsearch."""
    scorer = Scorer((site.digest, site.model), threshold=site.watched.threshold, evidence=NoEvidence())
    anomalies: dict[str, Any] = {}
    incidents: dict[str, Any] = {}
    for page in pages:
        outcome = scorer.take(page, NOW)
        anomalies |= {each.session_id: each.document() for each in outcome.anomalies}
        incidents |= {each.id: each.document() for each in outcome.incidents}
    return comparable(anomalies), comparable(incidents)


def live(es: Elasticsearch) -> Found:
    return comparable(findings(es, ANOMALIES)), comparable(findings(es, INCIDENTS))


def comparable(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only one side can have: raw lines, the model's name, the feed's."""
    rows = {identifier: rounded(source) for identifier, source in found.items()}
    for row in rows.values():
        own = row["wwwatch"]
        own.pop("evidence", None)
        own.pop("model", None)
        own.get("incident", {}).pop("feed", None)
    return rows


def verdicts(anomalies: dict[str, Any], threshold: float) -> set[tuple[str, str, int, int]]:
    """Return each session's client, kind, score and requests; what a whole site's has follows the pages.

    Which request of a session was seen first makes its id, and what it is called for a moment: both follow the pages.
    """
    own = [(str(each["source"]["address"]), each["wwwatch"]) for each in anomalies.values()]
    return {
        (client, each["anomaly"]["kind"], round(each["anomaly"]["score"]), each["session"]["requests"])
        for client, each in own
        if each["anomaly"]["scope"] == "session" and each["anomaly"]["score"] >= threshold
    } | {("", each["anomaly"]["kind"], 0, 0) for _, each in own if each["anomaly"]["scope"] == "site"}


def who(found: tuple[dict[str, Any], dict[str, Any]]) -> set[tuple[str, int, int, tuple[str, ...]]]:
    """Return each incident's kind, sessions and requests, and its clients; where a whole site is in it, the kind."""
    anomalies, incidents = found
    sites = {
        each["wwwatch"]["incident"]["id"]
        for each in anomalies.values()
        if each["wwwatch"]["anomaly"]["scope"] == "site"
    }
    own = ((each["wwwatch"]["incident"], each["source"]["address"]) for each in incidents.values())
    return {
        (each["kind"], 0, 0, ())
        if each["id"] in sites
        else (each["kind"], each["sessions"], each["requests"], tuple(sorted(clients)))
        for each, clients in own
    }


def test_the_same_sessions_features_and_incidents(es: Elasticsearch, site: Site, parts: list[list[str]]) -> None:
    """Page for page; the detector is stopped and started again between its pages, and each part brings late lines."""
    late = parts[0][-50:] + parts[1][:-40] + parts[2] + parts[1][-40:]
    for lines in (parts[0][:-50], late, parts[3]):
        site.ship(lines)
        site.step()
    events = read_file(site.log)
    cut = (len(parts[0]) - 50, len(late))
    pieces = (events[: cut[0]], events[cut[0] : sum(cut)], events[sum(cut) :])
    expected = offline(site, [page for piece in pieces for page in paged(piece)])
    assert len(expected[1]) > 3
    assert live(es) == expected


def test_whatever_the_pages_are(es: Elasticsearch, site: Site, parts: list[list[str]]) -> None:
    """Batches that arrive in any order, in pages of any size, against the whole log at once."""
    lines = [line for part in parts for line in part]
    site.ship(lines)
    assert site.step().events == len(lines)
    anomalies, incidents = live(es)
    expected = offline(site, [read_file(site.log)])
    least = site.watched.threshold
    assert verdicts(anomalies, least) == verdicts(expected[0], least)
    assert who((anomalies, incidents)) == who(expected)
