"""Which engine runs which watch: a lease each, a document of `wwwatch-state`, taken and kept by optimistic concurrency.

Nobody's clock is compared with anybody else's. Who holds a lease writes its document again every `BEAT` seconds; who
wants it takes it when the document stood still for `TTL` by his own clock. The holder trusts a renewal for `TRUST`,
counted from before it was sent, so he stops before anybody else may begin, and asks again when he was paused.
Source: the lock client's algorithm in "Building Distributed Locks with the DynamoDB Lock Client", AWS, 2017.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from elasticsearch import Elasticsearch

from core.client import es_errors, require_index
from core.clock import Clock, iso_millis
from core.documents import STATE, Document
from core.errors import LeaseLostError, StoreError

log = logging.getLogger(__name__)

BEAT = 2.0
"""Seconds between renewals."""
TTL = 6.0
"""Seconds after which a lease that nobody renewed is anybody's: a dead engine's watches run again within 6 to 9 s."""
TRUST = 4.0
"""Seconds for which a renewal is believed without asking; below TTL by more than clocks differ in speed."""

_PREFIX = "alerts/"
_CONFLICT = (404, 409)


@dataclass(frozen=True, slots=True)
class _Version:
    """What a document was when it was seen, and when: by the clock that runs on and by the one on the wall."""

    seq_no: int
    primary_term: int
    at: float
    wall: datetime
    owner: str = ""


class Leases:
    """The leases of one engine; safe to use from its heartbeat and its runs at once.

    Args:
        client: The cluster.
        clock: The time.
        owner: This engine's name, which no other has.
        index: Where the documents lie.
    """

    def __init__(self, client: Elasticsearch, clock: Clock, owner: str, index: str = STATE) -> None:
        self.owner = owner
        self._client = client
        self._clock = clock
        self._index = index
        self._lock = threading.RLock()
        self._mine: dict[str, _Version] = {}
        self._seen: dict[str, _Version] = {}
        self._is_there = False

    @property
    def held(self) -> set[str]:
        """The names that were ours at the last look."""
        with self._lock:
            return set(self._mine)

    def beat(self, names: Collection[str], *, at_most: int | None = None, busy: Collection[str] = ()) -> set[str]:
        """Renew what is ours and take what is free or was left; the newly taken are returned.

        Args:
            names: All that may be had; what is ours and not among them is given back.
            at_most: How many this engine may hold; beyond them it takes none, and gives back what is not busy.
            busy: What must not be given back now.

        Raises:
            StoreError: Elasticsearch did not answer; what is ours stays so until `TRUST` is over.
        """
        with self._lock:
            self._require_index()
            limit = len(names) if at_most is None else at_most
            spare = [name for name in sorted(self._mine) if name not in names]
            idle = [name for name in sorted(self._mine) if name in names and name not in busy]
            spare += idle[: max(0, len(self._mine) - len(spare) - limit)]
            self._give_back(spare)
            self._write(sorted(self._mine))
            wanted = self._free([name for name in names if name not in self._mine])
            return self._write(sorted(wanted)[: max(0, limit - len(self._mine))])

    def others(self) -> set[str]:
        """Return the engines that hold something and were alive at the last look."""
        with self._lock:
            return {version.owner for version in self._seen.values() if version.owner and not self._stands(version)}

    def confirm(self, name: str) -> None:
        """See that a lease is still ours, asking Elasticsearch when the last renewal is not recent.

        Raises:
            LeaseLostError: Another engine has it.
            StoreError: Elasticsearch did not answer.
        """
        with self._lock:
            version = self._mine.get(name)
            if version is not None and self._age(version) >= TRUST:
                log.info("%s was not renewed for %.0f s: asking whether it is still ours", name, self._age(version))
                self._write([name])
                version = self._mine.get(name)
            if version is None:
                raise LeaseLostError(f"another engine runs {name} now")

    def release(self) -> None:
        """Give everything back, so that others need not wait.

        Raises:
            StoreError: Elasticsearch did not answer; the leases end by themselves.
        """
        with self._lock:
            self._give_back(sorted(self._mine))

    def _give_back(self, names: Iterable[str]) -> None:
        names = list(names)
        self._write(names, owner="")
        for name in names:
            self._mine.pop(name, None)

    def _write(self, names: list[str], owner: str | None = None) -> set[str]:
        """Write documents as ours where they stand as we know them; what another changed first is no longer ours."""
        if not names:
            return set()
        at, wall = self._clock.monotonic(), self._clock.now()
        operations: list[Document] = []
        for name in names:
            operations += [self._operation(name), self._document(name, self.owner if owner is None else owner)]
        with es_errors("renew the leases of the watches"):
            answer = self._client.bulk(index=self._index, operations=operations)
        written = set()
        for name, item in zip(names, answer["items"], strict=True):
            (result,) = item.values()
            self._seen.pop(name, None)
            if "error" not in result:
                self._mine[name] = _Version(result["_seq_no"], result["_primary_term"], at, wall, self.owner)
                written.add(name)
            elif result["status"] in _CONFLICT:
                if self._mine.pop(name, None):
                    log.warning("another engine has taken over %s", name)
            else:
                log.warning("cannot renew the lease of %s: %s", name, result["error"].get("reason", ""))
        return written

    def _operation(self, name: str) -> Document:
        known = self._mine.get(name) or self._seen.get(name)
        identity: dict[str, Any] = {"_id": _PREFIX + name}
        if known is None:
            return {"create": identity}
        return {"index": identity | {"if_seq_no": known.seq_no, "if_primary_term": known.primary_term}}

    def _document(self, name: str, owner: str) -> Document:
        now = self._clock.now()
        value = {"watch_id": name, "until": iso_millis(now + timedelta(seconds=TTL))}
        return {
            "@timestamp": iso_millis(now),
            "wwwatch": {"state": {"kind": "lease", "owner": owner, "value": value}},
        }

    def _free(self, names: list[str]) -> list[str]:
        """Return those without a document or owner, ours by an answer that was lost, and those that stood still."""
        if not names:
            return []
        with es_errors("read the leases of the watches"):
            answer = self._client.mget(index=self._index, ids=[_PREFIX + name for name in names])
        free = []
        for name, document in zip(names, answer["docs"], strict=True):
            if not document.get("found"):
                self._seen.pop(name, None)
                free.append(name)
                continue
            version = self._look(name, document)
            if version.owner in ("", self.owner) or self._stands(version):
                free.append(name)
        return free

    def _look(self, name: str, document: Document) -> _Version:
        owner = document["_source"]["wwwatch"]["state"]["owner"]
        known = self._seen.get(name)
        if known is None or (known.seq_no, known.primary_term) != (document["_seq_no"], document["_primary_term"]):
            at, wall = self._clock.monotonic(), self._clock.now()
            known = _Version(document["_seq_no"], document["_primary_term"], at, wall, owner)
            self._seen[name] = known
        return known

    def _stands(self, version: _Version) -> bool:
        return self._clock.monotonic() - version.at >= TTL

    def _age(self, version: _Version) -> float:
        # A machine that sleeps stops one of the clocks, a corrected time sets the other: the longer span counts.
        wall = (self._clock.now() - version.wall).total_seconds()
        return max(self._clock.monotonic() - version.at, wall)

    def _require_index(self) -> None:
        if not self._is_there:
            require_index(self._client, self._index)
            self._is_there = True


class Heart:
    """Renews leases beside the runs, so that a run that takes long keeps them.

    Args:
        beat: Called every `BEAT` seconds; what it raises of `StoreError` is logged and tried again.
    """

    def __init__(self, beat: Callable[[], object]) -> None:
        self._beat = beat
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(BEAT):
            try:
                self._beat()
            except StoreError as error:
                log.warning("%s", error)
