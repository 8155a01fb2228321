"""How fast lines are parsed: `enrich` against GoAccess on the same file.

GoAccess also counts what it parses and cannot be told not to; with every panel off and no output it comes nearest to
parsing alone. So it is a bound and not a twin: it writes no documents, and `enrich` counts nothing. What `enrich` makes
is what the shipper goes on with: typed columns, with each repeated value once. GoAccess 1.7 has
one thread; `enrich` is measured with one and with two. Reading the file is in all figures. Needs Debian's package
goaccess: without it only `enrich` is measured.

    python benchmarks/bench_parse.py [--lines 1000000]
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench_shipper import write_log

PIECE = 4_000_000
PANELS = (
    *("VISITORS", "REQUESTS", "REQUESTS_STATIC", "NOT_FOUND", "HOSTS", "OS", "BROWSERS", "VISIT_TIMES"),
    *("VIRTUAL_HOSTS", "REFERRERS", "REFERRING_SITES", "KEYPHRASES", "STATUS_CODES", "REMOTE_USER", "CACHE_STATUS"),
    *("GEO_LOCATION", "MIME_TYPE", "TLS_TYPE"),
)
GOACCESS = "goaccess"


def pieces(log: Path) -> Iterator[str]:
    """Yield the file's text in pieces that end with a line."""
    rest = b""
    with log.open("rb") as file:
        while data := file.read(PIECE):
            whole, newline, tail = data.rpartition(b"\n")
            yield (rest + whole).decode("utf-8", "backslashreplace")
            rest = tail if newline else rest + data
    if rest:
        yield rest.decode("utf-8", "backslashreplace")


def parse_all(log: Path, threads: int) -> int:
    """Parse the file and return how many lines it had; runs in a process of its own."""
    import polars as pl  # noqa: PLC0415 - only the measured process loads it

    from enrich import detect_format  # noqa: PLC0415
    from enrich.lines import read_lines  # noqa: PLC0415

    def lines_of(text: str) -> pl.Series:
        return pl.Series("original", [text]).str.split("\n").explode()

    def count_of(text: str) -> int:
        return read_lines(lines_of(text), entry).lines.height

    entry = detect_format(lines_of(next(pieces(log))))
    if threads == 1:
        return sum(map(count_of, pieces(log)))
    with ThreadPoolExecutor(threads) as pool:
        waiting, count = [], 0
        for text in pieces(log):
            waiting.append(pool.submit(count_of, text))
            if len(waiting) > threads:  # so many pieces are held at once, however long the file is
                count += waiting.pop(0).result()
        return count + sum(each.result() for each in waiting)


def parse_here(log: Path, threads: int) -> None:
    """Parse the file and print the cost without that of starting Python, as JSON."""
    import enrich  # noqa: F401, PLC0415 - so that it is loaded before the clock starts

    before, begin = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    lines = parse_all(log, threads)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    print(json.dumps([lines, wall, user, system, after.ru_maxrss / 1024]))


def measure(command: list[str], lines: int) -> tuple[int, float, float, float, float]:
    """Run a command to its end and return what it cost: lines, wall, user, system, megabytes."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}")
    return lines, time.perf_counter() - begin, used.ru_utime, used.ru_stime, used.ru_maxrss / 1024


def show(name: str, figures: tuple[int, float, float, float, float]) -> None:
    """Print the cost."""
    lines, wall, user, system, megabytes = figures
    million = lines / 1e6
    print(
        f"{name:28} {lines / wall:>10,.0f} lines/s  {(user + system) / million:6.2f} CPU s per million "
        f"(user {user / million:.2f}, system {system / million:.2f})  {megabytes:,.0f} MB at most"
    )


def compare(log: Path, lines: int) -> None:
    """Measure all of them on one file."""
    for threads in (1, 2):
        own = [sys.executable, __file__, "--parse", str(log), "--threads", str(threads)]
        done = subprocess.run(own, check=True, stdout=subprocess.PIPE)
        show(f"enrich, {threads} thread{'s' * (threads > 1)}", tuple(json.loads(done.stdout)))
    if not shutil.which(GOACCESS):
        print("no GoAccess here: apt-get install goaccess")
        return
    common = [GOACCESS, str(log), "--log-format=COMBINED", "--no-progress", "--no-global-config"]
    with tempfile.TemporaryDirectory() as folder:
        show("GoAccess, all panels, JSON", measure([*common, "-o", f"{folder}/report.json"], lines))
    off = [f"--ignore-panel={panel}" for panel in PANELS]
    show("GoAccess, no panel, no output", measure([*common, "--process-and-exit", *off], lines))


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--parse", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.parse:
        parse_here(options.parse, options.threads)
        return
    print(f"{os.cpu_count()} cores, POLARS_MAX_THREADS={os.environ.get('POLARS_MAX_THREADS', 'unset')}")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "access.log"
        write_log(log, options.lines)
        compare(log, options.lines)


if __name__ == "__main__":
    main()
