"""The suite of watches: what runs without Elasticsearch, what is refused; nothing of Watcher's is forgotten."""

import json
from pathlib import Path
from typing import Any

import pytest

from alerts.language.files import parse_watch
from core.errors import RuleError
from tests import watching_suite
from tests.watching_suite import FOLDER, Case, check, name, suite

CASES = suite()
REFUSED = json.loads((FOLDER / "refused.json").read_text("utf-8"))
SMALL: dict[str, Any] = {
    "trigger": {"schedule": {"interval": "5m"}},
    "actions": {"say": {"logging": {"text": "{{ctx.watch_id}}"}}},
}

# Each feature of Watcher's contract, and the watches that show it, or what is refused.
FEATURES = {
    "trigger.schedule.interval": ["interval-text", "interval-number", "interval-days"],
    "trigger.schedule.cron": ["cron-noon", "cron-list", "cron-workdays", "cron-years", "cron-past"],
    "trigger.schedule.cron L W #": [
        *("cron-last-day", "cron-before-last-day", "cron-last-friday"),
        *("cron-third-friday", "cron-nearest-weekday"),
    ],
    "trigger.schedule.hourly": ["hourly-default", "hourly-minutes"],
    "trigger.schedule.daily": ["daily-default", "daily-words", "daily-objects"],
    "trigger.schedule.weekly": ["weekly-default", "weekly-days", "weekly-list"],
    "trigger.schedule.monthly": ["monthly-default", "monthly-last-day", "monthly-list"],
    "trigger.schedule.yearly": ["yearly-default", "yearly-months", "yearly-list"],
    "trigger.schedule.timezone": ["timezone-daily", "timezone-cron"],
    "input.search": ["search-total", "search-since", "search-aggregation", "search-metadata", "search-foreach"],
    "input.search.request.indices": ["search-many-indices", "search-wildcard"],
    "input.search.request.template": ["refused: a search template"],
    "input.search.request.search_type": ["search-many-indices"],
    "input.search.request.indices_options": ["search-wildcard", "search-strict"],
    "input.search.request.rest_total_hits_as_int": ["search-total", "search-total-object"],
    "input.search.extract": ["search-extract"],
    "input.search.timeout": ["search-many-indices", "search-wildcard"],
    "input.simple": ["input-simple"],
    "input.http": ["tests/server: test_an_address_is_asked", "refused: a url that is a template"],
    "input.chain": ["input-chain", "chain-search"],
    "input.none": ["input-none", "input-left-out"],
    "condition.always": ["condition-always", "condition-left-out"],
    "condition.never": ["condition-never"],
    "condition.compare": [
        *("compare-eq", "compare-not-eq", "compare-gt", "compare-gte", "compare-lt", "compare-lte"),
        *("compare-null", "compare-true", "compare-number-in-text", "compare-text-with-number"),
    ],
    "condition.compare list index": ["compare-list-element"],
    "condition.compare date math": ["compare-date-math", "compare-date-math-rounded"],
    "condition.compare other path": ["compare-path", "compare-metadata", "compare-trigger-time"],
    "condition.array_compare": ["array-some", "array-all", "array-elements", "array-not-eq", "array-of-no-list"],
    "condition.array_compare values": ["array-path-value", "array-date-math"],
    "condition.script": ["script-condition", "script-params", "script-has", "refused: a script in Painless"],
    "transform.search": ["transform-search", "transform-search-action"],
    "transform.script": ["transform-script", "transform-value", "transform-fails", "refused: a transform in Painless"],
    "transform.chain": ["transform-chain", "transform-search-script"],
    "actions.condition": ["action-condition"],
    "actions.transform": ["transform-action", "transform-search-action"],
    "actions.foreach": ["foreach", "foreach-values", "foreach-transformed", "search-foreach"],
    "actions.max_iterations": ["foreach-limited"],
    "actions.throttle_period": ["throttles", "throttle-millis", "throttle-default"],
    "actions.email": ["email-whole", "email-short"],
    "actions.email.account": ["refused: an account of mail"],
    "actions.email.attachments": ["email-attachments", "email-attach-data", "refused: a report"],
    "actions.webhook": ["webhook-url", "webhook-parts"],
    "actions.index": ["index-whole", "index-millis"],
    "actions.logging": ["logging-whole"],
    "actions.slack": ["slack-whole", "slack-dynamic"],
    "actions.pagerduty": ["refused: pagerduty"],
    "actions.jira": ["refused: jira"],
    "metadata": ["metadata-free", "search-metadata"],
    "status, version": ["status-and-version"],
    "ctx": ["mustache-times", "metadata-free"],
    "mustache": ["mustache-section", "mustache-inverted", "mustache-nested", "mustache-object", "mustache-hostile"],
    "mustache functions": ["mustache-json", "mustache-url", "transform-script"],
}
ELSEWHERE = "tests/server: "


@pytest.mark.parametrize("case", [case for case in CASES if not case.needs_search], ids=name)
def test_watch(case: Case) -> None:
    if "error" not in case.expect:
        check(case)
        return
    with pytest.raises(RuleError) as failure:
        check(case)
    assert case.expect["error"] in str(failure.value)


@pytest.mark.parametrize("refusal", REFUSED, ids=lambda refusal: refusal["name"])
def test_refused_with_its_place_and_what_is_allowed(refusal: dict[str, Any]) -> None:
    data: dict[str, Any] = json.loads(json.dumps(SMALL))
    *parents, last = refusal["pointer"].strip("/").split("/")
    inner = data
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = refusal["value"]
    with pytest.raises(RuleError) as error:
        parse_watch(data, Path("watch.json"))
    assert str(error.value).startswith("the watch watch.json is malformed: at /")
    assert refusal["sentence"] in str(error.value)


def test_the_suite_is_large_and_every_watch_has_a_case() -> None:
    assert len({case.watch_id for case in CASES}) >= 60
    assert all(json.loads(path.read_text("utf-8"))["cases"] for path in FOLDER.glob("*-*.json"))


def test_every_feature_is_shown_or_refused_and_every_watch_shows_one() -> None:
    watches = {case.watch_id for case in CASES}
    refused = {f"refused: {refusal['name']}" for refusal in REFUSED}
    named = {each for shown in FEATURES.values() for each in shown if not each.startswith(ELSEWHERE)}
    assert named - watches - refused == set()
    assert watches - named == {"no-actions"}


@pytest.mark.parametrize("value", ["{{ctx.metadata.secret}}", "{{{ctx}}}", "{% x %}", "<b>", "\r\nBcc: x@example.org"])
def test_what_a_log_holds_reaches_an_action_as_it_is(value: str) -> None:
    for case in CASES:
        if case.watch_id == "mustache-hostile":
            inner = {**case.case, "payload": {"path": value, "paths": [value]}}
            wanted = {**case.expect, "actions": {"say": [{"text": f"{value} {value}"}]}}
            watching_suite.check(Case(case.watch_id, case.data, {**inner, "expect": wanted}))
