"""`wwwatch alert serve`: the page behind the links in mails."""

from datetime import timedelta

import click

from alerts.verdicts.links import Signer
from alerts.verdicts.server import VerdictServer
from alerts.verdicts.store import Verdicts
from core.errors import SettingsError
from core.text import printable
from wwwatch.roof import Roof


@click.command("serve")
@click.option(
    "--listen", default="127.0.0.1:8117", metavar="HOST:PORT", show_default=True, help="Where; port 0 picks a free one."
)
@click.pass_obj
def serve_command(roof: Roof, *, listen: str) -> None:
    """Serve the page behind the links in mails, until stopped.

    The page asks for a click, and only the click says that an incident was true or false, or closes it. Put a reverse
    proxy with TLS before it, and set alert.link_url to where that is reached and alert.link_key to a long secret.

    \b
    Example:
      wwwatch alert serve
      wwwatch alert serve --listen 127.0.0.1:9000
    """
    settings = roof.settings.alert
    if not settings.link_url or settings.link_key is None:
        raise SettingsError("links need an address and a key", "set alert.link_url and alert.link_key in wwwatch.yml")
    signer = Signer(settings.link_url, settings.link_key.get_secret_value())
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:  # noqa: PLR2004 - the highest port
        raise click.BadParameter("write it as HOST:PORT, e.g. 127.0.0.1:8117", param_hint="--listen")
    with roof.es() as client:
        mutes = timedelta(days=settings.mute_days)
        server = VerdictServer(Verdicts(client), signer, roof.clock, (host, int(port)), mutes=mutes)
        where, number = server.address
        click.echo(printable(f"listening at http://{where}:{number}, for {settings.link_url}"))
        server.run(roof.stop)
