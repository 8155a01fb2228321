"""How texts become values."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.addresses import bare_ip
from enrich.reading import read_slot
from enrich.slots import EPOCH, ISO_TIME, SLOTS, Reading, Slot, find_slots, label


def read(text: str, slot: Slot, zone: str = "UTC") -> Any:
    return pl.DataFrame({"text": [text]}).select(read_slot(pl.col("text"), slot, zone)).to_series().to_list()[0]


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2ms", 2_000_000),
        ("1.5s", 1_500_000_000),
        ("1m2.5s", 62_500_000_000),
        ("1h0m0s", 3_600_000_000_000),
        ("250µs", 250_000),
        ("250us", 250_000),
        ("17ns", 17),
        ("17", 17),
        ("-1", None),
        ("-", None),
        ("", None),
        ("ms", None),
        ("2 ms", None),
        ("1e400", None),
        ("nan", None),
    ],
)
def test_durations(text: str, nanoseconds: int | None) -> None:
    assert read(text, Slot("d", Reading.NANOSECONDS)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-03-14T02:15:07Z", datetime(2026, 3, 14, 2, 15, 7, tzinfo=UTC)),
        ("2026-03-14T02:15:07.250+01:00", datetime(2026, 3, 14, 1, 15, 7, 250_000, tzinfo=UTC)),
        ("2026-03-14T02:15:07.123456789+0100", datetime(2026, 3, 14, 1, 15, 7, 123_456, tzinfo=UTC)),
        ("2026-03-14 02:15:07", datetime(2026, 3, 14, 1, 15, 7, tzinfo=UTC)),
        ("2026-03-14T02:15:07.5", datetime(2026, 3, 14, 1, 15, 7, 500_000, tzinfo=UTC)),
        ("2026-02-30T02:15:07Z", None),
        ("2026-03-29T02:30:00", None),
        ("yesterday", None),
    ],
)
def test_iso_times_in_the_zone_of_the_server(text: str, when: datetime | None) -> None:
    assert read(text, Slot("t", Reading.TIME, layout=ISO_TIME), "Europe/Berlin") == when


@pytest.mark.parametrize(
    ("text", "year"), [("0", 1970), ("1773450907.25", 2026), ("1e300", None), ("-5", None), ("x", None)]
)
def test_times_as_numbers(text: str, year: int | None) -> None:
    found = read(text, Slot("t", Reading.TIME, 1e6, EPOCH))
    assert (found.year if found else None) == year


@pytest.mark.parametrize(
    ("text", "reading", "value"),
    [
        ("get", Reading.UPPER, "GET"),
        ("TLS", Reading.LOWER, "tls"),
        ("a+b", Reading.PLUS, "a b"),
        ("a%20b%2520", Reading.ESCAPED, "a b%20"),
        ("-", Reading.TEXT, None),
        ("17, 42", Reading.LAST, 42),
        ("-", Reading.LAST, None),
        ("0.1, 0.2", Reading.SUM, 0.3),
        ("-", Reading.SUM, None),
        ("a, , b", Reading.LIST, ["a", "b"]),
        (", ", Reading.LIST, None),
        ("99999999999999999999", Reading.INTEGER, None),
        ("1.5", Reading.DECIMAL, 1.5),
    ],
)
def test_other_readings(text: str, reading: Reading, value: Any) -> None:
    assert read(text, Slot("x", reading, layout=", ")) == value


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::1%0", "::1"),
        ("fe80::1%", None),
        ("192.0.2.7:80", None),
        ("host", None),
        ("", None),
    ],
)
def test_addresses_without_brackets_and_zone(text: str, address: str | None) -> None:
    assert pl.DataFrame({"text": [text]}).select(bare_ip(pl.col("text"))).item() == address


@given(st.text(max_size=30), st.sampled_from(sorted(SLOTS)))
def test_any_text_is_read(text: str, name: str) -> None:
    for slot in SLOTS[name]:
        read(text, slot)


def test_labels() -> None:
    assert label("$upstream_cache_status") == "label_upstream_cache_status"
    assert label("%{X-Own}i") == "label_X_Own_i"
    assert label("$") == "label_value"
    assert find_slots("label_X") == (Slot("labels.X"),)
