"""Places and networks of addresses, from a real database of MaxMind's and from small ones of other makers."""

import logging
import os
from pathlib import Path
from typing import Any

import _maxminddb_geolite2
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from core.errors import SettingsError
from enrich.geo import GEO_SCHEMA, GeoTable

CITY = Path(_maxminddb_geolite2.__file__).with_name("GeoLite2-City.mmdb")
"""GeoLite2 City of July 2018."""

ASN = {"autonomous_system_number": 6805, "autonomous_system_organization": "Telefonica Germany"}


def write(path: Path, kind: str, networks: dict[str, Any]) -> Path:
    writer = MMDBWriter(
        ip_version=6, ipv4_compatible=True, database_type=kind, languages=["en"], description="a test's"
    )
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    beside = path.with_suffix(".new")
    writer.to_db_file(str(beside))
    return beside.replace(path)


def located(table: GeoTable, address: str) -> dict[str, Any]:
    row = table.columns(pl.Series([address])).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


@pytest.fixture(scope="module")
def city() -> GeoTable:
    return GeoTable([CITY])


def test_a_city(city: GeoTable) -> None:
    assert located(city, "85.181.35.98") == {
        "source.geo.continent_name": "Europe",
        "source.geo.country_iso_code": "DE",
        "source.geo.country_name": "Germany",
        "source.geo.region_iso_code": "DE-BE",
        "source.geo.region_name": "Land Berlin",
        "source.geo.city_name": "Berlin",
        "source.geo.location.lat": pytest.approx(52.4, abs=0.2),
        "source.geo.location.lon": pytest.approx(13.4, abs=0.2),
    }


def test_an_address_of_ipv6(city: GeoTable) -> None:
    assert located(city, "2a00:1450:4001:81b::200e")["source.geo.country_iso_code"] == "DE"


def test_a_country_without_city(city: GeoTable) -> None:
    found = located(city, "149.42.83.135")
    assert found["source.geo.country_name"] == "United States"
    assert not found.keys() & {"source.geo.city_name", "source.geo.region_iso_code"}


def test_every_line_gets_its_row(city: GeoTable) -> None:
    found = city.columns(pl.Series("source.ip", ["10.0.0.1", "85.181.35.98", None, "8.8.8.8", "85.181.35.98"]))
    assert dict(found.schema) == GEO_SCHEMA
    assert found["source.geo.country_iso_code"].to_list() == [None, "DE", None, "US", "DE"]


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "127.0.0.1", "192.168.0.1", "172.31.255.255", "100.64.0.1", "169.254.1.1", "224.0.0.1",
     "255.255.255.255", "203.0.113.9", "::1", "::", "fe80::1", "FD00::1", "2001:db8::1"],
)  # fmt: skip
def test_a_private_address_has_no_place(address: str, tmp_path: Path) -> None:
    everywhere = {"0.0.0.0/0": {"country": {"iso_code": "XX"}}, "4000::/2": {"country": {"iso_code": "XX"}}}
    table = GeoTable([write(tmp_path / "a.mmdb", "GeoLite2-Country", everywhere)])
    assert located(table, address) == {}
    assert located(table, "9.9.9.9") == {"source.geo.country_iso_code": "XX"}


def test_cities_and_networks_from_two_databases(tmp_path: Path) -> None:
    table = GeoTable([CITY, write(tmp_path / "asn.mmdb", "GeoLite2-ASN", {"85.181.0.0/16": ASN})])
    found = located(table, "85.181.35.98")
    assert found["source.as.number"] == 6805
    assert found["source.as.organization.name"] == "Telefonica Germany"
    assert found["source.geo.city_name"] == "Berlin"
    assert "source.as.number" not in located(table, "8.8.8.8")


def test_the_first_database_is_believed(tmp_path: Path) -> None:
    mine = write(tmp_path / "city.mmdb", "Mine-City", {"85.181.35.0/24": {"city": {"names": {"en": "Potsdam"}}}})
    assert located(GeoTable([mine, CITY]), "85.181.35.98")["source.geo.city_name"] == "Potsdam"
    assert located(GeoTable([CITY, mine]), "85.181.35.98")["source.geo.city_name"] == "Berlin"
    assert located(GeoTable([mine, CITY]), "85.181.35.98")["source.geo.country_iso_code"] == "DE"


def test_a_flat_layout(tmp_path: Path) -> None:
    record = {
        "country": "Germany",
        "country_code": "DE",
        "continent": "Europe",
        "asn": "AS6805",
        "as_name": "Telefonica",
    }
    record |= {"city": "Berlin", "region": "Berlin", "region_code": "BE", "lat": "52.5", "lng": "east"}
    table = GeoTable([write(tmp_path / "lite.mmdb", "ipinfo standard_location.mmdb", {"85.181.0.0/16": record})])
    assert located(table, "85.181.35.98") == {
        "source.geo.continent_name": "Europe",
        "source.geo.country_iso_code": "DE",
        "source.geo.country_name": "Germany",
        "source.geo.region_iso_code": "DE-BE",
        "source.geo.region_name": "Berlin",
        "source.geo.city_name": "Berlin",
        "source.geo.location.lat": 52.5,
        "source.as.number": 6805,
        "source.as.organization.name": "Telefonica",
    }


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the database .*gone\.mmdb .*: correct ship\.geoip"):
        GeoTable([tmp_path / "gone.mmdb"])


@pytest.mark.parametrize("content", [b"", b"no database", CITY.read_bytes()[:100_000]], ids=["empty", "text", "cut"])
def test_a_damaged_file_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.mmdb").write_bytes(content)
    with pytest.raises(SettingsError, match=r"the database .*bad\.mmdb is damaged .*: download it again"):
        GeoTable([tmp_path / "bad.mmdb"])


def test_a_database_of_other_things_is_a_sentence(tmp_path: Path) -> None:
    other = write(tmp_path / "other.mmdb", "GeoIP2-Anonymous-IP", {"85.181.0.0/16": {"is_anonymous": True}})
    with pytest.raises(SettingsError, match=r"of the type 'GeoIP2-Anonymous-IP' knows neither places nor networks"):
        GeoTable([other])


def test_damage_within_is_told_once_and_yields_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # Beyond what is looked at when the file is opened.
    networks: dict[str, Any] = {
        f"1.{row // 256}.{row % 256}.0/24": {"autonomous_system_number": row} for row in range(300)
    }
    networks |= {"85.181.0.0/16": ASN, "86.0.0.0/8": {"autonomous_system_number": 1}}
    good = write(tmp_path / "a.mmdb", "GeoLite2-ASN", networks)
    content = good.read_bytes()
    hurt = content.index(b"autonomous_system_organization") + len(b"autonomous_system_organization")
    good.write_bytes(content[:hurt] + b"\xff\xff\xff\xff" + content[hurt + 4 :])
    table = GeoTable([good])
    found = table.columns(pl.Series(["85.181.35.98", "85.181.35.99", "86.1.1.1"]))
    assert found["source.as.organization.name"].to_list() == [None, None, None]
    assert found["source.as.number"].to_list()[2] == 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "asn.mmdb", "GeoLite2-ASN", {"85.181.0.0/16": ASN})
    table = GeoTable([path])
    assert located(table, "85.181.35.98")["source.as.number"] == 6805
    write(path, "GeoLite2-ASN", {"85.181.0.0/16": {"autonomous_system_number": 64_500}})
    assert located(table, "85.181.35.98") == {"source.as.number": 64_500}


def test_a_bad_replacement_leaves_the_old_one_in_use(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "asn.mmdb", "GeoLite2-ASN", {"85.181.0.0/16": ASN})
    table = GeoTable([path])
    bad = tmp_path / "bad"
    bad.write_text("half a download")
    bad.replace(path)
    for address in ("85.181.35.98", "85.181.35.99"):
        assert located(table, address)["source.as.number"] == 6805
    assert len(caplog.records) == 1
    path.unlink()
    assert located(table, "85.181.35.100")["source.as.number"] == 6805


def test_an_address_of_ipv6_in_a_database_of_ipv4(tmp_path: Path) -> None:
    writer = MMDBWriter(ip_version=4, database_type="GeoLite2-ASN", languages=["en"], description="a test's")
    writer.insert_network(IPSet(["85.181.0.0/16"]), ASN)
    writer.to_db_file(os.fspath(tmp_path / "four.mmdb"))
    found = GeoTable([tmp_path / "four.mmdb"]).columns(pl.Series(["2a00:1450::1", "85.181.35.98"]))
    assert found["source.as.number"].to_list() == [None, 6805]


@given(st.lists(st.one_of(st.none(), st.text(max_size=20), st.ip_addresses().map(str)), max_size=10))
def test_any_text_has_a_row(city: GeoTable, addresses: list[str | None]) -> None:
    found = city.columns(pl.Series(addresses, dtype=pl.String))
    assert dict(found.schema) == GEO_SCHEMA
    assert found.height == len(addresses)
