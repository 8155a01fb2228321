"""`wwwatch alert silence`: what shall be quiet for a while, and maintenance windows."""

import getpass
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from alerts.quiet import Silence, SilenceStore
from alerts.quiet.silence import checked
from core.clock import iso_millis, parse_iso
from core.text import printable
from wwwatch.commands.alert.common import json_option, show
from wwwatch.durations import read_duration
from wwwatch.roof import Roof


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    del ctx, param
    try:
        return parse_iso(value).astimezone(UTC) if value else None
    except ValueError:
        hint = "a time is written 2026-03-14T18:00, in UTC, or with a zone: 2026-03-14T18:00+01:00"
        raise click.BadParameter(hint) from None


@click.group("silence")
def silence_group() -> None:
    """Keep something quiet for a while: it is held, kept in the history, and told afterwards if it still goes on.

    \b
    Example:
      wwwatch alert silence add --client 192.0.2.0/24 --for 2h --why "load test"
      wwwatch alert silence list
    """


@silence_group.command("add")
@click.option("--kind", default="", help="Only incidents of this kind, e.g. scan.")
@click.option(
    "--client", "clients", multiple=True, metavar="CIDR", help="Only where all clients are in these networks."
)
@click.option("--path", default="", metavar="PATTERN", help="Only where the most asked path fits, e.g. '/wp-*'.")
@click.option("--watch", default="", metavar="ID", help="Only this watch.")
@click.option("--from", "start", callback=_moment, metavar="TIME", help="When it begins (UTC); default: now.")
@click.option("--until", "end", callback=_moment, metavar="TIME", help="When it ends (UTC).")
@click.option(
    "--for",
    "lasting",
    callback=read_duration,
    metavar="DURATION",
    help="How long it lasts, or with --every each window: 30m, 2h, 1d.",
)
@click.option(
    "--every", default="", metavar="WHEN", help="Again and again: 'sun 02:00', 'mon-fri 22:30', or Quartz cron."
)
@click.option("--timezone", default="UTC", show_default=True, help="Of --every.")
@click.option("--why", required=True, help="The reason, for the record.")
@click.option("--by", default=None, help="Who says so; default: the user's name.")
@click.option("--all", "everything", is_flag=True, help="Mean it: nothing limits what is silenced.")
@json_option
@click.pass_obj
def add_command(
    roof: Roof,
    /,
    *,
    start: datetime | None,
    end: datetime | None,
    lasting: timedelta | None,
    by: str | None,
    everything: bool,
    as_json: bool,
    **scope: Any,
) -> None:
    """Add a silence, or with --every a maintenance window.

    \b
    Example:
      wwwatch alert silence add --kind scan --path '/wp-*' --for 1d --why "we move the blog"
      wwwatch alert silence add --watch incident --every 'sun 02:00' --for 2h --why maintenance
    """
    now = roof.clock.now()
    if lasting is not None and end is not None and not scope["every"]:
        raise click.UsageError("give --until or --for, not both")
    begin = start or now
    if lasting is not None and not scope["every"]:
        end = begin + lasting
    who = by or _user()
    silence = checked(Silence("", begin, end, by=who, lasting=lasting or timedelta(), created=now, **scope))
    if silence.is_for_everything and not everything:
        raise click.UsageError(
            "this silences everything: limit it with --kind, --client, --path or --watch, or add --all"
        )
    with roof.es() as client:
        SilenceStore(client).add(silence)
    if as_json:
        click.echo(json.dumps(_document(silence, now)))
    else:
        click.echo(printable(f"{silence.id} silences {silence.scope()}, {silence.when()}; engines know it within 5 s."))


@silence_group.command("list")
@click.option("--all", "also_over", is_flag=True, help="Those that are over, too.")
@json_option
@click.pass_obj
def list_command(roof: Roof, *, also_over: bool, as_json: bool) -> None:
    """List silences and maintenance windows, the latest first.

    \b
    Example:
      wwwatch alert silence list --all
    """
    now = roof.clock.now()
    with roof.es() as client:
        found = SilenceStore(client).all()
    shown = [each for each in found if also_over or not each.is_over(now)]
    nothing = (
        "There are no silences." if also_over or not found else "No silence is left; --all shows those that are over."
    )
    rows = [(_document if as_json else _row)(each, now) for each in shown]
    show(rows, as_json=as_json, nothing=nothing)


@silence_group.command("end")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--by", default=None, help="Who says so; default: the user's name.")
@json_option
@click.pass_obj
def end_command(roof: Roof, *, ids: tuple[str, ...], by: str | None, as_json: bool) -> None:
    """End silences now; they are kept for the record, and what still goes on is told within a minute.

    \b
    Example:
      wwwatch alert silence end 3f2a9c01bd
    """
    now = roof.clock.now()
    with roof.es() as client:
        store = SilenceStore(client)
        ended = [store.end(each, by or _user(), now) for each in ids]
    if as_json:
        click.echo(json.dumps([_document(each, now) for each in ended]))
        return
    for each in ended:
        click.echo(printable(f"{each.id} is over."))


def _document(silence: Silence, now: datetime) -> dict[str, Any]:
    return {"id": silence.id, "state": _state(silence, now)[0], **silence.value()}


def _state(silence: Silence, now: datetime) -> tuple[str, str]:
    if silence.is_over(now):
        return "over", f", ended by {silence.ended_by}" if silence.ended_by else ""
    until = silence.until(now)
    return ("quiet", f" until {iso_millis(until)[:16].replace('T', ' ')}") if until else ("waits", "")


def _row(silence: Silence, now: datetime) -> dict[str, Any]:
    return {
        "id": silence.id,
        "state": "".join(_state(silence, now)),
        "silences": silence.scope(),
        "when": silence.when(),
        "why": silence.why,
        "by": silence.by,
        "added": iso_millis(silence.created)[:16].replace("T", " ") if silence.created else "",
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
