"""KQL: read, quoted, and turned into the queries that Kibana would send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import KibanaError
from kibana.kql.dsl import to_dsl
from kibana.kql.parse import Is, Value, fields, parse
from kibana.kql.quote import any_of, quote


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"match_all": {}}),
        ('url.path: "/a b"', {"match_phrase": {"url.path": "/a b"}}),
        ("status: 404", {"match": {"status": "404"}}),
        ("status >= 500", {"range": {"status": {"gte": "500"}}}),
        ("error.message: *", {"exists": {"field": "error.message"}}),
        ("url.path: /admin*", {"wildcard": {"url.path": {"value": "/admin*"}}}),
        ("url.path: \\/a\\*", {"match": {"url.path": "/a*"}}),
        ("not a: 1", {"bool": {"must_not": [{"match": {"a": "1"}}]}}),
        (
            "a: 1 and b: 2 or c: 3",
            {
                "bool": {
                    "should": [
                        {"bool": {"filter": [{"match": {"a": "1"}}, {"match": {"b": "2"}}]}},
                        {"match": {"c": "3"}},
                    ],
                    "minimum_should_match": 1,
                }
            },
        ),
        (
            "a: (x or y)",
            {"bool": {"should": [{"match": {"a": "x"}}, {"match": {"a": "y"}}], "minimum_should_match": 1}},
        ),
        (
            "a: (not x and y)",
            {"bool": {"filter": [{"bool": {"must_not": [{"match": {"a": "x"}}]}}, {"match": {"a": "y"}}]}},
        ),
    ],
)
def test_a_query_becomes_what_kibana_sends(query: str, expected: dict[str, object]) -> None:
    assert to_dsl(query) == expected


@pytest.mark.parametrize("query", ["free text", "a:", "a: (x or y", "a: 1 b: 2", ") a: 1", "a: (x or y and z)", '"'])
def test_what_is_malformed_is_refused_with_the_query(query: str) -> None:
    with pytest.raises(KibanaError, match="malformed"):
        to_dsl(query)


def test_fields_are_found_at_any_depth() -> None:
    assert list(fields(parse("a: 1 and not (b: 2 or c >= 3)"))) == ["a", "b", "c"]


@given(st.text())
def test_whatever_an_attacker_wrote_stays_one_value(text: str) -> None:
    assert parse(f"source.address: {quote(text)}") == Is("source.address", ":", Value(text, is_phrase=True))


def test_several_values_are_a_list() -> None:
    assert any_of("a", ["x", 'y"z']) == 'a: ("x" or "y\\"z")'
    assert any_of("a", ["x"]) == 'a: "x"'
    assert any_of("a", []) == ""
