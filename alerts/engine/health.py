"""How the running engine is: what became of the last day's notices, and which watches fail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from elasticsearch import Elasticsearch

from core.client import es_errors
from core.documents import WATCH_HISTORY
from core.errors import StoreError
from core.health import Health, Status

_NOT_HELD = ("sent", "grouped", "failed", "pending")


class Ran(Protocol):
    """What is asked of a run."""

    @property
    def watch_id(self) -> str:
        """The watch."""

    @property
    def reason(self) -> str:
        """Why it failed, if it did."""

    @property
    def failed(self) -> bool:
        """Whether it ended with an error."""


class EngineHealth:
    """Tells how the engine is.

    Args:
        health: Where it is told.
        client: The cluster, asked for the watch history.
    """

    def __init__(self, health: Health, client: Elasticsearch) -> None:
        self._health, self._client = health, client
        self._failing: dict[str, str] = {}

    def beat(self, runs: Sequence[Ran], now: datetime) -> None:
        """Tell, where it is time; called after each round.

        Args:
            runs: What ran in it.
            now: The time.
        """
        for run in runs:
            if run.failed:
                self._failing[run.watch_id] = run.reason
            else:
                self._failing.pop(run.watch_id, None)
        message = "; ".join(f"the watch {watch} failed: {reason}" for watch, reason in sorted(self._failing.items()))
        status: Status = "failing" if message else "ok"
        if not self._health.is_due(now, status):
            return
        try:
            counts = self._counts()
        except StoreError:  # the watches themselves will say so
            return
        self._health.report(now, status=status, message=message, alerts=counts)

    def _counts(self) -> dict[str, int]:
        """Return how many notices of the last 24 hours were sent, alone or within another, held or failed, or wait."""
        recent = {"range": {"@timestamp": {"gte": "now-24h"}}}
        query = {
            "bool": {"should": [recent, {"term": {"state": "pending"}}], "must_not": {"term": {"type": "execution"}}}
        }
        aggs = {"states": {"terms": {"field": "state", "size": 50}}}
        with es_errors("count the notices"):
            answer = self._client.search(
                index=WATCH_HISTORY, size=0, query=query, aggs=aggs, ignore_unavailable=True, allow_no_indices=True
            )
        buckets = answer.get("aggregations", {}).get("states", {}).get("buckets", [])
        found = {bucket["key"]: bucket["doc_count"] for bucket in buckets}
        held = sum(count for state, count in found.items() if state not in _NOT_HELD)
        return {
            "sent": found.get("sent", 0) + found.get("grouped", 0),
            "held": held,
            "failed": found.get("failed", 0),
            "pending": found.get("pending", 0),
        }
