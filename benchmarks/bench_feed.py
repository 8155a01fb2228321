"""Events per second of the change feed, beside the Python client's `helpers.scan` over the same documents.

    python benchmarks/bench_feed.py [--events 200000] [--es-url http://127.0.0.1:9200]

Without --es-url the embedded node is started for the run. The events are simulated visitors' in ECS, written by
`helpers.bulk`; reading is what is measured, three times each, after one reading that warms the caches.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk, scan

from core.client import connect
from core.clock import iso_millis
from core.documents import access_stream
from core.node import EmbeddedNode
from core.settings import EsSettings, load_settings
from detector.events import SOURCE_FIELDS
from detector.feed import ChangeFeed
from es_templates import apply, plan
from simulator import simulate

TARGET = 40_000
"""Events per second."""

RUNS = 3


def make_documents(traffic: pl.DataFrame, count: int) -> Iterator[dict[str, Any]]:
    """Yield `count` documents, the traffic over and over."""
    rows = traffic.to_dicts()
    for number in range(count):
        row = rows[number % len(rows)]
        response = {"status_code": row["status"], "body": {"bytes": row["bytes"]}}
        yield {
            "@timestamp": iso_millis(row["time"]),
            "source": {"address": row["client"], "ip": row["client"]},
            "url": {"original": row["url"], "domain": row["domain"]},
            "http": {"request": {"method": row["method"], "referrer": row["referrer"]}, "response": response},
            "user_agent": {"original": row["user_agent"]},
            "event": {
                "original": f'{row["client"]} "{row["method"]} {row["url"]}" {row["status"]} "{row["user_agent"]}"'
            },
        }


def fill(client: Elasticsearch, index: str, count: int) -> None:
    """Write the events."""
    start = datetime(2026, 5, 4, tzinfo=UTC)
    traffic = simulate(start, start + timedelta(hours=12), seed=1, visits_per_hour=120)
    actions = ({"_op_type": "create", "_index": index, "_source": body} for body in make_documents(traffic, count))
    for _ in parallel_bulk(client, actions, thread_count=2, chunk_size=2_000):
        pass
    client.indices.refresh(index=index)


def read_feed(settings: EsSettings, index: str) -> int:
    """Read everything with the change feed; return how many events."""
    feed = ChangeFeed(settings, index)
    try:
        return sum(page.events.height for page in feed.read({}))
    finally:
        feed.close()


def read_scan(client: Elasticsearch, index: str) -> int:
    """Read everything with the client's own helper; return how many events."""
    return sum(1 for _ in scan(client, index=index, size=10_000, source=list(SOURCE_FIELDS)))


def measure(name: str, read: Callable[[], int], expected: int) -> float:
    """Read RUNS times, print the median and this process's CPU seconds, and return events per second."""
    read()
    rates, cpus = [], []
    for _ in range(RUNS):
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        count = read()
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        assert count == expected, f"{name} read {count} of {expected} events"
        rates.append(count / seconds)
        cpus.append((after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / count * 1e6)
    rate = statistics.median(rates)
    spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
    print(f"{name:14} {rate:>9,.0f} events/s ({spread})  {statistics.median(cpus):6.2f} CPU s per million events")
    return rate


@contextmanager
def server(url: str | None) -> Iterator[EsSettings]:
    """Yield where Elasticsearch is: the given one, else an embedded node that is not tuned to start fast."""
    if url:
        yield EsSettings(url=url)
        return
    settings = load_settings()
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedNode(
            settings.node, cache=settings.cache, state=Path(folder)
        ) as node,  # a temporary one is tuned to start
    ):
        yield EsSettings(url=node.url)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--es-url")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, POLARS_MAX_THREADS={os.environ.get('POLARS_MAX_THREADS', 'unset')}")
    with server(options.es_url) as settings, connect(settings) as client:
        apply(client, plan(client))
        index = access_stream(f"bench_{uuid.uuid4().hex[:8]}")
        fill(client, index, options.events)
        rate = measure("change feed", lambda: read_feed(settings, index), options.events)
        baseline = measure("helpers.scan", lambda: read_scan(client, index), options.events)
    print(
        f"{rate / baseline:.1f} times the baseline; target {TARGET:,} events/s: {'met' if rate >= TARGET else 'MISSED'}"
    )


if __name__ == "__main__":
    main()
