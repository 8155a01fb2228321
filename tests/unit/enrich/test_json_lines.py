"""JSON lines: one that is none, or not as expected, harms no other line."""

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich import FORMATS, parse

NGINX = FORMATS["nginx_json"]
GOOD = (
    '{"time_iso8601":"2026-03-14T02:15:07+01:00","remote_addr":"192.0.2.7","request_uri":"/%s","request_method":"GET"}'
)

BARE = '{"time_iso8601":"2026-03-14T02:15:07Z","remote_addr":"192.0.2.7","request_uri":"/"'


def urls(lines: list[str], name: str = "nginx_json") -> list[str | None]:
    found: list[str | None] = parse(pl.Series(lines, dtype=pl.String), FORMATS[name])["url.original"].to_list()
    return found


HOSTILE = [
    "",
    "garbage",
    "{",
    "}",
    "{}",
    "[]",
    "[1]",
    "null",
    "5",
    '"text"',
    '{"request_uri":',
    '{"request_uri":{"a":1}}',
    '{"request_uri":["a"]}',
    '{"request_uri":null}',
    '{"request_uri":true,"remote_addr":7,"time_iso8601":{}}',
    '{"request_uri":"a","request_uri":"b"}',
    '{"msec":1e400}',
    '{"msec":' + "9" * 5_000 + "}",
    '{"msec":"NaN"}',
    '{"status":"\\ud800"}',
    '{"status":"\x01"}',
    '{"a":1},{"a":2}',
    '{"a":1},null',
    '{"a":"x}',
    '{","z":1}',
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    "[" * 100_000,
    '{"a":' * 100 + "1" + "}" * 100,
    '{"request_uri":"' + "x" * 1_000_000,
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_line_harms_itself_alone(hostile: str) -> None:
    lines = [GOOD % "1", hostile, GOOD % "2"]
    frame = parse(pl.Series(lines), NGINX)
    assert frame["url.original"].to_list() == ["/1", None, "/2"]
    assert frame["error.message"].is_not_null().to_list() == [False, True, False]
    assert frame["event.original"].to_list() == lines


def test_all_hostile_lines_at_once() -> None:
    lines = [line for hostile in HOSTILE for line in (GOOD % "x", hostile)] * 3
    assert urls(lines) == ["/x", None] * (len(HOSTILE) * 3)


def test_lines_that_make_others_of_their_neighbours() -> None:
    """The decoder reads all lines as one array: none may become two, and no two one."""
    two = GOOD % "a" + "," + GOOD % "b"
    halves = [(GOOD % "c")[:-3], (GOOD % "d")[1:]]
    lines = [GOOD % "1", two, *halves, '{"a":"x}', '{","z":1}', GOOD % "2"]
    assert urls(lines) == ["/1", None, None, None, None, None, "/2"]


def test_a_value_of_the_wrong_kind_is_null_alone() -> None:
    line = BARE + ',"status":{"a":[1]},"host":[]}'
    frame = parse(pl.Series([line] * 100 + [GOOD % "x"]), NGINX)
    assert frame["error.message"].null_count() == 101
    assert frame["http.response.status_code"].null_count() == 101


def test_nginx_without_escape_json_is_repaired() -> None:
    assert urls([GOOD % r"say\x22hi\x22\xC3\xA4"]) == ['/say"hi"Ã¤']


def test_numbers_and_texts_are_the_same() -> None:
    line = BARE + ',"status":%s,"request_time":%s}'
    frame = parse(pl.Series([line % (200, 0.25), line % ('"200"', '"0.25"'), line % (200.0, "2.5e-1")]), NGINX)
    assert frame["http.response.status_code"].to_list()[:2] == [200, 200]
    assert frame["event.duration"].to_list() == [250_000_000] * 3


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from([key.path[0] for key in (*NGINX.keys, *FORMATS["caddy"].keys)])
                    | st.text(max_size=4),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value, ensure_ascii=False))
        | st.just(GOOD % "x")
        | st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=20),
        max_size=12,
    ),
    st.sampled_from(sorted(name for name, entry in FORMATS.items() if entry.keys)),
)
def test_each_line_reads_as_if_it_were_alone(lines: list[str], name: str) -> None:
    together = parse(pl.Series(lines, dtype=pl.String), FORMATS[name])
    alone: list[dict[str, Any]] = [parse(pl.Series([line]), FORMATS[name]).row(0, named=True) for line in lines]
    assert together.to_dicts() == alone
