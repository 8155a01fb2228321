"""Everything together: what a frame of events is given."""

from pathlib import Path

import _maxminddb_geolite2
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from enrich.enrichment import ENRICHED, Enrichment

CITY = Path(_maxminddb_geolite2.__file__).with_name("GeoLite2-City.mmdb")
COLUMNS = ("source.address", "source.ip", "user_agent.original", "url.original", "network.forwarded")


def frame(*rows: tuple[str | None, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


@pytest.fixture(scope="module")
def enrichment() -> Enrichment:
    return Enrichment([CITY], ["10.0.0.0/8"])


def test_a_request_through_a_proxy(enrichment: Enrichment) -> None:
    found = enrichment.add(frame(("10.0.0.1", "10.0.0.1", "curl/8.5.0", "/login?next=/.env", "85.181.35.98")))
    row = {name: value for name, value in found.row(0, named=True).items() if value is not None}
    assert row["source.geo.location.lat"] == pytest.approx(52.4, abs=0.2)
    assert row["source.geo.location.lon"] == pytest.approx(13.4, abs=0.2)
    assert {name: value for name, value in row.items() if "location" not in name} == {
        "url.original": "/login?next=/.env",
        "user_agent.original": "curl/8.5.0",
        "source.address": "85.181.35.98",
        "source.ip": "85.181.35.98",
        "wwwatch.proxy.address": "10.0.0.1",
        "source.geo.continent_name": "Europe",
        "source.geo.country_iso_code": "DE",
        "source.geo.country_name": "Germany",
        "source.geo.region_iso_code": "DE-BE",
        "source.geo.region_name": "Land Berlin",
        "source.geo.city_name": "Berlin",
        "user_agent.name": "curl",
        "user_agent.version": "8.5.0",
        "user_agent.device.name": "Other",
        "wwwatch.agent.class": "tool",
        "wwwatch.signs": ["sensitive"],
        "wwwatch.login": "generic",
    }


def test_columns_and_types(enrichment: Enrichment) -> None:
    for events in (frame(("192.0.2.1", "192.0.2.1", None, None, None)), frame()):
        found = enrichment.add(events.with_columns(other=1)).schema
        assert {name: found[name] for name in ENRICHED} == ENRICHED
        assert found.keys() - ENRICHED.keys() == {"user_agent.original", "url.original", "other"}


def test_without_a_list_the_one_who_connected_is_the_client(enrichment: Enrichment) -> None:
    events = frame(("10.0.0.1", "10.0.0.1", None, "/", None), ("host.example", None, None, "/", None))
    for part in (events, events.drop("network.forwarded")):
        found = enrichment.add(part)
        assert found["source.address"].to_list() == ["10.0.0.1", "host.example"]
        assert found["source.ip"].to_list() == ["10.0.0.1", None]
        assert found["wwwatch.proxy.address"].null_count() == 2


def test_lines_with_and_without_a_list(enrichment: Enrichment) -> None:
    found = enrichment.add(
        frame(
            ("10.0.0.1", "10.0.0.1", None, "/", "8.8.8.8"),
            ("10.0.0.1", "10.0.0.1", None, "/", None),
            ("9.9.9.9", "9.9.9.9", None, "/", "8.8.8.8"),
            (None, None, None, None, "8.8.8.8"),
        )
    )
    assert found["source.ip"].to_list() == ["8.8.8.8", "10.0.0.1", "9.9.9.9", None]
    assert found["network.forwarded_ip"].to_list() == [None, None, "8.8.8.8", None]
    assert found["source.geo.country_iso_code"].to_list()[:2] == ["US", None]


def test_the_path_is_taken_where_it_is_known(enrichment: Enrichment) -> None:
    events = frame(("9.9.9.9", None, None, "https://shop.example/login", None)).with_columns(
        pl.lit("/login").alias("url.path")
    )
    assert enrichment.add(events)["wwwatch.login"].to_list() == ["generic"]


def test_without_databases_there_are_no_places() -> None:
    found = Enrichment().add(
        frame(("8.8.8.8", "8.8.8.8", "curl/8", "/", "9.9.9.9"), ("8.8.8.8", "8.8.8.8", None, "/", ""))
    )
    assert found["source.geo.country_iso_code"].to_list() == [None, None]
    assert found["source.ip"].to_list() == ["8.8.8.8", "8.8.8.8"]


def test_wrong_settings_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"ship\.geoip"):
        Enrichment([tmp_path / "gone.mmdb"])
    with pytest.raises(SettingsError, match=r"ship\.trusted_proxies"):
        Enrichment(trusted_proxies=["nonsense"])


TEXT = st.one_of(st.none(), st.text(max_size=30), st.sampled_from(["10.0.0.1", "85.181.35.98", "curl/8", "/.env"]))


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), max_size=8))
def test_any_text_keeps_its_row(enrichment: Enrichment, rows: list[tuple[str | None, ...]]) -> None:
    found = enrichment.add(frame(*rows))
    assert found.height == len(rows)
    assert found["user_agent.original"].to_list() == [row[2] for row in rows]
    one_by_one = [enrichment.add(frame(row)) for row in rows]
    assert not rows or pl.concat(one_by_one).equals(found)
