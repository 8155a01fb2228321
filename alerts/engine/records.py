"""The record of an execution in the watch history, in the shape of Watcher's; without secrets, and of bounded size."""

import json
from collections.abc import Mapping
from typing import Any

from elasticsearch import Elasticsearch

from alerts.engine.order import Acted, Order, Run
from alerts.engine.status import ExecutionState, Outcome
from alerts.language.model import Watch
from core.client import es_errors
from core.clock import iso_millis
from core.documents import WATCH_HISTORY, Document
from core.errors import StoreConflictError

MASK = "::es_redacted::"
"""What stands where a secret was; Watcher's word."""

_OPEN = frozenset(("content-type", "accept", "user-agent"))
"""Headers that are no secret."""
_LARGEST = 50_000
_SECRET = ("authorization", "cookie", "password", "passwd", "secret", "token", "api_key", "apikey", "api-key")


def record(watch: Watch, order: Order, run: Run, *, status: Document, node: str, milliseconds: int) -> Document:
    """Return the record of a run.

    Args:
        watch: What was run.
        order: What was asked.
        run: What came of it.
        status: The watch's status after it.
        node: The engine that ran it.
        milliseconds: How long it took.
    """
    body = watch.body.model_dump(mode="json", by_alias=True, exclude_unset=True)
    result = {
        **run.results,
        "execution_duration": milliseconds,
        "actions": [_action_result(acted) for acted in run.actions],
    }
    return {
        "@timestamp": run.results.get("execution_time", iso_millis(order.trigger.triggered)),
        "type": "execution",
        "watch_id": watch.id,
        "node": node,
        "state": run.state.value,
        "status": status,
        "trigger_event": _trigger_event(order),
        "input": bounded(masked(body.get("input", {"none": {}}))),
        "condition": bounded(masked(body.get("condition", {"always": {}}))),
        "metadata": bounded(masked(body.get("metadata", {}))),
        "result": bounded_parts(masked(result)),
        "messages": [run.reason] if run.failed else [],
    }


def is_worth_keeping(run: Run, before: Mapping[str, Any]) -> bool:
    """Tell whether a run is recorded, or only counted because it was like the one before.

    Args:
        run: The run.
        before: The watch's status before it.
    """
    was = (before.get("execution_state"), before.get("wwwatch", {}).get("reason") if run.failed else None)
    if (run.state.value, run.reason if run.failed else None) != was:
        return run.state is not ExecutionState.NOT_NEEDED or was[0] is not None
    acted = any(acted.is_news and acted.outcome not in _QUIET for acted in run.actions)
    return not run.failed and (acted or bool(run.notices))


_QUIET = (Outcome.THROTTLED, Outcome.ACKNOWLEDGED, Outcome.CONDITION_FAILED)


class Records:
    """Writes records into the watch history."""

    def __init__(self, client: Elasticsearch, index: str = WATCH_HISTORY) -> None:
        self._client = client
        self._index = index

    def write(self, name: str, document: Document) -> None:
        """Write a record under the execution's name; one that is there already is the same.

        Raises:
            StoreError: Elasticsearch refused it.
        """
        try:
            with es_errors("write the watch history"):
                self._client.create(index=self._index, id=name, document=document)
        except StoreConflictError:
            return

    def recent(self, size: int, watch_id: str | None = None) -> list[Document]:
        """Return the latest records, the newest first, of one watch or of all."""
        terms = [{"term": {"type": "execution"}}, *([{"term": {"watch_id": watch_id}}] if watch_id else [])]
        by = [{"@timestamp": {"order": "desc", "unmapped_type": "date"}}]
        with es_errors("read the watch history"):
            self._client.indices.refresh(index=self._index)
            answer = self._client.search(index=self._index, query={"bool": {"filter": terms}}, sort=by, size=size)
        return [dict(hit["_source"]) for hit in answer["hits"]["hits"]]


def masked(value: Any) -> Any:
    """Return a JSON value whose secrets are masked, by the names of their keys."""
    if isinstance(value, Mapping):
        if {"host", "port"} <= value.keys():
            value = _masked_request(value)
        return {
            key: MASK if any(word in str(key).lower() for word in _SECRET) and not _is_tree(inner) else masked(inner)
            for key, inner in value.items()
        }
    return [masked(inner) for inner in value] if isinstance(value, list | tuple) else value


def _masked_request(request: Mapping[str, Any]) -> Document:
    """Return a request to others without what may let one in: addresses of webhooks are secret as a whole."""
    shown = dict(request)
    if shown.get("path", "/") != "/":
        shown["path"] = MASK
    for part in ("params", "headers"):
        if isinstance(shown.get(part), Mapping):
            shown[part] = {key: inner if key.lower() in _OPEN else MASK for key, inner in shown[part].items()}
    return shown


def bounded_parts(result: Mapping[str, Any]) -> Document:
    """Return a result whose parts are each of bounded size; every action keeps its name and what became of it."""
    parts = {name: bounded(part) for name, part in result.items() if name != "actions"}
    return {**parts, "actions": [_bounded_action(each) for each in result.get("actions", [])]}


def _bounded_action(action: Mapping[str, Any]) -> Document:
    shown = _cut(action)
    return {
        name: {key: bounded(inner) for key, inner in part.items()} if isinstance(part, Mapping) else bounded(part)
        for name, part in shown.items()
    }


def _cut(value: Any) -> Any:
    """Return a JSON value whose long texts, such as a mail's HTML, are cut."""
    if isinstance(value, Mapping):
        return {key: _cut(inner) for key, inner in value.items()}
    if isinstance(value, str) and len(value) > _LARGEST // 10:
        return f"{value[: _LARGEST // 10]}… ({len(value):,} characters in all)"
    return [_cut(inner) for inner in value] if isinstance(value, list | tuple) else value


def bounded(value: Any) -> Any:
    """Return a JSON value, or what it was like where it is larger than a record should hold."""
    if not _is_tree(value):
        return value
    size = len(json.dumps(value, default=str))
    if size <= _LARGEST:
        return value
    if isinstance(value, Mapping):
        small = {key: inner for key, inner in value.items() if len(json.dumps(inner, default=str)) <= _LARGEST // 10}
        left_out = {key: len(json.dumps(value[key], default=str)) for key in value if key not in small}
        return {**small, "left_out_bytes": left_out}
    kept = value[: max(1, len(value) * _LARGEST // size // 2)]
    return kept if len(json.dumps(kept, default=str)) <= _LARGEST else []


def _trigger_event(order: Order) -> Document:
    trigger = order.trigger
    schedule = {"scheduled_time": iso_millis(trigger.scheduled)}
    inner = {"schedule": schedule} if trigger.kind == "manual" else schedule
    return {"type": trigger.kind, "triggered_time": iso_millis(trigger.triggered), trigger.kind: inner}


def _action_result(acted: Acted) -> Document:
    entry: Document = {"id": acted.action_id, "type": acted.kind, "status": acted.outcome.value}
    return {**entry, **({"reason": acted.reason} if acted.reason else {}), **acted.details}


def _is_tree(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def milliseconds_between(begin: float, end: float) -> int:
    """Return a span of the clock that runs on, in whole milliseconds."""
    return max(0, round((end - begin) * 1000))
