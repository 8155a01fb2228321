"""Loads what a run looks at: the only searches and requests that a watch itself asks for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from elasticsearch import Elasticsearch

from alerts.channels.request import fill
from alerts.channels.web import Answer, Web
from alerts.engine.search import search
from alerts.language.expression import evaluate
from alerts.language.model import HttpInput, Input, SearchInput, Transform, Watch
from alerts.language.model.source import ChainInput
from alerts.language.values import extract
from core.documents import Document
from core.errors import RuleError

Loaded = tuple[dict[str, Any], Document]
"""A payload, and what the record says of how it was loaded."""


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads payloads.

    Attributes:
        client: The cluster.
        web: Everybody else.
    """

    client: Elasticsearch
    web: Web

    def load(self, watch: Watch, ctx: Mapping[str, Any]) -> Loaded:
        """Return the payload of a run.

        Args:
            watch: Whose input.
            ctx: The variables, for the templates in the input.

        Raises:
            StoreError: A search failed.
            WebError: An address gave no answer.
            RuleError: A template cannot be filled in, or an answer is not of the kind that it should be.
        """
        return self._input(watch, watch.body.input, ctx)

    def transform(self, watch: Watch, transform: Transform, ctx: Mapping[str, Any]) -> Loaded:
        """Return what becomes of ``ctx.payload``.

        Raises:
            StoreError: A search failed.
            RuleError: An expression or a template fails.
        """
        if transform.search is not None:
            payload, request = search(self.client, watch, transform.search, ctx)
            return _loaded("search", payload, search={"request": request})
        if transform.script is not None:
            value = evaluate(transform.script, {"ctx": ctx})
            return _loaded("script", value if isinstance(value, dict) else {"_value": value})
        steps = []
        payload = ctx["payload"]
        for each in transform.chain or ():
            payload, step = self.transform(watch, each, {**ctx, "payload": payload})
            steps.append(step)
        return _loaded("chain", payload, chain=steps)

    def _input(self, watch: Watch, source: Input, ctx: Mapping[str, Any]) -> Loaded:
        if source.search is not None:
            return self._search(watch, source.search, ctx)
        if source.http is not None:
            return self._http(source.http, ctx)
        if source.chain is not None:
            return self._chain(watch, source.chain, ctx)
        if source.simple is not None:
            return _loaded("simple", dict(source.simple))
        return _loaded("none", {})

    def _search(self, watch: Watch, source: SearchInput, ctx: Mapping[str, Any]) -> Loaded:
        all_hits = watch.body.metadata.wwwatch.all_hits
        payload, request = search(self.client, watch, source, ctx, all_hits=all_hits)
        return _loaded("search", _extracted(payload, source.extract), search={"request": request})

    def _http(self, source: HttpInput, ctx: Mapping[str, Any]) -> Loaded:
        request = fill(source.request, {"ctx": ctx})
        answer = self.web.ask(request)
        payload = _extracted(parse_answer(answer, source.response_content_type, request.where), source.extract)
        payload["_status_code"] = answer.status
        payload["_headers"] = {name: [value] for name, value in answer.headers.items()}
        return _loaded("http", payload, http={"request": {"method": request.method, "host": request.where}})

    def _chain(self, watch: Watch, source: ChainInput, ctx: Mapping[str, Any]) -> Loaded:
        payload: dict[str, Any] = {}
        steps = {}
        for name, each in source.named():
            payload[name], steps[name] = self._input(watch, each, {**ctx, "payload": dict(payload)})
        return _loaded("chain", payload, chain={name: _without_payload(step) for name, step in steps.items()})


def parse_answer(answer: Answer, kind: str | None, where: str) -> dict[str, Any]:
    """Return an answer's content as payload: a list stands below ``data``, anything else that has no keys ``_value``.

    Args:
        answer: The answer.
        kind: ``json``, ``yaml`` or ``text``; None goes by the answer's own Content-Type.
        where: Whose answer, for the error.

    Raises:
        RuleError: It is not of that kind.
    """
    kind = kind or _kind(answer.headers.get("content-type", ""))
    text = answer.body.decode("utf-8", "replace")
    if kind == "text" or not text.strip():
        return {"_value": text} if text else {}
    try:
        value = json.loads(text) if kind == "json" else _read_yaml(text)
        # Elasticsearch takes no notice that holds NaN or halves of characters: the one is an error, the others are "?".
        value = json.loads(json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, TypeError, yaml.YAMLError, RecursionError) as error:
        reason = f"the answer of {where} is no {kind.upper()}: {type(error).__name__}"
        raise RuleError(reason, "set response_content_type to what it is") from error
    if isinstance(value, dict):
        return {str(name): inner for name, inner in value.items()}
    return {"data": value} if isinstance(value, list) else {"_value": value}


def _read_yaml(text: str) -> Any:
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        raise ValueError("aliases may stand for more than memory holds")
    value = yaml.safe_load(text)
    json.dumps(value)  # YAML knows values that JSON does not
    return value


def _kind(content_type: str) -> str:
    return next((kind for kind in ("json", "yaml") if kind in content_type.lower()), "text")


def _extracted(payload: dict[str, Any], paths: tuple[str, ...] | None) -> dict[str, Any]:
    return dict(payload) if paths is None else extract(payload, paths)


def _loaded(kind: str, payload: dict[str, Any], **more: Any) -> Loaded:
    return payload, {"type": kind, "status": "success", "payload": payload, **more}


def _without_payload(step: Document) -> Document:
    return {name: value for name, value in step.items() if name != "payload"}
