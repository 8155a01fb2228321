"""Anomalies and their documents."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from detector.anomaly import Anomaly, source_object
from detector.events import EVENT_SCHEMA
from detector.evidence import LINES, choose
from detector.features import prepare
from detector.kinds import KINDS
from es_templates import field_types
from es_templates.catalogue import leaves, resolve
from tests.unit.detector.findings import anomaly, login_anomaly
from tests.unit.detector.frames import BROWSER, events_of, logins, request
from tests.unit.es_templates.test_catalogue import fits, values_of


def unpromised(document: dict[str, Any], template: str) -> list[tuple[str, Any]]:
    """Return the leaves that are not mapped, or whose values do not fit."""
    types = field_types(template)
    opaque = {field for field, kind in types.items() if kind == "object"}
    assert all(leaves(resolve(template)["mappings"])[field].get("enabled") is False for field in opaque)
    found = values_of(document, "", opaque)
    return [(field, value) for field, value in found if field not in types or not fits(types[field], value)]


@pytest.mark.parametrize("kind", KINDS)
def test_document_and_back(kind: str) -> None:
    before = anomaly(kind=kind, score=81.25, incident="i")
    assert Anomaly.from_document(before.document()) == before


def test_document_and_back_where_little_is_known() -> None:
    before = anomaly(user_agent="", domain="", top_path="", reasons=(), evidence=(), seconds=0)
    assert Anomaly.from_document(before.document()) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", ["192.0.2.1", "2001:db8::/64", "host.example", "-"])
def test_every_field_is_promised(kind: str, client: str) -> None:
    assert unpromised(anomaly(client, kind, incident="i").document(), "wwwatch-anomalies") == []


def test_every_promised_field_is_there() -> None:
    types = field_types("wwwatch-anomalies")
    opaque = {field for field, kind in types.items() if kind == "object"}
    written = {field for field, _ in values_of(anomaly(incident="i").document(), "", opaque)}
    assert set(types) - written == set()


def test_message_counts_in_words() -> None:
    assert anomaly(seconds=600).document()["message"] == (
        "scanning from 192.0.2.1 on example.org: 20 requests in 10 min, score 80"
    )
    assert anomaly(seconds=3, domain="").document()["message"] == "scanning from 192.0.2.1: 20 requests, score 80"


@pytest.mark.parametrize(
    ("client", "source"),
    [
        ("192.0.2.1", {"address": "192.0.2.1", "ip": "192.0.2.1"}),
        ("2001:db8::/64", {"address": "2001:db8::/64", "ip": "2001:db8::"}),
        ("host.example", {"address": "host.example"}),
        ("-", {"address": "-"}),
        ("1234", {"address": "1234"}),
        ("1.2.3.4.5", {"address": "1.2.3.4.5"}),
        ("a:b", {"address": "a:b"}),
        ("", {"address": ""}),
    ],
)
def test_source_has_an_ip_only_if_it_is_one(client: str, source: dict[str, str]) -> None:
    assert source_object(client) == source


@pytest.mark.parametrize(("score", "level"), [(50, 2), (74.9, 2), (75, 3), (24, 0), (25, 1)])
def test_levels(score: float, level: int) -> None:
    assert anomaly(score=score).level == level
    assert anomaly(score=score).document()["event"]["severity"] == level


def test_the_same_verdict_is_what_a_reader_would_not_tell_apart() -> None:
    one = anomaly()
    assert one.same_verdict(replace(one, score=80.4, novelty=0.9, end=one.end + timedelta(seconds=1)))
    for change in ({"requests": 21}, {"kind": "dos"}, {"score": 81.0}, {"incident": "other"}):
        assert not one.same_verdict(replace(one, **change))


def test_telling_urls_are_those_with_signs() -> None:
    attack = [request(second, f"/?id={second}%20union%20select%201") for second in range(20)]
    rows = prepare(events_of(request(0, "/a"), *attack, request(9, "/?q=%3Cscript%3E", address="192.0.2.9")))
    found = choose(rows, [anomaly(kind="injection", user_agent=BROWSER)])[0].urls
    assert found == [f"/?id={second}%20union%20select%201" for second in range(LINES)]


def test_telling_urls_of_logins_are_the_logins() -> None:
    rows = prepare(events_of(request(0, "/.env", address="198.51.100.1"), *logins(3, address="198.51.100.1")))
    assert choose(rows, [login_anomaly(1, 30, user_agent=BROWSER)])[0].urls == ["/login"]


def test_nothing_tells_where_nothing_is() -> None:
    assert choose(prepare(pl.DataFrame(schema=EVENT_SCHEMA)), [anomaly()])[0].urls == []
