"""`wwwatch setup --remove`: everything of ours is taken away."""

import click

from core.text import printable
from es_templates import remove
from kibana.install.install import remove as remove_objects
from kibana.install.server import Kibana
from wwwatch.commands.setup.dashboards import our_objects
from wwwatch.kibana_access import access_of
from wwwatch.roof import Roof

_WORD = "remove"


def take_away(roof: Roof, url: str | None, *, data: bool, yes: bool) -> None:
    """Remove dashboards, templates and, if wanted, all data; asks twice unless told not to."""
    what = "dashboards, templates and ALL DATA of wwwatch" if data else "dashboards and templates of wwwatch"
    if not yes:
        click.confirm(f"Remove {what}?", abort=True)
        if click.prompt(f"To be sure, write {_WORD!r}", default="", show_default=False) != _WORD:
            raise click.Abort
    if url:
        count = remove_objects(Kibana(access_of(roof.settings.kibana, url)), our_objects(roof))
        click.echo(printable(f"{count} objects removed from {url}."))
    with roof.es() as client:
        changes = remove(client, data=data)
    for change in changes:
        if change.action != "none":
            click.echo(printable(f"{change.why:<10} {change.kind} {change.name}"))
    if not data:
        click.echo("Logs, incidents, models and history are still there; --data removes them, too.")
