"""Watches from files: what is supported is read, what is not is refused with place and alternatives."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.language.files import SHIPPED, parse_watch, read_watch, read_watches
from core.errors import RuleError

SHIPPED_RULES = sorted(path for path in SHIPPED.glob("*.json") if not path.name.endswith(".test.json"))
FILE = Path("watch.json")
SMALL: dict[str, Any] = {
    "trigger": {"schedule": {"interval": "5m"}},
    "actions": {"say": {"logging": {"text": "{{ctx.watch_id}}"}}},
}


def changed(pointer: str, value: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(SMALL))
    *parents, last = pointer.strip("/").split("/")
    inner = data
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = value
    return data


def test_watchers_defaults() -> None:
    watch = parse_watch(SMALL, FILE)
    assert watch.id == "watch"
    assert watch.body.trigger.schedule.interval == timedelta(minutes=5)
    assert watch.body.condition.always is not None
    assert watch.throttle(watch.body.actions["say"]) == timedelta(seconds=5)


MAIL = {"email": {"subject": "s", "body": {"text": "t"}}}


@pytest.mark.parametrize(
    ("pointer", "value", "sentence"),
    [
        (
            "/tigger",
            1,
            "at /: 'tigger' is not supported here; allowed: metadata, trigger, input, condition, transform,",
        ),
        (
            "/trigger/schedule",
            {"crontab": "0 0 * * * ?"},
            "at /trigger/schedule: exactly one is wanted of: interval, cron, hourly, daily, weekly, monthly, yearly;",
        ),
        ("/trigger/schedule/interval", "5 minutes", "at /trigger/schedule/interval: a time is a number with ms, s, m"),
        ("/trigger/schedule/interval", "10ms", "at /trigger/schedule/interval: the shortest interval is 1s"),
        (
            "/input",
            {"https": {}},
            "at /input: 'https' is not supported here; allowed: search, simple, http, chain, none",
        ),
        (
            "/input",
            {"simple": {}, "none": {}},
            "at /input: exactly one is wanted of: search, simple, http, chain, none",
        ),
        ("/input/search/request", {"indices": []}, "at /input/search/request/indices: "),
        (
            "/condition",
            {"script": "true"},
            "at /condition/script: scripts in painless (which a script without lang is) do not run here: write {",
        ),
        ("/condition/compare/ctx.payload.x", {"near": 1}, "allowed: eq, not_eq, gt, gte, lt, lte"),
        ("/condition/compare/payload", {"eq": 1}, "at /condition/compare/payload"),
        (
            "/condition/compare",
            {"ctx.a": {"eq": 1}, "ctx.b": {"eq": 1}},
            "compare and array_compare take exactly one path",
        ),
        ("/actions/say/page", {}, "at /actions/say: 'page' is not supported here; allowed: throttle_period, condition"),
        (
            "/actions/say/email",
            {"subject": "x"},
            "at /actions/say: exactly one is wanted of: email, webhook, index, logging, slack",
        ),
        (
            "/actions/a",
            {"index": {"doc_id": "x"}},
            "at /actions/a/index: 'index' is wanted: the _index of a payload",
        ),
        ("/actions/say/logging/text", "{{#a}}", "at /actions/say/logging/text: the mustache template is malformed"),
        ("/actions/say/logging/text", "{{ctx.x", "malformed: a tag is not closed"),
        ("/actions/say/logging/text", "{{#a}}{{/b}}", "the mustache template is malformed"),
        ("/actions/say/foreach", "hits", "at /actions/say/foreach"),
        ("/metadata/wwwatch", {"thread": "x"}, "at /metadata/wwwatch: thread, rank and still need once_per"),
        ("/metadata/wwwatch", {"once_per": "x", "rank": "1"}, "rank and still need thread"),
        ("/metadata/wwwatch", {"templates": {"say": {}}}, "names 'say', which is no e-mail action"),
        ("/actions/a~1b", {"logging": {"text": 1}}, "at /actions/a~01b/logging/text"),
    ],
)
def test_what_is_not_supported_is_refused_with_its_place(pointer: str, value: Any, sentence: str) -> None:
    with pytest.raises(RuleError) as refusal:
        parse_watch(changed(pointer, value), FILE)
    assert "the watch watch.json is malformed: " in str(refusal.value)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("data", [None, [], 1, "x", {}, {"trigger": []}])
def test_what_is_no_watch_at_all_is_refused(data: Any) -> None:
    with pytest.raises(RuleError, match="is malformed"):
        parse_watch(data, FILE)


def test_the_name_is_an_id() -> None:
    with pytest.raises(RuleError, match="unusable name"):
        parse_watch(SMALL, Path("a b.json"))


def test_a_template_file_must_be_there_and_compile(tmp_path: Path) -> None:
    data = {**SMALL, "actions": {"m": MAIL}, "metadata": {"wwwatch": {"templates": {"m": {"text": "mine.txt.j2"}}}}}
    with pytest.raises(RuleError, match=r"template mine\.txt\.j2 of the watch watch cannot be used"):
        parse_watch(data, tmp_path / "watch.json")
    (tmp_path / "mine.txt.j2").write_text("{{ ctx.watch_id }")
    with pytest.raises(RuleError, match="cannot be used"):
        parse_watch(data, tmp_path / "watch.json")


def test_every_wrong_file_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(RuleError, match=r"a\.json.*b\.json"):
        read_watches([tmp_path])


def test_a_watch_of_the_same_name_takes_the_shipped_ones_place(tmp_path: Path) -> None:
    (tmp_path / "incident.json").write_text(json.dumps(SMALL))
    found = {watch.id: watch for watch in read_watches([tmp_path])}
    assert list(found["incident"].body.actions) == ["say"]
    assert len(found) == len(SHIPPED_RULES)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no such folder"):
        read_watches([tmp_path / "none"])


@pytest.mark.parametrize("path", SHIPPED_RULES, ids=lambda path: path.name)
def test_every_shipped_watch_is_valid_and_has_a_test_that_also_says_when_it_must_not_fire(path: Path) -> None:
    read_watch(path)
    tested = json.loads(path.with_suffix(".test.json").read_text())
    cases = tested["tests"]
    assert any(all(not step["mails"] for step in case["steps"]) for case in cases)
    fires = any(any(step["mails"] for step in case["steps"]) for case in cases)
    elsewhere = Path(__file__).parents[4] / tested.get("fires_in", "nowhere")
    assert fires or (elsewhere.is_file() and path.stem in elsewhere.stem)


def test_there_are_shipped_watches() -> None:
    assert "incident.json" in [path.name for path in SHIPPED_RULES]
