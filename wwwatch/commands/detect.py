"""`wwwatch detect`: sessions scored as they grow."""

import json
from contextlib import ExitStack, nullcontext

import click
from elasticsearch import Elasticsearch
from rich.console import Console

from core.health import Health
from detector.live import Detector, Step, patiently
from detector.model import SessionModel
from detector.registry import load_model, load_or_begin
from wwwatch.roof import Roof


@click.command()
@click.option("--once", is_flag=True, help="Deal with what is there, and end.")
@click.option("--index", help="Indices to watch; default: the configuration's detect.index.")
@click.option(
    "--from",
    "begin",
    type=click.Choice(["beginning", "now"]),
    help="Where the very first run begins; default: beginning with --once, else now. Later runs go on from there.",
)
@click.option("--model", "digest", help="Digest of the model to use; default: the live one.")
@click.option("--json", "as_json", is_flag=True, help="With --once, print the counts as JSON.")
@click.pass_obj
def command(roof: Roof, *, once: bool, index: str | None, begin: str | None, digest: str | None, as_json: bool) -> None:
    """Score sessions, and keep anomalies and incidents; each event counts exactly once, also after a crash.

    Without a trained model it begins with one that knows attacks, but not yet your site; `wwwatch train` teaches it.

    \b
    Example:
      wwwatch detect --once
      wwwatch detect --index 'logs-nginx.access-*'
    """
    settings = roof.settings.detect.model_copy(update={"index": index} if index else {})
    from_beginning = begin == "beginning" or (once and begin is None)
    with roof.es() as client, ExitStack() as stack:

        def begin_detector() -> Detector:
            model = _find_model(roof, client, digest)
            health = None if once else Health(client, "detector", namespace=roof.settings.ship.namespace)
            detector = Detector(client, roof.es_settings(), settings, model, roof.clock, health=health)
            stack.callback(detector.close)
            detector.start(from_beginning=from_beginning)
            return detector

        if once:
            _tell(begin_detector().step(roof.stop.is_set), as_json=as_json)
            return
        detector = patiently(begin_detector, roof.clock, roof.stop)
        if detector is not None:
            detector.run(roof.stop)


def _find_model(roof: Roof, client: Elasticsearch, digest: str | None) -> tuple[str, SessionModel]:
    if digest is not None:
        return load_model(client, digest)

    def begin() -> SessionModel:
        from wwwatch.examples import cold_model  # noqa: PLC0415 - the simulator, which is seldom needed here

        console = Console(stderr=True)
        console.print("no trained model yet: beginning with one that knows attacks, but not this site")
        with console.status("building it, some seconds") if console.is_terminal else nullcontext():
            return cold_model(roof.settings.cache, now=roof.clock.now())[1]

    return load_or_begin(client, begin, now=roof.clock.now())


def _tell(step: Step, *, as_json: bool) -> None:
    if as_json:
        counts = {name: getattr(step, name) for name in ("events", "sessions", "anomalies", "opened")}
        click.echo(json.dumps(counts))
        return
    found = f"{step.anomalies} anomalies, {step.opened} incidents opened"
    click.echo(f"{step.events} events, {step.sessions} verdicts on sessions, {found}")
    if step.opened:
        click.echo("see them with `wwwatch incidents list`")
