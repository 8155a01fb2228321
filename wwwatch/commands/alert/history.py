"""`wwwatch alert history`: what was told, what was not, and why."""

from collections.abc import Sequence
from typing import Any

import click

from alerts import History, Notice, Records
from core.clock import iso_millis
from wwwatch.commands.alert.common import json_option, show
from wwwatch.roof import Roof


@click.command("history")
@click.option(
    "--executions", is_flag=True, help="Show what runs saw and did instead: those that told, failed or differed."
)
@click.option("--watch", help="Of this watch alone; with --executions.")
@click.option("--limit", default=20, type=click.IntRange(1, 1000), show_default=True, help="How many, newest first.")
@click.option("--failed", is_flag=True, help="Only what was not told, or not to everybody: `resend` tells it again.")
@json_option
@click.pass_obj
def history_command(
    roof: Roof, *, limit: int, failed: bool, executions: bool, watch: str | None, as_json: bool
) -> None:
    """Show what was mailed, what was not, and why.

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
        notices = history.dead(roof.clock.now(), limit) if failed else history.recent(limit)
    rows = [_notice_row(notice, with_id=failed or as_json) for notice in notices]
    show(rows, as_json=as_json, nothing="Nothing failed." if failed else "Nothing was told yet.")


def _notice_row(notice: Notice, *, with_id: bool) -> dict[str, Any]:
    return {
        **({"id": notice.id} if with_id else {}),
        "time": iso_millis(notice.created),
        "watch": notice.watch_id,
        "action": notice.action_id,
        "key": notice.key,
        "state": notice.state.value,
        "attempts": notice.attempts,
        "next_attempt": iso_millis(notice.next_attempt) if notice.next_attempt else "",
        "recipients": ", ".join(notice.recipients),
        **({"refused": ", ".join(notice.refused)} if with_id else {}),
        "reason": notice.reason,
    }


def _show_executions(records: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    rows = [
        {
            "time": record["@timestamp"],
            "watch": record["watch_id"],
            "state": record["state"],
            "ms": record["result"].get("execution_duration", ""),
            "actions": ", ".join(f"{each['id']} {each['status']}" for each in record["result"].get("actions", [])),
            "reason": _why(record),
            "node": record["node"],
        }
        for record in records
    ]
    show(list(records) if as_json else rows, as_json=as_json, nothing="Nothing was run yet.")


def _why(record: dict[str, Any]) -> str:
    reasons = [
        *record["messages"],
        *(each["reason"] for each in record["result"].get("actions", []) if "reason" in each),
    ]
    return "; ".join(reasons) or str(record["result"].get("condition", {}).get("reason", ""))
