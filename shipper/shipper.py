"""The shipper: follows files, delivers their lines to a data stream, and moves the registry on."""

import threading
from collections.abc import Callable, Sequence

from elasticsearch import Elasticsearch

from core.clock import Clock
from core.documents import access_stream
from core.errors import WwwatchError
from core.settings import Settings
from enrich import Enrichment, find_format
from shipper.deadletter import DeadLetters, dead_letter_path
from shipper.delivery import Delivery
from shipper.follow import Follower
from shipper.lanes import Lanes
from shipper.ledger import Ledger
from shipper.meter import Meter
from shipper.pipeline import Pipeline
from shipper.prepare import Choose, Preparer
from shipper.pulse import Pulse
from shipper.registry import Registry

Progress = Callable[[int, Ledger], None]
"""Told after each acknowledgement: how many bytes were delivered, and the counts of this run."""


class Shipper:
    """Ships files to one data stream.

    Args:
        client: Elasticsearch.
        settings: `ship` says where to and how.
        clock: The time.
        registry: An entered `Registry`; the dead-letter file and the status file lie beside its file.
        format_name: A format of `enrich.FORMATS`, or ``auto``: each file's own is found by its lines.
        choose_format: The format of a file, by its name, or None for ``auto``; in place of `format_name`.
        enrichment: What is known besides of what the lines hold; made from `ship.geoip` and `ship.trusted_proxies`.
        progress: Told after each acknowledgement.
        stop: Ends `run_once` early, after what is in flight.
        meter: Told of everything; a metrics endpoint may ask it.
        on_beat: Called about each second by a shipper that follows.

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
        choose_format: Choose | None = None,
        enrichment: Enrichment | None = None,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
        meter: Meter | None = None,
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._ship = settings.ship
        self._clock = clock
        self._registry = registry
        entry = None if format_name == "auto" else find_format(format_name).in_zone(settings.ship.timezone)
        self._choose = choose_format or (lambda _path: entry)
        self._progress = progress or (lambda _bytes, _ledger: None)
        self._stop = stop or threading.Event()
        self._enrichment = enrichment or Enrichment(settings.ship.geoip, settings.ship.trusted_proxies)
        self._meter = meter or Meter(clock)
        self._on_beat = on_beat
        self._total = Ledger()

    def run_once(self, paths: Sequence[str]) -> Ledger:
        """Ship what the files hold now, to their last byte, and return the counts.

        Raises:
            DeliveryError: A file cannot be read, and the others are shipped first; or the registry or the dead-letter
                file cannot be written.
            FormatError: No format fits a file; the others are shipped first.
            StoreError: Elasticsearch refuses for a reason that is not the documents'.
        """
        failures = self._run(paths, closing=True)
        if failures:
            raise next(iter(failures.values()))
        return self._total

    def run(self, paths: Sequence[str], stop: threading.Event) -> Ledger:
        """Follow the files until `stop` is set; give what is in flight a few seconds, and return the counts.

        Raises:
            DeliveryError: The registry or the dead-letter file cannot be written.
            StoreError: Elasticsearch refuses for a reason that is not the documents'.
        """
        self._stop = stop
        self._run(paths, closing=False)
        return self._total

    def _run(self, paths: Sequence[str], *, closing: bool) -> dict[str, WwwatchError]:
        """Ship; return why files were left alone, by path."""
        dead_letters = DeadLetters(dead_letter_path(self._registry.path))
        is_compressed = self._ship.compression == "gzip"
        stream = access_stream(self._ship.namespace)
        delivery = Delivery(self._client, stream, dead_letters, self._meter, self._stop, is_compressed=is_compressed)
        follower = Follower(paths, self._registry, self._clock, closing=closing, max_open=self._ship.max_open_files)
        lanes = Lanes(follower, self._ship, self._meter, closing=closing)
        preparer = Preparer(self._ship, self._registry.host, self._clock, self._choose, self._enrichment)
        pulse = Pulse(self._meter, self._registry.path, is_following=not closing, also=self._on_beat)
        pipeline = Pipeline(
            lanes=lanes,
            preparer=preparer,
            delivery=delivery,
            registry=self._registry,
            ship=self._ship,
            meter=self._meter,
            pulse=pulse,
            landed=self._landed,
            stop=self._stop,
            closing=closing,
        )
        try:
            pipeline.run()
        finally:
            follower.close()
            self._registry.save()
        return lanes.failures

    def _landed(self, size: int, counts: Ledger) -> None:
        self._total += counts
        self._progress(size, self._total)
