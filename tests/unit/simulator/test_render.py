"""Rendered lines are nginx's, one line each, whatever an attacker put into a request."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import SCHEMA, SimulatorError, escape_value, render_combined, simulate, write_log

MONDAY = datetime(2026, 3, 2, 8, 15, 0, 250_000, tzinfo=UTC)
COMBINED = re.compile(r'(\S+) - (\S+) \[([^\]]+)\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"')


def one(**changes: object) -> pl.DataFrame:
    row = {
        "time": MONDAY,
        "client": "198.18.0.1",
        "method": "GET",
        "url": "/a?b=c",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 12,
        "referrer": "-",
        "user_agent": "curl/8.4.0",
        "domain": "www.example.org",
        "user": "-",
        "kind": "normal",
        "actor": "visitor",
        "attack": None,
    }
    return pl.DataFrame([row | changes], schema=SCHEMA)


def test_a_line_is_nginx_combined() -> None:
    expected = '198.18.0.1 - - [02/Mar/2026:08:15:00 +0000] "GET /a?b=c HTTP/1.1" 200 12 "-" "curl/8.4.0"'
    assert render_combined(one()).to_list() == [expected]


def test_hostile_values_are_escaped_as_nginx_does() -> None:
    (line,) = render_combined(one(user_agent='a"b\\c\n\x1b[31m\x7f', referrer="é€", url="/~"))
    assert '"/~' not in line
    assert "GET /~ HTTP" in line
    assert '"\\xC3\\xA9\\xE2\\x82\\xAC" "a\\x22b\\x5Cc\\x0A\\x1B[31m\\x7F"' in line


def test_missing_values_become_dashes() -> None:
    (line,) = render_combined(one(referrer=None, user_agent=""))
    assert line.endswith('"-" "-"')


@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_every_text_stays_one_parsable_line(agent: str, referrer: str) -> None:
    agent, referrer = (text.encode("utf-8", "ignore").decode() for text in (agent, referrer))
    (line,) = render_combined(one(user_agent=agent, referrer=referrer))
    match = COMBINED.fullmatch(line)
    assert match is not None
    assert match[8] == (escape_value(agent) or "-")
    assert line.isascii()
    assert line.isprintable()


def test_many_rows_keep_their_order(tmp_path: Path) -> None:
    frame = simulate(MONDAY, MONDAY + timedelta(hours=3), seed=1, attacks=[("sqli", MONDAY), ("spray", MONDAY)])
    path = tmp_path / "logs" / "access.log"
    beside = write_log(frame, path)
    lines = path.read_text().splitlines()
    assert len(lines) == frame.height
    found = [COMBINED.fullmatch(line) for line in lines]
    assert [match[1] for match in found if match] == frame["client"].to_list()
    assert beside == tmp_path / "logs" / "access.log.truth.jsonl"
    runs = [json.loads(line) for line in beside.read_text().splitlines()]
    assert {run["attack"] for run in runs} == {"sqli", "spray"}
    for run in runs:
        written = [match for match in found if match and match[1] in run["clients"]]
        assert len(written) == run["requests"]
        assert run["first"].endswith("Z")
    assert not list(path.parent.glob("*.part"))


def test_an_unwritable_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SimulatorError, match="choose another file"):
        write_log(one(), tmp_path / "file" / "access.log")
