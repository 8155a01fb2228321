"""Labelled logs of real tools: they attack a loopback server of ours among simulated visitors, one after the other."""

import csv
import logging
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Event

import psutil

from core.clock import Clock, iso_millis
from simulator.addresses import Addresses
from simulator.dice import Dice
from simulator.errors import SimulatorError
from simulator.live import LiveTraffic
from simulator.site import demo_site
from simulator.tether import tethered
from simulator.tools import LOOPBACK, TOOLS, Target, Tool, write_lists
from simulator.www import Www

_ADDRESS_STREAM = 21
_STEP_SECONDS = 0.05
_COLUMNS = ("client", "requests", "label", "attack_type", "tool", "start", "end")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToolRun:
    """What one tool did.

    Attributes:
        tool: Which.
        clients: The addresses that it showed.
        start: When it was started, aware.
        end: When the last of its processes ended or was ended, aware.
        requests: Lines in the log by its clients.
        is_cut: Whether its time was over before it was done.
    """

    tool: Tool
    clients: tuple[str, ...]
    start: datetime
    end: datetime
    requests: int = 0
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """A folder with `access.log` and `labels.csv`.

    Attributes:
        log: The access log.
        labels: A row per client: client, requests, label (attack or normal), attack_type, tool, its start and end.
        runs: What ran, in order.
        missing: Programs that are not installed.
        lines: Lines in the log.
    """

    log: Path
    labels: Path
    runs: tuple[ToolRun, ...]
    missing: tuple[str, ...]
    lines: int


def record(
    folder: Path,
    *,
    names: Sequence[str] = (),
    seconds: float = 40.0,
    pause_seconds: float = 3.0,
    visits_per_minute: float = 120.0,
    seed: int = 1,
    clock: Clock | None = None,
    stop: Event | None = None,
    on_run: Callable[[ToolRun], None] | None = None,
) -> Recording:
    """Let the tools that are installed attack a server of ours on loopback, and write what its log says.

    Args:
        folder: Gets `access.log`, `labels.csv` and `run`, which is emptied first.
        names: Of `TOOLS`; none: all.
        seconds: After which a tool is ended.
        pause_seconds: Before each tool, and after the last; visitors come all the time.
        visits_per_minute: Of the visitors beside them.
        seed: Decides who comes, and the tools' addresses.
        clock: For times and waiting.
        stop: Ends it early when set; what was recorded is written.
        on_run: Called after each tool.

    Raises:
        SimulatorError: A name is none of `TOOLS`, or the server cannot be started.
    """
    unknown = sorted(set(names) - {tool.name for tool in TOOLS})
    if unknown:
        raise SimulatorError(f"there is no tool {unknown[0]!r}", f"take some of {', '.join(t.name for t in TOOLS)}")
    wanted = [tool for tool in TOOLS if not names or tool.name in names]
    missing = tuple(dict.fromkeys(tool.program for tool in wanted if shutil.which(tool.program) is None))
    folder = folder.resolve()
    place = folder / "run"
    shutil.rmtree(place, ignore_errors=True)
    (place / "home").mkdir(parents=True)
    write_lists(place)
    # The form again for a wrong password, as most applications do; hydra takes 401 for another kind of login.
    site = replace(demo_site(), login_failure=200)
    now, addresses = clock or Clock(), Addresses(Dice(seed, _ADDRESS_STREAM))
    runs: list[ToolRun] = []
    with Www(place / "www", site=site, clock=now) as www:
        with LiveTraffic(www.url, seed, visits_per_minute, site=site, clock=now):
            for tool in wanted:
                if now.sleep(pause_seconds, stop):
                    break
                if tool.program not in missing:
                    targets = [Target(www.url, _client(tool, addresses), place, site) for _ in range(tool.clients)]
                    runs.append(_run(tool, targets, seconds, now, stop))
                    if on_run:
                        on_run(runs[-1])
            now.sleep(pause_seconds, stop)
        log = shutil.copy(www.access_log, folder / "access.log")
    return _labelled(Path(log), folder / "labels.csv", runs, missing)


def _client(tool: Tool, addresses: Addresses) -> str:
    return addresses.attacker() if tool.shows_client else LOOPBACK


def _run(tool: Tool, targets: Sequence[Target], seconds: float, clock: Clock, stop: Event | None) -> ToolRun:
    """Start a tool, once per target, and wait until all are done or their time is over."""
    start, deadline = clock.now(), clock.monotonic() + seconds
    processes = [_start(tool, target) for target in targets]
    try:
        while any(process.poll() is None for process in processes) and clock.monotonic() < deadline:
            if clock.sleep(_STEP_SECONDS, stop):
                break
    finally:
        is_cut = [_end(process) for process in processes]
    return ToolRun(tool, tuple(target.client for target in targets), start, clock.now(), is_cut=any(is_cut))


def _start(tool: Tool, target: Target) -> subprocess.Popen[bytes]:
    program = shutil.which(tool.program)
    assert program is not None  # noqa: S101 - asked before; for the type checker
    with (target.folder / f"{tool.name}.out").open("ab") as out:
        return subprocess.Popen(
            tethered([program, *target.fill(tool.arguments)]),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=target.folder,
            # Tools keep settings and results in their user's home.
            env={**os.environ, "HOME": str((target.folder / "home").resolve())},
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes]) -> bool:
    """End a process with its children; return whether it still ran."""
    if process.poll() is not None:
        return False
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            _log.debug("%s ended by itself", member)
    process.wait()
    return True


def _labelled(log: Path, labels: Path, runs: Sequence[ToolRun], missing: tuple[str, ...]) -> Recording:
    """Count the log's lines per client and write who was who."""
    with log.open("rb") as file:
        counts = Counter(line.partition(b" ")[0].decode("ascii", "replace") for line in file)
    counted = tuple(replace(run, requests=sum(counts[client] for client in run.clients)) for run in runs)
    tools = {client: run for run in counted for client in run.clients}
    with labels.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for client, requests in counts.items():
            run = tools.get(client)
            truth = (
                ("attack", run.tool.kind, run.tool.name, iso_millis(run.start), iso_millis(run.end))
                if run
                else (
                    "normal",
                    "",
                    "",
                    "",
                    "",
                )
            )
            writer.writerow((client, requests, *truth))
    return Recording(log, labels, counted, missing, counts.total())
