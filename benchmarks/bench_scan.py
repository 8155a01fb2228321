"""How fast a log is scanned: `wwwatch scan` against GoAccess's HTML report on the same file, whole processes.

Not the same work: GoAccess counts, wwwatch judges each session, and learns from the log first what is usual. The log is
a simulated day with attacks in it, again and again with other addresses: half of each day's clients come only then.
GoAccess is Debian's package; without it only wwwatch is measured. The cold-start model is built before the clock
starts, as it is once for each user.

    python benchmarks/bench_scan.py [--lines 2000000] [--log FILE] [--html]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from bench_parse import measure, show

from simulator import history, render_combined

GOACCESS = "goaccess"
DAY = timedelta(days=1)
VISITS_PER_HOUR = 800
ATTACKS = ("scan", "bruteforce", "spray", "flood", "sqli", "scrape")
FOUND = 3


def write_log(path: Path, lines: int) -> None:
    """Write simulated days until there are so many lines."""
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    planned = [(name, begin + timedelta(hours=3 * number + 2)) for number, name in enumerate(ATTACKS)]
    day = history(begin, begin + DAY, seed=1, visits_per_hour=VISITS_PER_HOUR, attacks=planned)
    day = day.filter(pl.col("time") < begin + DAY)
    number = 0
    with path.open("w") as file:
        while lines > 0:
            comes_once = pl.col("client").hash(seed=0) % 2 == 0
            other = pl.concat_str(pl.lit(f"10.{number % 250}."), pl.col("client").str.extract(r"([0-9]+\.[0-9]+)$"))
            moved = day.head(lines).with_columns(
                pl.col("time") + number * DAY,
                pl.when(comes_once).then(other).otherwise("client").fill_null(pl.col("client")).alias("client"),
            )
            file.write("\n".join(render_combined(moved).to_list()) + "\n")
            lines, number = lines - moved.height, number + 1


def compare(log: Path, lines: int, *, html: bool) -> None:
    """Measure both on one file."""
    command = [sys.executable, "-m", "wwwatch", "scan", str(log)]
    with tempfile.TemporaryDirectory() as folder:
        own = [*command, "--html", f"{folder}/report.html"] if html else [*command, "--json"]
        show("wwwatch scan " + own[5], measure(["/bin/sh", "-c", '"$@"; [ $? = 3 ]', "-", *own], lines))
        if not shutil.which(GOACCESS):
            print("no GoAccess here: apt-get install goaccess")
            return
        theirs = [GOACCESS, str(log), "--log-format=COMBINED", "--no-progress", "--no-global-config"]
        show("GoAccess -o report.html", measure([*theirs, "-o", f"{folder}/report.html"], lines))


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--log", type=Path, help="Scan this combined log instead of a simulated one.")
    parser.add_argument("--write", type=Path, help="Only write the log, to this file.")
    parser.add_argument("--html", action="store_true", help="Let wwwatch write its page, too.")
    options = parser.parse_args()
    if options.write:
        write_log(options.write, options.lines)
        return
    goaccess = subprocess.run([GOACCESS, "--version"], capture_output=True, text=True, check=False).stdout
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {goaccess.splitlines()[0] if goaccess else ''}")
    with tempfile.TemporaryDirectory() as folder:
        log = options.log or Path(folder) / "access.log"
        if options.log is None:
            write_log(log, options.lines)
        first = Path(folder) / "first.log"
        first.write_text("".join(line for line, _ in zip(log.open(), range(100), strict=False)))
        subprocess.run([sys.executable, "-m", "wwwatch", "scan", str(first)], capture_output=True, check=False)
        with log.open("rb") as file:
            lines = sum(1 for _ in file)
        compare(log, lines, html=options.html)


if __name__ == "__main__":
    main()
