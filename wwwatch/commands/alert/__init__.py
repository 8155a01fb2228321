"""`wwwatch alert`: the watches that send the mail; one file per subcommand or group of them."""

import click

from wwwatch.commands.alert.ack import ack_command, activate_command, deactivate_command
from wwwatch.commands.alert.budget import budget_command
from wwwatch.commands.alert.execute import execute_command
from wwwatch.commands.alert.history import history_command
from wwwatch.commands.alert.resend import resend_command
from wwwatch.commands.alert.run import run_command
from wwwatch.commands.alert.serve import serve_command
from wwwatch.commands.alert.silence import silence_group
from wwwatch.commands.alert.testmail import test_mail_command
from wwwatch.commands.alert.validate import validate_command
from wwwatch.commands.alert.watches import list_command, show_command


class _Ordered(click.Group):
    """Lists its commands in the order of use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names as they were added."""
        del ctx
        return list(self.commands)


@click.group(
    cls=_Ordered,
    commands=[
        run_command,
        list_command,
        show_command,
        validate_command,
        execute_command,
        ack_command,
        activate_command,
        deactivate_command,
        history_command,
        resend_command,
        silence_group,
        budget_command,
        test_mail_command,
        serve_command,
    ],
)
def command() -> None:
    """Run the watches that send the mail.

    \b
    Example:
      wwwatch alert test-mail
      wwwatch alert run
    """
