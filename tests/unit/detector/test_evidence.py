"""The lines that an incident shows are the telling ones, not the first ones."""

import polars as pl
import pytest

from detector.anomaly import Anomaly
from detector.evidence import LINES, choose
from detector.features import prepare
from detector.folding import OpenIncidents, fold
from detector.incidents import MOST_EVIDENCE, Incident
from detector.reasons import Reason
from tests.unit.detector.findings import anomaly
from tests.unit.detector.frames import BROWSER, START, events_of, request

REQUESTS = [
    *(request(second, f"/page/{second}") for second in range(20)),
    request(30, "/gone", status=404),
    request(31, "/phpmyadmin/", status=404),
    request(32, "/.env", status=404),
    request(33, "/login", method="POST", status=401),
    request(34, "/a?id=1%20UNION%20SELECT%20password%20FROM%20users", status=500),
    request(35, "/.env", status=404),
]


def folded(*anomalies: Anomaly) -> Incident:
    """Return the one incident that anomalies make."""
    incidents = OpenIncidents()
    fold(incidents, anomalies, START)
    (incident,) = incidents.values()
    return incident


def shown(rows: pl.DataFrame, *found: Anomaly) -> list[list[str]]:
    """Return the URLs of the requests that are chosen for each."""
    return [each.rows["url"].to_list() for each in choose(rows, found)]


@pytest.mark.parametrize(
    ("kind", "first"),
    [("scan", "/.env"), ("injection", "/a?id=1%20UNION%20SELECT%20password%20FROM%20users"), ("bruteforce", "/login")],
)
def test_the_first_line_shown_is_what_the_kind_is_about(kind: str, first: str) -> None:
    rows = prepare(events_of(*REQUESTS))
    (urls,) = shown(rows, anomaly(kind=kind, user_agent=BROWSER))
    assert urls[0] == first
    assert len(urls) == LINES


def test_signs_come_before_refusals_and_these_before_pages() -> None:
    rows = prepare(events_of(*REQUESTS))
    (wanted,) = choose(rows, [anomaly(kind="scan", user_agent=BROWSER)])
    urls = wanted.rows["url"].to_list()
    assert urls.index("/.env") < urls.index("/phpmyadmin/") < urls.index("/gone") < urls.index("/page/0")
    assert "/page/0" not in wanted.urls


def test_reasons_of_many_addresses_name_whose_they_are() -> None:
    reason = Reason("client_probes", 2.0, 0.0, "2 URLs that only attackers ask for, from this address; none here")
    light = [anomaly(f"192.0.2.{number}", score=30.0 + number, reasons=(reason,)) for number in range(1, 4)]
    incident = folded(*light)
    assert [each.sentence for each in incident.reasons] == [reason.sentence.replace("this address", "192.0.2.3")]
    alone = folded(light[0])
    assert [each.sentence for each in alone.reasons] == [reason.sentence]


def test_each_address_is_shown_before_any_is_shown_twice() -> None:
    busy = [anomaly("192.0.2.1", start=number, score=40.0, evidence=(f"1 {number}",)) for number in range(20)]
    other = [anomaly("192.0.2.2", score=30.0, evidence=("2 0",))]
    lines = folded(*busy, *other).document()["wwwatch"]["evidence"]
    assert lines[1] == "2 0"
    assert len(set(lines)) == MOST_EVIDENCE


def test_a_secret_that_was_answered_is_shown_before_those_that_were_not() -> None:
    asked = [request(second, f"/{second}/.env", status=404) for second in range(20)]
    rows = prepare(events_of(*asked, request(30, "/.git/config")))
    (urls,) = shown(rows, anomaly(kind="scan", user_agent=BROWSER))
    assert urls == ["/.git/config", *(f"/{second}/.env" for second in range(9))]
