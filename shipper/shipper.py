"""The shipper: reads each followed file from where the registry says, delivers, and moves the registry on."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

from elasticsearch import Elasticsearch

from core.clock import Clock, iso_millis, parse_iso
from core.documents import access_stream
from core.errors import FormatError
from core.settings import Settings
from enrich import Format, Origin, detect_format, find_format
from shipper.batch import Batch, build_batch
from shipper.deadletter import DeadLetters
from shipper.delivery import Delivery, StoppedError
from shipper.follow import Follower, Tail
from shipper.ledger import Ledger
from shipper.registry import Registry

log = logging.getLogger(__name__)

BATCHES_PER_TURN = 16
"""After so many the other files have their turn: one that is far behind must not starve the rest."""

SAMPLE_BYTES = 262_144
SURE_LINES = 100

Progress = Callable[[int, Ledger], None]
"""Told after each batch: how many bytes were delivered, and the counts of this run."""


class Shipper:
    """Ships files to one data stream.

    Args:
        client: Elasticsearch.
        settings: `ship` says where to and how, `state` where the dead-letter file lies.
        clock: The time.
        registry: An entered `Registry`.
        format_name: A format of `enrich.FORMATS`, or ``auto``: each file's own is found by its lines.
        progress: Told after each batch.
        stop: Ends `run_once` early, after the batch in flight.

    Raises:
        FormatError: There is no format of this name.
    """

    def __init__(
        self,
        client: Elasticsearch,
        settings: Settings,
        clock: Clock,
        registry: Registry,
        *,
        format_name: str = "auto",
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._format = None if format_name == "auto" else find_format(format_name)
        self._formats: dict[str, Format] = {}
        self._progress = progress or (lambda _bytes, _ledger: None)
        self._stop = stop or threading.Event()
        self._version = version("wwwatch")
        self._total = Ledger()

    def run_once(self, paths: Sequence[str]) -> Ledger:
        """Ship what the files hold now, to their last byte, and return the counts.

        Raises:
            DeliveryError: A file cannot be read, or the registry or the dead-letter file cannot be written.
            FormatError: No format fits a file; the other files are shipped first.
            StoreError: Elasticsearch refuses for a reason that is not the documents'.
        """
        self._run(paths, closing=True)
        return self._total

    def run(self, paths: Sequence[str], stop: threading.Event) -> Ledger:
        """Follow the files until `stop` is set; finish the batch in flight, and return the counts.

        Raises:
            DeliveryError: The registry or the dead-letter file cannot be written.
            StoreError: Elasticsearch refuses for a reason that is not the documents'.
        """
        self._stop = stop
        self._run(paths, closing=False)
        return self._total

    def _run(self, paths: Sequence[str], *, closing: bool) -> None:
        stream = access_stream(self._settings.ship.namespace)
        dead_letters = DeadLetters(self._settings.state / "dead-letter.ndjson")
        delivery = Delivery(self._client, stream, dead_letters, self._clock, self._stop)
        follower = Follower(paths, self._registry, self._clock, closing=closing)
        unknown: dict[str, FormatError] = {}
        try:
            with ThreadPoolExecutor(1, "prepare") as ahead:
                while not self._stop.is_set():
                    tails = [tail for tail in follower.refresh() if not (closing and tail.entry.path in unknown)]
                    moved = [self._try(tail, delivery, ahead, unknown, closing=closing) for tail in tails]
                    if any(moved):
                        continue
                    if closing:
                        break
                    self._clock.sleep(self._settings.ship.poll_seconds, self._stop)
        except StoppedError as error:
            log.info("%s", error)
        finally:
            follower.close()
            self._registry.save()
        if closing and unknown:
            raise next(iter(unknown.values()))

    def _try(
        self,
        tail: Tail,
        delivery: Delivery,
        ahead: ThreadPoolExecutor,
        unknown: dict[str, FormatError],
        *,
        closing: bool,
    ) -> bool:
        """Ship a turn's worth of one file; a file in no known format waits, for it may be only its beginning."""
        try:
            return self._ship(tail, delivery, ahead, closing=closing)
        except FormatError as error:
            if tail.entry.path not in unknown:
                log.warning("%r is left alone so far: %s", tail.entry.path, error)
            unknown[tail.entry.path] = FormatError(f"{tail.entry.path}: {error.what}", error.hint)
            return False

    def _ship(self, tail: Tail, delivery: Delivery, ahead: ThreadPoolExecutor, *, closing: bool) -> bool:
        """Deliver batch after batch, in order; the next one is made while one is on its way."""
        batch = self._prepare(tail, tail.entry.offset, closing=closing)
        has_moved = batch is not None
        for _ in range(BATCHES_PER_TURN):
            if batch is None or self._stop.is_set():
                break
            following = ahead.submit(self._prepare, tail, batch.end, closing=closing)
            try:
                self._deliver(tail, batch, delivery)
            finally:
                following.exception()
            batch = following.result()
        if has_moved:
            self._registry.save()
        return has_moved

    def _prepare(self, tail: Tail, start: int, *, closing: bool) -> Batch | None:
        chunk = tail.read(start, self._settings.ship.batch_bytes, closing=closing)
        if chunk is None:
            return None
        path = tail.entry.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        namespace = self._settings.ship.namespace
        origin = Origin(path, self._registry.host, namespace, self._clock.now(), self._version)
        return build_batch(chunk, tail.identity, self._find_format(tail), origin)

    def _find_format(self, tail: Tail) -> Format:
        known = self._format or self._formats.get(tail.identity)
        if known:
            return known
        sample = tail.read(0, SAMPLE_BYTES, closing=True)
        if sample is None:
            raise FormatError("the file is empty", "give --format")
        found = detect_format(sample.lines)
        # A few lines may mislead: until there are more, each batch asks again.
        if len(sample.lines) >= SURE_LINES:
            self._formats[tail.identity] = found
        return found

    def _deliver(self, tail: Tail, batch: Batch, delivery: Delivery) -> None:
        entry = tail.entry
        was_in_flight = entry.in_flight
        sent = entry.sent if was_in_flight and entry.sent else iso_millis(self._clock.now())
        up_to = max(batch.end, was_in_flight[1]) if was_in_flight else batch.end
        entry.in_flight, entry.sent = (batch.start, up_to), sent
        self._registry.save()
        counts = delivery.send(batch.documents, sent=parse_iso(sent), is_repeat=was_in_flight is not None)
        counts += Ledger(unparsed=batch.unparsed, cut=batch.cut)
        entry.offset, entry.ledger = batch.end, entry.ledger + counts
        entry.in_flight = (batch.end, up_to) if up_to > batch.end else None
        self._total += counts
        self._progress(batch.end - batch.start, self._total)
