"""Evidence: the raw log lines that show an anomaly, fetched from where the requests are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl

from core.clock import iso_millis
from core.fields import EVENT_ORIGINAL, MESSAGE, SOURCE_IP, TIMESTAMP, URL_ORIGINAL
from detector.anomaly import MOST_CLIENTS, Anomaly, source_object
from detector.describe import key_of
from detector.kinds import LOGIN_KINDS
from detector.pieces import gather
from detector.places import is_among
from detector.prepare import REFUSED, marks_of
from detector.served import EXPLICIT_MARKS, EXPLOIT_MARKS

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

LINES = 10
SEARCHES_PER_REQUEST = 200
"""A page of new events may hold thousands of attackers: asked for all at once, the answer would come too late."""

_TO_CHOOSE = ("client_key", "agent_key", "url_key", "time", "is_login", "marks", "status", "url_length")

LONGEST = 2_000
"""Characters of one line that are kept; the whole line stays in the access log's index."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An anomaly whose lines are wanted.

    Attributes:
        urls: The URLs that show it best: those with attack signs, or logins, or what was refused; at most LINES; empty:
            none in particular.
        rows: At most LINES requests in memory that show it best, the most telling first, with every column that the
            events came with.
    """

    anomaly: Anomaly
    urls: list[str]
    rows: pl.DataFrame


class EvidenceSource(Protocol):
    """Where raw lines come from: Elasticsearch, or the files that are being read."""

    def fetch(self, wanted: Sequence[Wanted], /) -> list[tuple[str, ...]]:
        """Return at most LINES raw lines for each, in the order of `wanted`."""
        ...


class NoEvidence:
    """Gives no lines."""

    def fetch(self, wanted: Sequence[Wanted], /) -> list[tuple[str, ...]]:
        """Return nothing for each."""
        return [()] * len(wanted)


class RowEvidence:
    """Gives the text in a column of the rows themselves, where the caller put the raw line there.

    Args:
        column: The column's name.
    """

    def __init__(self, column: str = "line") -> None:
        self.column = column

    def fetch(self, wanted: Sequence[Wanted], /) -> list[tuple[str, ...]]:
        """Return the lines of the rows."""
        return [tuple(each.rows[self.column].drop_nulls().str.head(LONGEST).to_list()) for each in wanted]


class IndexEvidence:
    """Looks lines up in Elasticsearch.

    Args:
        client: The cluster.
        index: Where the requests are.
    """

    def __init__(self, client: "Elasticsearch", index: str) -> None:
        self.client, self.index = client, index

    def fetch(self, wanted: Sequence[Wanted], /) -> list[tuple[str, ...]]:
        """Fetch the first raw lines of sessions, only those of the given URLs where there are any.

        What attackers wrote is a value in the query here, never a part of it.

        Returns:
            At most LINES lines for each, in the order of `wanted`; none where the client is no IP address.

        Raises:
            StoreError: Elasticsearch refused or did not answer.
        """
        from core.client import es_errors  # noqa: PLC0415 - evidence may be elsewhere: most scans need no client

        answers: list[dict[str, Any]] = []
        for begin in range(0, len(wanted), SEARCHES_PER_REQUEST):
            searches: list[dict[str, Any]] = []
            for each in wanted[begin : begin + SEARCHES_PER_REQUEST]:
                searches += [{"index": self.index, "ignore_unavailable": True}, _search(each.anomaly, each.urls)]
            with es_errors("fetch the evidence"):
                answers += self.client.msearch(searches=searches)["responses"]
        lines = ([_raw(hit["_source"]) for hit in answer.get("hits", {}).get("hits", [])] for answer in answers)
        return [tuple(line[:LONGEST] for line in found if line) for found in lines]


def choose(rows: pl.DataFrame, anomalies: Sequence[Anomaly]) -> list[Wanted]:
    """Choose the requests that show each anomaly best, different ones first.

    Of attempts to log in these are the logins; of all else what bears the signs that the kind is about, then other
    signs, then what was refused: an attacker's first request is mostly for the front page, and shows nothing.

    Args:
        rows: Prepared requests in memory.
        anomalies: Sessions, each once.
    """
    if not anomalies:
        return []
    keys = pl.DataFrame(
        {
            "client_key": key_of(pl.Series([each.client for each in anomalies], dtype=pl.String)),
            "agent_key": key_of(pl.Series([each.user_agent for each in anomalies], dtype=pl.String)),
            "_from": [each.start for each in anomalies],
            "_to": [each.end for each in anomalies],
            "_by_login": [each.kind in LOGIN_KINDS for each in anomalies],
            "_by_marks": [_MARKS.get(each.kind, EXPLICIT_MARKS | EXPLOIT_MARKS) for each in anomalies],
        },
        schema_overrides={"_from": rows.schema["time"], "_to": rows.schema["time"]},
    ).with_row_index("_which")
    # One pass over the window, however many anomalies.
    is_theirs = pl.Series(is_among(rows["client_key"].to_numpy(), keys["client_key"].to_numpy()))
    needed = rows.select(_TO_CHOOSE).filter(is_theirs).with_columns(is_theirs.arg_true().alias("_row"))
    own = needed.join(keys, on=["client_key", "agent_key"], maintain_order="left")
    own = own.filter(pl.col("time").is_between("_from", "_to"))
    # What was answered may have succeeded: that is looked for first.
    is_refused = ~pl.col("_by_login") & (pl.col("status") >= REFUSED).fill_null(value=False)
    ordered = own.with_columns(_how_dull().alias("_dull"), is_refused.alias("_refused"))
    ordered = ordered.sort("time", maintain_order=True)
    ranked = ordered.with_columns(pl.int_range(pl.len()).over("_which", "url_key").alias("_again"))
    best = ranked.sort("_which", pl.col("_dull") == _DULL, "_again", *_FIRST, maintain_order=True)
    few = best.group_by("_which", maintain_order=True).head(LINES)
    telling = few.filter(pl.col("_dull") < _DULL)
    named = telling.select("_which").hstack(gather(rows.select("url"), telling["_row"].to_numpy()))
    by_number = dict(named.group_by("_which").agg(pl.col("url").unique(maintain_order=True)).iter_rows())
    shown = few.sort("_which", *_FIRST, maintain_order=True)
    ends = np.searchsorted(shown["_which"].to_numpy(), np.arange(len(anomalies)), "right").tolist()
    # Slices of one frame: a table each for thousands of anomalies would take longer than judging them.
    lines = gather(rows, shown["_row"].to_numpy())
    return [
        Wanted(each, by_number.get(number, []), lines[begin:end])
        for number, (each, begin, end) in enumerate(zip(anomalies, [0, *ends], ends, strict=False))
    ]


_FIRST = ("_dull", "_refused", "time")
_DULL = 3
_MARKS = {"injection": EXPLOIT_MARKS, "webshell": marks_of(["webshell"])}
"""Signs that a kind is about; of the others those that are an attack by themselves."""


def _how_dull() -> pl.Expr:
    """Return 0 for what shows an anomaly best, _DULL for what shows nothing."""
    marks = pl.col("marks")
    told = (
        pl.when((marks & pl.col("_by_marks").cast(pl.UInt16)) != 0)
        .then(0)
        .when(marks != 0)
        .then(1)
        .when((pl.col("status") >= REFUSED) & (pl.col("url_length") > 0))
        .then(2)
        .otherwise(_DULL)
    )
    return pl.when("_by_login").then(pl.when("is_login").then(0).otherwise(_DULL)).otherwise(told).cast(pl.Int8)


def _search(anomaly: Anomaly, urls: list[str]) -> dict[str, Any]:
    span = {"range": {TIMESTAMP: {"gte": iso_millis(anomaly.start), "lte": iso_millis(anomaly.end)}}}
    sources = [source_object(client) for client in anomaly.clients[:MOST_CLIENTS] or [anomaly.client]]
    known = [each["address"] if "/" in each["address"] else each.get("ip") for each in sources]
    addresses = [address for address in known if address]
    filters: list[dict[str, Any]] = [span, {"terms": {SOURCE_IP: addresses}} if addresses else {"match_none": {}}]
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
