"""What judging costs: a history at once, and one live step with a busy window.

    python benchmarks/bench_detector.py [--hours 24] [--visits-per-hour 300]
    python benchmarks/bench_detector.py --sessions 1000000

The traffic is simulated; the model is trained on simulated labelled sessions first, which is not measured.
"""

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl

from detector.events import complete
from detector.features import features, prepare
from detector.model import SessionModel
from detector.training import label_sessions, train
from detector.window import Window
from simulator import simulate
from wwwatch.examples import as_events, labelled_events

START = datetime(2026, 5, 4, tzinfo=UTC)
RUNS = 3
WINDOW = 50_000
PAGE = 100
STEPS = 20


def cpu_seconds() -> float:
    """Return this process's CPU seconds so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Return the medians of wall and CPU seconds over some runs, after one that warms up."""
    work()
    walls, cpus = [], []
    for _ in range(runs):
        cpu, start = cpu_seconds(), time.perf_counter()
        work()
        walls.append(time.perf_counter() - start)
        cpus.append(cpu_seconds() - cpu)
    return statistics.median(walls), statistics.median(cpus)


def bench_history(model: SessionModel, events: pl.DataFrame) -> None:
    """Print what each part costs over a whole history."""
    prepared = prepare(events)
    sessions = features(prepared)
    matrix = model.matrix(sessions)
    parts = {
        "prepare": lambda: prepare(events),
        "features": lambda: features(prepared),
        "judge": lambda: model.judge(matrix),
    }
    print(f"history of {events.height:,} events in {sessions.height:,} sessions")
    total = 0.0
    for name, work in parts.items():
        wall, cpu = measure(work)
        total += wall
        million = events.height / 1e6
        print(f"  {name:10} {events.height / wall:>11,.0f} events/s  {cpu / million:6.2f} CPU s per million events")
    print(f"  {'together':10} {events.height / total:>11,.0f} events/s")


def bench_step(model: SessionModel, events: pl.DataFrame) -> None:
    """Print how long one live step takes, without Elasticsearch: PAGE new events into a window of WINDOW."""
    assert events.height >= WINDOW + STEPS * PAGE, "simulate more visits"
    window = Window()
    window.add(events.head(WINDOW))
    pages = [events[WINDOW + number * PAGE :][:PAGE] for number in range(STEPS)]
    walls, touched = [], []
    for page in pages:
        start = time.perf_counter()
        sessions = window.add(page)
        model.judge(model.matrix(sessions))
        walls.append(1000 * (time.perf_counter() - start))
        touched.append(sessions.height)
    print(
        f"live step of {PAGE} events with {WINDOW:,} in the window: {statistics.median(walls):.0f} ms at the median, "
        f"{max(walls):.0f} ms at most, {statistics.median(touched):.0f} sessions judged"
    )


def bench_memory(sessions: int) -> None:
    """Print what so many sessions at the same time cost: each asks for two pages within 25 minutes."""
    window = Window()
    page = 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0
    for begin in range(0, 2 * sessions, page):
        number = pl.int_range(begin, begin + page, eager=True)
        client = number % sessions
        address = [client // 2**16 % 200 + 1, client // 2**8 % 256, client % 256]
        events = pl.DataFrame(
            {
                "time": pl.select(pl.lit(START) + number * timedelta(minutes=25) / (2 * sessions)).to_series(),
                "address": pl.select(pl.concat_str(pl.lit("10"), *address, separator=".")).to_series(),
                "user_agent": pl.select(
                    pl.format("Mozilla/5.0 (X11; Linux x86_64) Browser/{}", client % 50)
                ).to_series(),
                "url": pl.select(pl.format("/articles/{}", number % 5_000)).to_series(),
            }
        ).with_columns(
            method=pl.lit("GET"),
            status=pl.lit(200),
            bytes=pl.lit(5_000),
            referrer=pl.lit("https://www.example.org/"),
            domain=pl.lit("www.example.org"),
        )
        start = time.perf_counter()
        window.add(complete(events))
        window.tidy()
        slowest = max(slowest, time.perf_counter() - start)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = window.rows["client"].n_unique()
    print(
        f"{sessions:,} sessions at the same time: {held:,} held with {window.rows.height:,} requests, "
        f"{window.rows.estimated_size('mb'):,.0f} MB of columns, peak memory {after / 1024:,.0f} MB "
        f"({(after - before) / 1024:,.0f} MB more), {slowest:.1f} s at most for a page of {page:,}"
    )


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--visits-per-hour", type=float, default=300)
    parser.add_argument("--sessions", type=int, default=0, help="measure only the memory of so many sessions at a time")
    options = parser.parse_args()
    if options.sessions:
        bench_memory(options.sessions)
        return
    print(f"{os.cpu_count()} cores, POLARS_MAX_THREADS={os.environ.get('POLARS_MAX_THREADS', 'unset')}")
    labelled = label_sessions(labelled_events(1, sessions=400))
    model = train(labelled, labelled.clear(), now=START)
    end = START + timedelta(hours=options.hours)
    events = as_events(simulate(START, end, seed=2, visits_per_hour=options.visits_per_hour)).drop("kind")
    bench_history(model, events)
    noon = START + timedelta(hours=12)
    busy = as_events(simulate(noon, noon + timedelta(hours=1), seed=3, visits_per_hour=4_000)).drop("kind")
    bench_step(model, busy)


if __name__ == "__main__":
    main()
