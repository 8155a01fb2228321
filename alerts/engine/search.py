"""Searches as a watch asks for them: texts filled in, options passed on, and every hit where it wants all."""

from collections.abc import Mapping
from typing import Any

from elasticsearch import Elasticsearch

from alerts.language.model import SearchRequest, Watch
from alerts.language.model.source import Search
from alerts.language.mustache import render_tree
from core.client import es_errors
from core.documents import Document

PAGE = 1000
"""Hits of one request where all are read."""
MOST = 50_000
"""Hits that one run takes in at most: beyond them memory is at risk."""

_KEEP_ALIVE = "1m"


def search(
    client: Elasticsearch, watch: Watch, source: Search, ctx: Mapping[str, Any], *, all_hits: bool = False
) -> tuple[dict[str, Any], Document]:
    """Return a search's answer, and the request that was sent.

    Args:
        client: The cluster.
        watch: Who asks.
        source: What is asked.
        ctx: The variables, for the templates in its body.
        all_hits: Read every hit, page by page, instead of `size` many.

    Raises:
        StoreError: The search failed.
        RuleError: A template in its body cannot be filled in.
    """
    request = source.request
    indices = list(request.indices)
    body = render_tree(request.body, {"ctx": ctx})
    there = _options(request)
    with es_errors(f"search {','.join(indices)} for the watch {watch.id}"):
        if watch.body.metadata.wwwatch.refresh:
            client.indices.refresh(index=indices, **there)
        patient = client.options(request_timeout=source.timeout.total_seconds())
        if all_hits:
            answer = _all_hits(patient, request, body)
        else:
            kind: dict[str, Any] = {
                "search_type": request.search_type,
                "rest_total_hits_as_int": request.rest_total_hits_as_int,
            }
            answer = dict(patient.search(index=indices, body=body, **there, **kind).body)
    return answer, {"indices": indices, "body": body}


def _options(request: SearchRequest) -> dict[str, Any]:
    options = request.indices_options
    return {
        "expand_wildcards": list(options.expand_wildcards),
        "ignore_unavailable": options.ignore_unavailable,
        "allow_no_indices": options.allow_no_indices,
    }


def _all_hits(client: Elasticsearch, request: SearchRequest, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer with every hit in it, read in pages of one point in time."""
    options = _options(request)
    options.pop("allow_no_indices")  # a point in time has none of it, and does without indices
    opened = client.open_point_in_time(index=list(request.indices), keep_alive=_KEEP_ALIVE, **options)
    name = opened["id"]
    answer: dict[str, Any] = {}
    hits: list[Document] = []
    try:
        after: dict[str, Any] = {}
        while len(hits) < MOST:
            page = {**body, **after, "size": PAGE, "pit": {"id": name, "keep_alive": _KEEP_ALIVE}}
            found = client.search(body=page, rest_total_hits_as_int=request.rest_total_hits_as_int).body
            name = found.get("pit_id", name)
            answer = answer or dict(found)
            hits += found["hits"]["hits"]
            if len(found["hits"]["hits"]) < PAGE:
                break
            after = {"search_after": hits[-1]["sort"]}
    finally:
        client.close_point_in_time(id=name)
    answer.pop("pit_id", None)
    return {**answer, "hits": {**answer["hits"], "hits": hits}}
