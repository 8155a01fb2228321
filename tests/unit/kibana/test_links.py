"""Links land where they should, whatever an attacker wrote."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import prison
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kibana.compile.names import Options
from kibana.compile.objects import build_objects
from kibana.kql.parse import Group, Is, parse
from kibana.links import MOST_CLIENTS, Links
from kibana.source.files import read_sources

START, END = datetime(2026, 5, 4, 10, tzinfo=UTC), datetime(2026, 5, 4, 11, tzinfo=UTC)
LINKS = Links("https://kibana.example.org/base/", "ops")


def incident(**changes: Any) -> dict[str, Any]:
    return {
        "event": {"start": "2026-05-04T10:00:00.000Z", "end": "2026-05-04T10:30:00.000Z"},
        "source": {"address": ["192.0.2.1", "2001:db8::1"]},
        "wwwatch": {"incident": {"id": "3f2a"}},
        **changes,
    }


def opened(url: str) -> dict[str, Any]:
    """Return what a dashboard's link says, as Kibana reads it."""
    fragment = urlsplit(url).fragment
    state = parse_qs(fragment.partition("?")[2])
    return {key: prison.loads(value[0]) for key, value in state.items()}


def test_discover_gets_view_time_and_query_by_its_locator() -> None:
    url = urlsplit(LINKS.clients(["192.0.2.1"], START, END))
    assert url.path == "/base/s/ops/app/r"
    found = parse_qs(url.query)
    assert found["l"] == ["DISCOVER_APP_LOCATOR"]
    params = json.loads(found["p"][0])
    assert params["dataViewId"] == "wwwatch-access"
    assert params["timeRange"] == {"from": "2026-05-04T09:55:00.000Z", "to": "2026-05-04T11:05:00.000Z"}
    assert params["query"]["query"] == 'source.address: "192.0.2.1"'


def test_an_incident_leads_to_its_dashboard_with_room_around_its_time() -> None:
    url = LINKS.incident(incident())["See the incident in Kibana"]
    assert "#/view/wwwatch-dashboard-incident?" in url
    state = opened(url)
    assert state["_g"]["time"] == {"from": "2026-05-04T09:55:00.000Z", "to": "2026-05-04T10:35:00.000Z"}
    query = parse(state["_a"]["query"]["query"])
    assert isinstance(query, Group)
    assert not query.every


def test_links_name_objects_that_are_installed() -> None:
    ids = {each.id for each in build_objects(read_sources(), Options(prefix="mine"))}
    links = Links("https://kibana.example.org", options=Options(prefix="mine")).incident(incident())
    assert "mine-dashboard-incident" in ids
    assert "mine-access" in ids
    assert all("mine-" in unquote(url) for url in links.values())


def test_a_botnet_does_not_make_a_link_that_no_program_opens() -> None:
    many = {"address": [f"2001:db8:1234:5678:9abc:def0:1234:{number:x}" for number in range(400)]}
    links = LINKS.incident(incident(source=many))
    assert max(map(len, links.values())) < 2000
    assert links["Every request of its clients"].count("2001") == MOST_CLIENTS


@pytest.mark.parametrize("missing", ["event", "wwwatch"])
def test_an_incident_without_times_or_id_has_no_links(missing: str) -> None:
    assert LINKS.incident(incident(**{missing: {}})) == {}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_whatever_a_client_is_called_stays_one_value(name: str) -> None:
    url = LINKS.clients([name], START, END)
    assert url.isascii()
    assert not set(url) & set(" <>\"'\r\n")
    query = json.loads(parse_qs(urlsplit(url).query)["p"][0])["query"]["query"]
    node = parse(query)
    assert isinstance(node, Is)
    assert node.value.text == name
    found = opened(LINKS.dashboard("incident", query, START, END))
    assert found["_a"]["query"]["query"] == query
