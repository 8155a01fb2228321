"""`wwwatch kibana`: what Kibana will show, without one."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import click

from core.errors import KibanaError, SettingsError
from core.text import printable
from kibana.compile.objects import build_objects
from kibana.compile.saved import pack
from kibana.lint.lint import lint
from kibana.queries.aggregations import Scope
from kibana.source.files import read_sources
from wwwatch.kibana_access import options_of
from wwwatch.roof import Roof
from wwwatch.views import fields_of_views

_AGO = re.compile(r"now-(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@click.group()
def command() -> None:
    """Look at the dashboards without a Kibana.

    \b
    Example:
      wwwatch kibana preview security --from now-24h
    """


@command.command("preview")
@click.argument("names", nargs=-1, metavar="[DASHBOARD]...")
@click.option("--from", "start", default="now-24h", show_default=True, help="Begin: now-24h, or 2026-05-04T10:00Z.")
@click.option("--to", "end", default="now", show_default=True, help="End: now, now-1h, or a time.")
@click.option("--query", default="", help="Only what matches, in Kibana's query language.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("previews"),
    show_default=True,
    help="Folder for the pages.",
)
@click.pass_obj
def preview_command(roof: Roof, names: tuple[str, ...], *, start: str, end: str, query: str, out: Path) -> None:
    """Draw dashboards as HTML pages from what Elasticsearch holds; without a name, all of them.

    \b
    Example:
      wwwatch kibana preview overview security --from now-7d --out /tmp/previews
    """
    from kibana.preview.content import Reader  # noqa: PLC0415 - drawing is an extra
    from kibana.preview.page import render  # noqa: PLC0415

    sources = read_sources()
    if unknown := set(names) - set(sources.dashboards):
        known = ", ".join(sources.dashboards)
        raise SettingsError(f"there is no dashboard {', '.join(sorted(unknown))}", f"choose from {known}")
    now = roof.clock.now()
    scope = Scope(_moment(start, now), _moment(end, now), (query,))
    options = options_of(roof.settings.kibana)
    objects = build_objects(sources, options)
    out.mkdir(parents=True, exist_ok=True)
    with roof.es() as client:
        for name in names or sources.dashboards:
            dashboard = next(each for each in objects if each.id == options.dashboard(name))
            page = render(dashboard, Reader(client, objects, scope).panels(dashboard), scope)
            (out / f"{name}.html").write_text(page, "utf-8")
            click.echo(str(out / f"{name}.html"))


@command.command("lint")
@click.argument("file", required=False, type=click.File("r", encoding="utf-8"))
def lint_command(file: IO[str] | None) -> None:
    """Hold objects against Kibana's rules: those that are shipped, or an exported file; exit code 1 on faults.

    \b
    Example:
      wwwatch kibana lint
      wwwatch kibana lint exported.ndjson
    """
    sources = read_sources()
    lines = (file.read() if file else pack(build_objects(sources))).splitlines()
    problems = lint(lines, fields_of_views(sources))
    for problem in problems:
        click.echo(printable(str(problem)))
    if problems:
        raise KibanaError(f"{len(problems)} faults in {len(lines)} objects", "correct the files below kibana/objects")
    click.echo(f"{len(lines)} objects, no faults.")


def _moment(text: str, now: datetime) -> datetime:
    ago = _AGO.fullmatch(text)
    if ago:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = now if text == "now" else datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"cannot read the time {text!r}", "write now-24h, or 2026-05-04T10:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
