"""`wwwatch demo`: all of it, at once, on this machine."""

import sys
from pathlib import Path

import click
from rich.console import Console

from core.errors import SettingsError
from core.node import running_url
from wwwatch.roof import Roof


@click.command()
@click.option(
    "--minutes",
    type=click.FloatRange(min=1, max=60),
    default=2.5,
    show_default=True,
    help="How long visitors and attackers come.",
)
@click.option("--seed", type=int, default=7, show_default=True, help="Who comes and what they do.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where everything is kept; emptied first.")
@click.pass_obj
def command(roof: Roof, *, minutes: float, seed: int, folder: Path | None) -> None:
    """See everything work: a real Elasticsearch, a www server, visitors, five attacks, and the mails that tell of them.

    Nothing has to be configured, and nothing outside this machine is touched. Exits with 1 when an attack was missed or
    a line lost.

    \b
    Example:
      wwwatch demo
      wwwatch demo --minutes 5 --seed 11
    """
    from wwwatch.demo.run import MARK, Demo  # noqa: PLC0415 - its packages are extras

    place = (folder or roof.settings.state / "demo").absolute()
    if folder and place.exists() and not (place / MARK).exists() and (not place.is_dir() or any(place.iterdir())):
        raise SettingsError(f"{place} is something else than an earlier demo", "name an empty folder")
    if running_url(place):
        raise SettingsError(f"a demo runs in {place}", "end it first, or name another folder")
    is_good = Demo(roof.settings, place, roof.clock, roof.stop).run(minutes, seed, Console())
    sys.exit(0 if is_good else 1)
