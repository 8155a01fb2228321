"""`wwwatch scan`: what any log shows, with nothing to set up."""

import ipaddress
import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from core.clock import parse_iso
from core.errors import WwwatchError
from core.settings import KibanaSettings
from core.text import printable
from enrich import Enrichment
from wwwatch.formats import choose_format, format_options
from wwwatch.roof import Roof
from wwwatch.scan.bar import ScanBar
from wwwatch.scan.inputs import find_inputs
from wwwatch.scan.models import scan_model
from wwwatch.scan.reading import Reader
from wwwatch.scan.scan import Network, Result, Wish, scan
from wwwatch.scan.terminal import notes, render

FOUND = 3
"""The exit code when there are incidents."""

TOP = 20
MINOR = 25.0
"""The least score that is told: below it nothing is worth a look."""

_PAGE = b"<!doctype html"


class Moment(click.ParamType[datetime]):
    """A time: ISO 8601; without an offset it is UTC."""

    name = "time"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it."""
        try:
            return value if isinstance(value, datetime) else parse_iso(value).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write it as in 2026-01-31 or 2026-01-31T08:15+01:00.", param, ctx)


@click.command()
@click.argument("logs", metavar="LOG...", nargs=-1, required=True)
@format_options
@click.option(
    "--trusted-proxies", metavar="CIDR,...", help="Proxies whose X-Forwarded-For is believed; default: the settings'."
)
@click.option("--since", type=Moment(), help="Only requests from this time on, UTC unless it says otherwise.")
@click.option("--until", type=Moment(), help="Only requests before this time.")
@click.option("--allow", multiple=True, metavar="CIDR", help="Addresses of your own: never reported; repeatable.")
@click.option(
    "--top", type=click.IntRange(min=1), default=TOP, show_default=True, help="Incidents to show; --json prints all."
)
@click.option(
    "--min-score", type=click.FloatRange(0, 100), default=MINOR, show_default=True, help="Least score, 0 to 100."
)
@click.option(
    "--model", "digest", metavar="DIGEST", help="A model that `wwwatch train` made; default: the shipped one."
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a report to look at, one file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line for each incident.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    logs: tuple[str, ...],
    format_name: str,
    format_from: str | None,
    trusted_proxies: str | None,
    since: datetime | None,
    until: datetime | None,
    allow: tuple[str, ...],
    top: int,
    min_score: float,
    digest: str | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Find the attacks in logs: nothing to install beside this, nothing to configure, nothing leaves this machine.

    LOG may be files, patterns and folders, rotated and compressed, of several sites; '-' is standard input. What is
    usual is learnt from the log itself. Scores: 25 to 49 minor, 50 to 74 major, from 75 on critical.

    Exit codes: 0 nothing found, 3 incidents found (minor ones count), 1 failed, 2 wrong usage.

    \b
    Example:
      wwwatch scan /var/log/nginx/access.log
      wwwatch scan '/var/log/apache2/*access.log*' --since 2026-01-31 --allow 192.0.2.0/24
      zcat old.gz | wwwatch scan - --json
      wwwatch scan access.log --html report.html
    """
    roof: Roof = ctx.obj
    settings = roof.settings
    proxies = tuple(filter(None, trusted_proxies.split(","))) if trusted_proxies else settings.ship.trusted_proxies
    wish = Wish(since, until, tuple(map(_network, allow)), min_score)
    choose = choose_format(format_name, format_from, settings.ship.timezone)
    render_report = _renderer(html, settings.kibana) if html else None
    with ExitStack() as stack:
        bar = stack.enter_context(ScanBar())
        inputs = find_inputs(logs, stack)
        enrichment = Enrichment((), proxies)
        reader = Reader(choose, settings.ship.timezone, enrichment, bar.reading(sum(item.size for item in inputs)))
        result = scan(
            inputs, reader, scan_model(roof, digest, bar.step), wish, now=roof.clock.now(), progress=bar.judging
        )
    if html and render_report:
        _write(html, render_report(result, roof.clock.now()))
    _show(result, top, as_json=as_json)
    ctx.exit(FOUND if result.findings else 0)


def _show(result: Result, top: int, *, as_json: bool) -> None:
    told = (json.dumps(each.as_json()) for each in result.findings) if as_json else render(result, top)
    for line in told:
        click.echo(line)
    for note in notes(result.log) if as_json else ():
        click.echo(f"wwwatch: {printable(note)}", err=True)


def _renderer(html: Path, kibana: KibanaSettings) -> Callable[[Result, datetime], str]:
    """Return what makes the page; asked for before the work, so that nobody waits in vain.

    Raises:
        WwwatchError: The package that draws is not there, or the page cannot be written there.
    """
    if not (html.parent.is_dir() and os.access(html if html.exists() else html.parent, os.W_OK)):
        raise WwwatchError(f"cannot write {html}", "name another file with --html")
    if html.is_file() and html.stat().st_size and not _is_page(html):
        # As the shell makes of `--html *.log`: the log would be gone.
        raise WwwatchError(f"{html} is there and is no HTML page", "name another file with --html, or delete it")
    try:
        from wwwatch.kibana_access import finding_link  # noqa: PLC0415 - only a page has links
        from wwwatch.scan.report import render_report  # noqa: PLC0415 - its charts are an extra
    except ModuleNotFoundError as error:
        raise WwwatchError(f"the report needs the package {error.name}", "pip install 'wwwatch[report]'") from error
    return partial(render_report, link=partial(finding_link, kibana))


def _is_page(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_PAGE)).lower() == _PAGE
    except OSError:
        return False


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, "utf-8", "backslashreplace")
    except OSError as error:
        raise WwwatchError(f"cannot write {path}: {error.strerror}", "name another file with --html") from None


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no network; write it as in 192.0.2.0/24.", param_hint="--allow"
        ) from None
