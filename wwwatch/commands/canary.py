"""`wwwatch canary`: does an attack still come back as mail?"""

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from elasticsearch import Elasticsearch

from alerts import read_watches
from alerts.canary.flights import Flight, Flights, as_dict
from alerts.canary.watchdog import call_out, report
from alerts.channels.web import Web
from alerts.language.parts import format_duration, parse_duration
from alerts.quiet.standard import standard_gates
from alerts.why.facts import Question, Reader
from alerts.why.ladder import climb
from core.clock import iso_millis
from core.errors import StoreError
from core.health import Health
from core.text import printable
from wwwatch.commands.alert.common import json_option, show
from wwwatch.roof import Roof

_LOOK_SECONDS = 1.0


class _Duration(click.ParamType):  # type: ignore[type-arg] # click 8.1 and 8.2 differ
    """A time as watches write it."""

    name = "10m"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the time."""
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


log_option = click.option(
    "--log", type=click.Path(path_type=Path, dir_okay=False), help="A log that a shipper follows; default: canary.log."
)


@click.group()
def command() -> None:
    """Send a harmless attack through the whole chain, and see that it comes back as mail.

    The attack is written into a log that the shipper follows, or, without one, straight into Elasticsearch. It never
    reaches people's inbox; the watch `canary` tells of it, by mail where its metadata names an address in `to`.

    \b
    Example:
      wwwatch canary run --log /var/log/nginx/canary.log
      wwwatch canary check
    """


@command.command("run")
@log_option
@click.option("--within", type=_Duration(), help="How long it may take; default: canary.within_seconds.")
@click.option("--every", type=_Duration(), help="Go on, and send one so often; default: one, and end.")
@json_option
@click.pass_context
def run_command(
    ctx: click.Context, *, log: Path | None, within: timedelta | None, every: timedelta | None, as_json: bool
) -> None:
    """Send a canary and wait for it; exit with 1 when it does not come back, after calling canary.webhook.

    \b
    Example:
      wwwatch canary run
      wwwatch canary run --every 1h
    """
    roof: Roof = ctx.obj
    limit = within or timedelta(seconds=roof.settings.canary.within_seconds)
    with roof.es() as client:
        flights = Flights(client, roof.settings.ship.namespace, log or roof.settings.canary.log)
        while True:
            flight = _fly(roof, flights, limit)
            _tell(roof, client, flight, limit, as_json=as_json)
            if every is None or roof.clock.sleep(every.total_seconds(), roof.stop):
                break
    if flight.returned is None:
        ctx.exit(1)


@command.command("check")
@click.option("--newer-than", type=_Duration(), default="26h", show_default=True, help="How old the last may be.")
@json_option
@click.pass_context
def check_command(ctx: click.Context, *, newer_than: timedelta, as_json: bool) -> None:
    """Say whether the last canary came back; exit with 1 when it did not, or when it is too long ago.

    \b
    Example:
      wwwatch canary check --newer-than 2h
    """
    roof: Roof = ctx.obj
    within, now = timedelta(seconds=roof.settings.canary.within_seconds), roof.clock.now()
    with roof.es() as client:
        flights = Flights(client, roof.settings.ship.namespace).last(2)
    on_its_way = [each for each in flights[:1] if each.returned is None and not each.is_missing(now, within)]
    last = next(iter(flights[len(on_its_way) :]), None)
    is_well = last is not None and last.returned is not None and now - last.sent <= newer_than
    if as_json:
        click.echo(json.dumps({"ok": is_well, "last": as_dict(last) if last else None}))
    elif last is None:
        click.echo("There is no canary yet: send one with `wwwatch canary run`.")
    else:
        click.echo(
            _words(last) + ("" if now - last.sent <= newer_than else f", {format_duration(newer_than)} ago or more")
        )
    if not is_well:
        ctx.exit(1)


@command.command("status")
@click.option("--limit", default=10, type=click.IntRange(1, 200), show_default=True, help="How many, newest first.")
@json_option
@click.pass_obj
def status_command(roof: Roof, *, limit: int, as_json: bool) -> None:
    """List the latest canaries, and where the last one that is missing got stuck.

    \b
    Example:
      wwwatch canary status
    """
    within = timedelta(seconds=roof.settings.canary.within_seconds)
    with roof.es() as client:
        flights = Flights(client, roof.settings.ship.namespace).last(limit)
        rows = [as_dict(flight) for flight in flights]
        show(rows, as_json=as_json, nothing="There is no canary yet: send one with `wwwatch canary run`.")
        if flights and not as_json and flights[0].is_missing(roof.clock.now(), within):
            click.echo(printable(_why(roof, client, flights[0])))


def _fly(roof: Roof, flights: Flights, within: timedelta) -> Flight:
    flight = flights.send(roof.clock.now())
    while flight.returned is None and not flight.is_missing(roof.clock.now(), within):
        if roof.clock.sleep(_LOOK_SECONDS, roof.stop):
            break
        with suppress(StoreError):  # a cluster that is away for a moment: it is looked for again
            flight = flights.look(flight)
    return flight


def _tell(roof: Roof, client: Elasticsearch, flight: Flight, within: timedelta, *, as_json: bool) -> None:
    is_missing = flight.is_missing(roof.clock.now(), within)
    why = f"Not back after {format_duration(within)}. {_why(roof, client, flight)}" if is_missing else ""
    if as_json:
        click.echo(json.dumps({**as_dict(flight), "why": why}))
    else:
        click.echo(printable(f"{_words(flight)}{'. ' + why if why else ''}"))
    if is_missing or flight.returned is not None:
        report(Health(client, "canary", namespace=roof.settings.ship.namespace), flight, why, roof.clock.now())
    if is_missing and roof.settings.canary.webhook is not None:
        with Web(roof.clock, roof.settings.alert.ca_certs) as web:
            call_out(web, roof.settings.canary.webhook, flight, why)


def _why(roof: Roof, client: Elasticsearch, flight: Flight) -> str:
    """Return the gate at which it stopped, in words."""
    try:
        index, threshold = roof.settings.detect.index, roof.settings.detect.threshold
        gates = standard_gates(client, roof.settings.alert)
        reader = Reader(client, index=index, threshold=threshold, watches=read_watches(), gates=gates)
        rungs = climb(reader.gather(Question(flight.client, flight.sent), roof.clock.now()))
    except StoreError as error:
        return f"Nobody can say where it is: {error}"
    stop = next((rung for rung in rungs if rung.passed is False), None)
    return (
        f"It got stuck at: {stop.gate}: {stop.words}" if stop else "Its incident was told, but not by the watch canary."
    )


def _words(flight: Flight) -> str:
    if flight.seconds is None:
        return f"the canary of {iso_millis(flight.sent)} ({flight.client}) is not back"
    return f"the canary of {iso_millis(flight.sent)} came back after {flight.seconds:.1f} s"
