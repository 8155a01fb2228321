"""The pipeline: batches of many files are made one ahead, and sent several at once; the registry follows behind.

At most `in_flight` batches are on their way and one more is made or waits, whatever Elasticsearch does: that bounds
memory. The files go on being looked at meanwhile, so that one that is rotated away twice during an outage is held open.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue

from core.errors import WwwatchError
from core.settings import ShipSettings
from shipper.batch import Batch
from shipper.delivery import Delivery, StoppedError
from shipper.lane import Flight, Lane
from shipper.lanes import Lanes
from shipper.ledger import Ledger
from shipper.meter import Meter
from shipper.prepare import Preparer
from shipper.pulse import Pulse
from shipper.registry import Registry
from shipper.tail import Tail
from shipper.throttle import Throttle
from shipper.workers import Workers

log = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
"""How long what is in flight may take to be acknowledged after the signal to stop."""

SAVE_SECONDS = 1.0
"""How old the registry on the disk may be while lines are acknowledged."""

IDLE_SAVE_SECONDS = 30.0
RESERVED_BATCHES = 4
"""So far beyond a batch the registry says that lines may be on their way; see `Lane.reserve`."""

_LONGEST_WAIT_SECONDS = 0.25

Landed = Callable[[int, Ledger], None]
"""Told of bytes and lines that are acknowledged."""


class Pipeline:
    """Ships until it is told to stop, or, with `closing`, until nothing is left.

    Args:
        lanes: The files.
        preparer: Makes batches.
        delivery: Sends them.
        registry: An entered `Registry`.
        ship: Limits and intervals.
        meter: Told of everything.
        pulse: Tells the world.
        landed: Told of what is acknowledged.
        stop: Ends it.
        closing: Take the files as they are: nothing more is expected.
    """

    def __init__(
        self,
        *,
        lanes: Lanes,
        preparer: Preparer,
        delivery: Delivery,
        registry: Registry,
        ship: ShipSettings,
        meter: Meter,
        pulse: Pulse,
        landed: Landed,
        stop: threading.Event,
        closing: bool,
    ) -> None:
        self._lanes, self._preparer, self._delivery, self._registry = lanes, preparer, delivery, registry
        self._ship, self._meter, self._pulse, self._landed = ship, meter, pulse, landed
        self._clock, self._stop, self._closing = meter.clock, stop, closing
        self._throttle = Throttle(self._clock, ship.max_lines_per_second, ship.max_cpu_percent)
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._preparing: Lane | None = None
        self._prepared: tuple[Lane, Batch] | None = None
        self._flying = 0
        self._has_moved = True
        self._next_poll = self._next_save = 0.0
        self._fatal: BaseException | None = None

    def run(self) -> None:
        """Ship.

        Raises:
            StoreError: Elasticsearch refuses for a reason that is not the documents'.
            DeliveryError: The registry or the dead-letter file cannot be written.
        """
        self._makers, self._senders = Workers(1, "prepare"), Workers(self._ship.in_flight, "send")
        try:
            while not self._stop.is_set() and self._fatal is None and self._step():
                pass
            self._drain()
        finally:
            self._delivery.halt()
            self._makers.close()
            self._senders.close()
            self._lanes.settle()
            self._registry.save()
            self._beat()
        if self._fatal:
            raise self._fatal

    def _step(self) -> bool:
        """Do what can be done now, then wait for what happens next; return False when all is done."""
        now = self._clock.monotonic()
        if self._closing and self._is_idle():
            if not self._has_moved:
                return False
            self._next_poll, self._has_moved = now, False
        if now >= self._next_poll and self._preparing is None:
            self._poll()
        if self._preparing is None and self._prepared is None and not self._lanes.is_empty:
            self._preparing = lane = self._lanes.take()
            self._makers.submit(partial(self._make, lane.tail, lane.position))
        pause = self._launch()
        if now >= self._next_save:
            self._registry.save()
            self._next_save = now + IDLE_SAVE_SECONDS
        if self._pulse.is_due:
            self._beat()
        self._await(pause)
        return True

    def _is_idle(self) -> bool:
        return self._lanes.is_empty and not (self._preparing or self._prepared or self._flying)

    def _poll(self) -> None:
        """Look at the files again, while none is being read."""
        try:
            self._lanes.poll(self._prepared[0] if self._prepared else None)
        except WwwatchError as error:
            self._fatal = error
        self._next_poll = self._clock.monotonic() + self._ship.poll_seconds

    def _beat(self) -> None:
        held = {self._preparing, self._prepared[0] if self._prepared else None}
        self._lanes.measure({lane for lane in held if lane})
        self._pulse.beat()

    def _make(self, tail: Tail, start: int) -> None:
        """Make a batch, in the thread for that."""
        try:
            made = self._preparer.prepare(tail, start, closing=self._closing)
        except BaseException as error:  # noqa: BLE001 - the main thread judges it
            self._events.put(partial(self._not_made, error))
        else:
            self._events.put(partial(self._made, made))

    def _made(self, made: tuple[Batch, bool] | None) -> None:
        lane, self._preparing = self._preparing, None
        if lane is None or made is None:
            return
        batch, is_full = made
        lane.position = batch.end
        self._prepared = lane, batch
        self._lanes.succeed(lane)
        self._lanes.put_back(lane, is_full=is_full)

    def _not_made(self, error: BaseException) -> None:
        lane, self._preparing = self._preparing, None
        if lane is not None and isinstance(error, OSError | WwwatchError):
            self._lanes.fail(lane, error)
        else:
            self._fatal = error

    def _launch(self) -> float:
        """Send the prepared batch where there is room; return how many seconds the limits want it to wait."""
        if self._prepared is None or self._flying >= self._ship.in_flight:
            return 0.0
        pause = self._throttle.wait()
        if pause > 0:
            return pause
        (lane, batch), self._prepared, now = self._prepared, None, self._clock.now()
        if not lane.covers(batch.end):
            lane.reserve(batch.end + RESERVED_BATCHES * self._ship.batch_bytes, now)
            self._registry.save()
        flight = lane.launch(batch, now)
        self._throttle.spend(len(batch.documents))
        self._flying += 1
        self._senders.submit(partial(self._send, lane, flight))
        return 0.0

    def _send(self, lane: Lane, flight: Flight) -> None:
        """Deliver a batch, in a thread for that."""
        batch = flight.batch
        try:
            counts = self._delivery.send(batch.documents, sent=flight.sent, is_repeat=flight.is_repeat)
        except BaseException as error:  # noqa: BLE001 - the main thread judges it
            self._events.put(partial(self._lost, error))
        else:
            counts += Ledger(unparsed=batch.unparsed, cut=batch.cut, skipped=batch.skipped)
            self._events.put(partial(self._arrived, lane, flight, counts))

    def _arrived(self, lane: Lane, flight: Flight, counts: Ledger) -> None:
        self._flying -= 1
        self._has_moved = True
        self._next_save = min(self._next_save, self._clock.monotonic() + SAVE_SECONDS)
        flight.counts = counts
        size, added = lane.land()
        if size:
            self._meter.landed(lane.identity, size, added)
            self._landed(size, added)

    def _lost(self, error: BaseException) -> None:
        self._flying -= 1
        if isinstance(error, StoppedError):
            log.info("%s", error)
        else:
            self._fatal = self._fatal or error

    def _await(self, pause: float) -> None:
        """Wait for what happens next, and take note of it."""
        can_prepare = not (self._preparing or self._prepared or self._lanes.is_empty)
        can_launch = self._prepared is not None and self._flying < self._ship.in_flight and not pause
        if can_prepare or can_launch or (self._closing and self._is_idle()):
            self._note(0.0)
        elif self._preparing or (self._flying and not pause):
            self._note(_LONGEST_WAIT_SECONDS)
        else:
            self._note(0.0)
            left = self._next_poll - self._clock.monotonic()
            self._clock.sleep(max(0.0, min(pause or left, left)), self._stop)

    def _note(self, seconds: float) -> None:
        """Take note of all that has happened, after at most so many seconds of nothing."""
        try:
            (self._events.get(timeout=seconds) if seconds else self._events.get_nowait())()
            while True:
                self._events.get_nowait()()
        except Empty:
            return

    def _drain(self) -> None:
        """Give what is on its way some time to be acknowledged; what is not stays in the registry's range."""
        end = self._clock.monotonic() + GRACE_SECONDS
        while (self._flying or self._preparing) and self._clock.monotonic() < end:
            self._note(_LONGEST_WAIT_SECONDS)
