"""`wwwatch alert history`: what was told, what was not, and why."""

from typing import Any

import click

from alerts import History, Notice
from core.clock import iso_millis
from wwwatch.commands.alert.common import json_option, show
from wwwatch.roof import Roof


@click.command("history")
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
    show(rows, as_json=as_json, nothing="Nothing was told yet.")


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
