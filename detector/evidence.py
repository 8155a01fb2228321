"""Evidence: the raw log lines that show an anomaly, fetched from where the requests are kept."""

from typing import Any

import polars as pl
from elasticsearch import Elasticsearch

from core.client import es_errors
from core.clock import iso_millis
from core.fields import EVENT_ORIGINAL, MESSAGE, SOURCE_IP, TIMESTAMP, URL_ORIGINAL
from detector.anomaly import Anomaly, source_object
from detector.kinds import LOGIN_KINDS

LINES = 10
SEARCHES_PER_REQUEST = 200
"""A page of new events may hold thousands of attackers: asked for all at once, the answer would come too late."""

LONGEST = 2_000
"""Characters of one line that are kept; the whole line stays in the access log's index."""


def telling_urls(rows: pl.DataFrame, anomaly: Anomaly) -> list[str]:
    """Choose the URLs that show an anomaly best: those with attack signs, or logins; else none in particular.

    Args:
        rows: Prepared requests of the client.
        anomaly: The session.
    """
    session = rows.filter((pl.col("client") == anomaly.client) & (pl.col("user_agent") == anomaly.user_agent))
    signs = pl.any_horizontal(pl.col("^sign_.*$"))
    telling = pl.col("is_login") if anomaly.kind in LOGIN_KINDS else signs
    return session.filter(telling)["url"].unique(maintain_order=True).head(LINES).to_list()


def fetch_evidence(client: Elasticsearch, index: str, wanted: list[tuple[Anomaly, list[str]]]) -> list[tuple[str, ...]]:
    """Fetch the first raw lines of sessions, only those of the given URLs where there are any.

    What attackers wrote is a value in the query here, never a part of it.

    Args:
        client: The cluster.
        index: Where the requests are.
        wanted: Sessions, each with the URLs that show it best.

    Returns:
        At most LINES lines for each, in the order of `wanted`; none where the client is no IP address.

    Raises:
        StoreError: Elasticsearch refused or did not answer.
    """
    answers: list[dict[str, Any]] = []
    for begin in range(0, len(wanted), SEARCHES_PER_REQUEST):
        searches: list[dict[str, Any]] = []
        for anomaly, urls in wanted[begin : begin + SEARCHES_PER_REQUEST]:
            searches += [{"index": index, "ignore_unavailable": True}, _search(anomaly, urls)]
        with es_errors("fetch the evidence"):
            answers += client.msearch(searches=searches)["responses"]
    lines = ([_raw(hit["_source"]) for hit in answer.get("hits", {}).get("hits", [])] for answer in answers)
    return [tuple(line[:LONGEST] for line in found if line) for found in lines]


def _search(anomaly: Anomaly, urls: list[str]) -> dict[str, Any]:
    span = {"range": {TIMESTAMP: {"gte": iso_millis(anomaly.start), "lte": iso_millis(anomaly.end)}}}
    source = source_object(anomaly.client)
    address = source["address"] if "/" in source["address"] else source.get("ip")
    filters: list[dict[str, Any]] = [span, {"term": {SOURCE_IP: address}} if address else {"match_none": {}}]
    if urls:
        filters.append({"terms": {URL_ORIGINAL: urls}})
    return {
        "size": LINES,
        "query": {"bool": {"filter": filters}},
        "sort": [{TIMESTAMP: "asc"}],
        "_source": [EVENT_ORIGINAL, MESSAGE],
        "track_total_hits": False,
    }


def _raw(source: dict[str, Any]) -> str:
    event = source.get("event")
    original = event.get("original") if isinstance(event, dict) else None
    return str(original or source.get("message") or "")
