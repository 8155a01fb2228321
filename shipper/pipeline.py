"""The pipeline: batches of many files are made one ahead, and sent several at once; the registry follows behind.

At most `in_flight` batches are on their way and one more is made or waits, whatever Elasticsearch does: that bounds
memory. The files go on being looked at meanwhile, so that one that is rotated away twice during an outage is held open.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue

from core.errors import FormatError, WwwatchError
from core.settings import ShipSettings
from shipper.batch import Batch
from shipper.delivery import Delivery, StoppedError
from shipper.follow import Follower, Tail
from shipper.lane import Flight, Lane
from shipper.ledger import Ledger
from shipper.meter import Meter
from shipper.prepare import Preparer
from shipper.pulse import Pulse
from shipper.registry import Registry
from shipper.throttle import Throttle
from shipper.workers import Workers

log = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
"""How long what is in flight may take to be acknowledged after the signal to stop."""

SAVE_SECONDS = 1.0
IDLE_SECONDS = 60.0
"""How long a file that has nothing new keeps its range of bytes that may be on their way."""

RESERVED_BATCHES = 4
"""So far beyond a batch the registry says that lines may be on their way; see `Lane.reserve`."""

_LONGEST_WAIT_SECONDS = 0.25

Landed = Callable[[int, Ledger], None]
"""Told of bytes and lines that are acknowledged."""


class Pipeline:
    """Ships until it is told to stop, or, with `closing`, until nothing is left.

    Args:
        follower: The files.
        preparer: Makes batches.
        delivery: Sends them.
        registry: An entered `Registry`.
        ship: Limits and intervals.
        meter: Told of everything.
        pulse: Tells the world.
        landed: Told of what is acknowledged.
        stop: Ends it.
        closing: Take the files as they are: nothing more is expected.

    Attributes:
        failures: By path, why a file was left alone.
    """

    def __init__(
        self,
        *,
        follower: Follower,
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
        self._follower, self._preparer, self._delivery, self._registry = follower, preparer, delivery, registry
        self._ship, self._meter, self._pulse, self._landed = ship, meter, pulse, landed
        self._clock, self._stop, self._closing = meter.clock, stop, closing
        self._throttle = Throttle(self._clock, ship.max_lines_per_second, ship.max_cpu_percent)
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._preparing: Lane | None = None
        self._prepared: tuple[Lane, Batch] | None = None
        self._flying = 0
        self._has_moved = True
        self._next_poll = 0.0
        self._next_save = 0.0
        self._fatal: BaseException | None = None
        self.failures: dict[str, WwwatchError] = {}

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
            for lane in self._lanes.values():
                lane.settle(self._clock.now())
            self._registry.save()
            self._measure()
            self._pulse.beat()
        if self._fatal:
            raise self._fatal

    def _step(self) -> bool:
        """Do what can be done now, then wait for what happens next; return False when all is done."""
        now = self._clock.monotonic()
        if self._is_idle() and self._closing:
            if not self._has_moved:
                return False
            self._next_poll, self._has_moved = now, False
        if now >= self._next_poll and self._preparing is None:
            self._poll(now)
        if self._preparing is None and self._prepared is None and self._ready:
            self._prepare(self._ready.popleft())
        pause = self._launch()
        if now >= self._next_save:
            self._registry.save()
            self._next_save = now + SAVE_SECONDS
        if self._pulse.is_due:
            self._measure()
            self._pulse.beat()
        self._await(pause)
        return True

    def _is_idle(self) -> bool:
        return not (self._ready or self._preparing or self._prepared or self._flying)

    def _poll(self, now: float) -> None:
        """Look at the files again; those that have nothing new are not told of, and their lanes stay for a while."""
        tails = self._follower.refresh()
        for tail in tails:
            lane = self._lanes.setdefault(tail.identity, Lane(tail))
            lane.tail = tail
            if not lane.is_flying and not self._is_held(lane):
                lane.position = tail.entry.offset
        told = {tail.identity for tail in tails}
        waiting = {lane.identity for lane in self._ready} & told
        self._ready = deque(lane for lane in self._ready if lane.identity in told)
        for tail in tails:
            lane = self._lanes[tail.identity]
            is_left = self._closing and tail.entry.path in self.failures
            if lane.identity not in waiting and not is_left and (self._closing or now >= lane.not_before):
                self._ready.append(lane)
        self._leave_idle(told, now)
        self._next_poll = now + self._ship.poll_seconds

    def _leave_idle(self, told: set[str], now: float) -> None:
        for identity, lane in list(self._lanes.items()):
            if identity in told or lane.is_flying or self._is_held(lane):
                lane.used = now
            elif now - lane.used >= IDLE_SECONDS:
                lane.settle(self._clock.now())
                del self._lanes[identity]
        self._meter.forget(set(self._lanes))

    def _prepare(self, lane: Lane) -> None:
        self._preparing = lane
        self._makers.submit(partial(self._make, lane.tail, lane.position))

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
        assert lane is not None  # noqa: S101 - one is made at a time
        self._meter.recovered(lane.tail.entry.path)
        self.failures.pop(lane.tail.entry.path, None)
        if made is None:
            return
        batch, is_full = made
        lane.position = batch.end
        self._prepared = lane, batch
        if is_full or self._closing:
            self._ready.append(lane)
        else:
            lane.not_before = self._clock.monotonic() + self._ship.batch_seconds

    def _not_made(self, error: BaseException) -> None:
        """Leave a file alone that cannot be read or whose format is unknown: it may be only its beginning."""
        lane, self._preparing = self._preparing, None
        if lane is None or not isinstance(error, OSError | WwwatchError):
            self._fatal = error
            return
        path = lane.tail.entry.path
        reason = error.what if isinstance(error, WwwatchError) else (error.strerror or type(error).__name__)
        if path not in self.failures:
            log.warning("%r is left alone so far: %s", path, reason)
        hint = error.hint if isinstance(error, WwwatchError) else "check the file and its disk"
        kind = type(error) if isinstance(error, WwwatchError) else FormatError
        self.failures[path] = kind(f"{path}: {reason}", hint)
        self._meter.failed(path, reason, lane.tail.identity)

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
        self._throttle.spend(batch.documents.height)
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
        flight.counts = counts
        size, added = lane.land()
        if size:
            self._meter.landed(lane.tail.identity, size, added)
            self._landed(size, added)

    def _lost(self, error: BaseException) -> None:
        self._flying -= 1
        if isinstance(error, StoppedError):
            log.info("%s", error)
        else:
            self._fatal = self._fatal or error

    def _await(self, pause: float) -> None:
        """Wait for what happens next, and take note of it."""
        can_prepare = self._preparing is None and self._prepared is None and self._ready
        can_launch = self._prepared is not None and self._flying < self._ship.in_flight and not pause
        if can_prepare or can_launch or (self._closing and self._is_idle()):
            self._note(0.0)
        elif self._preparing or (self._flying and not pause):
            self._note(_LONGEST_WAIT_SECONDS)
        else:
            self._note(0.0)
            left = max(0.0, self._next_poll - self._clock.monotonic())
            self._clock.sleep(min(pause, left) if pause and left else pause or left, self._stop)

    def _note(self, seconds: float) -> None:
        try:
            self._events.get(timeout=seconds)() if seconds else self._events.get_nowait()()
            while True:
                self._events.get_nowait()()
        except Empty:
            return

    def _measure(self) -> None:
        for lane in self._lanes.values():
            tail = lane.tail
            pending = max(1, tail.size - tail.entry.offset) if tail.has_unread() else 0
            is_caught_up = not (lane.is_flying or lane in self._ready or self._is_held(lane))
            self._meter.watch(tail.identity, tail.entry.path, pending, is_caught_up=is_caught_up)

    def _is_held(self, lane: Lane) -> bool:
        return lane is self._preparing or (self._prepared is not None and lane is self._prepared[0])

    def _drain(self) -> None:
        """Give what is on its way some time to be acknowledged; what is not stays in the registry's range."""
        end = self._clock.monotonic() + GRACE_SECONDS
        while (self._flying or self._preparing) and self._clock.monotonic() < end:
            self._note(_LONGEST_WAIT_SECONDS)
