"""`wwwatch alert test-mail`: does the mail arrive?"""

import json

import click

from alerts import Mailer
from alerts.mails.testmail import send_test_mail
from core.text import printable
from wwwatch.commands.alert.common import json_option
from wwwatch.roof import Roof


@click.command("test-mail")
@json_option
@click.pass_obj
def test_mail_command(roof: Roof, *, as_json: bool) -> None:
    """Send an example of the mail to smtp.to, so that you know it arrives.

    \b
    Example:
      WWWATCH_SMTP_HOST=mail.example.org wwwatch alert test-mail
    """
    accepted = send_test_mail(Mailer(roof.settings.smtp), roof.clock.now())
    if as_json:
        click.echo(json.dumps({"recipients": accepted}))
        return
    server = f"{roof.settings.smtp.host}:{roof.settings.smtp.port}"
    click.echo(printable(f"{server} took the mail for {', '.join(accepted)}."))
