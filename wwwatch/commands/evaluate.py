"""`wwwatch evaluate`: what the model finds where the truth is known."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from core.errors import EvaluationError
from core.text import printable
from detector.model import SessionModel
from wwwatch.evaluation.page import write_result
from wwwatch.evaluation.protocols import PROTOCOLS, Plan, evaluate
from wwwatch.evaluation.sources import find_sources
from wwwatch.evaluation.tables import build_tables
from wwwatch.examples import cold_model
from wwwatch.roof import Roof
from wwwatch.tables import print_table

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--data", type=FOLDER, help="Folder of labelled logs: in each of its folders access.log and labels.csv.")
@click.option("--sources", metavar="NAME,...", help="Only these folders of it.")
@click.option("--seeds", type=click.IntRange(min=0), default=1, show_default=True, help="Seeds of simulated runs.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes for simulated runs.")
@click.option(
    "--protocol", "protocols", type=click.Choice(PROTOCOLS), multiple=True, help="Only this one; default: all."
)
@click.option(
    "--model", "digest", metavar="DIGEST", help="A model that `wwwatch train` made; default: the shipped one."
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
@click.option("--html", type=FILE, help="Write a card with curves to look at, one file.")
@click.option("--page", type=FILE, help="Write the tables into this Markdown page, between its markers.")
@click.pass_obj
def command(
    roof: Roof,
    *,
    data: Path | None,
    sources: str | None,
    seeds: int,
    jobs: int,
    protocols: tuple[str, ...],
    digest: str | None,
    as_json: bool,
    html: Path | None,
    page: Path | None,
) -> None:
    """Measure what is found where the truth is known: on labelled logs, and on simulated attacks that no model saw.

    labels.csv has the columns client and label: attack, normal, crawler, unsolicited, or else left out; and attack_type
    if you like. Precision, recall and areas are told beside those of plain thresholds as fail2ban users write them.

    \b
    Example:
      wwwatch evaluate
      wwwatch evaluate --data labelled/ --sources shop,blog --html card.html
    """
    if sources and data is None:
        raise click.UsageError("--sources needs --data.")
    names = [name for name in (sources or "").split(",") if name]
    plan = Plan(find_sources(data, names) if data else (), seeds, protocols or PROTOCOLS, jobs)
    if not plan.sources and (not seeds or "simulated" not in plan.protocols):
        raise EvaluationError("there is nothing to evaluate on", "give --data with labelled logs, or --seeds")
    report = _evaluate(roof, plan, digest)
    if html:
        _write_card(html, report)
    if page:
        write_result(page, report)
    if as_json:
        click.echo(json.dumps(report))
    else:
        _show(report)


def _evaluate(roof: Roof, plan: Plan, digest: str | None) -> dict[str, Any]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("evaluate", total=None)

        def progress(what: str, done: int, total: int) -> None:
            bar.update(task, description=printable(what), completed=done, total=total)

        model = _model(roof, digest)
        return evaluate(plan, model, roof.clock.now(), progress)


def _model(roof: Roof, digest: str | None) -> tuple[str, SessionModel]:
    if digest is None:
        return cold_model(roof.settings.cache, now=roof.clock.now())
    from detector.registry import load_model  # noqa: PLC0415 - most evaluations need no Elasticsearch

    with roof.es() as client:
        return load_model(client, digest)


def _write_card(path: Path, report: dict[str, Any]) -> None:
    from wwwatch.evaluation.card import render_card  # noqa: PLC0415 - what draws the curves is an extra

    try:
        path.write_text(render_card(report), "utf-8")
    except OSError as error:
        raise EvaluationError(f"cannot write {path}: {error.strerror}", "name another file") from None


def _show(report: dict[str, Any]) -> None:
    for each in build_tables(report):
        table = Table(title=each.title, title_justify="left", caption=each.note, caption_justify="left")
        for column in each.columns:
            table.add_column(column, overflow="fold")
        for row in each.rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        print_table(table)
        click.echo()
