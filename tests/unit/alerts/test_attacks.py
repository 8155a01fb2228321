"""Ways in which a log line, an answer or a careless watch could do harm; each was found by trying."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.index import index_name
from alerts.channels.request import fill
from alerts.channels.web import Answer
from alerts.engine.inputs import parse_answer
from alerts.engine.records import masked
from alerts.language.expression import evaluate
from alerts.language.files import SHIPPED, parse_watch
from alerts.language.model import HttpRequest, Script
from alerts.language.mustache import render_tree
from alerts.mails.templating import render_file
from alerts.quiet.silence import Silence
from alerts.quiet.subject import Subject
from alerts.verdicts.verdict import Verdict, alike
from core.errors import RuleError
from tests.alerting import NOW, incident


def test_an_expression_that_repeats_the_payload_for_each_hit_ends_before_memory_does() -> None:
    hits = [{"_id": str(number), "text": "x" * 100} for number in range(1000)]
    script = Script(source="ctx.hits.map(h, ctx)", lang="expression")
    with pytest.raises(RuleError, match="gives more than 1000000 characters"):
        evaluate(script, {"ctx": {"hits": hits}})


@pytest.mark.parametrize("value", [".", "..", "...", "../..", "%2e%2e", "..%2f..", "..\\..", "..;"])
def test_a_value_never_climbs_up_a_path_not_even_for_servers_that_decode_it(value: str) -> None:
    request = HttpRequest(host="hooks.example.org", port=80, path="/in/{{ctx.value}}/end")
    target = fill(request, {"ctx": {"value": value}}).target
    steps = unquote(target).split("/") if "%2F" not in target else target.split("/")
    assert (steps[1], steps[-1], len(steps)) == ("in", "end", 4)
    assert steps[2] not in (".", "..")


@given(st.text("./%2eE", max_size=6), st.text("./%2eE", max_size=6))
def test_neither_do_two_values_beside_each_other(first: str, second: str) -> None:
    request = HttpRequest(host="hooks.example.org", port=80, path="/in/{{ctx.first}}{{ctx.second}}/end")
    target = fill(request, {"ctx": {"first": first, "second": second}}).target
    assert all(unquote(step) not in (".", "..") for step in target.split("/"))


@pytest.mark.parametrize("body", [b'{"a": NaN}', b'{"a": [1e999]}', b'{"a": -Infinity}'])
def test_an_answer_with_numbers_that_json_does_not_have_is_no_json(body: bytes) -> None:
    with pytest.raises(RuleError, match="is no JSON"):
        parse_answer(Answer(200, {}, body), "json", "http://api.example.org:80")


def test_half_a_character_in_an_answer_keeps_no_notice_from_being_written() -> None:
    found = parse_answer(Answer(200, {}, b'{"a\\udc80": "x\\ud800y\\u20ac"}'), "json", "http://api.example.org:80")
    assert found == {"a?": "x?y€"}


def test_who_calls_himself_a_network_is_not_everybody_in_it() -> None:
    false = incident({"source.address": ["0.0.0.0/0", "::/0"], "wwwatch.incident.clients": 2})
    verdict = Verdict.about("i1", false, NOW)
    verdict = Verdict(**{name: getattr(verdict, name) for name in verdict.__slots__} | {"verdict": False})
    for address in ("203.0.113.9", "2001:db8::/64"):
        other = incident({"source.address": [address], "wwwatch.incident.id": "i2", "user_agent.original": "other"})
        assert alike(verdict, other) is None


def test_a_bracket_in_a_silenced_path_is_a_bracket() -> None:
    silence = Silence("s", NOW, None, "why", "me", path="/a[b]*")
    assert silence.covers(Subject("i", path="/a[b]/c"), "incident")
    assert not silence.covers(Subject("i", path="/ab/c"), "incident")


def test_a_value_leads_into_no_index_of_the_system_or_of_ours() -> None:
    assert index_name("notes-{{ctx.value}}", {"ctx": {"value": "scan.2026"}}) == "notes-scan.2026"
    assert index_name("<notes-{now/d}>", {"ctx": {}}) == "<notes-{now/d}>"
    assert index_name("wwwatch-notes", {"ctx": {}}) == "wwwatch-notes"
    for template, value in (
        ("{{ctx.value}}", ".security"),
        ("{{ctx.value}}", "wwwatch-state"),
        ("{{ctx.value}}", "-all"),
        ("{{ctx.value}}", "_bulk"),
        ("wwwatch-{{ctx.value}}", "state"),
    ):
        with pytest.raises(RuleError, match="leads to the index"):
            index_name(template, {"ctx": {"value": value}})


@pytest.mark.parametrize("value", ["a,b", "a*", "../x", "a/b", "A", "<a-{now/d}>", "a b", "a\n", "a:b", "a?b"])
def test_a_value_that_cannot_stand_in_the_name_of_an_index_is_refused(value: str) -> None:
    for function in ("{{ctx.value}}", "{{{ctx.value}}}", "{{#toJson}}ctx.value{{/toJson}}"):
        with pytest.raises(RuleError, match="cannot stand in the name of an index"):
            index_name(f"notes-{function}", {"ctx": {"value": value}})


def email(**more: Any) -> dict[str, Any]:
    action = {"email": {"to": "a@example.org", "body": "text", **more}}
    return {"trigger": {"schedule": {"interval": "1m"}}, "actions": {"act": action}}


@pytest.mark.parametrize("name", ["a\r\nBcc: b@example.org", "", "a" * 101, "a\u202eb"])
def test_an_attachment_whose_name_is_none_is_refused_when_the_watch_is_read(name: str) -> None:
    with pytest.raises(RuleError, match="1 to 100 printable characters"):
        parse_watch(email(attachments={name: {"data": {}}}), SHIPPED / "made-up.json")


@pytest.mark.parametrize("name", ["März.png", "a b.png", "a>b"])
def test_a_picture_whose_name_is_no_content_id_is_refused(name: str) -> None:
    picture = {"http": {"inline": True, "request": {"url": "https://grafana.example.org/x.png"}}}
    with pytest.raises(RuleError, match="shown within the mail"):
        parse_watch(email(attachments={name: picture}), SHIPPED / "made-up.json")


def test_no_secret_of_a_request_is_shown_or_recorded() -> None:
    hook = {
        "url": "https://hooks.example.org/services/SECRET/x?sig=SECRET",
        "headers": {"X-Key": "SECRET", "Content-Type": "application/json"},
        "auth": {"basic": {"username": "ann", "password": "SECRET"}},
    }
    chain = {"chain": {"inputs": [{"one": {"http": {"request": hook}}}]}}
    body = {**email(attachments={"x": {"http": {"request": hook}}}), "input": chain}
    body["actions"]["hook"] = {"webhook": hook}
    watch = parse_watch(body, SHIPPED / "made-up.json")
    shown = json.dumps(masked(watch.body.model_dump(mode="json", by_alias=True, exclude_unset=True)))
    assert "SECRET" not in shown
    assert shown.count("hooks.example.org") == 3
    assert shown.count("application/json") == 3


@pytest.mark.parametrize("name", ["mail.html.j2", "mail.j2", "mail.html", "mail"])
def test_values_are_escaped_in_a_page_however_its_template_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("<p>{{ value }}{% include 'part.j2' %}</p>")
    (tmp_path / "part.j2").write_text("{{ value }}")
    watch = parse_watch(email(), SHIPPED / "made-up.json")
    page = render_file(replace(watch, folder=tmp_path), name, {"value": "<b>"})
    assert page == "<p>&lt;b&gt;&lt;b&gt;</p>"


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"script": {"script": {"source": "return {{ctx.payload.x}}"}}}},
        {"query": {"script_score": {"script": "{{ctx.payload.x}}"}}},
        {"script_fields": {"a": {"script": {"source": "'{{ctx.payload.x}}'"}}}},
        {"aggs": {"a": {"scripted_metric": {"params": {}, "map_script": "{{ctx.payload.x}}"}}}},
        {"sort": [{"_script": {"script": {"source": "{{ctx.payload.x}}", "params": {}}}}]},
    ],
)
def test_a_value_in_a_script_of_a_search_is_refused_when_the_watch_is_read(body: dict[str, Any]) -> None:
    request = {"indices": ["logs"], "body": body}
    watch = {**email(), "input": {"search": {"request": request}}}
    with pytest.raises(RuleError, match="would run as code"):
        parse_watch(watch, SHIPPED / "made-up.json")


def test_a_value_among_the_parameters_of_a_script_is_none_of_its_code() -> None:
    script = {"source": "doc['n'].value > params.least", "params": {"least": "{{ctx.metadata.least}}"}}
    request = {"indices": ["logs"], "body": {"query": {"script": {"script": script}}}}
    parse_watch({**email(), "input": {"search": {"request": request}}}, SHIPPED / "made-up.json")


@given(st.text(max_size=20))
def test_a_value_in_a_query_is_one_word(value: str) -> None:
    body = {"query_string": {"query": "a:{{ctx.value}}"}, "regexp": {"a": {"value": "x{{ctx.value}}"}}}
    found = render_tree(body, {"ctx": {"value": value}})
    for text, bare in (
        (found["query_string"]["query"], re.sub("[<>]", "", value)),
        (found["regexp"]["a"]["value"], value),
    ):
        inner = text.partition(":")[2] if text.startswith("a:") else text[1:]
        assert not re.sub(r"\\.|\w", "", inner, flags=re.DOTALL)
        assert re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL) == bare
