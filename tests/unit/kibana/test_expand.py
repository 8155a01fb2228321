"""Vega-Lite files get their data as Kibana gives it."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st

from core.errors import KibanaError
from kibana.preview.values import number_text, source_text
from kibana.queries.aggregations import Scope
from kibana.source.files import read_sources
from kibana.vega.expand import expand, request_of

START = datetime(2026, 6, 9, tzinfo=UTC)
SCOPE = Scope(START, START + timedelta(days=1), ("url.path: /login",))
RANGE = {"range": {"@timestamp": {"gte": "2026-06-09T00:00:00.000Z", "lte": "2026-06-10T00:00:00.000Z"}}}
ANSWERS: dict[str, Any] = {
    "hits": {
        "hits": [
            {
                "_source": {
                    "message": "scanning from 192.0.2.1",
                    "event": {"start": "2026-06-09T03:00:00.000Z", "end": "2026-06-09T04:00:00.000Z"},
                    "source": {"address": address},
                    "wwwatch": {
                        "incident": {"kind": "scan", "severity": "major", "score": 60.5},
                        "anomaly": {"kind": "scan", "severity": "major", "score": 60.5},
                        "session": {
                            "start": "2026-06-09T03:00:00.000Z",
                            "end": "2026-06-09T04:00:00.000Z",
                            "requests": 40,
                        },
                    },
                }
            }
            for address in ("192.0.2.1", ["192.0.2.2"], ["192.0.2.3", "192.0.2.4"])
        ]
    },
    "aggregations": {"time": {"buckets": [{"key": int(each.timestamp() * 1000)} for each in (SCOPE.start, SCOPE.end)]}},
}


def answer(index: str, body: dict[str, Any]) -> dict[str, Any]:
    assert index.startswith("wwwatch-")
    assert set(body) <= {"size", "_source", "sort", "query", "aggs"}
    return ANSWERS


def urls_of(node: Any) -> list[Any]:
    if isinstance(node, list):
        return [url for each in node for url in urls_of(each)]
    if not isinstance(node, dict):
        return []
    return [node["url"] for _ in range("url" in node)] + [url for each in node.values() for url in urls_of(each)]


def test_context_is_time_and_queries() -> None:
    url: dict[str, Any] = {"%context%": True, "%timefield%": "@timestamp", "index": "i", "body": {"size": 3}}
    index, body = request_of(url, SCOPE)
    assert (index, body["size"]) == ("i", 3)
    first, second = body["query"]["bool"]["filter"]
    assert first == RANGE
    assert "/login" in json.dumps(second)


def test_without_context_only_the_time_counts() -> None:
    _, body = request_of({"%timefield%": "@timestamp", "index": "i"}, SCOPE)
    assert body["query"] == {"bool": {"filter": [RANGE]}}


def test_a_request_without_either_keeps_its_own_query_and_gets_clauses_and_times_filled_in() -> None:
    clauses = ["%dashboard_context-filter_clause%", {"range": {"@timestamp": {"%timefilter%": True}}}]
    own = {"bool": {"filter": clauses, "must_not": ["%dashboard_context-must_not_clause%"]}}
    _, body = request_of({"index": "i", "body": {"query": own}}, SCOPE)
    filters = body["query"]["bool"]["filter"]
    assert "/login" in json.dumps(filters[0])
    assert filters[1]["range"]["@timestamp"]["gte"] == "2026-06-09T00:00:00.000Z"
    assert body["query"]["bool"]["must_not"] == []


def test_bounds_shifts_and_intervals() -> None:
    bounds = {"min": {"%timefilter%": "min"}, "max": {"%timefilter%": "max", "shift": -1, "unit": "hour"}}
    histogram = {"field": "@timestamp", "interval": {"%autointerval%": True}, "extended_bounds": bounds}
    _, body = request_of({"index": "i", "body": {"aggs": {"t": {"date_histogram": histogram}}}}, SCOPE)
    filled = body["aggs"]["t"]["date_histogram"]
    assert filled["fixed_interval"] == "30m"
    assert "interval" not in filled
    begin = int(START.timestamp() * 1000)
    assert filled["extended_bounds"] == {"min": begin, "max": begin + 23 * 3_600_000}


@pytest.mark.parametrize("key", ["%context%", "%timefield%"])
def test_a_query_beside_the_dashboards_is_refused_as_kibana_refuses_it(key: str) -> None:
    url: dict[str, Any] = {
        key: True if key == "%context%" else "@timestamp",
        "index": "i",
        "body": {"query": {"match_all": {}}},
    }
    with pytest.raises(KibanaError, match="a query beside"):
        request_of(url, SCOPE)


def test_an_answer_without_what_is_wanted_is_an_error() -> None:
    spec = {"data": {"url": {"index": "i"}, "format": {"property": "aggregations.gone"}}}
    with pytest.raises(KibanaError, match="has no aggregations"):
        expand(spec, SCOPE, lambda *_: {"hits": {}})


def test_addresses_that_are_text_stay() -> None:
    spec = {"data": {"url": "data.json"}, "mark": "bar"}
    assert expand(spec, SCOPE, lambda *_: pytest.fail("nothing is to be asked")) == spec


@pytest.mark.parametrize("name", sorted(read_sources().vega))
def test_every_shipped_file_is_filled_in_whole_and_draws(name: str) -> None:
    spec = read_sources().vega[name]
    before = copy.deepcopy(spec)
    filled = expand(spec, SCOPE, answer)
    assert spec == before
    assert urls_of(filled) == [], "vl-convert would draw nothing, and not say so"
    assert "%" not in "".join(key for key in json.dumps(filled).split('"') if key.startswith("%time"))
    svg = vl_convert.vegalite_to_svg(json.dumps(filled), vl_version="5.20")
    assert "scan" in svg


def test_clients_are_named_whether_there_is_one_or_a_list() -> None:
    svg = vl_convert.vegalite_to_svg(
        json.dumps(expand(read_sources().vega["session-timeline"], SCOPE, answer)), vl_version="5.20"
    )
    for label in ("192.0.2.1", "192.0.2.2", "192.0.2.3 and 1 more"):
        assert f">{label}<" in svg


def test_the_time_axis_spans_the_dashboards_range_not_only_the_incidents() -> None:
    svg = vl_convert.vegalite_to_svg(
        json.dumps({**expand(read_sources().vega["incident-timeline"], SCOPE, answer), "width": 1200}),
        vl_version="5.20",
    )
    assert ">21:00<" in svg
    assert "PM" not in svg


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_asks_for_nothing_is_not_changed(node: Any) -> None:
    spec = {"usermeta": node}
    assert expand(spec, SCOPE, answer) == spec or urls_of(spec)


def test_values_of_documents_as_text() -> None:
    source = {"at": "2026-06-09T03:00:00.000Z", "reasons": [{"s": "a"}, {"s": "b"}, {"t": 1}], "n": [1, 2, 3, 4]}
    assert source_text(source, "at") == "2026-06-09 03:00:00"
    assert source_text(source, "reasons.s") == "a, b"
    assert source_text(source, "n") == "1, 2, 3 …"
    assert source_text(source, "n.deeper") == "-"


def test_numbers_as_kibana_writes_them() -> None:
    def column(**fmt: Any) -> dict[str, Any]:
        return {"isBucketed": False, "params": {"format": fmt} if fmt else {}}

    assert number_text(column(), 1234567) == "1,234,567"
    assert number_text(column(), None) == "-"
    assert number_text(column(id="bytes"), 3 * 1024 * 1024) == "3.0MB"
    assert number_text(column(id="percent", params={"decimals": 1}), 0.123) == "12.3 %"
