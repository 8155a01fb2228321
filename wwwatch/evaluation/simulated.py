"""Simulated runs, brought into the detector's event frame with their truth."""

from collections.abc import Iterator, Sequence

from detector.evaluation.runs import Raid, Run
from simulator import runs
from simulator.attacks import ATTACKS
from wwwatch.examples import as_events


def prepare_run(run: runs.Run) -> Run:
    """Return a run as the detector meets it."""
    events = as_events(run.traffic).drop("kind")
    # Whole seconds, as logs have them; and IPv6 addresses as the networks that sessions know.
    clients = dict(events.select("address", "client").unique().iter_rows())
    raids = [
        Raid(
            raid.name,
            raid.kind,
            frozenset(clients[address] for address in raid.clients),
            raid.start.replace(microsecond=0),
            raid.end,
        )
        for raid in run.raids
    ]
    return Run(run.name, run.seed, events, raids)


def make_runs(seeds: Sequence[int], *, quiet: bool = True) -> Iterator[Run]:
    """Yield, for each seed, a run of each attack, a mixed day, and a run of each hard negative."""
    for seed in seeds:
        for name in ATTACKS:
            yield prepare_run(runs.attack_run(name, seed))
        yield prepare_run(runs.mixed_run(seed))
        for name in runs.QUIET if quiet else ():
            yield prepare_run(runs.quiet_run(name, seed))


def count_runs(seeds: Sequence[int]) -> int:
    """Return how many runs `make_runs` yields."""
    return len(seeds) * (len(ATTACKS) + 1 + len(runs.QUIET))
