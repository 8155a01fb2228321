"""`wwwatch alert list`: the watches and their state."""

from pathlib import Path
from typing import Any

import click

from alerts import StatusStore, Watch, read_watches
from alerts.language.schedule import describe
from wwwatch.commands.alert.common import json_option, rules_option, show
from wwwatch.roof import Roof


@click.command("list")
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
    show(rows, as_json=as_json, nothing="There are no watches.")


def _watch_row(watch: Watch, status: dict[str, Any]) -> dict[str, Any]:
    return {
        "watch": watch.id,
        "schedule": describe(watch.body.trigger.schedule),
        "actions": ", ".join(watch.body.actions),
        "state": status.get("execution_state", "awaits_execution"),
        "last_checked": status.get("last_checked", ""),
        "last_met_condition": status.get("last_met_condition", ""),
        "reason": status.get("wwwatch", {}).get("reason", ""),
    }
