"""How `wwwatch ship` shows its counts, its accounts and its verdicts."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from core.clock import iso_millis
from core.errors import DeliveryError
from core.text import printable
from shipper import DeadLetters, FileStatus, Ledger, Live, Mishap, Verdict, Verified
from wwwatch.tables import print_table

MOST_ROWS = 40
"""With more files than this, those that are whole and quiet are told in one line."""

_OPTIONAL = ("already there", "dead-lettered", "skipped", "unparsed", "missing")


def show_counts(counts: Ledger, seconds: float, *, as_json: bool) -> None:
    """Print what a run shipped."""
    rate = counts.lines / seconds if seconds > 0 else 0.0
    if as_json:
        timing = {"seconds": round(seconds, 3), "lines_per_second": round(rate)}
        click.echo(json.dumps({"lines": counts.lines, **counts.as_dict(), **timing}))
        return
    further = "".join(
        f", {count:,} {name}" for name, count in (("skipped", counts.skipped), ("cut", counts.cut)) if count
    )
    click.echo(
        f"{counts.lines:,} lines: {counts.indexed:,} indexed, {counts.present:,} already there, "
        f"{counts.unparsed:,} unparsed, {counts.rejected:,} dead-lettered{further}; {rate:,.0f} lines/s"
    )


def show_status(
    files: list[FileStatus], live: Live | None, letters: DeadLetters, now: datetime, *, as_json: bool, show_all: bool
) -> None:
    """Print the accounts of all files and how the shipper is.

    Raises:
        DeliveryError: Lines are missing.
    """
    if as_json:
        shipper = _live_as_dict(live, now) | {"dead_letters": _letters_as_dict(letters)}
        click.echo(json.dumps(shipper | {"files": [each.as_dict(now) for each in files]}, indent=2))
    elif not files:
        click.echo("Nothing was shipped yet.")
        _say_mishaps(live)
    else:
        click.echo(_how_it_is(live, now))
        _print_accounts(files, now, show_all=show_all)
        _say_letters(letters)
        _say_mishaps(live)
    short = [each for each in files if each.missing]
    if short:
        names = ", ".join(printable(each.path) for each in short)
        raise DeliveryError(
            f"{sum(each.missing for each in short)} lines are not accounted for in {names}",
            "was the file edited? Rename it to another name to ship it again",
        )


def show_verdicts(found: Verified, *, as_json: bool) -> None:
    """Print what Elasticsearch holds of each file's lines.

    Raises:
        DeliveryError: Lines are missing, or there more than once.
    """
    verdicts, gone, pending = found.verdicts, found.gone, found.pending
    total = sum(verdicts.values(), Verdict())
    if as_json:
        files = [{"path": path, **each.as_dict()} for path, each in verdicts.items()]
        click.echo(json.dumps(total.as_dict() | {"pending": pending, "gone_files": gone, "files": files}, indent=2))
    else:
        table = Table(box=None, pad_edge=False)
        table.add_column("file", overflow="fold")
        names = ("lines", "found", "dead-lettered", "skipped", "missing", "doubled")
        for name in names:
            table.add_column(name, justify="right")
        for path, each in [*verdicts.items(), ("all", total)]:
            figures = (each.lines, each.found, each.dead, each.skipped, each.missing, each.doubled)
            table.add_row(Text(printable(path)), *(f"{figure:,}" for figure in figures))
        print_table(table)
        click.echo(f"lost {total.missing:,}, doubled {total.doubled:,}; {pending:,} lines pending, {gone:,} files gone")
    if not total.is_whole:
        what = f"{total.missing:,} lines are missing in Elasticsearch and {total.doubled:,} are there more than once"
        raise DeliveryError(what, "was data deleted there, or a registry moved away after a rollover?")


def _print_accounts(files: list[FileStatus], now: datetime, *, show_all: bool) -> None:
    gone = [] if show_all else [each for each in files if not each.is_there and not each.error]
    shown = [each for each in files if each not in gone]
    quiet: list[FileStatus] = []
    if len(shown) > MOST_ROWS and not show_all:
        quiet = [each for each in shown if not (each.pending or each.missing or each.error or each.rate)]
        shown = [each for each in shown if each not in quiet]
    rows = [(printable(each.path), _figures(each, now)) for each in shown]
    for name, some in (("quiet and whole", quiet), ("gone", gone)):
        if some:
            rows.append((f"{len(some):,} files {name} (--all shows them)", _sum(some)))
    names = list(dict.fromkeys(name for _, figures in rows for name in figures))
    names = [name for name in names if name not in _OPTIONAL or any(row[1][name] not in {"0", ""} for row in rows)]
    table = Table(box=None, pad_edge=False)
    table.add_column("file", overflow="fold")
    for name in names:
        table.add_column(name, justify="right")
    for path, figures in rows:
        table.add_row(Text(path), *(figures[name] for name in names))
    print_table(table)


def _figures(each: FileStatus, now: datetime) -> dict[str, str]:
    lag = each.lag(now)
    return {
        "lines": "gone" if each.passed is None else f"{each.passed + each.pending:,}",
        **_counts(each.ledger),
        "pending": f"{each.pending:,}",
        "missing": f"{each.missing:,}",
        "lines/s": f"{each.rate:,.1f}",
        "lag": "?" if lag is None else _span(lag),
    }


def _sum(some: Sequence[FileStatus]) -> dict[str, str]:
    ledger = sum((each.ledger for each in some), Ledger())
    lines = sum((each.passed or 0) + each.pending for each in some)
    own = {"lines": f"{lines:,}" if lines else "gone", "pending": "0", "missing": "0", "lines/s": "", "lag": ""}
    return own | _counts(ledger)


def _counts(ledger: Ledger) -> dict[str, str]:
    counts = {
        "indexed": ledger.indexed,
        "already there": ledger.present,
        "dead-lettered": ledger.rejected,
        "skipped": ledger.skipped,
        "unparsed": ledger.unparsed,
    }
    return {name: f"{count:,}" for name, count in counts.items()}


def _span(seconds: float) -> str:
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def _how_it_is(live: Live | None, now: datetime) -> str:
    if live is None:
        return "No shipper runs."
    if not live.is_running:
        return f"No shipper runs; the last one was heard of {_span((now - live.updated).total_seconds())} ago."
    return f"A shipper runs, process {live.pid}: {live.lines_per_second:,.1f} lines/s."


def _say_letters(letters: DeadLetters) -> None:
    count, size = len(letters.ids()), letters.size()
    if count:
        where = printable(str(letters.path))
        click.echo(f"{count:,} dead letters, {size:,} bytes, in {where}: `wwwatch ship --replay` sends them again.")


def _say_mishaps(live: Live | None) -> None:
    if live is None:
        return
    mishaps: list[Mishap] = [*live.unreadable, *([live.last_error] if live.last_error else [])]
    for each in dict.fromkeys(mishaps):
        click.echo(f"{iso_millis(each.time)} {printable(each.what)}: {printable(each.reason)}")


def _live_as_dict(live: Live | None, now: datetime) -> dict[str, Any]:
    if live is None:
        return {"running": False}
    return {
        "running": live.is_running,
        "pid": live.pid if live.is_running else None,
        "updated": iso_millis(live.updated),
        "silent_seconds": round((now - live.updated).total_seconds(), 1),
        "lines_per_second": live.lines_per_second,
        "last_error": live.last_error.as_dict() if live.last_error else None,
        "unreadable": [each.as_dict() for each in live.unreadable],
    }


def _letters_as_dict(letters: DeadLetters) -> dict[str, Any]:
    return {"path": str(letters.path), "letters": len(letters.ids()), "bytes": letters.size()}
