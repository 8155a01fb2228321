"""What `wwwatch train` costs on a long history: time, CPU, memory and disk, without the reading of the events.

    python benchmarks/bench_training.py [--events 10000000]

The history is a simulated day over and over, each time of another day and of other addresses, in pages of 10,000 as the
change feed brings them. Making it is not measured, but its memory (one day) is in the peak.
"""

import argparse
import os
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from core.settings import load_settings
from detector.history import HistoryLearner, adapt_to
from simulator import simulate
from wwwatch.examples import as_events, cold_model

START = datetime(2026, 5, 4, tzinfo=UTC)
PAGE = 10_000


def day() -> pl.DataFrame:
    """Return a day of some 200,000 requests, with two attacks in it."""
    attacks = [("scan", START + timedelta(hours=10)), ("bruteforce", START + timedelta(hours=15))]
    return as_events(simulate(START, START + timedelta(days=1), seed=4, visits_per_hour=600, attacks=attacks)).drop(
        "kind"
    )


def on_day(events: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return the events as another day's: other addresses, the same addresses from one week to the next."""
    renamed = [
        pl.concat_str(pl.lit(f"{number % 7}."), pl.col(name)).alias(name).str.replace_all(":", "-")
        for name in ("address", "client")
    ]
    return events.with_columns(pl.col("time") + timedelta(days=number), *renamed)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, POLARS_MAX_THREADS={os.environ.get('POLARS_MAX_THREADS', 'unset')}")
    _, model = cold_model(load_settings().cache, now=START)
    base = day()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall, making = time.process_time(), time.perf_counter(), 0.0
    with tempfile.TemporaryDirectory() as name:
        learner, number = HistoryLearner(Path(name)), 0
        while learner.events < options.events:
            began = time.process_time()
            events = on_day(base, number)
            making += time.process_time() - began
            for begin in range(0, events.height, PAGE):
                learner.add(events[begin : begin + PAGE])
            number += 1
        history = learner.learn(model)
        disk = sum(file.stat().st_size for file in Path(name).iterdir()) / 1e6
        adapted = adapt_to(model, history, source="benchmark", now=START)
    seconds, used = time.perf_counter() - wall, time.process_time() - cpu - making
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    card = adapted.card
    print(
        f"{history.events:,} events of {number} days, {history.total:,} sessions, {history.attacks:,} of them attacks, "
        f"{card['history_sample']:,} learnt from, {card['profile']['paths']:,} paths known"
    )
    print(
        f"{seconds:.0f} s, {used:.0f} CPU s ({used / history.events * 1e6:.1f} per million events); "
        f"peak {peak:,.0f} MB ({before:,.0f} MB before the first event); {disk:,.0f} MB put aside on disk"
    )


if __name__ == "__main__":
    main()
