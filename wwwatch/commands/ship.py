"""`wwwatch ship`: access logs into Elasticsearch."""

import glob
import json
import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core.documents import access_stream
from core.errors import DeliveryError, SettingsError
from core.health import Health
from core.settings import Settings, ShipSettings
from enrich import Enrichment
from shipper import (
    DeadLetters,
    Ledger,
    Meter,
    Registry,
    Shipper,
    ShipperHealth,
    dead_letter_path,
    read_live,
    read_status,
    replay,
    report_verified,
    verify_files,
)
from shipper.inputs import SCHEMES, open_inputs
from shipper.shipper import Progress as Told
from wwwatch.formats import Choose, choose_format, format_options
from wwwatch.logs import FORMATS as FORMS
from wwwatch.logs import use_format
from wwwatch.roof import Roof
from wwwatch.shipview import show_counts, show_status, show_verdicts


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("--once", is_flag=True, help="Ship what is there, to the last byte, and end; default: follow the files.")
@click.option(
    "--syslog",
    multiple=True,
    metavar="ADDRESS",
    help="Receive syslog at udp://host:port, tcp://host:port or unix:///path.",
)
@format_options
@click.option("--namespace", help="Last part of the data stream's name; default: ship.namespace.")
@click.option("--status", is_flag=True, help="Show each file's account; exit with 1 when a line is missing.")
@click.option("--all", "show_all", is_flag=True, help="With --status: a row for each file, also for those long gone.")
@click.option(
    "--verify", is_flag=True, help="Ask Elasticsearch for every line on disk; exit with 1 unless each is there once."
)
@click.option("--replay", "is_replay", is_flag=True, help="Send dead letters again; exit with 1 when some remain.")
@click.option(
    "--dead-letters", type=click.Path(path_type=Path), help="With --replay: this file; default: the shipper's."
)
@click.option("--log-format", type=click.Choice(FORMS), default="text", help="Log lines for people, or as ECS JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print counts, accounts or verdicts as JSON.")
@click.pass_obj
def command(
    roof: Roof,
    paths: tuple[str, ...],
    *,
    once: bool,
    syslog: tuple[str, ...],
    format_name: str,
    format_from: str | None,
    namespace: str | None,
    status: bool,
    show_all: bool,
    verify: bool,
    is_replay: bool,
    dead_letters: Path | None,
    log_format: str,
    as_json: bool,
) -> None:
    """Ship access logs into Elasticsearch: every line exactly once, also after a crash.

    Patterns such as '/var/log/nginx/*.log' may be quoted: then new files are found while it runs. '-' is standard
    input; what arrives there and by syslog waits on the disk until Elasticsearch has it.

    \b
    Example:
      wwwatch ship --once /var/log/nginx/access.log
      wwwatch ship '/var/log/nginx/*access.log'
      wwwatch ship --syslog unix:///run/wwwatch.sock
      wwwatch ship --format-from /etc/nginx/nginx.conf '/var/log/nginx/*.log'
      zcat old.gz | wwwatch ship -
      wwwatch ship --status
      wwwatch ship --verify
    """
    use_format(log_format)
    settings = _with_namespace(roof.settings, namespace)
    registry = registry_path(settings)
    if status:
        letters = DeadLetters(dead_letter_path(registry))
        show_status(
            read_status(registry), read_live(registry), letters, roof.clock.now(), as_json=as_json, show_all=show_all
        )
    elif verify:
        _verify(roof, settings, as_json=as_json)
    elif is_replay:
        _replay(roof, settings, dead_letters, as_json=as_json)
    elif paths or syslog:
        if wrong := next((each for each in syslog if each.partition("://")[0] not in SCHEMES), None):
            raise click.UsageError(f"--syslog {wrong}: use udp://host:port, tcp://host:port or unix:///path.")
        choose = choose_format(format_name, format_from, settings.ship.timezone)
        _ship(roof, settings, (*paths, *syslog), choose, once=once, as_json=as_json)
    else:
        raise click.UsageError("Missing argument 'PATH...'.")


def registry_path(settings: Settings) -> Path:
    """Return where the registry of these settings' namespace is."""
    return settings.state / "ship" / f"{settings.ship.namespace}.json"


def _ship(roof: Roof, settings: Settings, paths: tuple[str, ...], choose: Choose, *, once: bool, as_json: bool) -> None:
    meter = Meter(roof.clock)
    if not once and not logging.getLogger("shipper").isEnabledFor(logging.INFO):
        logging.getLogger("shipper").setLevel(logging.INFO)  # a service says each minute that it lives
    with ExitStack() as stack:
        client = stack.enter_context(roof.es())
        told = stack.enter_context(_Bar(paths)) if once and not as_json and Console().is_terminal else None
        held = stack.enter_context(Registry(registry_path(settings)))
        if settings.ship.metrics:
            from shipper.metrics import serving_metrics  # noqa: PLC0415 - an extra

            stack.enter_context(serving_metrics(meter, settings.ship.metrics))
        # Before the inputs: making it takes some tenths of a second, in which nobody would take what is sent.
        enrichment = Enrichment(settings.ship.geoip, settings.ship.trusted_proxies)
        options: dict[str, Any] = {"choose_format": choose, "enrichment": enrichment, "progress": told}
        options |= {"stop": roof.stop, "meter": meter}
        # After the registry, whose lock says that nobody else uses the spool.
        inputs = stack.enter_context(open_inputs(settings, paths, roof.clock, roof.stop, once=once))
        health = Health(client, "shipper", host=held.host, namespace=settings.ship.namespace)
        told_health = ShipperHealth(health, meter, held, lambda: sum(each.dropped for each in inputs.receivers))
        options["on_beat"] = told_health.beat
        start, counts = roof.clock.monotonic(), Ledger()
        if inputs.receivers or not once:
            counts += Shipper(client, settings, roof.clock, held, **options).run(inputs.patterns, inputs.until)
        if (once or inputs.are_over) and not roof.stop.is_set():
            counts += Shipper(client, settings, roof.clock, held, **options).run_once(inputs.patterns)
        seconds = roof.clock.monotonic() - start
    show_counts(counts, seconds, as_json=as_json)


def _verify(roof: Roof, settings: Settings, *, as_json: bool) -> None:
    columns = (TextColumn("asking"), TextColumn("{task.completed:,} lines"), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not Console().is_terminal)
    with roof.es() as client, bar:
        task = bar.add_task("verify", total=None)
        stream = access_stream(settings.ship.namespace)
        found = verify_files(client, stream, registry_path(settings), lambda lines: bar.advance(task, lines))
        if found.verdicts:
            report_verified(Health(client, "shipper", namespace=settings.ship.namespace), found, roof.clock.now())
    show_verdicts(found, as_json=as_json)


def _replay(roof: Roof, settings: Settings, path: Path | None, *, as_json: bool) -> None:
    registry = registry_path(settings)
    letters = DeadLetters(path or dead_letter_path(registry))
    if path and not path.is_file():
        raise DeliveryError(f"cannot read the dead letters {path}", "no such file; check --dead-letters")
    with roof.es() as client, Registry(registry) as held:
        stream = access_stream(settings.ship.namespace)
        done = replay(client, stream, dead_letters=letters, registry=held, meter=Meter(roof.clock), stop=roof.stop)
    if as_json:
        click.echo(json.dumps({"accepted": done.accepted, "remaining": done.remaining}))
    else:
        click.echo(
            f"{done.accepted + done.remaining:,} dead letters: {done.accepted:,} accepted, {done.remaining:,} remain"
        )
    if done.remaining:
        what = f"Elasticsearch refuses {done.remaining:,} dead letters again"
        raise DeliveryError(what, f"the reasons are in {letters.path}")


def _with_namespace(settings: Settings, namespace: str | None) -> Settings:
    if namespace is None:
        return settings
    try:
        ship = ShipSettings.model_validate(settings.ship.model_dump() | {"namespace": namespace})
    except ValidationError:
        raise SettingsError(
            f"the namespace {namespace!r} cannot be part of a data stream's name",
            "use small letters, digits, dots and underscores",
        ) from None
    return settings.model_copy(update={"ship": ship})


class _Bar:
    """The progress bar of --once: bytes of the named files."""

    def __init__(self, paths: Sequence[str]) -> None:
        names = {name for path in paths for name in (glob.glob(path) if glob.has_magic(path) else [path])}  # noqa: PTH207 - one call for both kinds of path
        total = sum(os.path.getsize(name) for name in names if os.path.isfile(name))  # noqa: PTH113, PTH202 - bytes names
        columns = (
            TextColumn("shipping"),
            BarColumn(),
            TextColumn("{task.fields[lines]:,} lines"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("ship", total=total, lines=0)

    def __enter__(self) -> Told:
        self._progress.start()
        return self._tell

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _tell(self, size: int, counts: Ledger) -> None:
        self._progress.update(self._task, advance=size, lines=counts.lines)
