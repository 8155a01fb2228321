"""`wwwatch setup --kibana`: dashboards into Kibana, or into a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from core.errors import KibanaError
from core.text import printable
from kibana.compile.objects import build_objects
from kibana.compile.saved import SavedObject, pack
from kibana.install.install import check_version, install
from kibana.install.server import Kibana
from kibana.source.files import read_sources
from wwwatch.kibana_access import access_of, options_of
from wwwatch.roof import Roof


def our_objects(roof: Roof) -> list[SavedObject]:
    """Return all objects with the settings' prefix and index patterns."""
    return build_objects(read_sources(), options_of(roof.settings.kibana))


def export_objects(roof: Roof, path: Path) -> None:
    """Write the file that Kibana's own import page takes: Stack Management, Saved Objects, Import."""
    objects = our_objects(roof)
    try:
        path.write_text(pack(objects), "utf-8")
    except OSError as error:
        raise KibanaError(f"cannot write {path}: {error}", "choose another place") from error
    click.echo(f"{len(objects)} objects written to {printable(str(path))}; import it under Saved Objects in Kibana.")


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported, or would be.

    Attributes:
        objects: All of ours.
        version: Kibana's.
        where: Its address and space, for people.
        moved: Our ids to those that Kibana gave in their place.
        is_done: Whether they were imported.
    """

    objects: tuple[SavedObject, ...]
    version: str
    where: str
    moved: Mapping[str, str]
    is_done: bool

    def rows(self) -> list[dict[str, str]]:
        """Return an object's kind, name, action and why each, as `setup --json` lists Elasticsearch's."""
        why = f"Kibana {self.version} at {self.where}"
        names = [(each.type, self.moved.get(each.id, each.id)) for each in self.objects]
        return [{"kind": kind, "name": name, "action": "import", "why": why} for kind, name in names]

    def tell(self) -> None:
        """Say it to a person."""
        to_kibana = f"into Kibana {self.version} at {self.where}"
        if not self.is_done:
            click.echo(printable(f"{len(self.objects)} objects to import {to_kibana}:"))
            for each in self.objects:
                click.echo(printable(f"  {each.type:<14}{each.id}"))
            return
        click.echo(printable(f"{len(self.objects)} objects imported {to_kibana}."))
        for ours, theirs in self.moved.items():
            click.echo(
                printable(f"  {ours} is {theirs} there: links of ours do not know that; use a prefix of its own.")
            )


def import_objects(roof: Roof, url: str, *, dry_run: bool) -> Imported:
    """Import everything, or find out what would be."""
    kibana, objects = Kibana(access_of(roof.settings.kibana, url)), our_objects(roof)
    version = check_version(kibana)
    where = f"{url}, space {roof.settings.kibana.space}" if roof.settings.kibana.space else url
    moved = {} if dry_run else install(kibana, objects).moved
    return Imported(tuple(objects), version, where, moved, is_done=not dry_run)
