"""Searches as a watch asks for them: texts filled in, options passed on, and every hit where it wants all."""

from collections.abc import Mapping
from typing import Any

from elasticsearch import Elasticsearch

from alerts.language.model import SearchInput, Watch
from alerts.language.mustache import render_tree
from core.client import es_errors
from core.documents import Document

PAGE = 1000
"""Hits of one request where all are read."""
MOST = 50_000
"""Hits that one run takes in at most: beyond them memory is at risk, and the next run goes on with the rest."""

_KEEP_ALIVE = "1m"


def search(
    client: Elasticsearch, watch: Watch, source: SearchInput, ctx: Mapping[str, Any]
) -> tuple[dict[str, Any], Document]:
    """Return a search's answer, and the request that was sent.

    Raises:
        StoreError: The search failed.
        RuleError: A template in its body cannot be filled in.
    """
    ours = watch.body.metadata.wwwatch
    indices = list(source.request.indices)
    body = render_tree(source.request.body, {"ctx": ctx})
    there: Document = {"ignore_unavailable": True, "allow_no_indices": True}
    with es_errors(f"search {','.join(indices)} for the watch {watch.id}"):
        if ours.refresh:
            client.indices.refresh(index=indices, **there)
        patient = client.options(request_timeout=source.timeout.total_seconds())
        if ours.all_hits:
            answer = _all_hits(patient, indices, body)
        else:
            answer = patient.search(index=indices, body=body, rest_total_hits_as_int=True, **there).body
    return dict(answer), {"indices": indices, "body": body}


def _all_hits(client: Elasticsearch, indices: list[str], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer with every hit in it, read in pages of one point in time."""
    opened = client.open_point_in_time(index=indices, keep_alive=_KEEP_ALIVE, ignore_unavailable=True)
    name = opened["id"]
    answer: dict[str, Any] = {}
    hits: list[Document] = []
    try:
        after: dict[str, Any] = {}
        while len(hits) < MOST:
            page = {**body, **after, "size": PAGE, "pit": {"id": name, "keep_alive": _KEEP_ALIVE}}
            found = client.search(body=page, rest_total_hits_as_int=True).body
            name = found.get("pit_id", name)
            answer = answer or found
            hits += found["hits"]["hits"]
            if len(found["hits"]["hits"]) < PAGE:
                break
            after = {"search_after": hits[-1]["sort"]}
    finally:
        client.close_point_in_time(id=name)
    return {**answer, "hits": {**answer["hits"], "hits": hits}}
