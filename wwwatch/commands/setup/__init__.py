"""`wwwatch setup`: templates and indices into Elasticsearch."""

import json
import re
from collections import Counter
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from core.errors import StoreError
from core.text import printable
from es_templates import AS_IT_SHOULD_BE, Change, apply, plan
from wwwatch.roof import Roof
from wwwatch.tables import print_table

STYLES = {"create": "green", "update": "yellow", "manual": "red", "none": "dim"}
DONE = {"create": "created", "update": "updated", "manual": "left to you", "none": "unchanged"}
NAMESPACE = r"[a-z0-9_.]{1,100}"
TO_DO = {"create": "to create", "update": "to update", "manual": "up to you", "none": "unchanged"}


def _checked_namespace(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    # A wildcard or a comma would reach data streams that are not ours.
    if value is not None and not re.fullmatch(NAMESPACE, value):
        raise click.BadParameter("use lower-case letters, digits, '_' and '.'", context, option)
    return value


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option(
    "--namespace",
    callback=_checked_namespace,
    help="Look at this namespace's data stream alone; default: at all of them.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON list: kind, name, action, why; Kibana's objects, too."
)
@click.option("--kibana", "kibana_url", metavar="URL", help="Install the dashboards there, too; default: kibana.url.")
@click.option("--export", type=click.Path(dir_okay=False, path_type=Path), help="Write the dashboards there instead.")
@click.option("--remove", "is_removal", is_flag=True, help="Take everything of ours away; asks twice.")
@click.option("--data", is_flag=True, help="With --remove: delete logs, incidents, models and history, too.")
@click.option("--yes", is_flag=True, help="With --remove: do not ask.")
@click.pass_obj
def command(
    roof: Roof,
    *,
    dry_run: bool,
    namespace: str | None,
    as_json: bool,
    kibana_url: str | None,
    export: Path | None,
    is_removal: bool,
    data: bool,
    yes: bool,
) -> None:
    """Put templates, retention and indices into Elasticsearch, and dashboards into Kibana; again after every upgrade.

    It changes what is missing, older or edited, and nothing else. Settings of your own belong into the component
    templates that end in @custom, e.g. logs-www.access@custom: setup reads those and never writes them.

    \b
    Example:
      wwwatch setup --dry-run
      wwwatch setup
      wwwatch setup --kibana https://kibana.example.org
      wwwatch setup --export dashboards.ndjson
    """
    from wwwatch.commands.setup.dashboards import export_objects, import_objects  # noqa: PLC0415 - seldom needed
    from wwwatch.commands.setup.removal import take_away  # noqa: PLC0415

    url = kibana_url or roof.settings.kibana.url
    if export is not None:
        export_objects(roof, export)
        return
    if is_removal:
        take_away(roof, url, data=data, yes=yes)
        return
    with roof.es() as client:
        changes = plan(client, namespace=namespace)
        if not dry_run:
            apply(client, changes)
    if not as_json:
        _show(changes, TO_DO if dry_run else DONE)
    imported = import_objects(roof, url, dry_run=dry_run) if url else None
    if as_json:
        fields = ("kind", "name", "action", "why")
        rows = [{name: getattr(change, name) for name in fields} for change in changes]
        click.echo(json.dumps(rows + (imported.rows() if imported else []), indent=2))
    elif imported:
        imported.tell()
    left = [change.name for change in changes if change.action == "manual"]
    if left and not dry_run:
        raise StoreError(f"setup could not change {printable(', '.join(left))}", "see the reasons above")


def _show(changes: list[Change], words: dict[str, str]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    told = [change for change in changes if change.why != AS_IT_SHOULD_BE]
    for change in told:
        cells = (words[change.action], change.kind, change.name, change.why)
        table.add_row(*(Text(printable(cell)) for cell in cells), style=STYLES[change.action])
    if told:
        print_table(table)
    counts = Counter(words[change.action] for change in changes)
    click.echo(f"{len(changes)} objects: {', '.join(f'{count} {word}' for word, count in counts.items())}.")
