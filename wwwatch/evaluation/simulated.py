"""Simulated runs, brought into the detector's event frame with their truth."""

from collections.abc import Sequence

from detector.evaluation.runs import Raid, Run
from simulator import runs
from simulator.attacks import ATTACKS
from wwwatch.examples import as_events

MIXED = "mixed"
"""The name of a day with several attacks in it."""


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


def make_run(name: str, seed: int) -> Run:
    """Return the run of an attack, of a hard negative, or MIXED."""
    if name == MIXED:
        return prepare_run(runs.mixed_run(seed))
    return prepare_run(runs.attack_run(name, seed) if name in ATTACKS else runs.quiet_run(name, seed))


def name_runs(seeds: Sequence[int]) -> list[tuple[str, int]]:
    """Return for each seed the runs there are: one of each attack, a mixed day, and one of each hard negative."""
    return [(name, seed) for seed in seeds for name in (*ATTACKS, MIXED, *runs.QUIET)]
