"""How the running detector is: how far behind the newest event, and which model judges."""

from datetime import datetime

from elasticsearch import Elasticsearch

from core.client import es_errors
from core.clock import parse_iso
from core.documents import MODELS
from core.errors import StoreError
from core.health import Health, Status
from detector.feed import ChangeFeed
from detector.store import Checkpoint

LATE_SECONDS = 60.0
"""Events that wait longer are worth a look: a look at the feed comes each second."""

_DAY_SECONDS = 86_400


class DetectorHealth:
    """Tells how the detector is.

    Args:
        health: Where it is told.
        client: The cluster, asked when the model was made.
        feed: Asked how many events there are.
        digest: The model's.
    """

    def __init__(self, health: Health, client: Elasticsearch, feed: ChangeFeed, digest: str) -> None:
        self._health, self._client, self._feed, self._digest = health, client, feed, digest
        self._created: datetime | None = None
        self._caught_up: datetime | None = None
        self._is_late = False

    def beat(self, checkpoint: Checkpoint, now: datetime, *, is_done: bool) -> None:
        """Tell, where it is time; called after each page and after each look at the feed.

        Args:
            checkpoint: How far the detector got.
            now: The time.
            is_done: Whether this was the last page: all that was there when the look began is dealt with.
        """
        if is_done or self._caught_up is None:
            self._caught_up = now
        seconds = max(0.0, (now - self._caught_up).total_seconds())
        status: Status = "warn" if seconds > LATE_SECONDS else "ok"
        if not self._health.is_due(now, status):
            return
        try:
            behind, age = self._behind(checkpoint), self._age(now)
        except StoreError:  # the detector itself will say so
            return
        message = f"{behind:,} events have been waiting for up to {seconds:.0f} s" if status == "warn" else ""
        self._health.report(
            now,
            status=status,
            message=message,
            lag_seconds=seconds if behind else 0.0,
            feed={"events": checkpoint.events, "behind": behind, "seconds": seconds if behind else 0.0},
            model={"digest": self._digest, **({} if age is None else {"age_days": age})},
        )

    def _behind(self, checkpoint: Checkpoint) -> int:
        shards = self._feed.shards()
        return sum(max(0, shard.checkpoint - checkpoint.positions.get(shard.key, -1)) for shard in shards)

    def _age(self, now: datetime) -> float | None:
        """Return how many days ago the model was stored; None where it is not in the registry."""
        if self._created is None:
            with es_errors("ask when the model was made"):
                ids = {"ids": {"values": [self._digest]}}
                found = self._client.search(
                    index=MODELS, query=ids, source_includes=["wwwatch.model.created"], ignore_unavailable=True
                )["hits"]["hits"]
            if not found:
                return None
            self._created = parse_iso(found[0]["_source"]["wwwatch"]["model"]["created"])
        return round((now - self._created).total_seconds() / _DAY_SECONDS, 2)
