"""`wwwatch incidents label`, `ack` and `close`: what she says of an incident."""

import getpass
import json
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click

from alerts.verdicts.store import STATES, Action, Saying, Verdicts
from alerts.verdicts.verdict import Verdict
from core.clock import iso_millis
from core.text import printable
from wwwatch.durations import read_duration
from wwwatch.roof import Roof


def _saying_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON."),
        click.option("--by", help="Who says so; default: you, at this machine."),
        click.option("--note", default="", help="Why; shown with the incident and where it mutes another one."),
        click.argument("incident_id", metavar="ID"),
    ):
        function = option(function)
    return function


@click.command("label")
@click.option(
    "--for", "mutes", callback=read_duration, help="How long a false alarm mutes, e.g. 2w; default: alert.mute_days."
)
@_saying_options
@click.argument("verdict", type=click.Choice(["true", "false"]))
@click.pass_obj
def label_command(
    roof: Roof, *, incident_id: str, verdict: str, note: str, by: str | None, mutes: timedelta | None, as_json: bool
) -> None:
    """Say that an incident was a true or a false alarm.

    A true one is acknowledged. A false one is closed, and mutes what is alike for a while: the same kind at the same
    site, by the same clients or with the same user agent and path; what is graver is mailed all the same. `wwwatch
    train` learns from both.

    \b
    Example:
      wwwatch incidents label 3f2a9c false --note "our own monitoring"
      wwwatch incidents label 3f2a9c true
    """
    _say(roof, incident_id, Action(verdict), note, by, mutes=mutes, as_json=as_json)


@click.command("ack")
@_saying_options
@click.pass_obj
def ack_command(roof: Roof, *, incident_id: str, note: str, by: str | None, as_json: bool) -> None:
    """Acknowledge an incident: you are mailed again only if it gets graver.

    \b
    Example:
      wwwatch incidents ack 3f2a9c
    """
    _say(roof, incident_id, Action.ACK, note, by, as_json=as_json)


@click.command("close")
@_saying_options
@click.pass_obj
def close_command(roof: Roof, *, incident_id: str, note: str, by: str | None, as_json: bool) -> None:
    """Close an incident; what its clients do in a new visit is a new incident.

    \b
    Example:
      wwwatch incidents close 3f2a9c --note "blocked at the firewall"
    """
    _say(roof, incident_id, Action.CLOSE, note, by, as_json=as_json)


def _say(
    roof: Roof,
    incident_id: str,
    action: Action,
    note: str,
    by: str | None,
    *,
    mutes: timedelta | None = None,
    as_json: bool,
) -> None:
    period = mutes or timedelta(days=roof.settings.alert.mute_days)
    with roof.es() as client:
        saying = Saying(action, by or _me(), note, period)
        verdict = Verdicts(client).say(incident_id, saying, roof.clock.now())
    if as_json:
        click.echo(json.dumps(verdict.document()))
    else:
        click.echo(printable(_sentence(incident_id, action, verdict)))


def _sentence(incident_id: str, action: Action, verdict: Verdict) -> str:
    words: dict[Any, str] = {Action.TRUE: "a true alarm, ", Action.FALSE: "a false alarm, "}
    until = f"; what is alike is muted until {iso_millis(verdict.mutes_until)[:16]}Z" if verdict.mutes_until else ""
    return f"{incident_id} is {words.get(action, '')}{STATES[action]}{until}."


def _me() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # an account without a name, as containers have
        return f"somebody@{socket.gethostname()}"
