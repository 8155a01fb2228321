"""`wwwatch ship`: access logs into Elasticsearch."""

import glob
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from core.errors import DeliveryError, SettingsError
from core.settings import Settings, ShipSettings
from enrich import FORMATS
from shipper import FileStatus, Ledger, Registry, Shipper, read_status
from shipper.shipper import Progress as Told
from wwwatch.cli import printable
from wwwatch.roof import Roof
from wwwatch.tables import print_table


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("--once", is_flag=True, help="Ship what is there, to the last byte, and end; default: follow the files.")
@click.option(
    "--format", "format_name", type=click.Choice(["auto", *FORMATS]), default="auto", help="Log format; default: auto."
)
@click.option("--namespace", help="Last part of the data stream's name; default: ship.namespace.")
@click.option("--status", is_flag=True, help="Show each file's account; exit with 1 when a line is missing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts, or with --status the accounts, as JSON.")
@click.pass_obj
def command(
    roof: Roof,
    paths: tuple[str, ...],
    *,
    once: bool,
    format_name: str,
    namespace: str | None,
    status: bool,
    as_json: bool,
) -> None:
    """Ship access logs into Elasticsearch: every line exactly once, also after a crash.

    Patterns such as '/var/log/nginx/*.log' may be quoted: then new files are found while it runs.

    \b
    Example:
      wwwatch ship --once /var/log/nginx/access.log
      wwwatch ship '/var/log/nginx/*access.log'
      wwwatch ship --status
    """
    settings = _with_namespace(roof.settings, namespace)
    registry = settings.state / "ship" / f"{settings.ship.namespace}.json"
    if status:
        _show_status(read_status(registry), as_json=as_json)
        return
    if not paths:
        raise click.UsageError("Missing argument 'PATH...'.")
    with ExitStack() as stack:
        client = stack.enter_context(roof.es())
        told = stack.enter_context(_Bar(paths)) if once and not as_json and Console().is_terminal else None
        held = stack.enter_context(Registry(registry))
        options: dict[str, Any] = {"format_name": format_name, "progress": told, "stop": roof.stop}
        shipper = Shipper(client, settings, roof.clock, held, **options)
        start = roof.clock.monotonic()
        counts = shipper.run_once(paths) if once else shipper.run(paths, roof.stop)
        seconds = roof.clock.monotonic() - start
    _show_counts(counts, seconds, as_json=as_json)


def _with_namespace(settings: Settings, namespace: str | None) -> Settings:
    if namespace is None:
        return settings
    try:
        ship = ShipSettings.model_validate(settings.ship.model_dump() | {"namespace": namespace})
    except ValidationError:
        raise SettingsError(
            f"the namespace {namespace!r} cannot be part of a data stream's name",
            "use small letters, digits, dots and underscores",
        ) from None
    return settings.model_copy(update={"ship": ship})


class _Bar:
    """The progress bar of --once: bytes of the named files."""

    def __init__(self, paths: Sequence[str]) -> None:
        names = {name for path in paths for name in (glob.glob(path) if glob.has_magic(path) else [path])}  # noqa: PTH207 - one call for both kinds of path
        total = sum(os.path.getsize(name) for name in names if os.path.isfile(name))  # noqa: PTH113, PTH202 - bytes names
        columns = (
            TextColumn("shipping"),
            BarColumn(),
            TextColumn("{task.fields[lines]:,} lines"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("ship", total=total, lines=0)

    def __enter__(self) -> Told:
        self._progress.start()
        return self._tell

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _tell(self, size: int, counts: Ledger) -> None:
        self._progress.update(self._task, advance=size, lines=counts.lines)


def _show_counts(counts: Ledger, seconds: float, *, as_json: bool) -> None:
    rate = counts.lines / seconds if seconds > 0 else 0.0
    if as_json:
        figures = {
            "lines": counts.lines,
            **counts.as_dict(),
            "seconds": round(seconds, 3),
            "lines_per_second": round(rate),
        }
        click.echo(json.dumps(figures))
        return
    cut = f", {counts.cut:,} cut" if counts.cut else ""
    click.echo(
        f"{counts.lines:,} lines: {counts.indexed:,} indexed, {counts.present:,} already there, "
        f"{counts.unparsed:,} unparsed, {counts.rejected:,} dead-lettered{cut}; {rate:,.0f} lines/s"
    )


def _show_status(files: list[FileStatus], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([each.as_dict() for each in files], indent=2))
    elif not files:
        click.echo("Nothing was shipped yet.")
    else:
        _print_table(files)
    short = [each for each in files if each.missing]
    if short:
        names = ", ".join(printable(each.path) for each in short)
        raise DeliveryError(
            f"{sum(each.missing for each in short)} lines are not accounted for in {names}",
            "was the file edited? Rename it to another name to ship it again",
        )


def _print_table(files: list[FileStatus]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("file", overflow="fold")
    for name in ("lines", "indexed", "already there", "dead-lettered", "pending", "missing", "unparsed"):
        table.add_column(name, justify="right")
    for each in files:
        lines = "gone" if each.passed is None else f"{each.passed + each.pending:,}"
        ledger = each.ledger
        counts = (ledger.indexed, ledger.present, ledger.rejected, each.pending, each.missing, ledger.unparsed)
        table.add_row(Text(printable(each.path)), lines, *(f"{count:,}" for count in counts))
    print_table(table)
