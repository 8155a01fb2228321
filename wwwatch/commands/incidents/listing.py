"""`wwwatch incidents list` and `show`: what is wrong, why, what was mailed, and what she said of it."""

import json
from contextlib import suppress
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts import History, Notice
from alerts.verdicts.store import Verdicts
from alerts.verdicts.verdict import Verdict
from core.client import es_errors
from core.clock import iso_millis
from core.documents import INCIDENTS, STATE
from core.errors import StoreError
from core.severity import whole_score
from core.text import printable
from wwwatch.kibana_access import incident_links
from wwwatch.roof import Roof
from wwwatch.tables import print_table

_NOTICES = 20
_CANARIES = {"index": STATE, "id": "canary", "path": "wwwatch.state.value.user_agents"}
"""Where alerts/canary keeps the marks of the attacks that wwwatch sends to itself."""
_OPEN = {
    "bool": {
        "filter": [{"terms": {"wwwatch.incident.state": ["open", "acknowledged"]}}],
        "must_not": [{"terms": {"user_agent.original": _CANARIES}}],
    }
}
SAID = {"true": "a true alarm", "false": "a false alarm", "ack": "acknowledged", "close": "closed"}
"""What was said, in words."""
STYLES = {"critical": "bold red", "major": "red", "minor": "yellow", "warning": "dim"}


@click.command("list")
@click.option("--all", "also_closed", is_flag=True, help="Closed ones and canaries, too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print the documents as JSON lines.")
@click.pass_obj
def list_command(roof: Roof, *, also_closed: bool, limit: int, as_json: bool) -> None:
    """List incidents, the latest first.

    \b
    Example:
      wwwatch incidents list --all --limit 50
    """
    query = {"match_all": {}} if also_closed else _OPEN
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


@click.command("show")
@click.argument("incident_id")
@click.option("--json", "as_json", is_flag=True, help="Print the document as JSON.")
@click.pass_obj
def show_command(roof: Roof, incident_id: str, *, as_json: bool) -> None:
    """Show one incident: who, since when, why, the first raw lines, the mails about it, and what was said of it.

    \b
    Example:
      wwwatch incidents show 41d7c0b6a59e2f8810cc
    """
    with roof.es() as client:
        verdicts = Verdicts(client)
        document = verdicts.incident(incident_id)
        said, told = None, []
        with suppress(StoreError):  # set up by an earlier version: there is nothing to show yet
            said, told = verdicts.get(incident_id), History(client).about(incident_id, _NOTICES)
    if as_json:
        own = {"verdict": said.document()} if said else {}
        click.echo(json.dumps({**document, **own}, indent=2))
        return
    _show(document)
    _show_notices(told)
    _show_verdict(said, document["wwwatch"]["incident"]["id"])
    for label, url in incident_links(roof.settings.kibana, document).items():
        click.echo(printable(f"{label}: {url}"))


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
        table.add_row(*(Text(printable(cell)) for cell in cells), style=STYLES.get(own["severity"], ""))
    print_table(table)


def _show(document: dict[str, Any]) -> None:
    own, event = document["wwwatch"]["incident"], document["event"]
    console = Console(highlight=False)
    console.print(Text(printable(document["message"])), style=STYLES.get(own["severity"], ""))
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


def _show_notices(notices: list[Notice]) -> None:
    console = Console(highlight=False)
    console.print("mails", style="bold")
    for notice in reversed(notices):
        to = f" to {', '.join(notice.recipients)}" if notice.recipients else ""
        when = iso_millis(notice.sent or notice.created)[:19]
        line = f"  {when}Z  {notice.state.value}{to}: {notice.reason or notice.key}"
        console.print(Text(printable(line)), soft_wrap=not console.is_terminal)
    if not notices:
        console.print("  none")


def _show_verdict(verdict: Verdict | None, incident_id: str) -> None:
    console = Console(highlight=False)
    console.print("verdict", style="bold")
    for each in verdict.done if verdict else ():
        note = f": {each['note']}" if each.get("note") else ""
        line = f"  {each['at'][:19]}Z  {SAID.get(each['action'], each['action'])}, by {each['by']}{note}"
        console.print(Text(printable(line)), soft_wrap=not console.is_terminal)
    if verdict and verdict.mutes_until:
        console.print(Text(f"  what is alike is muted until {iso_millis(verdict.mutes_until)[:10]}"))
    if verdict is None or verdict.verdict is None:
        name = printable(incident_id)
        console.print(Text(f"  none yet: wwwatch incidents label {name} true|false, or ack, or close"), soft_wrap=True)
