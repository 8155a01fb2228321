"""The page behind the links in mails, served for a test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import Elasticsearch

from alerts.verdicts.links import Signer
from alerts.verdicts.server import VerdictServer
from alerts.verdicts.store import Verdicts
from alerts.verdicts.verdict import MUTED
from tests.alerting import HandClock

SIGNER = Signer("https://www.example.org/wwwatch", "k" * 24)


@contextmanager
def serving(es: Elasticsearch, clock: HandClock) -> Iterator[tuple[str, int]]:
    """Yield the address of a server that runs until the end."""
    stop = threading.Event()
    server = VerdictServer(Verdicts(es), SIGNER, clock, ("127.0.0.1", 0), mutes=MUTED)
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield server.address
    finally:
        stop.set()
        thread.join()
