"""Whose turn it is: the lanes of all followed files, those with something to read in a queue."""

import logging
from collections import deque

from core.errors import DeliveryError, WwwatchError
from core.settings import ShipSettings
from shipper.follow import Follower
from shipper.lane import Lane
from shipper.meter import Meter

log = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
"""How long a file that has nothing new keeps its range of bytes that may be on their way."""


class Lanes:
    """Asks the follower what there is to read, and gives each file its turn.

    Args:
        follower: The files.
        ship: Intervals.
        meter: Told how far each file is behind, and what is wrong with it.
        closing: Take the files as they are: nothing more is expected.

    Attributes:
        failures: By path, why a file is left alone.
    """

    def __init__(self, follower: Follower, ship: ShipSettings, meter: Meter, *, closing: bool) -> None:
        self._follower, self._ship, self._meter, self._closing = follower, ship, meter, closing
        self._clock = meter.clock
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._complained: set[str] = set()
        self.failures: dict[str, WwwatchError] = {}

    @property
    def is_empty(self) -> bool:
        """Whether it is nobody's turn."""
        return not self._ready

    def poll(self, held: Lane | None) -> None:
        """Look at the files again; those that have nothing new are not told of, and their lanes stay for a while.

        Args:
            held: The lane whose batch is made and waits.

        Raises:
            DeliveryError: A name leads to no file that can be followed.
        """
        now = self._clock.monotonic()
        tails = self._follower.refresh()
        self._note_complaints()
        told = {tail.identity for tail in tails}
        waiting = {lane.identity for lane in self._ready} & told
        self._ready = deque(lane for lane in self._ready if lane.identity in told)
        for tail in tails:
            lane = self._lanes.setdefault(tail.identity, Lane(tail))
            lane.tail = tail
            if not lane.is_flying and lane is not held:
                lane.position = tail.entry.offset
            is_left = self._closing and tail.entry.path in self.failures
            if lane.identity not in waiting and not is_left and (self._closing or now >= lane.not_before):
                self._ready.append(lane)
        self._leave_idle(told, held, now)

    def take(self) -> Lane:
        """Return the lane whose turn it is."""
        return self._ready.popleft()

    def put_back(self, lane: Lane, *, is_full: bool) -> None:
        """Queue a lane again whose batch was made; one that did not fill its batch waits until it may."""
        if is_full or self._closing:
            self._ready.append(lane)
        else:
            lane.not_before = self._clock.monotonic() + self._ship.batch_seconds

    def fail(self, lane: Lane, error: OSError | WwwatchError) -> None:
        """Leave a file alone that cannot be read or whose format is unknown: it may be only its beginning."""
        path = lane.tail.entry.path
        if isinstance(error, WwwatchError):
            reason, failure = error.what, type(error)(f"{path}: {error.what}", error.hint)
        else:
            reason = error.strerror or type(error).__name__
            failure = DeliveryError(f"cannot read {path}: {reason}", "check the file and its disk")
        if path not in self.failures:
            log.warning("%s is left alone so far: %s", ascii(path), reason)
            self._meter.failed(path, reason, lane.identity)
        self.failures[path] = failure

    def succeed(self, lane: Lane) -> None:
        """Note that a file could be read."""
        if self.failures.pop(lane.tail.entry.path, None):
            self._meter.recovered(lane.tail.entry.path)

    def measure(self, held: set[Lane]) -> None:
        """Tell the meter how far each file is behind.

        Args:
            held: Lanes of which a batch is being made or waits.
        """
        waiting = set(self._ready) | held
        for lane in self._lanes.values():
            tail = lane.tail
            is_caught_up = not lane.is_flying and lane not in waiting
            self._meter.watch(tail.identity, tail.entry.path, tail.pending_bytes(), is_caught_up=is_caught_up)

    def settle(self) -> None:
        """Let the registry say what is unacknowledged indeed."""
        for lane in self._lanes.values():
            lane.settle(self._clock.now())

    def _leave_idle(self, told: set[str], held: Lane | None, now: float) -> None:
        for identity, lane in list(self._lanes.items()):
            if identity in told or lane.is_flying or lane is held:
                lane.used = now
            elif now - lane.used >= IDLE_SECONDS:
                lane.settle(self._clock.now())
                del self._lanes[identity]
        self._meter.forget(set(self._lanes))

    def _note_complaints(self) -> None:
        complaints = self._follower.complaints
        for path, error in complaints.items():
            self.failures[path] = error
            if path not in self._complained:
                self._meter.failed(path, str(error))
        for path in self._complained - set(complaints):
            self.failures.pop(path, None)
            self._meter.recovered(path)
        self._complained = set(complaints)
