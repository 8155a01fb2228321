"""`wwwatch alert history`: what was told, what was not, and why."""

import json
from collections.abc import Sequence
from typing import Any

import click

from alerts import History, Notice, Records
from core.clock import iso_millis, parse_iso
from wwwatch.commands.alert.common import json_option
from wwwatch.roof import Roof
from wwwatch.tables import clock_time, print_rows


@click.command("history")
@click.option(
    "--executions", is_flag=True, help="Show what runs saw and did instead: those that told, failed or differed."
)
@click.option("--watch", help="Of this watch alone; with --executions.")
@click.option("--limit", default=20, type=click.IntRange(1, 1000), show_default=True, help="How many, newest first.")
@click.option("--failed", is_flag=True, help="Only what was not told, or not to everybody: `resend` tells it again.")
@click.option(
    "--all", "everything", is_flag=True, help="Also what waits to be told again, and ends that nobody had to hear of."
)
@json_option
@click.pass_obj
def history_command(
    roof: Roof, *, limit: int, failed: bool, executions: bool, watch: str | None, everything: bool, as_json: bool
) -> None:
    """Show what was told and to whom, what was not, and why.

    \b
    Example:
      wwwatch alert history --limit 5
      wwwatch alert history --failed
      wwwatch alert history --executions --watch incident
    """
    if failed and executions:
        raise click.UsageError("--failed is about notices: leave out --executions")
    if watch and not executions:
        raise click.UsageError("--watch goes with --executions")
    with roof.es() as client:
        if executions:
            _show_executions(Records(client).recent(limit, watch), as_json=as_json)
            return
        history = History(client)
        notices = history.dead(roof.clock.now(), limit) if failed else history.recent(limit, everything=everything)
    if as_json:
        click.echo(json.dumps([_notice_row(notice) for notice in notices]))
    elif not notices:
        click.echo("Nothing failed." if failed else "Nothing was told yet.")
    else:
        rows = [_shown(notice, with_id=failed) for notice in notices]
        print_rows(("time (UTC)", "state", "watch", "action"), rows)


def _notice_row(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "time": iso_millis(notice.created),
        "watch": notice.watch_id,
        "action": notice.action_id,
        "key": notice.key,
        "about": notice.about,
        "state": notice.state.value,
        "gate": notice.gate,
        "attempts": notice.attempts,
        "next_attempt": iso_millis(notice.next_attempt) if notice.next_attempt else "",
        "recipients": ", ".join(notice.recipients),
        "refused": ", ".join(notice.refused),
        "reason": notice.reason,
    }


def _shown(notice: Notice, *, with_id: bool) -> tuple[Sequence[str], Sequence[str]]:
    cells = (clock_time(notice.sent or notice.created), notice.state.value, notice.watch_id, notice.action_id)
    to = f"to {', '.join(notice.recipients)}" if notice.recipients else ""
    refused = f"refused by {', '.join(notice.refused)}" if notice.refused else ""
    tried = f"tried {notice.attempts} times" if notice.attempts > 1 else ""
    again = f"looked at again at {clock_time(notice.next_attempt)}" if notice.next_attempt else ""
    became = "; ".join(filter(None, (to, refused, notice.reason, tried, again)))
    return cells, (notice.about or notice.key, became, f"wwwatch alert resend {notice.id}" if with_id else "")


def _show_executions(records: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(list(records)))
    elif not records:
        click.echo("Nothing was run yet.")
    else:
        rows = [(_run_cells(record), (_why(record),)) for record in records]
        print_rows(("time (UTC)", "watch", "state", "ms", "actions"), rows)


def _run_cells(record: dict[str, Any]) -> Sequence[str]:
    result = record["result"]
    actions = ", ".join(f"{each['id']} {each['status']}" for each in result.get("actions", []))
    took = str(result.get("execution_duration", ""))
    return clock_time(parse_iso(record["@timestamp"])), record["watch_id"], record["state"], took, actions or "-"


def _why(record: dict[str, Any]) -> str:
    reasons = [
        *record["messages"],
        *(each["reason"] for each in record["result"].get("actions", []) if "reason" in each),
    ]
    return "; ".join(reasons) or str(record["result"].get("condition", {}).get("reason", ""))
