"""`wwwatch alert`: the watches that send the mail."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from alerts import Engine, History, Mailer, Notice, Run, StatusStore, Watch, read_watches
from alerts.parts import format_duration
from alerts.testmail import send_test_mail
from core.clock import iso_millis
from wwwatch.logs import printable
from wwwatch.roof import Roof
from wwwatch.tables import print_table

rules_option = click.option(
    "--rules",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Further watches; one of the same name takes the shipped one's place.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Run the watches that send the mail.

    \b
    Example:
      wwwatch alert test-mail
      wwwatch alert run
    """


@command.command("run")
@click.option("--once", is_flag=True, help="Run every watch once and end; exit with 1 when one failed.")
@rules_option
@json_option
@click.pass_context
def run_command(ctx: click.Context, *, once: bool, rules: tuple[Path, ...], as_json: bool) -> None:
    """Run the watches: on their schedules, until stopped.

    \b
    Example:
      wwwatch alert run
      wwwatch alert run --once --rules /etc/wwwatch/rules
    """
    roof: Roof = ctx.obj
    watches = read_watches(rules)
    with roof.es() as client:
        engine = Engine(client, watches, Mailer(roof.settings.smtp), roof.settings, roof.clock)
        if not once:
            engine.run(roof.stop)
            return
        runs = engine.run_once()
    _show_runs(runs, as_json=as_json)
    if any(run.failed for run in runs):
        ctx.exit(1)


@command.command("list")
@rules_option
@json_option
@click.pass_obj
def list_command(roof: Roof, *, rules: tuple[Path, ...], as_json: bool) -> None:
    """List the watches and when they last ran.

    \b
    Example:
      wwwatch alert list
    """
    watches = read_watches(rules)
    with roof.es() as client:
        store = StatusStore(client)
        rows = [_watch_row(watch, store.get(watch.id)) for watch in watches]
    _show(rows, as_json=as_json, nothing="There are no watches.")


@command.command("history")
@click.option("--limit", default=20, type=click.IntRange(1, 1000), show_default=True, help="How many, newest first.")
@json_option
@click.pass_obj
def history_command(roof: Roof, *, limit: int, as_json: bool) -> None:
    """Show what was mailed, what was not, and why.

    \b
    Example:
      wwwatch alert history --limit 5
    """
    with roof.es() as client:
        rows = [_notice_row(notice) for notice in History(client).recent(limit)]
    _show(rows, as_json=as_json, nothing="Nothing was told yet.")


@command.command("test-mail")
@json_option
@click.pass_obj
def test_mail_command(roof: Roof, *, as_json: bool) -> None:
    """Send an example of the mail to smtp.to, so that you know it arrives.

    \b
    Example:
      WWWATCH_SMTP_HOST=mail.example.org wwwatch alert test-mail
    """
    accepted = send_test_mail(Mailer(roof.settings.smtp), roof.clock.now())
    if as_json:
        click.echo(json.dumps({"recipients": accepted}))
        return
    server = f"{roof.settings.smtp.host}:{roof.settings.smtp.port}"
    click.echo(printable(f"{server} took the mail for {', '.join(accepted)}."))


def _watch_row(watch: Watch, status: dict[str, Any]) -> dict[str, Any]:
    return {
        "watch": watch.id,
        "every": format_duration(watch.body.trigger.schedule.interval),
        "actions": ", ".join(watch.body.actions),
        "state": status.get("execution_state", "awaits_execution"),
        "last_checked": status.get("last_checked", ""),
        "last_met_condition": status.get("last_met_condition", ""),
        "reason": status.get("reason", ""),
    }


def _notice_row(notice: Notice) -> dict[str, Any]:
    return {
        "time": iso_millis(notice.created),
        "watch": notice.watch_id,
        "action": notice.action_id,
        "key": notice.key,
        "state": notice.state.value,
        "attempts": notice.attempts,
        "next_attempt": iso_millis(notice.next_attempt) if notice.next_attempt else "",
        "recipients": ", ".join(notice.recipients),
        "reason": notice.reason,
    }


def _show_runs(runs: Sequence[Run], *, as_json: bool) -> None:
    rows = [
        {
            "watch": run.watch_id,
            "state": "failed" if run.failed else "executed" if run.met else "execution_not_needed",
            "told": sum(notice.state == "sent" for notice in run.notices),
            "left": sum(notice.state != "sent" for notice in run.notices),
            "reason": run.reason,
        }
        for run in runs
    ]
    _show(rows, as_json=as_json, nothing="There are no watches.")


def _show(rows: Sequence[dict[str, Any]], *, as_json: bool, nothing: str) -> None:
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(nothing)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(str(value))) for value in row.values()))
    print_table(table)
