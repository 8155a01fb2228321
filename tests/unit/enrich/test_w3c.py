"""Logs whose header lines name their columns."""

import polars as pl
import pytest

from enrich import FORMATS, IS_COMMENT, last_header, parse, resume

IIS = FORMATS["iis"]
SHORT = "#Fields: date time c-ip cs-method cs-uri-stem sc-status"
LONG = "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status time-taken"
SHORT_LINE = "2026-03-14 02:15:07 192.0.2.7 GET /short 200"
LONG_LINE = "2026-03-14 02:15:08 GET /long a=1 192.0.2.8 404 17"


def test_each_line_has_the_columns_of_the_last_header_before_it() -> None:
    lines = pl.Series(
        [SHORT_LINE, SHORT, SHORT_LINE, LONG_LINE, "#Date: x", LONG, LONG_LINE, SHORT_LINE, SHORT, SHORT_LINE]
    )
    frame = parse(lines, IIS)
    assert frame[IS_COMMENT].to_list() == [False, True, False, False, True, True, False, False, True, False]
    assert frame["url.original"].to_list() == [
        *(None, None, "/short", None, None),
        *(None, "/long?a=1", None, None, "/short"),
    ]
    assert frame["error.message"].is_not_null().to_list() == [
        True,
        False,
        False,
        True,
        False,
        False,
        False,
        True,
        False,
        False,
    ]
    assert frame["event.duration"].to_list()[6] == 17_000_000


def test_what_came_before_can_be_resumed() -> None:
    assert last_header(pl.Series([SHORT, LONG, LONG_LINE]), IIS) == LONG
    assert last_header(pl.Series([LONG_LINE]), IIS) is None
    resumed = resume(IIS, LONG)
    assert parse(pl.Series([LONG_LINE, SHORT, SHORT_LINE]), resumed)["source.address"].to_list() == [
        *("192.0.2.8", None),
        "192.0.2.7",
    ]
    assert resume(IIS, None) is IIS
    assert resume(FORMATS["combined"], LONG) is FORMATS["combined"]
    assert last_header(pl.Series([LONG]), FORMATS["combined"]) is None


def test_header_says_what_each_column_becomes() -> None:
    assert dict(resume(IIS, "#Fields: date c-ip X-Own cs(User-Agent)").explain()) == {
        "date": ("@timestamp",),
        "c-ip": ("source.address",),
        "X-Own": ("labels.X_Own",),
        "cs(User-Agent)": ("user_agent.original",),
    }


@pytest.mark.parametrize(
    "header",
    ["#Fields:", "#Fields: " + "x " * 1_000, "#Fields: date date time time", "#Fields: (?P<x>", "#Fields: - - \x00 ä"],
)
def test_a_strange_header_fails_nothing(header: str) -> None:
    frame = parse(pl.Series([header, SHORT_LINE, "x", SHORT, SHORT_LINE]), IIS)
    assert frame["url.original"].to_list()[-1] == "/short"
    assert frame.height == 5


@pytest.mark.parametrize(
    "header", ["#Fields: time c-ip", "#Fields: cs-uri-query c-ip", "#Fields: date c-ip", "#Fields: own own"]
)
def test_columns_that_belong_together_may_stand_alone(header: str) -> None:
    assert parse(pl.Series([header, "02:15:07 192.0.2.7"]), IIS).height == 2


def test_spaces_as_plus_signs_and_what_stands_for_nothing() -> None:
    line = "2026-03-14 02:15:07 192.0.2.80 GET / - 443 - 192.0.2.7 Mozilla/5.0+(X11;+Linux) - 200 0 0 5"
    (row,) = parse(pl.Series([line]), IIS).to_dicts()
    assert row["user_agent.original"] == "Mozilla/5.0 (X11; Linux)"
    assert (row["url.original"], row["user.name"], row["http.request.referrer"]) == ("/", None, None)
