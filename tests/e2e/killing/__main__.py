"""The long course: python -m tests.e2e.killing [--incidents 1000] [--kills 100]; exits with 1 on complaints."""

import sys
import tempfile
from pathlib import Path

import click

from core.client import connect
from core.node import EmbeddedNode
from core.settings import EsSettings, NodeSettings, Settings
from es_templates import apply, plan
from tests.e2e.killing.course import Course, Plan


@click.command()
@click.option("--incidents", default=1000, show_default=True, help="How many.")
@click.option("--kills", default=100, show_default=True, help="How often the engine is killed.")
@click.option("--seed", default=1, show_default=True, help="The dice.")
def main(*, incidents: int, kills: int, seed: int) -> None:
    """Kill the engine that mails incidents again and again, and count the mails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        node = EmbeddedNode(NodeSettings(), cache=Settings().cache, state=folder, temporary=True)
        with node, connect(EsSettings(url=node.url)) as client:
            apply(client, plan(client))
            report = Course(Plan(incidents, kills, seed), client, node.url, folder).run(click.echo)
    click.echo(str(report))
    for complaint in report.complaints:
        click.echo(complaint, err=True)
    sys.exit(bool(report.complaints))


if __name__ == "__main__":
    main()
