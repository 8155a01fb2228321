"""`wwwatch alert resend`: dead letters once more."""

import json

import click

from alerts import History
from alerts.notices.resend import resend
from core.text import printable
from wwwatch.commands.alert.common import json_option
from wwwatch.roof import Roof

_MOST = 1000


@click.command("resend")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Everything that `history --failed` shows.")
@json_option
@click.pass_context
def resend_command(ctx: click.Context, *, ids: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Tell again what failed, once its cause is put right; who has got it already does not get it again.

    The engine tells it with its next look. Exits with 1 when one of the ids cannot be told again.

    \b
    Example:
      wwwatch alert history --failed
      wwwatch alert resend 5f1d0c6a9b3e72d48c10
    """
    if bool(ids) == everything:
        raise click.UsageError("give ids as `wwwatch alert history --failed` shows them, or --all")
    roof: Roof = ctx.obj
    now = roof.clock.now()
    with roof.es() as client:
        history = History(client)
        wanted = [notice.id for notice in history.dead(now, _MOST)] if everything else ids
        resent = resend(history, wanted, now)
    if as_json:
        click.echo(json.dumps({"resent": [notice.id for notice in resent.notices], "left": resent.left}))
    else:
        click.echo(f"{len(resent.notices)} will be told again by the running engine.")
        for name, why in resent.left.items():
            click.echo(f"{printable(name)} is left: {printable(why)}.", err=True)
    if resent.left and not everything:
        ctx.exit(1)
