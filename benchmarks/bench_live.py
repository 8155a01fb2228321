"""What the live detector costs: CPU seconds per million events, and how many events a second one core can take.

    python benchmarks/bench_live.py [--seconds 60] [--rate 20000] [--feed] [--es-url http://127.0.0.1:9200]

Three streams, each a site at RATE requests a second: ordinary visitors; the same with one address that floods; the same
with a flood from thousands of addresses that change their user agents. A page is what a poll each second brings. The
scorer is measured alone; with --feed, the same events come out of a real Elasticsearch, and what is found goes into it.
CPU time counts, of all threads together: `events/s of one core` is events over CPU seconds. Making the traffic and the
model is not measured.
"""

import argparse
import os
import resource
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk

from core.client import connect
from core.clock import Clock, iso_millis
from core.documents import access_stream
from core.settings import DetectSettings, EsSettings, load_settings
from detector.evidence import RowEvidence
from detector.live import Detector
from detector.model import SessionModel
from detector.scorer import Scorer
from es_templates import apply, plan
from simulator import simulate
from wwwatch.examples import as_events, cold_model

TARGET = 20_000
"""Events a second of one core."""

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
FLOODER = "203.0.113.7"
BOTS = 4_000
LONGEST = 600
"""Seconds of a visit; what a simulated one does later, it does then."""


def visitors(rate: int, seconds: int) -> pl.DataFrame:
    """Return a stream of ordinary visits: simulated ones, over and over, each time with addresses of their own.

    Their requests lie as they do in a visit; so many visits run side by side that there are `rate` requests a second.
    """
    traffic = as_events(simulate(START, START + timedelta(hours=4), seed=3, visits_per_hour=400)).drop("kind")
    begin = traffic.select(pl.col("time").min().over("client")).to_series()
    offsets = (traffic["time"] - begin).dt.total_microseconds().clip(0, LONGEST * 1_000_000).to_numpy()
    clients = traffic["client"].rank("dense").to_numpy().astype(np.int64) - 1
    people, base = int(clients.max()) + 1, int(START.timestamp() * 1e6)
    dice, parts = np.random.default_rng(1), []
    for copy in range(-(-rate * (seconds + LONGEST) // traffic.height)):
        # A visit begins at any time, also before the stream does; what lies outside of the stream is left out.
        starts = dice.uniform(-LONGEST, seconds, people) * 1e6
        at = (starts[clients] + offsets).astype(np.int64)
        inside = pl.Series((at >= 0) & (at < seconds * 1_000_000))
        number = pl.Series("number", copy * people + clients)
        name = pl.format(
            "10.{}.{}.{}", pl.col("number") // 65536, pl.col("number") // 256 % 256, pl.col("number") % 256
        )
        part = traffic.with_columns(number, pl.Series("time", base + at).cast(pl.Datetime("us", "UTC"))).filter(inside)
        parts.append(part.with_columns(name.alias("address"), name.alias("client")).drop("number"))
    return pl.concat(parts).sort("time").head(rate * seconds)


def with_flood(stream: pl.DataFrame) -> pl.DataFrame:
    """Return the stream in which every second request is one address's."""
    mine = pl.int_range(pl.len()) % 2 == 0
    return stream.with_columns(
        pl.when(mine).then(pl.lit(FLOODER)).otherwise(pl.col(name)).alias(name) for name in ("address", "client")
    ).with_columns(pl.when(mine).then(pl.lit("curl/8.5.0")).otherwise("user_agent").alias("user_agent"))


def with_botnet(stream: pl.DataFrame) -> pl.DataFrame:
    """Return the stream in which every second request comes from one of BOTS addresses, with changing user agents."""
    number = pl.int_range(pl.len())
    bot = pl.format("198.18.{}.{}", (number * 7 % BOTS) // 250, (number * 7 % BOTS) % 250)
    agent = pl.format("Mozilla/5.0 (X11; Linux x86_64) Firefox/{}.0", number % 40 + 80)
    mine = number % 2 == 0
    return stream.with_columns(
        *(pl.when(mine).then(bot).otherwise(pl.col(name)).alias(name) for name in ("address", "client")),
        pl.when(mine).then(agent).otherwise("user_agent").alias("user_agent"),
        pl.when(mine).then(pl.lit("/")).otherwise("path").alias("path"),
        pl.when(mine).then(pl.format("/?{}", number)).otherwise("url").alias("url"),
    )


def report(name: str, events: int, cpus: list[float], walls: list[float]) -> None:
    """Print one row."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = events / sum(cpus)
    print(
        f"{name:24} {rate:>9,.0f} events/s of one core ({'met' if rate >= TARGET else 'MISSED'})  "
        f"step {statistics.median(walls):5.2f} s at the median, {max(walls):5.2f} s at most  "
        f"{memory:7,.0f} MB at most so far",
        flush=True,
    )


def bench_scorer(name: str, model: tuple[str, SessionModel], stream: pl.DataFrame, rate: int) -> None:
    """Print what scoring costs, second after second."""
    # Where there is none, it is chosen anew each time; a line's length does not matter here.
    scorer = Scorer(model, threshold=25.0, evidence=RowEvidence("url"))
    cpus, walls = [], []
    for begin in range(0, stream.height, rate):
        page = stream[begin : begin + rate]
        cpu, wall = time.process_time(), time.perf_counter()
        scorer.take(page, START)
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    report(name, stream.height, cpus, walls)
    kinds = {each.kind for each in scorer.incidents.values()}
    print(
        f"{'':24} {scorer.window.rows.height:,} rows in the window, {len(scorer.incidents)} incidents: {sorted(kinds)}"
    )


def documents(stream: pl.DataFrame, index: str) -> Iterator[dict[str, object]]:
    """Yield bulk actions."""
    for row in stream.iter_rows(named=True):
        yield {
            "_op_type": "create",
            "_index": index,
            "_source": {
                "@timestamp": iso_millis(row["time"]),
                "source": {"address": row["client"], "ip": row["client"]},
                "url": {"original": row["url"], "domain": row["domain"]},
                "http": {
                    "request": {"method": row["method"], "referrer": row["referrer"]},
                    "response": {"status_code": row["status"], "body": {"bytes": row["bytes"]}},
                },
                "user_agent": {"original": row["user_agent"]},
                "event": {"original": f"{row['client']} {row['method']} {row['url']} {row['status']}"},
            },
        }


def bench_feed(
    name: str, es: tuple[Elasticsearch, EsSettings], model: tuple[str, SessionModel], stream: pl.DataFrame
) -> None:
    """Print what the whole detector costs: the change feed, scoring, evidence, and writing what was found."""
    client, settings = es
    index = access_stream(f"bench_{uuid.uuid4().hex[:8]}")
    for _ in parallel_bulk(client, documents(stream, index), thread_count=2, chunk_size=2_000):
        pass
    detector = Detector(client, settings, DetectSettings(index=index), model, Clock())
    detector.start(from_beginning=True)
    cpu, wall = time.process_time(), time.perf_counter()
    step = detector.step()
    cpus, walls = [time.process_time() - cpu], [time.perf_counter() - wall]
    detector.close()
    assert step.events == stream.height
    report(f"{name}, with the feed", stream.height, cpus, walls)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=TARGET)
    parser.add_argument("--feed", action="store_true")
    parser.add_argument("--es-url")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, POLARS_MAX_THREADS={os.environ.get('POLARS_MAX_THREADS', 'unset')}")
    model = cold_model(load_settings().cache, now=START)
    shapes: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
        "visitors": lambda stream: stream,
        "one flooding address": with_flood,
        "a botnet": with_botnet,
    }
    stream = visitors(options.rate, options.seconds)
    print(f"{stream.height:,} events of {stream['client'].n_unique():,} clients in {options.seconds} s of log time")
    for name, shape in shapes.items():
        bench_scorer(name, model, shape(stream), options.rate)
    if options.feed:
        from benchmarks.bench_feed import server  # noqa: PLC0415 - starts a node

        with server(options.es_url) as settings, connect(settings) as client:
            apply(client, plan(client))
            for name, shape in shapes.items():
                bench_feed(name, (client, settings), model, shape(stream))


if __name__ == "__main__":
    main()
