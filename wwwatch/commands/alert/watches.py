"""`wwwatch alert list` and `show`: the watches and their state."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from elasticsearch import Elasticsearch

from alerts import Library, StatusStore, build_library, read_watches
from alerts.engine.records import masked
from alerts.language.schedule import describe
from core.clock import parse_iso
from core.text import printable
from wwwatch.commands.alert.common import json_option, rules_option
from wwwatch.roof import Roof
from wwwatch.tables import ago, clock_time, print_rows


@click.command("list")
@rules_option
@json_option
@click.pass_obj
def list_command(roof: Roof, *, rules: tuple[Path, ...], as_json: bool) -> None:
    """List the watches: what each is for, when it last ran, and when its condition was last met.

    \b
    Example:
      wwwatch alert list
    """
    with roof.es() as client:
        library = library_of(roof, client, rules)
        store = StatusStore(client)
        rows = [_row(library, name, store.get(name)) for name in sorted({*library.watches, *library.problems})]
    if as_json:
        click.echo(json.dumps(rows))
        return
    now = roof.clock.now()
    print_rows(("watch", "schedule", "state", "last run", "last met"), [_listed(row, now) for row in rows])
    for name in sorted(library.hidden):
        click.echo(printable(f"{name} is in Elasticsearch, too: the file is run."))


@click.command("show", short_help="Show a watch and its state.")
@click.argument("watch")
@rules_option
@json_option
@click.pass_obj
def show_command(roof: Roof, *, watch: str, rules: tuple[Path, ...], as_json: bool) -> None:
    """Show a watch and its state: which action waits, is ackable or acked.

    \b
    Example:
      wwwatch alert show incident
    """
    with roof.es() as client:
        library = library_of(roof, client, rules)
        found = library.find(watch)
        status = StatusStore(client).get(watch)
    body = masked(found.body.model_dump(mode="json", by_alias=True, exclude_unset=True))
    if as_json:
        click.echo(json.dumps({"_id": watch, "watch": body, "status": status}))
        return
    for name, value in _row(library, watch, status).items():
        click.echo(printable(f"{name.replace('_', ' '):14}{value or '-'}"))
    click.echo()
    headings = ("action", "does", "ack", "last execution", "successful", "last throttle")
    print_rows(headings, [_shown(row) for row in _action_rows(found.body.actions, status)])
    click.echo()
    click.echo("\n".join(printable(line) for line in json.dumps(body, indent=2, ensure_ascii=False).splitlines()))


def library_of(roof: Roof, client: Elasticsearch, rules: tuple[Path, ...]) -> Library:
    """Return the watches of files and of Elasticsearch."""
    return build_library(read_watches(rules), StatusStore(client).stored(), roof.settings.smtp)


def _row(library: Library, name: str, status: dict[str, Any]) -> dict[str, Any]:
    row = {"watch": name, "description": "", "schedule": "", "actions": "", "from": library.sources.get(name, "")}
    if name in library.problems:
        return {**row, "state": "malformed", "last_checked": "", "last_met": "", "reason": library.problems[name]}
    watch = library.watches[name]
    body = watch.body
    active = status.get("state", {}).get("active", True)
    return {
        **row,
        "description": str(watch.metadata.get("description", "")),
        "schedule": describe(body.trigger.schedule),
        "actions": ", ".join(body.actions),
        "state": status.get("execution_state", "awaits_execution") if active else "inactive",
        "last_checked": status.get("last_checked", ""),
        "last_met": status.get("last_met_condition", ""),
        "reason": status.get("wwwatch", {}).get("reason", ""),
    }


def _listed(row: Mapping[str, str], now: datetime) -> tuple[Sequence[str], Sequence[str]]:
    last = [ago(parse_iso(row[name]) if row[name] else None, now) for name in ("last_checked", "last_met")]
    source = "" if row["from"] == "shipped" else f"from {row['from']}"
    trouble = row["reason"] if row["state"] in ("failed", "malformed") else ""
    return (row["watch"], row["schedule"], row["state"], *last), (row["description"], source, trouble)


def _shown(row: Mapping[str, str]) -> tuple[Sequence[str], Sequence[str]]:
    times = {name: row[name] and clock_time(parse_iso(row[name])) for name in ("last_execution", "last_throttle")}
    cells = [value or "-" for name, value in {**row, **times}.items() if name != "reason"]
    return cells, (row["reason"],)


def _action_rows(actions: Any, status: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for name, action in actions.items():
        said = status.get("actions", {}).get(name, {})
        last = said.get("last_execution", {})
        rows.append(
            {
                "action": name,
                "does": action.kind,
                "ack": said.get("ack", {}).get("state", "awaits_successful_execution"),
                "last_execution": last.get("timestamp", ""),
                "successful": "" if not last else "yes" if last.get("successful") else "no",
                "last_throttle": said.get("last_throttle", {}).get("timestamp", ""),
                "reason": last.get("reason", "") or said.get("last_throttle", {}).get("reason", ""),
            }
        )
    return rows
