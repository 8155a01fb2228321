"""Ways in which a log line, an answer or a careless watch could do harm; each was found by trying."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.request import fill
from alerts.channels.web import Answer
from alerts.engine.inputs import parse_answer
from alerts.language.expression import evaluate
from alerts.language.model import HttpRequest, Script
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
