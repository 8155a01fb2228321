"""Expressions: what they give, what they cannot reach, and where they end."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.expression import check, evaluate, holds, transformed
from alerts.language.model import Script
from core.errors import RuleError

HITS = [{"_id": "a", "_source": {"n": 1.5}}, {"_id": "b", "_source": {"n": 2.5}}]
CONTEXT: dict[str, Any] = {
    "ctx": {"payload": {"hits": {"total": 7, "hits": HITS}, "name": "{{x}}", "many": list(range(1000))}}
}


def script(source: str, **params: Any) -> Script:
    return Script(source=source, lang="expression", params=params)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("ctx.payload.hits.total > 5", True),
        ("ctx.payload.hits.total * 2 + params.more", 17),
        ("double(ctx.payload.hits.total) / 2.0", 3.5),
        ("ctx.payload.hits.hits.map(h, h._id)", ["a", "b"]),
        ("ctx.payload.hits.hits.filter(h, h._source.n > 2.0).size()", 1),
        ("ctx.payload.hits.hits.exists(h, h._id == 'b')", True),
        ("{'total': ctx.payload.hits.total, 'nothing': null}", {"total": 7, "nothing": None}),
        ("has(ctx.payload.absent) ? 1 : 2", 2),
        ("ctx.payload.name + '!'", "{{x}}!"),
        ("timestamp('2026-03-14T00:00:00Z') + duration('90m')", "2026-03-14T01:30:00.000Z"),
        ("ctx.payload.name.matches('^(x+)+$')", False),
    ],
)
def test_values(source: str, value: Any) -> None:
    assert evaluate(script(source, more=3), CONTEXT) == value


def test_what_is_no_map_stands_under_value_as_in_watcher() -> None:
    assert transformed(script("{'a': 1}"), CONTEXT) == {"a": 1}
    assert transformed(script("[1, 2]"), CONTEXT) == {"_value": [1, 2]}


@pytest.mark.parametrize(
    "source",
    [
        "ctx.payload.absent.x > 1",
        "1 / 0 == 1",
        "9223372036854775807 + 1 > 0",
        "ctx.__class__",
        "ctx.payload.name.__class__.__mro__",
        "ctx.payload.hits.total / 2.0",
        "b'bytes'",
        "type(1)",
        "{1: 2}",
        "0.0 / 0.0",
        "duration('5s')",
    ],
)
def test_what_fails_is_one_sentence(source: str) -> None:
    with pytest.raises(RuleError, match=r"^the expression ") as error:
        evaluate(script(source), CONTEXT)
    assert "\n" not in str(error.value)


def test_a_condition_is_true_or_false() -> None:
    assert holds(script("true"), CONTEXT)
    with pytest.raises(RuleError, match="neither true nor false"):
        holds(script("1"), CONTEXT)


def test_an_expression_ends() -> None:
    with pytest.raises(RuleError, match="Iteration budget exceeded"):
        evaluate(script("ctx.payload.many.map(x, ctx.payload.many.map(y, x * y)).size()"), CONTEXT)


def test_a_value_has_a_size() -> None:
    with pytest.raises(RuleError, match="give at most 1000000"):
        evaluate(script("ctx.text + ctx.text"), {"ctx": {"text": "x" * 600_000}})


def test_what_it_is_given_has_a_size_and_a_depth() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, "x" * 20_000_001):
        with pytest.raises(RuleError, match="too large or nested too deeply"):
            evaluate(script("true"), {"ctx": {"value": value}})


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("1 +", "the expression is malformed: .*Syntax error"),
        ("undefined > 1", "undeclared reference to 'undefined'"),
        ("import('os')", "malformed"),
        ("__import__('os').system('id')", "malformed"),
        ("(" * 100 + "1" + ")" * 100, "malformed"),
        ("'" + "x" * 2000 + "'", "at most 2000 characters"),
        ("['x']" + ".map(a, a + a + a)" * 9, "too large for its 9 macros"),
        ("[1].map(a, [" + ",".join("a" * 60) + "]).map(b, [" + ",".join("b" * 60) + "])", "too large for its 2 macros"),
    ],
)
def test_what_is_malformed_or_unbounded_is_refused_when_it_is_read(source: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check(source)


@given(st.text(max_size=60))
def test_no_source_breaks_it(source: str) -> None:
    try:
        check(source)
    except ValueError:
        return
    try:
        evaluate(script(source), CONTEXT)
    except RuleError:
        return


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()), st.lists, max_leaves=5
    )
)
def test_no_value_breaks_it(value: Any) -> None:
    try:
        found = evaluate(script("ctx.value"), {"ctx": {"value": value}})
    except RuleError:
        return
    assert found == value
