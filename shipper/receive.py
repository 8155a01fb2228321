"""Takes lines from sockets and pipes into a spool, in a thread of its own for each input."""

import logging
import os
import selectors
import socket
import threading
from collections.abc import Callable

from core.clock import Clock
from shipper.drain import Drain
from shipper.spool import Spool
from shipper.syslog import Frames, strip_headers

log = logging.getLogger(__name__)

_PIECE = 1 << 18
_CONNECTIONS = 100
_WAIT_SECONDS = 0.2
_TELL_SECONDS = 10.0


class Receiver(threading.Thread):
    """Receives from one descriptor or socket until its end or until it is told to stop.

    What a stream sends is read only while there is room on the disk, so that its sender waits; a datagram that comes
    while there is none is dropped and counted.

    Args:
        name: The input as it was named.
        source: A bound socket, or the descriptor of a pipe.
        spool: Where the lines go; the receiver closes it.
        clock: For waiting.
        stop: Ends it.
        ended: Called at its end.

    Attributes:
        dropped: How many datagrams found no room.
        failure: What ended it before its time.
        is_over: The pipe came to its end.
    """

    def __init__(
        self,
        name: str,
        source: socket.socket | int,
        spool: Spool,
        *,
        clock: Clock,
        stop: threading.Event,
        ended: Callable[[], None],
    ) -> None:
        super().__init__(name=f"receive {name}")
        self._input = name
        self._source = source
        self._spool = spool
        self._clock = clock
        self._stop_event = stop
        self._ended = ended
        self._connections: dict[int, tuple[socket.socket | int, Frames]] = {}
        # poll() takes regular files, too: `wwwatch ship - < access.log`.
        self._selector = selectors.PollSelector()
        self._next_word = float("-inf")
        self.dropped = 0
        self.failure: Exception | None = None
        self.is_over = False

    def run(self) -> None:
        """Receive."""
        try:
            drain = self._listen()
            while not self._stop_event.is_set() and not self.is_over:
                self._step(_WAIT_SECONDS, drain)
            self._finish(drain)
        except Exception as error:  # noqa: BLE001 - whoever waits for this thread raises it
            self.failure = error
        finally:
            for connection, _ in self._connections.values():
                if isinstance(connection, socket.socket):
                    connection.close()
            self._selector.close()
            self._spool.close()
            self._ended()

    def _listen(self) -> Drain | None:
        take: Callable[[], bytes]
        if isinstance(self._source, int):
            self._connections[self._source] = self._source, Frames(is_syslog=False)
            take = self._reader(self._source)
        elif self._source.type == socket.SOCK_DGRAM:
            drain = Drain(self._source, self._stop_event)
            drain.start()
            return drain
        else:
            self._source.setblocking(False)
            take = self._accept
        self._selector.register(self._source, selectors.EVENT_READ, take)
        return None

    def _step(self, seconds: float, drain: Drain | None) -> None:
        is_full = self._spool.is_full()
        if drain:
            lines = drain.take(seconds)
        else:
            ready = self._selector.select(seconds)
            lines = b"" if is_full else b"".join(key.data() for key, _ in ready)
        if is_full:
            self._drop(lines.count(b"\n"))
            self._clock.sleep(_WAIT_SECONDS, self._stop_event)
        elif lines:
            self._keep(lines)
        if drain and drain.dropped:
            count, drain.dropped = drain.dropped, 0
            self.dropped += count
            self._tell(f"{self._input}: {self.dropped} lines were dropped so far: the disk is too slow for them")

    def _keep(self, lines: bytes) -> None:
        """Put lines on the disk, however long that takes: nothing more is read meanwhile."""
        if not isinstance(self._source, int):
            lines = strip_headers(lines)
        while True:
            try:
                self._spool.append(lines)
            except OSError as error:
                self._tell(f"cannot write what {self._input} sends: {error.strerror}: free space on the disk")
                if self._clock.sleep(1.0, self._stop_event):
                    count = lines.count(b"\n")
                    log.error("%d lines of %s are lost: the disk did not take them", count, self._input)  # noqa: TRY400 - the reason was told
                    return
            else:
                return

    def _accept(self) -> bytes:
        assert isinstance(self._source, socket.socket)  # noqa: S101 - only sockets are registered with it
        try:
            connection, _ = self._source.accept()
        except OSError as error:  # it went again, or there are too many
            self._tell(f"cannot accept a connection of {self._input}: {error.strerror}")
            return b""
        if len(self._connections) >= _CONNECTIONS:
            self._tell(f"{self._input} refuses a connection: there are {_CONNECTIONS}")
            connection.close()
            return b""
        connection.setblocking(False)
        self._connections[connection.fileno()] = connection, Frames(is_syslog=True)
        self._selector.register(connection, selectors.EVENT_READ, self._reader(connection.fileno()))
        return b""

    def _reader(self, descriptor: int) -> Callable[[], bytes]:
        return lambda: self._read(descriptor)

    def _read(self, descriptor: int) -> bytes:
        connection, frames = self._connections[descriptor]
        try:
            data = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if data:
            return frames.feed(data)
        self._selector.unregister(connection)
        del self._connections[descriptor]
        if isinstance(connection, socket.socket):
            connection.close()
        else:
            self.is_over = True
        return frames.close()

    def _finish(self, drain: Drain | None) -> None:
        """Take what has arrived already; of a pipe also the beginning of a line, which is nowhere else any longer."""
        if isinstance(self._source, int):
            lines = b"".join(frames.close() for _, frames in self._connections.values())
            if lines:
                self._keep(lines)
        else:
            if drain:
                drain.join()
            self._step(0.0, drain)
        if self.dropped:
            log.warning("%s: %d lines were dropped in all", self._input, self.dropped)

    def _drop(self, count: int) -> None:
        if count:
            self.dropped += count
            self._tell(f"{self._input}: {self.dropped} lines were dropped so far: the spool is full (ship.spool_bytes)")
        else:
            self._tell(f"{self._input} waits: the spool is full (ship.spool_bytes)")

    def _tell(self, sentence: str) -> None:
        now = self._clock.monotonic()
        if now >= self._next_word:
            self._next_word = now + _TELL_SECONDS
            log.warning("%s", sentence)
