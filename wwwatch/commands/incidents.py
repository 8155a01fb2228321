"""`wwwatch incidents`: what is wrong, and why."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.client import es_errors
from core.documents import INCIDENTS
from core.errors import StoreError, StoreMissingError
from core.severity import whole_score
from core.text import printable
from wwwatch.roof import Roof
from wwwatch.tables import print_table

STYLES = {"critical": "bold red", "major": "red", "minor": "yellow", "warning": "dim"}


@click.group()
def command() -> None:
    """List and show incidents: anomalies that belong together.

    \b
    Example:
      wwwatch incidents list
      wwwatch incidents show 3f2a
    """


@command.command("list")
@click.option("--all", "also_closed", is_flag=True, help="Closed ones too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print the documents as JSON lines.")
@click.pass_obj
def list_command(roof: Roof, *, also_closed: bool, limit: int, as_json: bool) -> None:
    """List incidents, the latest first."""
    query = {"match_all": {}} if also_closed else {"terms": {"wwwatch.incident.state": ["open", "acknowledged"]}}
    with roof.es() as client, es_errors("list the incidents"):
        client.indices.refresh(index=INCIDENTS)
        answer = client.search(index=INCIDENTS, query=query, size=limit, sort=[{"@timestamp": "desc"}])
    documents = [hit["_source"] for hit in answer["hits"]["hits"]]
    if as_json:
        for document in documents:
            click.echo(json.dumps(document))
    elif not documents:
        click.echo("no incidents" if also_closed else "no open incidents; --all shows the closed ones")
    else:
        _list(documents)


@command.command("show")
@click.argument("incident_id")
@click.option("--json", "as_json", is_flag=True, help="Print the document as JSON.")
@click.pass_obj
def show_command(roof: Roof, incident_id: str, *, as_json: bool) -> None:
    """Show one incident: who, since when, why, and the first raw lines."""
    try:
        with roof.es() as client, es_errors("read the incident"):
            document = client.get(index=INCIDENTS, id=incident_id or "-")["_source"]
    except StoreMissingError:
        raise StoreError(f"there is no incident {incident_id}", "see `wwwatch incidents list --all`") from None
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        _show(document)


def _list(documents: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("since (UTC)", "severity", "score", "state", "what", "id"):
        table.add_column(heading, no_wrap=heading != "what")
    for document in documents:
        own = document["wwwatch"]["incident"]
        cells = (
            document["event"]["start"][:19].replace("T", " "),
            own["severity"],
            str(whole_score(own["score"])),
            own["state"],
            document["message"],
            own["id"],
        )
        table.add_row(*(Text(printable(cell)) for cell in cells), style=STYLES[own["severity"]])
    print_table(table)


def _show(document: dict[str, Any]) -> None:
    own, event = document["wwwatch"]["incident"], document["event"]
    console = Console(highlight=False)
    console.print(Text(printable(document["message"])), style=STYLES[own["severity"]])
    facts = {
        "state": own["state"],
        "severity": f"{own['severity']}, score {whole_score(own['score'])} of 100",
        "since": event["start"],
        "last": event["end"],
        "who": ", ".join(document["source"]["address"][:10]) + (" …" if own["clients"] > 10 else ""),  # noqa: PLR2004
        "where": document["url"].get("domain", "") + document["url"]["path"],
    }
    for name, value in facts.items():
        console.print(Text(f"  {name:<9}{printable(value)}"))
    console.print("why", style="bold")
    for reason in document["wwwatch"]["reasons"]:
        console.print(Text(f"  - {printable(reason['sentence'])}"), soft_wrap=not console.is_terminal)
    console.print("first lines", style="bold")
    for line in document["wwwatch"]["evidence"]:
        console.print(Text(f"  {printable(line)}"), soft_wrap=True)
