"""`wwwatch alert validate`: is a file a watch that runs?"""

import json
from pathlib import Path

import click

from alerts import read_watch
from alerts.language.schedule import describe
from core.errors import RuleError
from core.text import printable
from wwwatch.commands.alert.common import json_option


@click.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@click.pass_context
def validate_command(ctx: click.Context, *, files: tuple[Path, ...], as_json: bool) -> None:
    """Check watches in files; exit with 1 when one is malformed. Nothing is run, and no Elasticsearch is needed.

    \b
    Example:
      wwwatch alert validate /etc/wwwatch/rules/*.json
    """
    rows = [_row(path) for path in files]
    if as_json:
        click.echo(json.dumps(rows))
    else:
        for row in rows:
            mark = click.style("ok   ", fg="green") if row["valid"] else click.style("wrong", fg="red")
            click.echo(f"{mark} {printable(str(row['file']))}: {printable(str(row['says']))}")
    if not all(row["valid"] for row in rows):
        ctx.exit(1)


def _row(path: Path) -> dict[str, object]:
    try:
        watch = read_watch(path)
    except RuleError as error:
        return {"file": str(path), "valid": False, "says": error.what}
    actions = ", ".join(f"{name} ({action.kind})" for name, action in watch.body.actions.items())
    return {
        "file": str(path),
        "valid": True,
        "says": f"{describe(watch.body.trigger.schedule)}; {actions or 'no actions'}",
    }
