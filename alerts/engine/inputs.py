"""Loads what a run looks at: the only searches that a watch itself asks for."""

from typing import Any

from elasticsearch import Elasticsearch

from alerts.language.model import SearchInput, Watch
from alerts.language.mustache import Context, render_tree
from core.client import es_errors


def load_payload(watch: Watch, context: Context, client: Elasticsearch) -> dict[str, Any]:
    """Return the payload of a run.

    Args:
        watch: Whose input.
        context: ``{"ctx": ...}`` for the templates in the search's body.
        client: The cluster.

    Raises:
        StoreError: The search failed.
        RuleError: A template in its body cannot be filled in.
    """
    source = watch.body.input
    if source.search is not None:
        return _search(watch, source.search, context, client)
    return dict(source.simple or {})


def _search(watch: Watch, search: SearchInput, context: Context, client: Elasticsearch) -> dict[str, Any]:
    indices = list(search.request.indices)
    body = render_tree(search.request.body, context)
    with es_errors(f"search {','.join(indices)} for the watch {watch.id}"):
        if watch.body.metadata.wwwatch.refresh:
            client.indices.refresh(index=indices, ignore_unavailable=True, allow_no_indices=True)
        patient = client.options(request_timeout=search.timeout.total_seconds())
        answer = patient.search(
            index=indices, body=body, rest_total_hits_as_int=True, ignore_unavailable=True, allow_no_indices=True
        )
    return dict(answer.body)
