"""`wwwatch incidents`: what is wrong, and why; one file per subcommand or group of them."""

import click

from wwwatch.commands.incidents.listing import list_command, show_command
from wwwatch.commands.incidents.saying import ack_command, close_command, label_command


@click.group(commands=[list_command, show_command, label_command, ack_command, close_command])
def command() -> None:
    """List and show incidents: anomalies that belong together; say which were true alarms.

    \b
    Example:
      wwwatch incidents list
      wwwatch incidents show 3f2a
      wwwatch incidents label 3f2a false --note "our own monitoring"
    """
