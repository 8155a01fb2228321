"""Fills in what Kibana puts into a Vega-Lite spec: `%context%`, `%timefield%`, `%timefilter%`, `%autointerval%`.

So the same strict JSON draws in Kibana and, with the answer in `data.values`, anywhere else.
Source: Kibana's reference of Vega in its panels.
"""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from core.clock import iso_millis
from core.errors import KibanaError
from kibana.queries.aggregations import Json, Scope
from kibana.queries.interval import BARS, auto_interval

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_CLAUSES = {"%dashboard_context-must_clause%", "%dashboard_context-must_not_clause%"}
_CONTEXT = "%dashboard_context-filter_clause%"

Search = Callable[[str, Json], Json]
"""Asks Elasticsearch: index and body to the answer."""


def expand(spec: Json, scope: Scope, search: Search) -> Json:
    """Return a spec whose data stands in it.

    Args:
        spec: Strict Vega-Lite JSON; every `data.url` that is an object is a request.
        scope: The dashboard's time range and queries.
        search: How Elasticsearch is asked.

    Raises:
        KibanaError: The request asks for what Kibana refuses, or its answer lacks what `format.property` names.
    """
    return dict(_walk(copy.deepcopy(spec), scope, search))


def request_of(url: Json, scope: Scope) -> tuple[str, Json]:
    """Return index and body of a request, everything filled in.

    Raises:
        KibanaError: `%context%` or `%timefield%` stand beside a query of the body's own.
    """
    body = _filled(copy.deepcopy(url.get("body", {})), scope)
    uses_context, time = url.get("%context%") is True, url.get("%timefield%")
    if uses_context or time:
        if "query" in body:
            raise KibanaError("a Vega request has a query beside %context% or %timefield%", "leave one of them out")
        filters = scope.query(time)["bool"]["filter"] if time else []
        body["query"] = {"bool": {"filter": filters if uses_context else filters[:1]}}
    return url["index"], body


def _walk(node: Any, scope: Scope, search: Search) -> Any:
    if isinstance(node, list):
        return [_walk(each, scope, search) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("url"), dict):
        return _loaded(node, scope, search)
    return {key: _walk(value, scope, search) for key, value in node.items()}


def _loaded(data: Json, scope: Scope, search: Search) -> Json:
    answer: Any = search(*request_of(data["url"], scope))
    for step in filter(None, data.get("format", {}).get("property", "").split(".")):
        if not isinstance(answer, dict) or step not in answer:
            raise KibanaError(f"the answer to a Vega request has no {step}", "correct its format.property")
        answer = answer[step]
    rest = {key: value for key, value in data.items() if key not in ("url", "format")}
    return {**rest, "values": answer if isinstance(answer, list) else [answer]}


def _filled(node: Any, scope: Scope) -> Any:
    if isinstance(node, list):
        return [each for part in node for each in _clauses(part, scope)]
    if not isinstance(node, dict):
        return node
    if "%timefilter%" in node:
        return _time(node, scope)
    if "%autointerval%" in node:
        wanted = node["%autointerval%"]
        return auto_interval(scope.end - scope.start, BARS if wanted is True else int(wanted))
    filled = {key: _filled(value, scope) for key, value in node.items()}
    if isinstance(node.get("interval"), dict):  # Kibana renames it, too
        filled["fixed_interval"] = filled.pop("interval")
    return filled


def _clauses(part: Any, scope: Scope) -> list[Any]:
    if isinstance(part, str) and part in _CLAUSES:
        return []
    if part == _CONTEXT:
        return list(scope.query("@timestamp")["bool"]["filter"][1:])
    return [_filled(part, scope)]


def _time(node: Json, scope: Scope) -> Any:
    shift = timedelta(seconds=node.get("shift", 0) * _UNITS[node.get("unit", "second")])
    which = node["%timefilter%"]
    if which is True:
        within = {"gte": iso_millis(scope.start + shift), "lte": iso_millis(scope.end + shift)}
        return {**within, "format": "strict_date_optional_time"}
    return _epoch(scope.start + shift if which == "min" else scope.end + shift)


def _epoch(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
