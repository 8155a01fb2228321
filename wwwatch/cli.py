"""The command line: finds the command, builds its world, and turns errors into one sentence and an exit code."""

import gc
import importlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from core.errors import WwwatchError
from core.settings import load_settings
from core.text import printable
from wwwatch.allocation import keep_memory
from wwwatch.logs import text_formatter
from wwwatch.roof import Roof

COMMANDS = {
    "setup": "Put templates and indices into Elasticsearch.",
    "ship": "Ship access logs into Elasticsearch.",
    "parse": "Show what becomes of a log's lines.",
    "train": "Train the model on the site's history.",
    "detect": "Score sessions and keep anomalies and incidents.",
    "alert": "Run the watches that send the mail.",
    "incidents": "List and show incidents.",
    "models": "List and pin trained models.",
    "kibana": "Look at the dashboards without a Kibana.",
    "scan": "Find the attacks in any log, with nothing to set up.",
    "evaluate": "Measure what is found where the truth is known.",
    "canary": "Send a harmless attack, and see that it comes back as mail.",
    "why": "Say why a client's requests were, or were not, told.",
    "simulate": "Make traffic: a log, or visitors to a real server.",
    "demo": "See it all work on this machine, with nothing to configure.",
    "es": "Start and stop the embedded Elasticsearch.",
}
"""In the order of the help page, with the line that it shows: a command's module is imported only when it is called."""


class ReaderLeftError(Exception):
    """Nobody reads standard output any more: what click would make of it is a failure, exit code 1."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that `wwwatch --help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the flow."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        if cmd_name == "scan":
            keep_memory()
        gc.disable()  # what is loaded is no garbage, and to look for some takes a tenth of the time
        try:
            command: click.Command = importlib.import_module(f"wwwatch.commands.{cmd_name}").command
        finally:
            gc.freeze()
            gc.enable()
        command.short_help = COMMANDS[cmd_name]
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderLeftError from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wwwatch")
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file; default ./wwwatch.yml if there.")
@click.option("--es-url", help="Elasticsearch to use; default: the configuration's, else the embedded node.")
@click.option("-v", "--verbose", is_flag=True, help="Log more, to stderr.")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, es_url: str | None, *, verbose: bool) -> None:
    """Watch web servers' access logs: learn what is normal, and mail when something is not.

    \b
    Example:
      wwwatch es start
      wwwatch setup
      wwwatch ship --once /var/log/nginx/access.log
      wwwatch train
      wwwatch detect --once
    """
    level = logging.INFO if verbose else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(text_formatter())
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    options: dict[str, Any] = {"es": {"url": es_url}} if es_url else {}
    ctx.obj = Roof(load_settings(config, **options))


def main() -> None:
    """Run the command line; the only place that catches broadly."""
    try:
        sys.exit(cli(standalone_mode=False))  # click hands `ctx.exit(1)` back as the result, and else None
    except click.ClickException as error:
        error.show()
        sys.exit(2 if isinstance(error, click.UsageError) else 1)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except WwwatchError as error:
        click.secho(f"wwwatch: {printable(str(error))}", fg="red", err=True)
        sys.exit(1)
    except ReaderLeftError:
        # As `head` does when it has enough: that is no failure, and ends any filter by this signal.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    except Exception as error:  # the process boundary: a sentence for her, the trace for us
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        sentence = printable(f"{type(error).__name__}: {error}")
        click.secho(
            f"wwwatch: this is a defect: {sentence}. Please report it with WWWATCH_DEBUG=1.", fg="red", err=True
        )
        if "WWWATCH_DEBUG" in os.environ:
            raise
        sys.exit(1)
