"""`wwwatch alert execute`: one watch, by hand, as Watcher's `_execute` does it."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from alerts import Engine, Mailer, Mode, Order, Trigger, read_watch
from alerts.engine.order import ALL
from core.clock import parse_iso
from core.text import printable
from wwwatch.commands.alert.common import json_option, rules_option
from wwwatch.commands.alert.watches import library_of
from wwwatch.roof import Roof

_LINES = 12


@click.command("execute", short_help="Run one watch by hand and show what it would tell.")
@click.argument("watch")
@click.option("--trigger-time", metavar="TIME", help="When it was due, ISO 8601; default: now.")
@click.option("--alternative-input", type=click.Path(path_type=Path, exists=True), help="JSON that the input yields.")
@click.option("--ignore-condition", is_flag=True, help="Act although the condition is not met.")
@click.option(
    "--action-mode",
    "modes",
    multiple=True,
    metavar="NAME=MODE",
    help="simulate, force_simulate, execute, force_execute or skip, for an action or for _all; default: _all=simulate.",
)
@click.option("--record", is_flag=True, help="Let status and history know of it.")
@rules_option
@json_option
@click.pass_context
def execute_command(
    ctx: click.Context, /, *, watch: str, rules: tuple[Path, ...], as_json: bool, **wishes: Any
) -> None:
    """Run a watch once, now, and show what it saw and would do; nothing is told unless an action's mode says execute.

    WATCH is a name, or a file that ends with .json. Exit code 1: the run, or an action, failed.

    \b
    Example:
      wwwatch alert execute incident
      wwwatch alert execute incident --ignore-condition --action-mode mail=force_execute
    """
    roof: Roof = ctx.obj
    with roof.es() as client:
        found = read_watch(Path(watch)) if watch.endswith(".json") else library_of(roof, client, rules).find(watch)
        engine = Engine(client, [found], Mailer(roof.settings.smtp), roof.settings, roof.clock)
        record = engine.execute(found, _order(roof, **wishes))
    if as_json:
        click.echo(json.dumps(record))
    else:
        _show(record)
    failed = [each for each in record["result"]["actions"] if each["status"] in ("failure", "partial_failure")]
    if record["state"] == "failed" or failed:
        ctx.exit(1)


def _order(
    roof: Roof,
    trigger_time: str | None,
    alternative_input: Path | None,
    modes: tuple[str, ...],
    *,
    ignore_condition: bool,
    record: bool,
) -> Order:
    now = roof.clock.now()
    payload = None
    if alternative_input is not None:
        try:
            payload = json.loads(alternative_input.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise click.UsageError(f"--alternative-input {alternative_input} is no JSON: {error}") from error
        if not isinstance(payload, dict):
            raise click.UsageError("--alternative-input takes a JSON object")
    trigger = Trigger(now, _moment(trigger_time) or now, "manual")
    return Order(trigger, payload, ignore_condition=ignore_condition, modes=_modes(modes), is_kept=record)


def _moment(text: str | None) -> datetime | None:
    try:
        return parse_iso(text) if text else None
    except ValueError as error:
        raise click.UsageError("--trigger-time takes a time as 2026-01-31T08:15:00Z") from error


def _modes(texts: tuple[str, ...]) -> Mapping[str, Mode]:
    modes = {ALL: Mode.SIMULATE}
    for text in texts:
        name, _, mode = text.rpartition("=")
        if mode not in set(Mode) or not name:
            raise click.UsageError(f"--action-mode {text}: write NAME=MODE, the mode one of {', '.join(Mode)}")
        modes[name] = Mode(mode)
    return modes


def _show(record: Mapping[str, Any]) -> None:
    result = record["result"]
    click.echo(printable(f"{record['watch_id']}: {record['state']} in {result['execution_duration']} ms"))
    for message in record["messages"]:
        click.echo(f"  {printable(message)}")
    if "input" in result:
        click.echo(f"  input      {result['input']['type']}: {_short(result['input'].get('payload', '(large)'))}")
    if "condition" in result:
        met = "met" if result["condition"]["met"] else "not met"
        click.echo(f"  condition  {met}: {printable(result['condition']['reason'])}")
    if "transform" in result:
        click.echo(
            f"  transform  {result['transform']['type']}: {_short(result['transform'].get('payload', '(large)'))}"
        )
    for action in result["actions"]:
        reason = f": {printable(action['reason'])}" if "reason" in action else ""
        click.echo(f"  action     {printable(action['id'])} ({action['type']}) {action['status']}{reason}")
        said = action.get(action["type"], {})
        for each in said.get("would_tell", said.get("told", [])):
            _show_told(each)


def _show_told(told: Mapping[str, Any]) -> None:
    text = json.dumps(told, indent=2, ensure_ascii=False) if "message" not in told else _mail(told["message"])
    lines = text.splitlines()
    for line in lines[:_LINES]:
        click.echo(f"               {printable(line)}")
    if len(lines) > _LINES:
        click.echo(f"               … {len(lines) - _LINES} more lines; --json has all")


def _mail(message: Mapping[str, Any]) -> str:
    heads = [f"{name.title()}: {message[name]}" for name in ("from", "to", "cc", "subject") if name in message]
    return "\n".join([*heads, "", message["body"].get("text", message["body"].get("html", ""))])


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return printable(text if len(text) <= 200 else f"{text[:200]}… ({len(text):,} characters)")  # noqa: PLR2004 - a line
