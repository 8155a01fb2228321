"""Connections that wait for the head of an answer once, and not again with every byte of it."""

import socket
import threading
from contextlib import suppress

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse


class _Http(HTTPConnection):
    """Hangs up when status and headers are not there within the read timeout; urllib3 counts it from each byte on."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3 itself overrides it
        """See `urllib3.connection.HTTPConnection.getresponse`."""
        connection, is_over = self.sock, threading.Event()

        def end() -> None:
            is_over.set()
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self.timeout or threading.TIMEOUT_MAX, end)
        timer.daemon = True
        timer.start()
        try:
            response = super().getresponse()
        finally:
            timer.cancel()
        if is_over.is_set():  # http.client takes headers that break off for whole ones
            response.close()
            raise TimeoutError
        return response


class _Https(_Http, HTTPSConnection):
    """The same over TLS."""


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


POOLS = {"http": _HttpPool, "https": _HttpsPool}
"""For `urllib3.PoolManager.pool_classes_by_scheme`."""
