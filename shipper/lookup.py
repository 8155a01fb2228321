"""Which documents of a delivery cut short are there already.

Within one backing index a repeated `create` meets 409. After a rollover the new index would take the same ids again, so
they are asked for by id, in all indices that may hold them: also in the one that takes writes, for a rollover may come
between the question and the next delivery. `_mget` reads what no refresh has made searchable yet; it needs only `read`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import polars as pl
from elasticsearch import Elasticsearch

from core.client import es_errors
from core.errors import StoreBusyError

IDS_PER_REQUEST = 5_000
CLOCK_MARGIN = timedelta(hours=1)
"""How far this machine's clock and the cluster's may be apart."""


def find_existing(client: Elasticsearch, stream: str, ids: pl.Series, since: datetime) -> set[str]:
    """Return which of the ids exist in the data stream.

    Args:
        client: Elasticsearch.
        stream: The data stream.
        ids: Document ids.
        since: When they may have been sent first, aware: indices replaced before then are left out.

    Raises:
        StoreError: Elasticsearch could not be asked.
    """
    return set(count_ids(client, _written_indices(client, stream, since), ids.to_list()))


def backing_indices(client: Elasticsearch, stream: str) -> dict[str, int]:
    """Return the data stream's backing indices, oldest first, with the milliseconds at which each was created.

    Raises:
        StoreError: Elasticsearch could not be asked.
    """
    setting = "index.creation_date"
    with es_errors(f"look for the backing indices of {stream}"):
        answer = client.options(ignore_status=404).indices.get_settings(index=stream, name=setting, flat_settings=True)
    if answer.meta.status == 404:  # noqa: PLR2004 - HTTP
        return {}
    created = {index: int(found["settings"][setting]) for index, found in answer.body.items()}
    return dict(sorted(created.items(), key=lambda each: each[1]))


def _written_indices(client: Elasticsearch, stream: str, since: datetime) -> list[str]:
    created = backing_indices(client, stream)
    first_millis = (since - CLOCK_MARGIN).timestamp() * 1000
    # An index was written to until its successor was created.
    replaced = [index for index, successor in pairwise(created) if created[successor] >= first_millis]
    return [*replaced, *list(created)[-1:]]


def count_ids(client: Elasticsearch, indices: Iterable[str], ids: Sequence[str]) -> Counter[str]:
    """Return in how many of the indices each id exists; those in none are left out.

    Raises:
        StoreError: Elasticsearch could not be asked.
    """
    found: Counter[str] = Counter()
    # Few ids in many indices are one request, too.
    pairs = ({"_index": index, "_id": each} for index in indices for each in ids)
    while asked := list(islice(pairs, IDS_PER_REQUEST)):
        found.update(_existing(client, asked))
    return found


def _existing(client: Elasticsearch, pairs: list[dict[str, str]]) -> list[str]:
    wanted = "docs._index,docs._id,docs.found,docs.error.reason"
    with es_errors("look for delivered lines"):
        answer = client.mget(docs=pairs, source=False, filter_path=wanted)
    documents: list[dict[str, Any]] = answer.body.get("docs", [])
    # A shard that has not come up yet answers so for each id, and "not found" would ship the line a second time.
    down = next((document for document in documents if "error" in document), None)
    if down is not None:
        where, reason = down.get("_index"), down["error"].get("reason", "")
        raise StoreBusyError(f"cannot look for delivered lines in {where}: {reason}", "try again later")
    return [document["_id"] for document in documents if document.get("found")]
