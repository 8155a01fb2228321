"""`wwwatch simulate`: traffic with known truth, as a log file or as visitors to a real server."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import cycle
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from rich.console import Console

from core.clock import iso_millis
from core.errors import WwwatchError
from simulator import ATTACKS, LIVE, OPTIONS, PLAYABLE, history, truth, write_log
from simulator.dice import Dice
from wwwatch.planned import PlannedAttack
from wwwatch.roof import Roof

_SEED = 1
_FIRST_ATTACK_SECONDS = 15.0
_STEP_SECONDS = 0.5

_seed = click.option(
    "--seed", type=click.IntRange(min=0), default=_SEED, show_default=True, help="Same seed, same people."
)
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON lines for scripts.")
_visitors = (
    click.option("--visits-per-minute", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Mean."),
    click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Stop after so long; default: Ctrl-C."),
    click.option("--attacks", is_flag=True, help="Attack as well: one kind after the other, again and again."),
    click.option(
        "--attack-every",
        type=click.FloatRange(min=1),
        default=120.0,
        show_default=True,
        help="Seconds between the beginnings of two attacks.",
    ),
)


def _visitor_options(command_function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((*_visitors, _seed, _json)):
        command_function = option(command_function)
    return command_function


@click.group()
def command() -> None:
    """Make traffic whose truth is known: a log of past days, or live visitors and attacks.

    All addresses are from the ranges reserved for documentation, and only servers on this machine are asked.

    \b
    Example:
      wwwatch simulate log --out access.log --days 7 --attack scan --attack bruteforce
      wwwatch simulate www --attacks
    """


@command.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Log file to write.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True, max=400), default=7.0, show_default=True)
@click.option("--end", type=click.DateTime(), help="Last moment, UTC; default now. Give it to get the same log again.")
@click.option("--visits-per-hour", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Mean.")
@click.option(
    "--attack",
    "attacks",
    type=PlannedAttack(),
    multiple=True,
    help=f"May be repeated. One of: {', '.join(ATTACKS)}; with habits of its own: flood:requests=900,clients=3"
    f" ({'; '.join(f'{name}: {words}' for name, words in OPTIONS.items())}).",
)
@click.option(
    "--scene",
    "scenes",
    type=click.Choice(PLAYABLE),
    metavar="NAME",
    multiple=True,
    help=f"Play something that only looks like an attack; may be repeated. One of: {', '.join(PLAYABLE)}.",
)
@_seed
@_json
@click.pass_obj
def log(
    roof: Roof,
    *,
    out: Path,
    days: float,
    end: datetime | None,
    visits_per_hour: float,
    attacks: tuple[tuple[str, dict[str, float]], ...],
    scenes: tuple[str, ...],
    seed: int,
    as_json: bool,
) -> None:
    """Write a combined log of past days, and the truth about its attacks to FILE.truth.jsonl beside it.

    \b
    Example:
      wwwatch simulate log --out access.log --days 7 --seed 3 --attack scan --attack spray
      wwwatch simulate log --out access.log --scene flash-crowd --attack bruteforce-slow:requests=200
    """
    last = end.replace(tzinfo=UTC) if end else roof.clock.now()
    first = last - timedelta(days=days)
    dice = Dice(seed)
    planned = [(name, first + timedelta(days=days * dice.between(0.1, 0.9)), habits) for name, habits in attacks]
    with _working("simulating"):
        frame = history(first, last, seed=seed, visits_per_hour=visits_per_hour, attacks=planned, scenes=scenes)
        beside = write_log(frame, out)
    runs = truth(frame)
    if as_json:
        click.echo(json.dumps({"log": str(out), "truth": str(beside), "lines": frame.height, "attacks": runs.height}))
        return
    click.echo(f"{out}: {frame.height} lines from {iso_millis(first)} to {iso_millis(last)}")
    for run in runs.iter_rows(named=True):
        begin = iso_millis(run["first"])
        click.echo(f"  {run['attack']}: {run['requests']} requests, {len(run['clients'])} clients, from {begin}")
    click.echo(f"truth: {beside}")


@command.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; default: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--trust", multiple=True, help="Network whose X-Forwarded-For is believed besides loopback; repeatable.")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Run folder; default: state folder/www."
)
@click.option("--server", type=click.Choice(["auto", "nginx", "own"]), default="auto", show_default=True)
@_visitor_options
@click.pass_obj
def www(
    roof: Roof, /, *, port: int, host: str, trust: tuple[str, ...], folder: Path | None, server: Any, **visits: Any
) -> None:
    """Serve the demo shop, with nginx if it is installed, and let visitors come until Ctrl-C.

    \b
    Example:
      wwwatch simulate www --port 8080 --attacks
      wwwatch ship ~/.local/state/wwwatch/www/access.log
    """
    place = folder or roof.settings.state / "www"
    served = _part("simulator.www").Www(
        place, port, server, host=host, trusted=("127.0.0.0/8", "::1/128", *trust), clock=roof.clock
    )
    with served:
        _say(f"{served.server} at {served.url}, log {served.access_log}", visits["as_json"], url=served.url,
             server=served.server, log=str(served.access_log))  # fmt: skip
        _visit(roof, served.url, (), **visits)


@command.command()
@click.option("--url", required=True, help="Server to visit, e.g. http://127.0.0.1:8080.")
@click.option(
    "--allow-host", multiple=True, help="Name of a test server of yours that is not on this machine; repeatable."
)
@_visitor_options
@click.pass_obj
def visit(roof: Roof, /, *, url: str, allow_host: tuple[str, ...], **visits: Any) -> None:
    """Send visitors to a running test server on this machine, until Ctrl-C.

    The server must believe X-Forwarded-For from here, else all visitors have one address.

    \b
    Example:
      wwwatch simulate visit --url http://127.0.0.1:8080 --attacks
      wwwatch simulate visit --url http://www:8080 --allow-host www
    """
    _visit(roof, url, allow_host, **visits)


@command.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/labelled"),
    show_default=True,
    help="Folder to write.",
)
@click.option("--tool", "names", multiple=True, help="Only this one, e.g. sqlmap; repeatable. Default: all there are.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=40.0, show_default=True, help="After which a tool is ended."
)
@_seed
@_json
@click.pass_obj
def tools(roof: Roof, *, out: Path, names: tuple[str, ...], seconds: float, seed: int, as_json: bool) -> None:
    """Let real attack tools loose on a loopback server of ours, and write its log with labels.

    Those that are installed among ab, siege, wrk, slowhttptest, hydra, gobuster, dirb, ffuf, wfuzz, whatweb, sqlmap,
    wapiti, curl and wget run one after the other, beside simulated visitors. Nothing but this machine is asked.

    \b
    Example:
      wwwatch simulate tools --out build/labelled
      wwwatch simulate tools --tool sqlmap --tool hydra
    """
    done = _part("simulator.record").record(
        out,
        names=names,
        seconds=seconds,
        seed=seed,
        clock=roof.clock,
        stop=roof.stop,
        on_run=lambda run: _tell(run, as_json=as_json),
    )
    missing = f", not installed: {', '.join(done.missing)}" if done.missing else ""
    _say(f"{done.log}: {done.lines} lines, labels in {done.labels}{missing}", as_json, log=str(done.log),
         labels=str(done.labels), lines=done.lines, missing=done.missing)  # fmt: skip


def _tell(run: Any, *, as_json: bool) -> None:
    seconds = (run.end - run.start).total_seconds()
    cut = ", ended" if run.is_cut else ""
    _say(
        f"{run.tool.name} ({run.tool.kind}): {len(run.clients)} clients, {seconds:.1f} s{cut}",
        as_json,
        tool=run.tool.name,
        kind=run.tool.kind,
        clients=run.clients,
        start=iso_millis(run.start),
        end=iso_millis(run.end),
        is_cut=run.is_cut,
    )


def _visit(
    roof: Roof,
    url: str,
    allow_hosts: Sequence[str],
    *,
    visits_per_minute: float,
    minutes: float | None,
    attacks: bool,
    attack_every: float,
    seed: int,
    as_json: bool,
) -> None:
    clock = roof.clock
    began = clock.monotonic()
    end = began + minutes * 60 if minutes else float("inf")
    due = began + _FIRST_ATTACK_SECONDS if attacks else float("inf")
    names = cycle(LIVE)
    running: list[Any] = []
    live = _part("simulator.live").LiveTraffic(url, seed, visits_per_minute, allow_hosts=allow_hosts, clock=clock)
    with live:
        if not as_json:
            click.echo(f"visitors come, {visits_per_minute:g} a minute; Ctrl-C ends it")
        while clock.monotonic() < end and not clock.sleep(_STEP_SECONDS, roof.stop):
            if clock.monotonic() >= due:
                due += attack_every
                running.append(live.attack(next(names)))
            running = _report(running, as_json=as_json)
    _report(running, as_json=as_json)
    _say(f"{live.sent} requests answered, {live.failed} not", as_json, sent=live.sent, failed=live.failed)


def _report(running: list[Any], *, as_json: bool) -> list[Any]:
    """Tell of the attacks that are over; return the others."""
    for done in (run for run in running if run.done and run.first):
        first, last = iso_millis(done.first), iso_millis(done.last)
        _say(
            f"{done.attack}: {done.sent} requests, {len(done.clients)} clients, {first} to {last}",
            as_json,
            attack=done.attack,
            kind=done.kind,
            actor=done.actor,
            clients=done.clients,
            first=first,
            last=last,
            requests=done.sent,
        )
    return [run for run in running if not run.done]


def _say(sentence: str, as_json: bool, **facts: Any) -> None:
    click.echo(json.dumps(facts) if as_json else sentence)


def _part(name: str) -> ModuleType:
    """Import what needs the extra `demo`.

    Raises:
        WwwatchError: The extra is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise WwwatchError(f"live traffic needs the package {error.name}", "pip install 'wwwatch[demo]'") from error


def _working(doing: str) -> AbstractContextManager[Any]:
    console = Console(stderr=True)
    return console.status(doing) if console.is_terminal else nullcontext()
