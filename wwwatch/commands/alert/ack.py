"""`wwwatch alert ack`, `activate` and `deactivate`: what a watch is told by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from alerts import StatusStore, Watch
from alerts.engine.status import Ack, ack_of, acknowledge, activate, is_active
from core.errors import RuleError
from core.text import printable
from wwwatch.commands.alert.common import json_option, rules_option
from wwwatch.commands.alert.watches import library_of
from wwwatch.roof import Roof


@click.command("ack", short_help="Keep what was told quiet while it lasts.")
@click.argument("watch")
@click.argument("action", required=False)
@rules_option
@json_option
@click.pass_obj
def ack_command(roof: Roof, *, watch: str, action: str | None, rules: tuple[Path, ...], as_json: bool) -> None:
    """Keep a watch's actions quiet until its condition is no longer met.

    Only an action that was done can be acked; without ACTION every such action is. Exit code 1: there was none.

    \b
    Example:
      wwwatch alert ack incident mail
    """
    found, status = _changed(roof, watch, rules, lambda it: _ack(it, action, roof))
    wanted = [action] if action else list(found.body.actions)
    acked = [name for name in wanted if ack_of(status, name) is Ack.ACKED]
    if as_json:
        click.echo(json.dumps({"_id": watch, "acked": acked, "status": status}))
    elif acked:
        click.echo(printable(f"{watch}: {', '.join(acked)} is quiet until the condition is no longer met."))
    if not acked:
        what = f"no action of {watch} can be acked: {', '.join(f'{each} {ack_of(status, each)}' for each in wanted)}"
        raise RuleError(what or f"{watch} has no actions", "only what was done can be acked")


@click.command("activate")
@click.argument("watch")
@rules_option
@json_option
@click.pass_obj
def activate_command(roof: Roof, *, watch: str, rules: tuple[Path, ...], as_json: bool) -> None:
    """Let a watch run on its schedule again.

    \b
    Example:
      wwwatch alert activate incident
    """
    _set_active(roof, watch, rules, active=True, as_json=as_json)


@click.command("deactivate")
@click.argument("watch")
@rules_option
@json_option
@click.pass_obj
def deactivate_command(roof: Roof, *, watch: str, rules: tuple[Path, ...], as_json: bool) -> None:
    """Keep a watch from running until it is activated.

    \b
    Example:
      wwwatch alert deactivate incident
    """
    _set_active(roof, watch, rules, active=False, as_json=as_json)


def _set_active(roof: Roof, watch: str, rules: tuple[Path, ...], *, active: bool, as_json: bool) -> None:
    now = roof.clock.now()
    _, status = _changed(roof, watch, rules, lambda _: lambda was: activate(was, now, active=active))
    if as_json:
        click.echo(json.dumps({"_id": watch, "active": is_active(status), "status": status}))
    else:
        said = "runs on its schedule" if active else "does not run until it is activated"
        click.echo(printable(f"{watch} {said}."))


def _ack(watch: Watch, action: str | None, roof: Roof) -> Callable[[dict[str, Any]], dict[str, Any]]:
    if action is not None and action not in watch.body.actions:
        raise RuleError(f"the watch {watch.id} has no action {action!r}", f"it has: {', '.join(watch.body.actions)}")
    names = [action] if action else list(watch.body.actions)
    return lambda was: acknowledge(was, names, roof.clock.now())


def _changed(
    roof: Roof,
    name: str,
    rules: tuple[Path, ...],
    change: Callable[[Watch], Callable[[dict[str, Any]], dict[str, Any]]],
) -> tuple[Watch, dict[str, Any]]:
    with roof.es() as client:
        watch = library_of(roof, client, rules).find(name)
        return watch, StatusStore(client).change(name, change(watch), roof.clock.now())
