"""Delivers batches by `_bulk`, and does not give up on what may yet succeed."""

import logging
import random
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from elasticsearch import Elasticsearch
from isal import isal_zlib

from core.client import es_errors
from core.errors import DeliveryError, StoreAuthError, StoreBusyError, StoreError, StoreUnreachableError
from shipper.batch import Documents
from shipper.deadletter import DeadLetters, Letter
from shipper.ledger import Ledger
from shipper.lookup import find_existing
from shipper.meter import Meter

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
ALL_REFUSED = 100
"""A batch of at least so many documents that is refused whole is not the documents' fault."""

# Elasticsearch takes either type for _bulk; of this one the client makes no copies.
_HEADERS = {"accept": "application/json", "content-type": "application/json"}
_PARAMETERS = {"require_data_stream": "true", "filter_path": "errors,items.*.status,items.*.error"}
_CREATED, _AUTH, _MISSING, _CONFLICT, _TOO_LARGE = 201, (401, 403), 404, 409, 413
_BUSY = (429, 502, 503, 504)
_GZIP = 31
"""zlib's window size for a gzip frame."""


class StoppedError(DeliveryError):
    """The shipper was told to stop while Elasticsearch did not take the batch; it stays in flight."""


@dataclass(slots=True)
class _Answers:
    """What became of the documents of one request."""

    ledger: Ledger = field(default_factory=Ledger)
    again: list[int] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)


class Delivery:
    """Delivers to one data stream; several threads may send at the same time.

    Args:
        client: Elasticsearch.
        stream: The data stream.
        dead_letters: Where refused documents go.
        meter: Told of each request and each repetition.
        stop: Ends the waiting.
        is_compressed: Send gzip.
        all_refused: A batch of at least so many documents that is refused whole is not the documents' fault; 0: never.
    """

    def __init__(
        self,
        client: Elasticsearch,
        stream: str,
        dead_letters: DeadLetters,
        meter: Meter,
        stop: threading.Event,
        *,
        is_compressed: bool = False,
        all_refused: int = ALL_REFUSED,
    ) -> None:
        # Trying again is this class's own business: it must look first for what a lost answer hides.
        self._client = client.options(max_retries=0, ignore_status=_TOO_LARGE)
        self._hosts = len(client.transport.node_pool)
        self._stream = stream
        self._dead_letters = dead_letters
        self._meter = meter
        self._stop = stop
        self._is_halted = False
        self._is_compressed = is_compressed
        self._all_refused = all_refused

    def halt(self) -> None:
        """Give up what waits to be sent again, at the end of its wait."""
        self._is_halted = True

    def send(self, documents: Documents, *, sent: datetime, is_repeat: bool = False) -> Ledger:
        """Deliver documents; return when each is acknowledged or in the dead-letter file.

        Args:
            documents: What to deliver.
            sent: When they were sent first, aware.
            is_repeat: They may have been delivered before: leave out what is there.

        Raises:
            StoppedError: `stop` was set before Elasticsearch took them all.
            StoreError: Elasticsearch refuses for a reason that is not the documents'.
            DeliveryError: The dead-letter file cannot be written.
        """
        ledger = Ledger()
        dead = self._dead_letters.ids() if is_repeat else set()
        if dead:
            left = documents.without(dead)
            ledger, documents = Ledger(rejected=len(documents) - len(left)), left
        attempt = 0
        while len(documents):
            failure: StoreError | None = None
            try:
                if is_repeat:
                    left = documents.without(find_existing(self._client, self._stream, documents.ids, sent))
                    ledger += Ledger(present=len(documents) - len(left))
                    documents, is_repeat = left, False
                counts, documents = self._post(documents, sent)
                ledger += counts
            except StoreError as error:
                if not error.retryable:
                    raise
                is_repeat, failure = True, error  # the answer was lost, not necessarily the request
            if len(documents):
                self._wait(attempt, failure)
                attempt += 1
        return ledger

    def _wait(self, attempt: int, failure: StoreError | None) -> None:
        reason = str(failure) if failure else "Elasticsearch is too busy for a part of a batch, or blocked"
        log.warning("%s; trying again", reason)
        self._meter.retried(reason)
        if isinstance(failure, StoreUnreachableError) and attempt + 1 < self._hosts:
            return  # the node pool has passed over the dead host: another one may take it at once
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 10))
        if self._meter.clock.sleep(longest * random.uniform(0.5, 1.0), self._stop) or self._is_halted:
            raise StoppedError("stopped before Elasticsearch took the last lines", "they are sent at the next start")

    def _post(self, documents: Documents, sent: datetime) -> tuple[Ledger, Documents]:
        """Send once; return the counts, and the documents to send again."""
        if not len(documents):
            return Ledger(), documents
        body, headers = documents.body(), _HEADERS
        if self._is_compressed:
            body, headers = isal_zlib.compress(body, 1, _GZIP), _HEADERS | {"content-encoding": "gzip"}
        with es_errors(f"deliver to {self._stream}"):
            start = self._meter.clock.monotonic()
            answer = self._client.perform_request(
                "POST", f"/{self._stream}/_bulk", params=_PARAMETERS, headers=headers, body=body
            )
        self._meter.answered(self._meter.clock.monotonic() - start)
        if answer.meta.status == _TOO_LARGE:
            return self._halve(documents, sent)
        if not isinstance(answer.body, dict) or "errors" not in answer.body:
            raise _without_account(self._stream)
        if not answer.body["errors"]:
            return Ledger(indexed=len(documents)), _nothing_of(documents)
        answers = self._sort(documents, answer.body.get("items", []))
        if answers.letters:
            self._dead_letters.append(answers.letters)
        return answers.ledger, documents.select(np.asarray(answers.again, np.intp))

    def _halve(self, documents: Documents, sent: datetime) -> tuple[Ledger, Documents]:
        if len(documents) == 1:
            letter = Letter(documents.ids[0], _TOO_LARGE, "the request is too large", documents.document(0))
            self._dead_letters.append([letter])
            return Ledger(rejected=1), _nothing_of(documents)
        middle = len(documents) // 2
        halves = documents.select(slice(middle)), documents.select(slice(middle, None))
        return sum((self.send(half, sent=sent) for half in halves), Ledger()), _nothing_of(documents)

    def _sort(self, documents: Documents, items: list[dict[str, Any]]) -> _Answers:
        answers = _Answers()
        results = [result for item in items for result in item.values()]
        if len(results) != len(documents):
            raise _without_account(self._stream)
        statuses = [int(result["status"]) for result in results]
        for row in (row for row, status in enumerate(statuses) if status not in (_CREATED, _CONFLICT)):
            result = results[row]
            kind, reason = _reason(result)
            self._refuse_all(result["status"], kind, reason)
            if result["status"] in _BUSY or kind == "cluster_block_exception":
                answers.again.append(row)
            else:
                said = f"{kind}: {reason}"
                letter = Letter(documents.ids[row], result["status"], said, documents.document(row))
                answers.letters.append(letter)
        if self._all_refused and len(answers.letters) == len(documents) >= self._all_refused:
            raise StoreError(
                f"Elasticsearch refuses every line: {answers.letters[0].reason}", "correct that; nothing is left out"
            )
        counts = {"indexed": statuses.count(_CREATED), "present": statuses.count(_CONFLICT)}
        answers.ledger = Ledger(**counts, rejected=len(answers.letters))
        return answers

    def _refuse_all(self, status: int, kind: str, reason: str) -> None:
        """Raise where the error is about the data stream or us, not about one document."""
        if status == _MISSING:
            raise StoreError(f"Elasticsearch has no template for {self._stream}", "run `wwwatch setup` first")
        if status in _AUTH and kind != "cluster_block_exception":
            hint = "give this user the role wwwatch-shipper of `wwwatch setup`"
            raise StoreAuthError(f"cannot deliver to {self._stream}: {kind}: {reason}", hint)


def _nothing_of(documents: Documents) -> Documents:
    return documents.select(slice(0))


def _without_account(stream: str) -> StoreError:
    what = f"the answer to a delivery to {stream} does not say what became of the lines"
    return StoreBusyError(what, "is there a proxy before Elasticsearch?")


def _reason(result: dict[str, Any]) -> tuple[str, str]:
    error = result.get("error", {})
    cause = error.get("caused_by", {}).get("reason")
    return str(error.get("type", "unknown")), str(error.get("reason", "")) + (f" ({cause})" if cause else "")
