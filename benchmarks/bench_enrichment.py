"""What enrichment costs, in CPU microseconds per line: all of it, and each kind on its own.

On a log whose addresses and URLs hardly repeat, `cold` meets each value for the first time, `warm` knows all user
agents and addresses. The baseline of the signs is matching each pattern against each decoded URL.

    python benchmarks/bench_enrichment.py [--lines 200000] [--log access.log] [--geoip GeoLite2-City.mmdb]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from bench_shipper import write_log

from core import fields
from enrich import detect_format, parse
from enrich.enrichment import Enrichment
from enrich.signs import SIGNS, decode, mark_signs

BATCH = 20_000


def events(path: Path) -> list[pl.DataFrame]:
    """Return the log's lines parsed, in batches."""
    lines = pl.Series(path.read_bytes().decode("utf-8", "backslashreplace").splitlines())
    frame = parse(lines, detect_format(lines)).with_columns(pl.col(fields.SOURCE_ADDRESS).alias(fields.SOURCE_IP))
    return [frame[start : start + BATCH] for start in range(0, frame.height, BATCH)]


def measure(name: str, work: Callable[[pl.DataFrame], object], batches: list[pl.DataFrame]) -> None:
    """Print what a piece of work costs per line."""
    start = time.process_time()
    for batch in batches:
        work(batch)
    cost = (time.process_time() - start) / sum(batch.height for batch in batches)
    print(f"{name:34} {cost * 1e6:7.3f} µs a line")


def match_all(batch: pl.DataFrame) -> pl.DataFrame:
    """Match every pattern against every URL."""
    decoded = decode(batch[fields.URL_ORIGINAL])
    return pl.DataFrame([decoded.str.contains(sign.pattern).alias(sign.name) for sign in SIGNS])


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--geoip", type=Path, action="append", default=[])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = options.log or Path(folder) / "access.log"
        if not options.log:
            write_log(log, options.lines)
        batches = events(log)
    enrichment = Enrichment(options.geoip, limit=1_000_000)
    enrichment.add(batches[0].head(1))
    for name in ("all, cold", "all, warm", "all, warm again"):
        measure(name, enrichment.add, batches)
    measure("  user agents", lambda batch: enrichment.agents(batch[fields.USER_AGENT]), batches)
    measure("  places and networks", lambda batch: enrichment.places(batch[fields.SOURCE_IP]), batches)
    measure("  signs and logins", lambda batch: enrichment.signs(batch[fields.URL_ORIGINAL]), batches)
    measure("  signs alone", lambda batch: mark_signs(batch[fields.URL_ORIGINAL]), batches)
    measure("  baseline: every pattern", match_all, batches)


if __name__ == "__main__":
    main()
