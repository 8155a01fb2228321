"""The watch language's small parts: mustache, paths, conditions, schedules, text."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.condition import evaluate
from alerts.language.model import Condition, Schedule
from alerts.language.mustache import check, lookup, render, render_tree
from alerts.language.parts import format_duration, parse_duration
from alerts.language.schedule import next_after, retry_delay, scheduled_at
from core.errors import RuleError
from core.text import visible
from tests.alerting import NOW

CTX = {
    "ctx": {
        "payload": {
            "hits": {"total": 7, "hits": [{"_id": "a"}, {"_id": "b"}]},
            "yes": True,
            "text": 'a"<b>',
            "list": [1, "x", True],
        }
    }
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ctx.payload.hits.total}}", "7"),
        ("{{ctx.payload.hits.hits.1._id}}", "b"),
        ("{{ctx.payload.hits.hits.9._id}}", ""),
        ("{{#ctx.payload.hits.hits}}{{_id}},{{/ctx.payload.hits.hits}}", "a,b,"),
        ("{{ctx.payload.yes}}", "true"),
        ("{{ctx.payload.none.at.all}}", ""),
        ("{{ctx.payload.text}}", 'a"<b>'),
        ("{{ctx.payload.hits.hits.pop}}{{ctx.payload.hits.hits.clear}}", ""),
        ("{{#toJson}}ctx.payload.hits{{/toJson}}", '{"total": 7, "hits": [{"_id": "a"}, {"_id": "b"}]}'),
        ("{{#ctx.payload.hits.hits}}{{#toJson}}_id{{/toJson}};{{/ctx.payload.hits.hits}}", '"a";"b";'),
        ("{{#toJson}}ctx.absent{{/toJson}}", "null"),
        ("{{#join}}ctx.payload.list{{/join}}", "1,x,true"),
        ("{{#join delimiter=' | '}}ctx.payload.list{{/join delimiter=' | '}}", "1 | x | true"),
        ("{{#join}}ctx.absent{{/join}}", ""),
        ("q={{#url}}{{ctx.payload.text}} &{{/url}}", "q=a%22%3Cb%3E+%26"),
        ("{{^ctx.payload.none}}nothing{{/ctx.payload.none}}{{^ctx.payload.yes}}no{{/ctx.payload.yes}}", "nothing"),
        ("{{! a remark }}{{#ctx.payload}}{{text}}{{/ctx.payload}}", 'a"<b>'),
    ],
)
def test_mustache(template: str, expected: str) -> None:
    assert render(template, CTX) == expected


@pytest.mark.parametrize("tag", ["{{ctx.payload.text}}", "{{{ctx.payload.text}}}", "{{& ctx.payload.text}}"])
def test_html_is_escaped_where_asked_for_however_the_tag_is_written(tag: str) -> None:
    assert render(tag, CTX, as_html=True) == "a&quot;&lt;b&gt;"


def test_functions_are_escaped_for_html_too() -> None:
    context = {"ctx": {"list": ["<b>"]}}
    assert render("{{#join}}ctx.list{{/join}}", context, as_html=True) == "&lt;b&gt;"
    assert render("{{#toJson}}ctx.list{{/toJson}}", context, as_html=True) == "[&quot;&lt;b&gt;&quot;]"
    assert render("{{#url}}{{ctx.list.0}}{{/url}}", context, as_html=True) == "%3Cb%3E"


@pytest.mark.parametrize(
    "value",
    ["{{ctx.secret}}", "{{{ctx.secret}}}", "{{#ctx}}x{{/ctx}}", "{{=<% %>=}}", "{% raw %}", "{{", "}}", "{{> x}}"],
)
@pytest.mark.parametrize(
    "template",
    [
        "{{ctx.value}}",
        "{{{ctx.value}}}",
        "{{#toJson}}ctx.value{{/toJson}}",
        "{{#join}}ctx.list{{/join}}",
        "{{#ctx.list}}{{.}}{{/ctx.list}}",
        "{{#url}}{{ctx.value}}{{/url}}",
    ],
)
def test_a_template_in_a_value_stays_text(template: str, value: str) -> None:
    filled = render(template, {"ctx": {"value": value, "list": [value], "secret": "told"}})
    wanted = quote_plus(value) if "url" in template else json.dumps(value) if "toJson" in template else value
    assert filled == wanted


@pytest.mark.parametrize(
    "template",
    ["{{> /etc/passwd}}", "{{=<% %>=}}", "{{#toJson}}{{ctx.x}}{{/toJson}}", "{{#join}}{{/join}}", "{{#a}}{{/b}}"],
)
def test_what_mustache_does_elsewhere_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="the mustache template is malformed"):
        check(template)


def test_a_missing_variable_is_an_error_where_it_would_make_a_wrong_name() -> None:
    with pytest.raises(RuleError, match=r"cannot fill in '\{\{nope\}\}'"):
        render("{{nope}}", CTX, strict=True)


@given(st.text())
def test_no_value_breaks_out_of_its_string_in_a_search(text: str) -> None:
    body = {"query": {"term": {"user": "{{ctx.payload.text}}"}}}
    filled = render_tree(body, {"ctx": {"payload": {"text": text}}})
    assert filled == {"query": {"term": {"user": text}}}
    assert json.loads(json.dumps(filled)) == filled


def test_lookup_finds_nothing_quietly() -> None:
    assert lookup("ctx.payload.hits.hits.0._id", CTX) == "a"
    assert lookup("ctx.payload.hits.total.value", CTX) is None


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"always": {}}, True),
        ({"never": {}}, False),
        ({"compare": {"ctx.payload.hits.total": {"gt": 6}}}, True),
        ({"compare": {"ctx.payload.hits.total": {"gt": 7}}}, False),
        ({"compare": {"ctx.payload.hits.total": {"gte": 7}}}, True),
        ({"compare": {"ctx.payload.hits.total": {"lt": "8"}}}, True),
        ({"compare": {"ctx.payload.hits.total": {"eq": "{{ctx.payload.hits.total}}"}}}, True),
        ({"compare": {"ctx.payload.hits.hits.0._id": {"not_eq": "b"}}}, True),
        ({"compare": {"ctx.payload.hits.hits.0._id": {"lte": "a"}}}, True),
        ({"compare": {"ctx.payload.absent": {"gt": 0}}}, False),
        ({"compare": {"ctx.payload.absent": {"eq": None}}}, True),
        ({"compare": {"ctx.payload.yes": {"gt": 0}}}, False),
    ],
)
def test_conditions(condition: dict[str, Any], *, met: bool) -> None:
    verdict = evaluate(Condition.model_validate(condition), CTX)
    assert verdict.met is met
    assert verdict.reason


def test_engines_agree_on_the_time_of_a_run() -> None:
    schedule = Schedule.model_validate({"interval": "5m"})
    times = {scheduled_at(schedule, NOW + timedelta(seconds=second)) for second in range(60)}
    assert times == {NOW - timedelta(seconds=10)}
    assert next_after(schedule, NOW) == NOW - timedelta(seconds=10) + timedelta(minutes=5)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (9, 900), (5000, 900)])
def test_waits_double_up_to_a_quarter_of_an_hour_give_or_take_half(attempts: int, seconds: int) -> None:
    assert retry_delay(attempts, 0.5) == timedelta(seconds=seconds)
    assert retry_delay(attempts, 0.0) == timedelta(seconds=seconds / 2)
    assert retry_delay(attempts, 1.0) == timedelta(seconds=seconds * 1.5)


@pytest.mark.parametrize("text", ["10m", "5s", "250ms", "2d", "0s", "90s", "3h"])
def test_times_are_written_as_they_were_read(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\nb", "a\\r\\nb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("שלום", "\\u05e9\\u05dc\\u05d5\\u05dd"),
        ("a\u0301\u0301", "a\\u0301\\u0301"),
        ("\udc80", "\\udc80"),
        ("über", "über"),
        (None, ""),
    ],
)
def test_hostile_characters_are_shown_not_obeyed(raw: str | None, shown: str) -> None:
    assert visible(raw) == shown


def test_long_text_is_cut_and_counted() -> None:
    assert visible("x" * 10_240, 5) == "xxxxx … (10,240 characters in all)"


@given(st.text(st.characters(exclude_categories=())))
def test_visible_text_is_one_printable_line(text: str) -> None:
    assert visible(text).isprintable()


def test_values_that_are_nested_deeply_are_one_sentence() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = {"a": deep}
    context = {"ctx": {"deep": deep}}
    for template in ("{{ctx.deep}}", "{{#toJson}}ctx.deep{{/toJson}}", "{{#ctx.deep}}{{a}}{{/ctx.deep}}"):
        with pytest.raises(RuleError, match="cannot fill in"):
            render(template, context)
    verdict = evaluate(Condition.model_validate({"compare": {"ctx.deep": {"eq": "x"}}}), context)
    assert not verdict.met
    assert len(verdict.reason) < 300
