"""Requests of watches: every value stays in its place."""

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.request import Request, fill
from alerts.language.model import WebhookAction
from core.errors import RuleError

EVIL = '"}, "x": "\r\nHost: evil.example/../?a=b&c=d#e\x1b[2J\u202e{{7*7}}<script>\ud800'


def filled(value: Any, **parts: Any) -> Request:
    data = {"url": "https://hooks.example.org/a", **parts}
    return fill(WebhookAction.model_validate(data), {"ctx": {"payload": {"v": value}}})


def from_parts(value: Any, **parts: Any) -> Request:
    data = {"scheme": "https", "host": "hooks.example.org", "port": 443, **parts}
    return fill(WebhookAction.model_validate(data), {"ctx": {"payload": {"v": value}}})


@given(st.text(st.characters(exclude_categories=())))
def test_a_value_in_a_path_is_one_step_of_it(value: str) -> None:
    target = from_parts(value, path="/a/{{ctx.payload.v}}/b").target
    _, a, step, b = target.split("/")
    assert (a, b) == ("a", "b")
    assert step not in (".", "..")
    assert not set(step) & set("?#\r\n ")
    assert unquote(step, errors="replace") == value.encode("utf-8", "replace").decode()


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_a_value_in_a_parameter_stays_there(value: str) -> None:
    target = filled(value, params={"q": "{{ctx.payload.v}}", "z": "1"}).target
    assert parse_qs(urlsplit(target).query, keep_blank_values=True) == {"q": [value], "z": ["1"]}


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_a_value_in_json_stays_in_its_string(value: str) -> None:
    request = filled(value, body='{"text": "it is {{ctx.payload.v}}.", "n": 1}')
    assert request.body is not None
    assert json.loads(request.body) == {"text": f"it is {value}.", "n": 1}
    assert request.body.isascii()


@given(st.text(st.characters(exclude_categories=())))
def test_a_value_in_a_header_adds_none(value: str) -> None:
    header = filled(value, headers={"X-What": "a {{ctx.payload.v}}"}).headers["X-What"]
    assert header.encode("latin-1").decode("latin-1").isprintable()


@pytest.mark.parametrize(
    ("kind", "must_not"),
    [("text/html", "<script>"), ("application/xml", "<script>"), ("application/x-www-form-urlencoded", "&")],
)
def test_a_value_is_escaped_as_its_media_type_wants(kind: str, must_not: str) -> None:
    body = filled(EVIL, headers={"Content-Type": kind}, body="v={{ctx.payload.v}}").body
    assert body is not None
    assert must_not.encode() not in body
    assert b"\r" not in body


def test_a_plain_body_shows_controls() -> None:
    request = filled("a\x1b[2Jb", body="said: {{ctx.payload.v}}")
    assert request.body == b"said: a\\x1b[2Jb"
    assert request.headers["Content-Type"].startswith("text/plain")


def test_whole_values_as_json() -> None:
    value = {"a": [1, None, 'q"'], "b": EVIL.replace("\ud800", "")}
    request = filled(value, body='{"all": {{#toJson}}ctx.payload.v{{/toJson}}}')
    assert request.body is not None
    assert json.loads(request.body) == {"all": value}
    assert request.headers["Content-Type"].startswith("application/json")


def test_what_is_no_json_with_its_values_is_refused() -> None:
    with pytest.raises(RuleError, match="is no JSON when its values are filled in"):
        filled('1, "admin": true', body='{"n": {{ctx.payload.v}}}')


def test_who_logs_in_and_who_is_asked() -> None:
    request = filled("", auth={"basic": {"username": "u", "password": "p"}}, params={"token": "secret"})
    assert request.headers["Authorization"] == "Basic dTpw"
    assert request.where == "https://hooks.example.org:443"
    assert from_parts("", host="2001:db8::1").where == "https://[2001:db8::1]:443"


def test_the_watchs_own_header_wins_whatever_its_case() -> None:
    action = WebhookAction.model_validate({"url": "https://hooks.example.org/", "headers": {"idempotency-key": "mine"}})
    assert fill(action, {}, {"Idempotency-Key": "ours"}).headers == {"idempotency-key": "mine"}


def test_the_watchs_own_part_of_a_path_may_hold_a_query() -> None:
    assert from_parts("x y", path="/a b?c={{ctx.payload.v}}", params={"d": "1"}).target == "/a%20b?c=x%20y&d=1"


def test_a_header_has_a_name() -> None:
    with pytest.raises(RuleError, match="is no name of a header"):
        filled("", headers={"X One": "1"})
