"""`scan`: files in, findings out."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from core.errors import FormatError
from detector.model import SessionModel
from wwwatch.scan.described import Preparer
from wwwatch.scan.findings import Finding, build_findings, count_levels, evidence_of, is_within, real_addresses
from wwwatch.scan.inputs import Input
from wwwatch.scan.judging import judge, prepare_pages
from wwwatch.scan.learning import choose_sample, learn
from wwwatch.scan.lines import read_raw
from wwwatch.scan.reading import Log, Reader
from wwwatch.scan.rows import in_order

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SHORT_TIME = timedelta(hours=6)
FEW_REQUESTS = 1_000
"""With less than these a log shows little of what is usual."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be scanned and told.

    Attributes:
        since, until: The period: from `since` on, before `until`; None for all.
        allowed: Networks whose requests are left out.
        threshold: The least score that is told.
    """

    since: datetime | None = None
    until: datetime | None = None
    allowed: tuple[Network, ...] = ()
    threshold: float = 25.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a scan found.

    Attributes:
        log: What was read, without its rows.
        findings: The worst first.
        requests: That were judged.
        clients: Who made them.
        start, end: The first and the last of them.
        left_out: Requests of allowed addresses, and how many such addresses there are.
        rows: Compact rows that were judged, and `order` theirs in time.
    """

    log: Log
    findings: tuple[Finding, ...]
    requests: int
    clients: int
    start: datetime
    end: datetime
    left_out: tuple[int, int]
    rows: pl.DataFrame
    order: pl.Series

    @property
    def title(self) -> str:
        """The log's name, or how many there are."""
        names = [part.item.name for part in self.log.parts]
        return names[0] if len(names) == 1 else f"{len(names):,} files"

    @property
    def levels(self) -> dict[str, int]:
        """How many findings each severity has, the worst first; only those that occur."""
        return count_levels(self.findings)

    @property
    def is_short(self) -> bool:
        """Whether the log is too short to show what is usual."""
        return self.end - self.start < SHORT_TIME or self.requests < FEW_REQUESTS


def scan(
    inputs: Sequence[Input],
    reader: Reader,
    model: tuple[str, SessionModel],
    wish: Wish,
    *,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Result:
    """Scan logs.

    Args:
        inputs: The files.
        reader: Reads them.
        model: The digest and the model.
        wish: What is to be told.
        now: Wall-clock time.
        progress: Told of requests that were judged since it was told last, and of all there are.

    Raises:
        FormatError: There is nothing to judge.
    """
    log = reader.read(inputs)
    rows, order = in_order(log.take_pieces())
    rows, order, left_out = _choose(rows, order, wish)
    if order.is_empty():
        raise FormatError("no request lies in that period", "look at --since, --until and --allow")
    preparer = Preparer(rows if len(order) == rows.height else None)
    sample = preparer.prepare(choose_sample(rows, order))
    prepared = prepare_pages(rows, order, preparer)  # goes on while this learns
    adapted = learn(sample, sample.height / len(order), model, now=now)
    incidents, _ = judge(
        prepared, adapted, threshold=wish.threshold, now=now, progress=lambda done: progress(done, len(order))
    )
    lines = read_raw(log.parts, (position for each in incidents for position in evidence_of(each)))
    start, end = rows["time"][int(order[0])], rows["time"][int(order[-1])]
    chosen = rows.select("address") if len(order) == rows.height else rows.select("address")[order]
    return Result(
        log=log,
        findings=tuple(build_findings(incidents, real_addresses(chosen), lines)),
        requests=len(order),
        clients=chosen["address"].n_unique(),
        start=start,
        end=end,
        left_out=left_out,
        rows=rows,
        order=order,
    )


def _choose(rows: pl.DataFrame, order: pl.Series, wish: Wish) -> tuple[pl.DataFrame, pl.Series, tuple[int, int]]:
    """Leave out what is not asked for."""
    keep = pl.lit(value=True)
    if wish.since:
        keep &= pl.col("time") >= wish.since
    if wish.until:
        keep &= pl.col("time") < wish.until
    left_out = (0, 0)
    if wish.allowed:
        distinct = rows["address"].unique()
        own = distinct.filter([is_within(address, wish.allowed) for address in distinct.cast(pl.String)])
        is_own = pl.col("address").is_in(own)
        left_out = (int(rows.select((keep & is_own).sum()).item()), len(own))
        keep &= ~is_own
    if not (wish.since or wish.until or wish.allowed):
        return rows, order, left_out
    mask = rows.select(keep.alias("keep").fill_null(value=False)).to_series()
    return rows, order.filter(mask.gather(order)), left_out
