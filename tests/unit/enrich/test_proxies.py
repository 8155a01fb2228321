"""The client behind trusted proxies, and everybody who only says so."""

import ipaddress
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from enrich.proxies import PROXY_SCHEMA, ClientTable, read_address, read_networks

TRUSTED = ("10.0.0.0/8", "2001:db8:1::/48", "192.0.2.7", "unix:")


def found(peer: str | None, forwarded: str | None, trusted: tuple[str, ...] = TRUSTED) -> dict[str, Any]:
    series = [pl.Series([text], dtype=pl.String) for text in (peer, forwarded)]
    frame = ClientTable(trusted).columns(*series)
    assert dict(frame.schema) == PROXY_SCHEMA
    return {name: value for name, value in frame.row(0, named=True).items() if value is not None}


def client(address: str, proxy: str) -> dict[str, str]:
    return {"source.address": address, "source.ip": address, "wwwatch.proxy.address": proxy}


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("6.6.6.6,198.51.100.1 , 10.9.9.9", "198.51.100.1"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("2001:DB8:5::1", "2001:db8:5::1"),
        ("[2001:db8:5::1]:4711", "2001:db8:5::1"),
        ("[2001:db8:5::1]", "2001:db8:5::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, ::ffff:10.1.1.1", "198.51.100.1"),
        ("198.51.100.1, [2001:db8:1::9]:80", "198.51.100.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("for=198.51.100.1", "198.51.100.1"),
        ("For=198.51.100.1:4711;proto=https;by=10.0.0.1", "198.51.100.1"),
        ("proto=https; for=198.51.100.1; host=shop.example", "198.51.100.1"),
        ('for="[2001:db8:5::1]:4711"', "2001:db8:5::1"),
        (r"for=\x22[2001:db8:5::1]:4711\x22", "2001:db8:5::1"),
        (r'for=\"[2001:db8:5::1]\"', "2001:db8:5::1"),
        ("for=6.6.6.6, for=198.51.100.1, for=10.5.5.5;proto=http", "198.51.100.1"),
        ("for=198.51.100.1, 10.5.5.5", "198.51.100.1"),
    ],
)  # fmt: skip
def test_the_last_address_that_a_trusted_proxy_vouches_for(forwarded: str, address: str) -> None:
    assert found("10.0.0.1", forwarded) == client(address, "10.0.0.1")


@pytest.mark.parametrize(
    "forwarded",
    ["", "-", "unknown", "for=unknown", "for=_hidden", "garbage, unknown", "1.2.3", "198.51.100.1:port",
     "[198.51.100.1", "[::1]x", "<script>", "6.6.6.6, unknown", "for=", "proto=https", "999.1.1.1", ",", "6.6.6.6, -"],
)  # fmt: skip
def test_garbage_ends_the_walk_at_the_peer(forwarded: str) -> None:
    assert found("10.0.0.1", forwarded) == {"source.address": "10.0.0.1", "source.ip": "10.0.0.1"}


def test_garbage_ends_the_walk_at_the_last_proxy() -> None:
    assert found("10.0.0.1", "6.6.6.6, unknown, 10.2.2.2") == client("10.2.2.2", "10.0.0.1")


@pytest.mark.parametrize(
    "forwarded",
    [
        'for=6.6.6.6;x=", for="[2001:db8:5::1]:80"',
        '"6.6.6.6, for="[2001:db8:5::1]"',
        'for="6.6.6.6, for="[2001:db8:5::1]"',
    ],
)
def test_a_quote_left_open_swallows_nothing_of_what_a_proxy_appended(forwarded: str) -> None:
    assert found("10.0.0.1", forwarded) == client("2001:db8:5::1", "10.0.0.1")


@pytest.mark.parametrize(
    "forwarded",
    ['host="a;for=6.6.6.6";for=198.51.100.1', 'for=198.51.100.1;host="x, for=6.6.6.6"', "for=198.51.100.1;for=6.6.6.6"],
)
def test_a_host_that_brings_its_own_for_is_not_believed(forwarded: str) -> None:
    assert "6.6.6.6" not in found("10.0.0.1", forwarded).values()


def test_nobody_else_is_believed() -> None:
    told = found("203.0.113.5", "6.6.6.6, 198.51.100.1:80")
    assert told == {"source.address": "203.0.113.5", "source.ip": "203.0.113.5", "network.forwarded_ip": "198.51.100.1"}
    assert found("10.0.0.1", "6.6.6.6", ()) == {
        "source.address": "10.0.0.1",
        "source.ip": "10.0.0.1",
        "network.forwarded_ip": "6.6.6.6",
    }
    assert "network.forwarded_ip" not in found("203.0.113.5", "6.6.6.6, unknown")


def test_a_peer_that_is_a_name_is_not_trusted() -> None:
    assert found("proxy.example", "6.6.6.6") == {"source.address": "proxy.example", "network.forwarded_ip": "6.6.6.6"}


def test_a_socket_can_be_trusted() -> None:
    assert found("unix:", "198.51.100.1") == client("198.51.100.1", "unix:")
    assert found("unix:", "198.51.100.1", ("10.0.0.0/8",))["source.address"] == "unix:"


def test_ipv6_and_mapped_peers() -> None:
    assert found("2001:db8:1::5", "198.51.100.1") == client("198.51.100.1", "2001:db8:1::5")
    assert found("::ffff:10.0.0.1", "198.51.100.1") == client("198.51.100.1", "::ffff:10.0.0.1")


def test_what_is_missing_stays_null() -> None:
    assert found(None, "198.51.100.1") == {}
    assert found("10.0.0.1", None) == {}


def test_a_long_list_is_walked_from_its_end_and_not_for_ever() -> None:
    assert found("10.0.0.1", "6.6.6.6, " * 100_000 + "198.51.100.1") == client("198.51.100.1", "10.0.0.1")
    assert found("10.0.0.1", "198.51.100.1, " + "10.0.0.2, " * 100_000 + "10.0.0.3") == client("10.0.0.2", "10.0.0.1")


def test_networks_are_checked_all_at_once() -> None:
    assert read_networks(TRUSTED) == TRUSTED
    with pytest.raises(SettingsError, match=r"no network: 'proxy', '10.0.0.1/8': correct ship\.trusted_proxies"):
        ClientTable(("10.0.0.0/8", "proxy", "10.0.0.1/8"))


HOPS = st.one_of(
    st.ip_addresses().map(str),
    st.sampled_from(["10.0.0.5", "unknown", 'for="', "for=6.6.6.6", ""]),
    st.text(max_size=8),
)


@given(st.one_of(st.text(max_size=10), st.ip_addresses().map(str)), st.lists(HOPS, max_size=6).map(", ".join))
def test_any_list_yields_an_address_or_none(peer: str, forwarded: str) -> None:
    row = found(peer, forwarded)
    assert "source.address" in row
    for name in ("source.ip", "network.forwarded_ip"):
        assert name not in row or ipaddress.ip_address(row[name])


@given(st.lists(HOPS, max_size=5).map(", ".join), st.ip_addresses())
def test_whatever_a_client_sends_his_address_is_what_the_proxy_appended(
    sent: str, address: ipaddress.IPv4Address
) -> None:
    mapped = read_address(str(address))
    row = found("192.0.2.7", f"{sent}, {address}", ("192.0.2.7",))
    assert row["source.ip"] == str(mapped) or str(mapped) == "192.0.2.7"
