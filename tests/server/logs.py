"""Made-up logs, and what Elasticsearch holds of them."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from core.clock import Clock
from core.documents import access_stream
from core.settings import Settings, load_settings
from shipper import Ledger, Registry, Shipper

PATIENCE_SECONDS = 60.0


def make_lines(count: int, *, seed: int = 1, start: int = 0) -> list[str]:
    """Return lines of the combined format, no two alike."""
    dice = random.Random(seed)
    return [
        f"192.0.2.{dice.randrange(256)} - - [05/Mar/2021:09:{number // 60 % 60:02d}:{number % 60:02d} +0100] "
        f'"GET /page/{number}?x={dice.randrange(99)} HTTP/1.1" {dice.choice([200, 304, 404])} 5 "-" "agent {seed}"'
        for number in range(start, start + count)
    ]


def write_log(path: Path, lines: list[str], mode: str = "w") -> None:
    """Write or append lines, each with its end."""
    with path.open(mode) as file:
        file.writelines(f"{line}\n" for line in lines)


def settings_of(state: Path, namespace: str, **ship: Any) -> Settings:
    """Return settings for a shipper of a test's own."""
    return load_settings(state=state, ship={"namespace": namespace, "poll_seconds": 0.05, **ship})


def ship_once(client: Elasticsearch, settings: Settings, *paths: Path, **options: Any) -> Ledger:
    """Ship what the files hold now."""
    with Registry(settings.state / "ship" / f"{settings.ship.namespace}.json") as registry:
        return Shipper(client, settings, Clock(), registry, **options).run_once([str(path) for path in paths])


@contextmanager
def shipping(client: Elasticsearch, settings: Settings, *paths: Path | str, **options: Any) -> Iterator[None]:
    """Follow files for as long as the block lasts."""
    stop, failures = threading.Event(), []

    def work() -> None:
        try:
            with Registry(settings.state / "ship" / f"{settings.ship.namespace}.json") as registry:
                Shipper(client, settings, Clock(), registry, **options).run([str(path) for path in paths], stop)
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
    assert not failures
    assert not thread.is_alive()


def originals(es: Elasticsearch, namespace: str) -> Counter[str]:
    """Return the raw lines of all documents, with how often each is there."""
    es.indices.refresh(index=access_stream(namespace))
    hits = scan(es, index=access_stream(namespace), source=["event.original"], size=5_000)
    return Counter(hit["_source"]["event"]["original"] for hit in hits)


def count(es: Elasticsearch, namespace: str) -> int:
    """Return how many documents there are; 0 before the data stream exists."""
    stream = access_stream(namespace)
    if not es.indices.exists(index=stream):
        return 0
    es.indices.refresh(index=stream)
    return int(es.count(index=stream)["count"])


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, and fail when it never is."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)
