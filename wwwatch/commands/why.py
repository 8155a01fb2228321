"""`wwwatch why`: which gates a client's requests passed, and the one they stopped at."""

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from alerts import read_watches
from alerts.language.parts import parse_duration
from alerts.quiet.standard import standard_gates
from alerts.why.facts import Question, Reader
from alerts.why.ladder import Rung, climb
from core.clock import parse_iso
from core.text import printable
from wwwatch.commands.alert.common import rules_option
from wwwatch.roof import Roof
from wwwatch.tables import print_table

_MARKS = {True: Text("✓", "green"), False: Text("✗", "bold red"), None: Text("·", "dim")}


@click.command()
@click.option("--client", required=True, metavar="IP", help="The client's address.")
@click.option("--at", required=True, metavar="TIME", help="When, e.g. 2026-03-14T02:15:07Z; without a zone it is UTC.")
@click.option("--within", default="5m", show_default=True, help="How far from that time requests still count.")
@rules_option
@click.option("--json", "as_json", is_flag=True, help="Print the gates with all their evidence as JSON.")
@click.pass_obj
def command(roof: Roof, *, client: str, at: str, within: str, rules: tuple[Path, ...], as_json: bool) -> None:
    """Say why a client's requests were, or were not, told: the gates they passed, and the one they stopped at.

    \b
    Example:
      wwwatch why --client 203.0.113.9 --at 2026-03-14T02:15:07Z
    """
    settings = roof.settings
    question = Question(_address(client), _moment(at), _span(within))
    watches = read_watches(rules)
    with roof.es() as es:
        gates = standard_gates(es, settings.alert)
        index, threshold = settings.detect.index, settings.detect.threshold
        reader = Reader(es, index=index, threshold=threshold, watches=watches, gates=gates)
        rungs = climb(reader.gather(question, roof.clock.now()))
    if as_json:
        click.echo(json.dumps([asdict(rung) for rung in rungs]))
    else:
        _show(rungs)


def _show(rungs: Sequence[Rung]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for rung in rungs:
        style = "dim" if rung.passed is None else "bold" if rung.passed is False else ""
        table.add_row(_MARKS[rung.passed], Text(rung.gate, style), Text(printable(rung.words), style))
    print_table(table)
    stop = next((rung for rung in rungs if rung.passed is False), None)
    click.echo(f"\nIt stopped at: {stop.gate}." if stop else "\nIt passed every gate and was told.")


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise click.BadParameter("it is no IP address", param_hint="--client") from None


def _moment(text: str) -> datetime:
    try:
        return parse_iso(text)
    except ValueError:
        raise click.BadParameter("write it as 2026-03-14T02:15:07Z", param_hint="--at") from None


def _span(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--within") from None
