"""Empties a datagram socket as fast as the system fills it: what the system has no room for is lost."""

import socket
import threading

from shipper.syslog import as_line

LIMIT_BYTES = 64_000_000
"""Lines that may wait here for the disk."""

_PIECE = 1 << 18
_WAIT_SECONDS = 0.2


class Drain(threading.Thread):
    """Takes datagrams in a thread of its own, which never waits for the disk.

    Args:
        source: A bound datagram socket.
        stop: Ends it.

    Attributes:
        dropped: How many datagrams found no room.
    """

    def __init__(self, source: socket.socket, stop: threading.Event) -> None:
        super().__init__(name="drain", daemon=True)
        self._source = source
        self._stop_event = stop
        self._lines = bytearray()
        self._lock = threading.Lock()
        self._has_some = threading.Event()
        self.dropped = 0

    def run(self) -> None:
        """Take datagrams, to the last one that has arrived when it is told to stop."""
        self._source.settimeout(_WAIT_SECONDS)
        while not self._stop_event.is_set():
            self._receive()
        self._source.setblocking(False)
        while self._receive():
            pass

    def take(self, seconds: float) -> bytes:
        """Return the lines that have come since the last call, after at most so many seconds of none."""
        self._has_some.wait(seconds)
        with self._lock:
            lines = bytes(self._lines)
            self._lines.clear()
            self._has_some.clear()
        return lines

    def _receive(self) -> bool:
        try:
            line = as_line(self._source.recv(_PIECE))
        except (BlockingIOError, TimeoutError):
            return False
        except OSError:  # of one datagram, as of an ICMP answer to another one
            return not self._stop_event.is_set()
        with self._lock:
            if len(self._lines) + len(line) > LIMIT_BYTES:
                self.dropped += 1
            else:
                self._lines += line
                self._has_some.set()
        return True
