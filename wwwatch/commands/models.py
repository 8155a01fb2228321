"""`wwwatch models`: the registry."""

import json

import click

from detector.registry import list_models, set_live
from wwwatch.roof import Roof


@click.group()
def command() -> None:
    """List trained models, and choose the live one.

    \b
    Example:
      wwwatch models list
      wwwatch models use 3f2a77…
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print digests and cards as JSON lines.")
@click.pass_obj
def list_command(roof: Roof, *, as_json: bool) -> None:
    """List the stored models, newest first."""
    with roof.es() as client:
        entries = list_models(client)
    for entry in entries:
        if as_json:
            click.echo(json.dumps({"digest": entry.digest, "live": entry.is_live, "card": entry.card}))
        else:
            mark = "live" if entry.is_live else "    "
            click.echo(f"{mark}  {entry.created}  {entry.digest}  history of {entry.card['history_sessions']} sessions")
    if not entries and not as_json:
        click.echo("no models yet: run `wwwatch train`")


@command.command("use")
@click.argument("digest")
@click.pass_obj
def use_command(roof: Roof, digest: str) -> None:
    """Make a stored model the live one, by its whole digest; detectors take it at their next start."""
    with roof.es() as client:
        set_live(client, digest, now=roof.clock.now())
    click.echo(f"model {digest[:12]} is live; restart the detector to use it")
