"""`wwwatch parse`: what would become of a log's lines, without shipping any."""

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import click
import polars as pl
from rich.table import Table
from rich.text import Text

from core import fields
from core.errors import FormatError
from core.settings import Settings
from core.text import printable
from enrich import IS_COMMENT, Enrichment, Format, Origin, detect, last_header, parse, resume
from enrich.misfits import explain
from shipper.batch import build_batches
from shipper.reader import MAX_LINE, Chunk, split_lines
from shipper.source import open_source
from wwwatch.formats import choose_format, format_options
from wwwatch.roof import Roof
from wwwatch.tables import print_table

MISFITS = 10
_PIECE = 1 << 22
_WIDTH = 100


@click.command()
@click.argument("file")
@format_options
@click.option("--lines", type=click.IntRange(min=1), default=100_000, show_default=True, help="Lines to look at.")
@click.option("--line", type=click.IntRange(min=1), help="Show the document that this line becomes; the first is 1.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_obj
def command(
    roof: Roof,
    file: str,
    *,
    format_name: str,
    format_from: str | None,
    lines: int,
    line: int | None,
    as_json: bool,
) -> None:
    """Show what becomes of a log's lines: format, coverage, the lines that do not parse, and any line's document.

    Nothing is shipped. FILE may be compressed; '-' is standard input. It exits with 1 when no line parses.

    \b
    Example:
      wwwatch parse /var/log/nginx/access.log
      wwwatch parse access.log --line 17
      wwwatch parse access.log --format '$remote_addr [$time_local] "$request" $status'
      wwwatch parse access.log --format-from /etc/nginx/nginx.conf
    """
    log = read_lines(file, max(lines, line or 0))
    if not len(log):
        raise FormatError(f"{file} has no lines", "name another file")
    chosen = choose_format(format_name, format_from, roof.settings.ship.timezone)(file)
    entry, others = (chosen, ()) if chosen else _detect(log, roof.settings)
    if line is not None:
        click.echo(json.dumps(_document(log, line, entry, file, roof), indent=2))
        return
    report = make_report(log.head(lines), entry, others)
    if as_json:
        click.echo(json.dumps(report))
    else:
        _show(report)
    if not report["parsed"]:
        raise FormatError(f"no line of {file} parses as {entry.name}", "give another --format")


def read_lines(file: str, count: int) -> pl.Series:
    """Return a log's first lines.

    Args:
        file: Its path, or ``-`` for standard input.
        count: How many at most.

    Raises:
        FormatError: It cannot be read.
    """
    parts: list[pl.Series] = [pl.Series("original", [], pl.String)]
    found, rest = 0, b""
    try:
        for piece in _pieces(file):
            whole, newline, rest = (rest + piece).rpartition(b"\n")
            if newline:
                parts.append(split_lines(whole + newline, 0, len(whole) + 1).lines)
                found += len(parts[-1])
            if found >= count or len(rest) > MAX_LINE:
                break
    except OSError as error:
        raise FormatError(f"cannot read {file}: {error.strerror}", "check the path") from None
    if rest and found < count:
        parts.append(split_lines(rest, 0, len(rest)).lines)
    return pl.concat(parts).head(count)


def _pieces(file: str) -> Iterator[bytes]:
    if file == "-":
        yield from iter(lambda: sys.stdin.buffer.read(_PIECE), b"")
        return
    source = open_source(file)
    try:
        position = 0
        while data := source.read(_PIECE, position):
            yield data
            position += len(data)
    finally:
        source.close()


def _detect(log: pl.Series, settings: Settings) -> tuple[Format, tuple[tuple[str, float], ...]]:
    found = detect(log)
    return found.format.in_zone(settings.ship.timezone), found.others


def make_report(log: pl.Series, entry: Format, others: tuple[tuple[str, float], ...]) -> dict[str, Any]:
    """Return what there is to say of a log's lines in a format.

    Args:
        log: The lines.
        entry: The format.
        others: Further formats that take some of them, and their shares.
    """
    frame = parse(log, entry).with_row_index("number", 1)
    if IS_COMMENT in frame.columns:
        frame = frame.filter(pl.col(IS_COMMENT).not_())
    misfits = frame.filter(pl.col(fields.ERROR_MESSAGE).is_not_null())
    shown = misfits.head(MISFITS).select("number", fields.ERROR_MESSAGE, fields.EVENT_ORIGINAL).iter_rows()
    header = last_header(log, entry)
    return {
        "format": entry.name,
        "title": entry.title,
        "lines": len(log),
        "comments": len(log) - frame.height,
        "parsed": frame.height - misfits.height,
        "in_part": _count_in_part(log, entry, misfits.height),
        "share": round((frame.height - misfits.height) / frame.height, 6) if frame.height else 0.0,
        "others": dict(others),
        "fields": [{"variable": name, "fields": list(found)} for name, found in resume(entry, header).explain()],
        "warnings": list(entry.warnings),
        "misfits": [
            {"line": number, "reason": f"{why}{explain(text, entry)}", "text": text} for number, why, text in shown
        ],
    }


def _count_in_part(log: pl.Series, entry: Format, misfits: int) -> int:
    """Return how many lines only parse as what they are not quite: cut short, or in a neighbouring format."""
    if not entry.lenient:
        return 0
    return parse(log, replace(entry, lenient=()))[fields.ERROR_MESSAGE].count() - misfits


def _document(log: pl.Series, line: int, entry: Format, file: str, roof: Roof) -> dict[str, Any]:
    if line > len(log):
        raise FormatError(f"{file} has no line {line}", f"it has {len(log)}")
    resumed = resume(entry, last_header(log.head(line - 1), entry))
    start = int((log.head(line - 1).str.len_bytes() + 1).sum())
    chunk = Chunk(start, start + 1, log[line - 1 : line], pl.Series("offset", [start]), pl.Series([False]))
    origin = Origin(file, socket.gethostname(), roof.settings.ship.namespace, roof.clock.now(), version("wwwatch"))
    enrichment = Enrichment(roof.settings.ship.geoip, roof.settings.ship.trusted_proxies)
    (batch,) = build_batches(chunk, "parse", resumed, origin, enrichment, lines=1)
    if not len(batch.documents):
        raise FormatError(f"line {line} of {file} holds no event", "name another line")
    document: dict[str, Any] = json.loads(batch.documents.document(0))
    return document


def _show(report: dict[str, Any]) -> None:
    comments = f", {report['comments']:,} of them comments" if report["comments"] else ""
    click.echo(f"{report['format']}: {report['title']}")
    click.echo(f"{report['share']:.2%} of {report['lines']:,} lines parse{comments}.")
    if report["in_part"]:
        what = f"{report['in_part']:,} of them only in part: they are cut short, or in another format than this."
        click.secho(what, fg="yellow")
    if report["others"]:
        shares = (f"{name} {share:.1%}" for name, share in list(report["others"].items())[: MISFITS // 2])
        click.echo(f"Other formats that take lines: {', '.join(shares)}.")
    for warning in report["warnings"]:
        click.secho(f"Beware: {printable(warning)}.", fg="yellow")
    click.echo()
    table = Table(box=None, pad_edge=False)
    table.add_column("in the log", overflow="fold")
    table.add_column("becomes", overflow="fold")
    for row in report["fields"]:
        table.add_row(Text(printable(row["variable"])), ", ".join(row["fields"]) or "nothing: it is read over")
    print_table(table)
    for misfit in report["misfits"]:
        text = printable(misfit["text"][:_WIDTH]) + ("…" if len(misfit["text"]) > _WIDTH else "")
        click.echo(f"\nline {misfit['line']:,}: {misfit['reason']}\n  {text}")
