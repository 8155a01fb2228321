"""The suite of watches in tests/watches: one file each, made up from Watcher's documented contract, with cases.

A case says at which moment (`at`), with which `documents` in Elasticsearch or which `payload` in the input's place, and
what is expected: when it is `due` next, whether the condition is `met` and for which `reason`, the payload after the
watch's transform, what each action tells (null where its own condition keeps it back), the `throttle` of each, or the
`error` that ends the execution.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.language import expression
from alerts.language.condition import evaluate
from alerts.language.files import parse_watch
from alerts.language.model import Input, Transform, Watch
from alerts.language.mustache import lookup, render, render_tree
from alerts.language.parts import format_duration
from alerts.language.schedule import next_after, scheduled_at
from core.clock import iso_millis, parse_iso

FOLDER = Path(__file__).with_name("watches")
NOW = "2026-03-14T02:15:10.000Z"

Context = dict[str, Any]
Load = Callable[[Watch, Context], Context]
Change = Callable[[Watch, Transform, Context], Context]


@dataclass(frozen=True)
class Case:
    """One case of one watch."""

    watch_id: str
    data: dict[str, Any]
    case: dict[str, Any]

    @property
    def expect(self) -> dict[str, Any]:
        """What is expected."""
        found: dict[str, Any] = self.case["expect"]
        return found

    @property
    def needs_search(self) -> bool:
        """Whether Elasticsearch is asked."""
        return '"search":' in json.dumps([self.data.get(part) for part in ("input", "transform", "actions")])

    def watch(self) -> Watch:
        """Return the watch."""
        return parse_watch(self.data, Path(f"{self.watch_id}.json"))


def suite() -> list[Case]:
    """Return every case of every watch."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        if path.name != "refused.json":
            data = json.loads(path.read_text("utf-8"))
            found += [Case(path.stem, data["watch"], case) for case in data["cases"]]
    return found


def name(case: Case) -> str:
    """Return a name for pytest."""
    return f"{case.watch_id}: {case.case['name']}"


def load(watch: Watch, ctx: Context) -> Context:
    """Load an input that needs nothing but itself."""
    return _load(watch.body.input, ctx)


def _load(source: Input, ctx: Context) -> Context:
    if source.chain is not None:
        found: Context = {}
        for each, inner in source.chain.named():
            found[each] = _load(inner, {**ctx, "payload": found})
        return found
    assert source.simple is not None or source.none is not None
    return dict(source.simple or {})


def change(watch: Watch, transform: Transform, ctx: Context) -> Context:
    """Change a payload by expressions alone."""
    if transform.chain is not None:
        for each in transform.chain:
            ctx = {**ctx, "payload": change(watch, each, ctx)}
        return dict(ctx["payload"])
    assert transform.script is not None
    return expression.transformed(transform.script, {"ctx": ctx})


def check(case: Case, load: Load = load, change: Change = change) -> None:
    """Execute a case as far as the language goes, and compare."""
    watch, expect = case.watch(), case.expect
    moment = parse_iso(case.case.get("at", NOW))
    if "due" in expect:
        assert _due(watch, moment, max(len(expect["due"]), 1)) == expect["due"]
    for action_id, period in expect.get("throttle", {}).items():
        assert format_duration(watch.throttle(watch.body.actions[action_id])) == period
    ctx = {
        "watch_id": watch.id,
        "execution_time": iso_millis(moment),
        "trigger": {
            "triggered_time": iso_millis(moment),
            "scheduled_time": iso_millis(scheduled_at(watch.body.trigger.schedule, moment)),
        },
        "metadata": watch.metadata,
        "payload": {},
        "vars": {},
    }
    ctx["payload"] = case.case["payload"] if "payload" in case.case else load(watch, ctx)
    verdict = evaluate(watch.body.condition, {"ctx": ctx})
    assert verdict.met is expect.get("met", verdict.met), verdict.reason
    assert expect.get("reason", "") in verdict.reason
    if verdict.met:
        _act(case, watch, ctx, change)


def _act(case: Case, watch: Watch, ctx: Context, change: Change) -> None:
    if watch.body.transform is not None:
        ctx = {**ctx, "payload": change(watch, watch.body.transform, ctx)}
    assert case.expect.get("payload_after", ctx["payload"]) == ctx["payload"]
    told = {action_id: _told(case, watch, action_id, ctx, change) for action_id in watch.body.actions}
    wanted = case.expect.get("actions", told)
    assert told.keys() == wanted.keys()
    for action_id, found in told.items():
        assert _has(found, wanted[action_id]), f"{action_id} tells {found}, wanted {wanted[action_id]}"


def _told(case: Case, watch: Watch, action_id: str, ctx: Context, change: Change) -> list[Any] | None:
    action = watch.body.actions[action_id]
    if action.condition is not None and not evaluate(action.condition, {"ctx": ctx}).met:
        return None
    if action.transform is not None:
        ctx = {**ctx, "payload": change(watch, action.transform, ctx)}
    elements = [ctx["payload"]] if action.foreach is None else lookup(action.foreach, {"ctx": ctx})
    written = case.data["actions"][action_id][action.kind]
    payloads = [each if isinstance(each, dict) else {"_value": each} for each in elements][: action.max_iterations]
    return [_filled(written, {**ctx, "payload": payload}) for payload in payloads]


def _filled(written: Any, ctx: Context) -> Any:
    filled = render_tree(written, {"ctx": ctx})
    body = written.get("body")
    if isinstance(body, dict) and "html" in body:
        filled["body"]["html"] = render(body["html"], {"ctx": ctx}, as_html=True)
    return filled


def _due(watch: Watch, moment: Any, count: int) -> list[str]:
    found = []
    for _ in range(count):
        following = next_after(watch.body.trigger.schedule, moment)
        if following is None:
            break
        moment = following
        found.append(f"{moment:%Y-%m-%dT%H:%M:%SZ}")
    return found


def _has(found: Any, wanted: Any) -> bool:
    """Tell whether a value is as wanted; an object may have more."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(key in found and _has(found[key], value) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_has, found, wanted))
    return bool(found == wanted)
