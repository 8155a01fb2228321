"""The writer's process: every kind of log at once, each in a thread of its own, until SIGTERM.

    python -m tests.e2e.torture.writer FOLDER SEED RATE SECONDS ES_URL KIND...

It prints what it has written as JSON when it ends.
"""

import json
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from elasticsearch import ApiError, Elasticsearch, TransportError

from tests.e2e.torture.logs import Shipped, Writing
from tests.e2e.torture.rotations import KINDS

STREAM = "logs-www.access-torture"
_MOST = 10_000


def asks(client: Elasticsearch) -> Shipped:
    """Return what tells whether lines are in Elasticsearch; one that does not answer has none."""

    def shipped(prefix: str, count: int) -> bool:
        try:
            client.indices.refresh(index=STREAM)
            query = {"prefix": {"url.path": prefix}}
            hits = client.search(index=STREAM, query=query, size=_MOST, source_includes="url.path")["hits"]["hits"]
        except (ApiError, TransportError):
            return False
        return len({hit["_source"]["url"]["path"] for hit in hits}) >= count

    return shipped


def main() -> None:
    """Write until it is told to stop."""
    folder, seed, rate, seconds, url, *kinds = sys.argv[1:]
    client = Elasticsearch(url, request_timeout=10, max_retries=0)
    stop = threading.Event()
    journals = Path(folder, "journals")
    journals.mkdir()
    writing = Writing(Path(folder, "logs"), journals, int(seed), float(rate), float(seconds), asks(client), stop)
    logs = [KINDS[kind](writing) for kind in kinds]
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    with ThreadPoolExecutor(len(logs)) as pool:
        running = [pool.submit(log.run) for log in logs]
        try:
            while not stop.wait(0.5) and not any(each.done() for each in running):
                pass
        finally:
            stop.set()
    for each in running:
        each.result()
    sys.stdout.write(json.dumps({log.name: log.counts for log in logs}))


if __name__ == "__main__":
    main()
