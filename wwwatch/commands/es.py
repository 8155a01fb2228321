"""`wwwatch es`: the embedded Elasticsearch, started, stopped and looked at."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from core import node
from core.settings import NodeSettings
from core.text import printable
from wwwatch.roof import Roof


class HeapType(click.ParamType[str]):
    """A Java heap as `NodeSettings` takes it."""

    name = "size"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check the size."""
        if not (value[:-1].isdecimal() and value[-1:] in ("m", "g")):
            self.fail(f"{value!r} is not a size such as 512m or 2g", param, ctx)
        return value


@click.group()
def command() -> None:
    """Start, stop and look at the embedded Elasticsearch: the real server, for this machine alone.

    \b
    Example:
      wwwatch es start
      wwwatch es status
      wwwatch es stop
    """


@command.command()
@click.option("--port", type=click.IntRange(0, 65535), help="HTTP port; 0 takes any free one, which is the default.")
@click.option("--heap", type=HeapType(), help="Java heap, e.g. 512m (the default) or 2g.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of the node's data.")
@click.option("--foreground", is_flag=True, help="Stay until Ctrl-C or SIGTERM, and stop the node then.")
@click.pass_obj
def start(roof: Roof, *, port: int | None, heap: str | None, data: Path | None, foreground: bool) -> None:
    """Start the node and leave it running; the first start downloads 97 MB.

    All other commands find it by themselves. Its data is kept from one start to the next.

    \b
    Example:
      wwwatch es start --heap 1g
      wwwatch es start --foreground --port 9200
    """
    state = roof.settings.state
    running = node.status(state)
    if running.is_running:
        click.echo(f"Elasticsearch {running.version} already runs at {running.url or '(starting)'}.")
        return
    given = {name: value for name, value in (("port", port), ("heap", heap), ("data", data)) if value is not None}
    settings = roof.settings.node.model_copy(update=given)
    if foreground:
        _stay(roof, settings)
        return
    with _options(roof) as options:
        started = node.start(settings, cache=roof.settings.cache, state=state, options=options)
    click.echo(
        f"Elasticsearch {started.version} answers at {started.url} "
        f"(process {started.pid}, data in {printable(str(started.folder))})."
    )


@command.command()
@click.pass_obj
def stop(roof: Roof) -> None:
    """Stop the node; its data stays.

    \b
    Example:
      wwwatch es stop
    """
    click.echo("Elasticsearch has stopped." if node.stop(roof.settings.state) else "Elasticsearch does not run.")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def status(roof: Roof, *, as_json: bool) -> None:
    """Say whether the node runs; the exit code is 0 when it is ready, else 1.

    \b
    Example:
      wwwatch es status --json
    """
    now = node.status(roof.settings.state)
    if as_json:
        click.echo(json.dumps(asdict(now)))
    elif not now.is_running:
        click.echo("Elasticsearch does not run; `wwwatch es start` starts it.")
    else:
        word = "answers at" if now.is_ready else "runs but is not ready at"
        where = f"{now.url or '(starting)'} (process {now.pid}, data in {printable(str(now.folder))})"
        click.echo(f"Elasticsearch {now.version} {word} {where}.")
    if not now.is_ready:
        sys.exit(1)


def _stay(roof: Roof, settings: NodeSettings) -> None:
    with ExitStack() as stack:
        with _options(roof) as options:
            server = node.EmbeddedNode(settings, cache=roof.settings.cache, state=roof.settings.state, options=options)
            stack.enter_context(server)
        click.echo(f"Elasticsearch answers at {server.url}; Ctrl-C stops it.")
        server.wait(roof.stop)


@contextmanager
def _options(roof: Roof) -> Iterator[node.StartOptions]:
    """Show a bar for the download, and a spinner while the server starts, on a terminal only."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Starting Elasticsearch", total=None)

        def show(done: int, total: int) -> None:
            if roof.stop.is_set():
                raise KeyboardInterrupt  # the signal only sets the event: end the download as Ctrl-C would
            label = "Downloading Elasticsearch" if done < total else "Starting Elasticsearch"
            bar.update(task, description=label, completed=done, total=total)

        yield node.StartOptions(progress=show, stop=roof.stop, clock=roof.clock)
