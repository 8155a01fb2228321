"""The change feed: every event exactly once, by shard and sequence number, whatever its timestamp.

A shard is to the detector what a partition is to a Kafka consumer, and the sequence number is the offset. A shard's
global checkpoint is the sequence number below which no write is missing, so that reading (last, checkpoint] after a
refresh can skip nothing.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import polars as pl
from elastic_transport import JsonSerializer, Serializer

from core.client import connect, es_errors
from core.clock import iso_millis
from core.errors import StoreBusyError
from core.fields import TIMESTAMP
from core.settings import EsSettings
from detector.events import SOURCE_FIELDS, read_page

PAGE = 10_000
"""Hits per request: Elasticsearch's default `index.max_result_window`."""

Positions = dict[str, int]
"""Last sequence number read, by "<backing index>/<its uuid>/<shard>"."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One primary shard and how far it may be read."""

    index: str
    uuid: str
    number: int
    checkpoint: int

    @property
    def key(self) -> str:
        """The shard's name in Positions; a deleted and re-created index has another uuid and starts anew."""
        return f"{self.index}/{self.uuid}/{self.number}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some new events of one shard, and where the shard stands once they are dealt with."""

    events: pl.DataFrame
    positions: Positions


class RawJson(Serializer):
    """Hands answers over as bytes, so that polars parses them without a Python object per hit."""

    mimetype = "application/vnd.elasticsearch+json"

    def loads(self, data: bytes) -> bytes:
        """Return the bytes as they are."""
        return data

    def dumps(self, data: Any) -> bytes:
        """Write a request body."""
        return JsonSerializer().dumps(data)


class ChangeFeed:
    """Reads the events of an index pattern in the order in which each shard took them.

    Args:
        settings: Where Elasticsearch is; the feed keeps a client of its own, whose answers stay bytes.
        index: Index pattern or data stream, e.g. ``logs-www.access-*``; it may match nothing yet.
    """

    def __init__(self, settings: EsSettings, index: str) -> None:
        self.index = index
        self._client = connect(settings, serializers={RawJson.mimetype: RawJson()})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def shards(self) -> list[Shard]:
        """Ask how far each primary shard can be read.

        Raises:
            StoreError: Elasticsearch refused or did not answer.
        """
        path = f"/{quote(self.index, safe='*,-.')}/_stats/docs"
        params = {"level": "shards", "expand_wildcards": "open,hidden", "ignore_unavailable": "true"}
        stats = self._ask("GET", path, params, None, f"ask for the shards of {self.index}")
        return [
            Shard(index, entry["uuid"], int(number), copy["seq_no"]["global_checkpoint"])
            for index, entry in json.loads(stats)["indices"].items()
            for number, copies in entry["shards"].items()
            for copy in copies
            if copy["routing"]["primary"] and copy["routing"]["state"] == "STARTED"
        ]

    def now(self) -> Positions:
        """Return the positions behind everything written so far.

        Raises:
            StoreBusyError: An index is not up yet: without its position all of it would be read later.
        """
        found = self.shards()
        known = {shard.uuid for shard in found}
        self._require_up(name for uuid, name in self._indices().items() if uuid not in known)
        return {shard.key: shard.checkpoint for shard in found}

    def read(self, positions: Positions, stop: Callable[[], bool] = lambda: False) -> Iterator[Page]:
        """Yield the pages of new events, shard after shard.

        Args:
            positions: Last sequence numbers read; a shard that is not named is read from its first event.
            stop: Asked between pages; the rest then waits for the next call.
        """
        for shard in self.shards():
            last = positions.get(shard.key, -1)
            if last < shard.checkpoint:
                self._refresh(shard)
            for events, end in self._pages(shard, last, shard.checkpoint):
                if stop():
                    return
                yield Page(events, {shard.key: end})

    def read_back(self, positions: Positions, since: datetime) -> Iterator[pl.DataFrame]:
        """Yield the events at or before the positions whose time is not before `since`: the window after a restart.

        Args:
            positions: Last sequence numbers read.
            since: Inclusive lower bound of the events' own time.

        Raises:
            StoreBusyError: A shard with a position is not up yet: without it the window would have a hole.
        """
        shards = self.shards()
        absent = positions.keys() - {shard.key for shard in shards}
        if absent:
            existing = self._indices()
            self._require_up(key for key in absent if key.split("/")[1] in existing)
        for shard in shards:
            end = positions.get(shard.key, -1)
            if end < 0:
                continue
            self._refresh(shard)
            recent = {"range": {TIMESTAMP: {"gte": iso_millis(since)}}}
            for events, _ in self._pages(shard, self._before(shard, end, recent), end, recent):
                yield events

    def count(self, since: datetime) -> int:
        """Return how many events there are whose time is not before `since`.

        Raises:
            StoreError: Elasticsearch refused or did not answer.
        """
        for shard in self.shards():
            self._refresh(shard)
        path = f"/{quote(self.index, safe='*,-.')}/_count"
        body = {"query": {"range": {TIMESTAMP: {"gte": iso_millis(since)}}}}
        params = {"expand_wildcards": "open,hidden", "ignore_unavailable": "true"}
        answer = json.loads(self._ask("POST", path, params, body, f"count the events of {self.index}"))
        return int(answer["count"])

    def without_deleted(self, positions: Positions) -> Positions:
        """Return the positions without those of indices that are gone for good; one that is only down or closed stays.

        A closed index may be opened again: without its position all of it would be read twice.
        """
        existing = self._indices("open,closed,hidden")
        return {key: number for key, number in positions.items() if key.split("/")[1] in existing}

    def _before(self, shard: Shard, last: int, only: dict[str, Any]) -> int:
        """Return the sequence number before the first match: a short window of a long history takes few steps."""
        _, found = read_page(self._fetch(shard, -1, last, (only,), size=1))
        return last if found is None else found - 1

    def _indices(self, which: str = "open,hidden") -> dict[str, str]:
        """Return the names of all indices by their uuid, also of those whose shards are not up."""
        path = f"/{quote(self.index, safe='*,-.')}/_settings/index.uuid"
        params = {"flat_settings": "true", "expand_wildcards": which, "ignore_unavailable": "true"}
        answer = json.loads(self._ask("GET", path, params, None, f"ask for the indices of {self.index}"))
        return {entry["settings"]["index.uuid"]: name for name, entry in answer.items()}

    def _require_up(self, names: Iterable[str]) -> None:
        name = min(names, default=None)
        if name is not None:
            hint = "it may be starting; if it stays so, restore that index or delete it"
            raise StoreBusyError(f"cannot read {name}: its primary shard is not up", hint)

    def _refresh(self, shard: Shard) -> None:
        # Safe below the checkpoint only if the searcher is newer than it: hence after asking for the checkpoint.
        self._ask("POST", f"/{quote(shard.index)}/_refresh", {}, None, f"refresh {shard.index}")

    def _pages(self, shard: Shard, after: int, last: int, *only: dict[str, Any]) -> Iterator[tuple[pl.DataFrame, int]]:
        """Yield the events in (after, last] in steps of PAGE sequence numbers, each with the step's end.

        Sequence numbers have gaps, so a page may hold few events or none. The steps are known beforehand: Elasticsearch
        gets the next page ready while this one is dealt with.
        """
        with ThreadPoolExecutor(1, "feed") as ahead:
            pages: deque[tuple[Future[bytes], int]] = deque()
            for begin in range(after, last, PAGE):
                end = min(begin + PAGE, last)
                pages.append((ahead.submit(self._fetch, shard, begin, end, only), end))
                if len(pages) > 1:
                    yield self._take(pages)
            while pages:
                yield self._take(pages)

    def _take(self, pages: deque[tuple[Future[bytes], int]]) -> tuple[pl.DataFrame, int]:
        body, end = pages.popleft()
        return read_page(body.result())[0], end

    def _fetch(self, shard: Shard, after: int, last: int, only: tuple[dict[str, Any], ...], size: int = PAGE) -> bytes:
        body = {
            "size": size,
            "query": {"bool": {"filter": [{"range": {"_seq_no": {"gt": after, "lte": last}}}, *only]}},
            "sort": [{"_seq_no": "asc"}],
            "track_total_hits": False,
            "_source": list(SOURCE_FIELDS),
            "docvalue_fields": [{"field": TIMESTAMP, "format": "epoch_millis"}],
        }
        params = {
            "preference": f"_shards:{shard.number}",
            "filter_path": "hits.hits._source,hits.hits.fields,hits.hits.sort",
            "allow_partial_search_results": "false",
        }
        return self._ask("POST", f"/{quote(shard.index)}/_search", params, body, f"read new events of {shard.index}")

    def _ask(self, method: str, path: str, params: dict[str, str], body: dict[str, Any] | None, doing: str) -> bytes:
        headers = {"accept": f"{RawJson.mimetype}; compatible-with=8"}
        if body is not None:
            headers["content-type"] = "application/json"
        with es_errors(doing):
            answer: bytes = self._client.perform_request(method, path, params=params, headers=headers, body=body).body
        return answer
