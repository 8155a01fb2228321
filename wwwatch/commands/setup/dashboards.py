"""`wwwatch setup --kibana`: dashboards into Kibana, or into a file."""

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


def import_objects(roof: Roof, url: str, *, dry_run: bool) -> None:
    """Import everything, or say what would be."""
    kibana, objects = Kibana(access_of(roof.settings.kibana, url)), our_objects(roof)
    version = check_version(kibana)
    where = f"{url}, space {roof.settings.kibana.space}" if roof.settings.kibana.space else url
    if dry_run:
        click.echo(printable(f"{len(objects)} objects to import into Kibana {version} at {where}:"))
        for each in objects:
            click.echo(printable(f"  {each.type:<14}{each.id}"))
        return
    done = install(kibana, objects)
    click.echo(printable(f"{done.count} objects imported into Kibana {version} at {where}."))
    for ours, theirs in done.moved.items():
        click.echo(printable(f"  {ours} is {theirs} there: links of ours do not know that; use a prefix of its own."))
