"""Documents as Elasticsearch gets them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import iso_millis
from enrich import FORMATS, Enrichment, Origin, detect_format, drop_comments, read_events, to_documents

GOLDEN = Path(__file__).parents[2] / "golden" / "enrich"
READ = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
ENRICHMENT = Enrichment()
ORIGIN = Origin('/var/log/"a".log', "web-1", "default", READ, "0.1.0")


def documents(lines: list[str], name: str = "combined") -> list[dict[str, Any]]:
    events = read_events(pl.Series(lines, dtype=pl.String), FORMATS[name], ENRICHMENT)
    events, _ = drop_comments(events)
    numbers = pl.Series(range(events.lines.height), dtype=pl.Int64)
    pieces = to_documents(events, numbers.cast(pl.String), numbers, ORIGIN)
    requests = pieces.body().decode().split("\n")
    assert requests[-1] == ""
    assert requests[:-1:2] == [f'{{"create":{{"_id":"{number}"}}}}' for number in numbers]
    assert [pieces.text(row) for row in range(len(numbers))] == pieces.lines().to_list()
    return [json.loads(text) for text in requests[1::2]]


@pytest.mark.parametrize("case", sorted(path.stem for path in GOLDEN.glob("*.log")))
def test_golden(case: str) -> None:
    lines = (GOLDEN / f"{case}.log").read_text().splitlines()
    expected = [json.loads(line) for line in (GOLDEN / f"{case}.log-expected.ndjson").read_text().splitlines()]
    assert documents(lines, detect_format(pl.Series(lines)).name) == expected


def test_golden_cases_are_there() -> None:
    cases = {path.stem for path in GOLDEN.glob("*.log")}
    assert cases >= FORMATS.keys() - {"vhost_combined"} | {"vhost", "tricky", "iis_bare"}


def test_unparsed_line_keeps_its_text_and_the_read_time() -> None:
    (document,) = documents(["\x00\x1b[2J {{x}} <b>"])
    assert document["event"]["original"] == "\x00\x1b[2J {{x}} <b>"
    assert document["@timestamp"] == document["event"]["created"] == iso_millis(READ)
    assert document["error"] == {"message": "the line does not fit the format combined"}
    assert not document.keys() & {"source", "http", "url", "user", "user_agent"}
    assert "outcome" not in document["event"]


def test_nothing_empty_is_sent() -> None:
    (document,) = documents(['192.0.2.7 - - [05/Mar/2021:09:01:38 +0100] "-" 408 - "-" "-"'])
    assert document["http"] == {"response": {"status_code": 408}}
    assert document["source"] == {"ip": "192.0.2.7", "address": "192.0.2.7"}
    assert not document.keys() & {"url", "user", "user_agent", "error"}


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "success"), (399, "success"), (400, "failure"), (503, "failure")]
)
def test_outcome(status: int, outcome: str) -> None:
    line = f'192.0.2.7 - - [05/Mar/2021:09:01:38 +0100] "GET / HTTP/1.1" {status} 5 "-" "-"'
    assert documents([line])[0]["event"]["outcome"] == outcome


def leaves(tree: dict[str, Any], before: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in tree.items():
        found |= leaves(value, f"{before}{key}.") if isinstance(value, dict) else {before + key}
    return found


def test_every_field_is_one_of_the_contract() -> None:
    lines = (GOLDEN / "tricky.log").read_text().splitlines()
    sent = set().union(*(leaves(document) for document in documents(lines)))
    (sample,) = (
        json.loads(path.read_text())
        for path in (Path(__file__).parents[3] / "es_templates" / "samples").glob("*access*")
    )
    assert sent <= leaves(sample) | {"error.message"}


@given(
    st.lists(st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"")), max_size=20), st.sampled_from([*FORMATS])
)
def test_any_bytes_become_one_document_per_line(lines: list[bytes], name: str) -> None:
    texts = [line.decode("utf-8", "backslashreplace") for line in lines]
    if FORMATS[name].header is None:
        assert [document["event"]["original"] for document in documents(texts, name)] == texts


@given(st.text(st.characters(codec="utf-8", exclude_characters='"\\\n')))
def test_text_arrives_as_it_was(agent: str) -> None:
    line = f'192.0.2.7 - - [05/Mar/2021:09:01:38 +0100] "GET / HTTP/1.1" 200 5 "-" "{agent}"'
    found = documents([line])[0].get("user_agent", {}).get("original")
    assert found == (None if agent in {"-", ""} else agent)
