"""What is on its way of one file: several batches at once, acknowledged in any order, accounted for in theirs."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from core.clock import iso_millis, parse_iso
from shipper.batch import Batch
from shipper.follow import Tail
from shipper.ledger import Ledger


@dataclass(slots=True)
class Flight:
    """A batch on its way.

    Attributes:
        batch: The batch.
        sent: When its documents were sent first, aware.
        is_repeat: They may have been delivered before.
        counts: What became of them; None until they are acknowledged.
    """

    batch: Batch
    sent: datetime
    is_repeat: bool
    counts: Ledger | None = None


class Lane:
    """A followed file's batches, from the first unacknowledged byte on.

    Args:
        tail: The file.

    Attributes:
        tail: The file.
        position: Where the next batch begins.
        not_before: Monotonic seconds until which it is left alone, so that its next batch may grow.
        used: Monotonic seconds at which it last had something to do.
    """

    def __init__(self, tail: Tail) -> None:
        self.tail = tail
        self.position = tail.entry.offset
        self.not_before = 0.0
        self.used = 0.0
        self._flights: deque[Flight] = deque()
        self._repeat_until = tail.entry.in_flight[1] if tail.entry.in_flight else 0
        self._repeat_sent = parse_iso(tail.entry.sent) if tail.entry.in_flight and tail.entry.sent else None

    @property
    def identity(self) -> str:
        """The file's key in the registry."""
        return self.tail.identity

    @property
    def is_flying(self) -> bool:
        """Whether a batch is unacknowledged."""
        return bool(self._flights)

    def covers(self, end: int) -> bool:
        """Return whether the registry's range of what may be on its way reaches up to `end`."""
        in_flight = self.tail.entry.in_flight
        return in_flight is not None and in_flight[1] >= end

    def reserve(self, end: int, now: datetime) -> None:
        """Widen that range up to `end`; the registry must be saved before anything beyond the old one is sent.

        A range wider than what is sent costs nothing but look-ups after a crash, and saves a write of the registry
        for each batch.
        """
        self._enter(max(end, self._repeat_until), now)

    def launch(self, batch: Batch, now: datetime) -> Flight:
        """Note that a batch is sent; one that begins in what a crash left unacknowledged is a repetition."""
        is_repeat = batch.start < self._repeat_until
        sent = self._repeat_sent if is_repeat and self._repeat_sent else now
        flight = Flight(batch, sent, is_repeat)
        self._flights.append(flight)
        return flight

    def land(self) -> tuple[int, Ledger]:
        """Move the entry on to the lowest unacknowledged byte; return the bytes and the counts that this adds."""
        entry, start, counts = self.tail.entry, self.tail.entry.offset, Ledger()
        while self._flights and (landed := self._flights[0].counts) is not None:
            batch = self._flights.popleft().batch
            entry.offset, entry.format = batch.end, batch.header or entry.format
            counts += landed
        entry.ledger += counts
        if entry.in_flight:
            up_to = entry.in_flight[1]
            entry.in_flight = (entry.offset, up_to) if up_to > entry.offset else None
        return entry.offset - start, counts

    def settle(self, now: datetime) -> None:
        """Narrow the range to what is unacknowledged indeed, as nothing more will be sent."""
        self._enter(max([self._repeat_until, *(flight.batch.end for flight in self._flights)]), now)

    def _enter(self, up_to: int, now: datetime) -> None:
        entry = self.tail.entry
        sent = min((flight.sent for flight in self._flights), default=now)
        if self._repeat_sent and self._repeat_until > entry.offset:
            sent = min(sent, self._repeat_sent)
        entry.in_flight = (entry.offset, up_to) if up_to > entry.offset else None
        entry.sent = iso_millis(sent)
