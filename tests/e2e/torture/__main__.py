"""`make torture`: the long run, and its figures as a table for docs/benchmarks.md.

python -m tests.e2e.torture [--minutes 10] [--seed 1] [--kinds rename,copytruncate] [--keep FOLDER]
"""

import sys
import tempfile
from pathlib import Path

import click

from core.settings import Settings
from tests.e2e.torture.course import Plan, Torture
from tests.e2e.torture.rotations import KINDS


@click.command()
@click.option(
    "--minutes", default=10.0, show_default=True, envvar="TORTURE_MINUTES", help="How long lines are written."
)
@click.option("--seed", default=1, show_default=True, envvar="TORTURE_SEED", help="The dice.")
@click.option("--restarts", default=4, show_default=True, help="How often Elasticsearch goes down.")
@click.option("--rate", default=40.0, show_default=True, help="Lines per second of each log.")
@click.option("--kinds", default=",".join(KINDS), show_default=True, help="Kinds of rotation.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder that stays; default: a temporary one.")
def main(*, minutes: float, seed: int, restarts: int, rate: float, kinds: str, keep: Path | None) -> None:
    """Torture the shipper, and print what became of every line."""
    plan = Plan(minutes * 60, seed, restarts, rate=rate, kinds=tuple(kinds.split(",")))
    with tempfile.TemporaryDirectory() as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        torture = Torture(plan, folder, Settings().cache)
        try:
            report = torture.run(click.echo)
        finally:
            torture.close()
    click.echo(report.table())
    for complaint in report.complaints:
        click.echo(complaint, err=True)
    sys.exit(bool(report.complaints))


if __name__ == "__main__":
    main()
