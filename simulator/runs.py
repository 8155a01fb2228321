"""Runs to evaluate with: one attack amid a site's ordinary traffic, a mixed day, or no attack at all.

Every run has a site, visitors, paces and sizes of its own, drawn from the seed; its dice are others than those of
`labelled`, so a model taught on that has seen nothing of any run.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from simulator.addresses import Addresses
from simulator.attacks import ATTACKS
from simulator.crowd import Crowd, arrivals
from simulator.dice import Dice
from simulator.errors import SimulatorError
from simulator.journal import Journal, seconds, to_frame, truth
from simulator.personas import PERSONAS, Persona, fits
from simulator.site import STYLES, Site, build_site
from simulator.steady import keep_time
from simulator.traffic import raid

_STREAM = 21
_START = datetime(2026, 6, 1, tzinfo=UTC)
_HOUR = 3600.0
_BEFORE_HOURS = 8.0
"""Ordinary traffic before the first attack."""
_AFTER_HOURS = 0.75
_MIXED = 4


@dataclass(frozen=True, slots=True)
class RaidTruth:
    """One attack run as it was: `start` and `end` are the times of its first and last request (aware, UTC)."""

    name: str
    kind: str
    actor: str
    clients: tuple[str, ...]
    start: datetime
    end: datetime
    requests: int


@dataclass(frozen=True, slots=True)
class Run:
    """Traffic and its truth.

    Attributes:
        name: The attack's, the hard negative's, or "mixed".
        seed: It repeats the run.
        traffic: One row per request with the columns of `simulator.journal.SCHEMA`, sorted by time.
        raids: The attacks in it, by their beginning; none in a quiet run.
    """

    name: str
    seed: int
    traffic: pl.DataFrame
    raids: tuple[RaidTruth, ...]


QUIET: dict[str, Persona | None] = {"ordinary": None, **{persona.__name__: persona for persona in PERSONAS}}
"""Names of the runs without attacks, and who comes more often than usual in each."""


def attack_run(name: str, seed: int) -> Run:
    """Return ordinary hours of a site with one attack in them.

    Args:
        name: One of `ATTACKS`.
        seed: Decides the site, its visitors and the attack.

    Raises:
        SimulatorError: There is no such attack.
    """
    stage = _Stage(seed, list(ATTACKS).index(name) if name in ATTACKS else 0)
    stage.attack(name, seconds(_START) + _BEFORE_HOURS * _HOUR)
    return stage.finish(name)


def mixed_run(seed: int) -> Run:
    """Return a day of a site with several attacks in it, some at the same time."""
    stage = _Stage(seed, 98)
    for name in stage.dice.shuffled(list(ATTACKS))[:_MIXED]:
        stage.attack(name, seconds(_START) + stage.dice.between(_BEFORE_HOURS, 22) * _HOUR)
    return stage.finish("mixed", least_hours=24.0)


def quiet_run(name: str, seed: int) -> Run:
    """Return ordinary hours of a site with people or programs in them that only look like an attack.

    Args:
        name: One of `QUIET`.
        seed: Decides the site and its visitors.

    Raises:
        SimulatorError: There is no such run.
    """
    if name not in QUIET:
        raise SimulatorError(f"there is no quiet run {name!r}", f"choose from {', '.join(QUIET)}")
    stage = _Stage(seed, 100 + list(QUIET).index(name))
    persona = QUIET[name]
    if persona is not None and fits(persona, stage.site):
        for _ in range(stage.dice.whole(3, 12)):
            at = seconds(_START) + stage.dice.between(0, 2 * _BEFORE_HOURS) * _HOUR
            stage.crowd.visit(at, stage.journal, persona)
    return stage.finish(name, least_hours=2 * _BEFORE_HOURS)


class _Stage:
    """A site and its people, before the curtain rises."""

    def __init__(self, seed: int, number: int) -> None:
        self.seed = seed
        self.dice = Dice(seed, _STREAM, number)
        style = self.dice.pick(STYLES)
        self.site: Site = build_site(self.dice, style, "www.example.com", pages=self.dice.whole(40, 300))
        self.addresses = Addresses(self.dice)
        self.crowd = Crowd(self.site, self.dice.child(), self.addresses)
        self.journal: Journal = []

    def attack(self, name: str, at: float) -> None:
        raid(name, self.site, self.dice.child(), self.addresses, self.journal, at=at)

    def finish(self, name: str, least_hours: float = _BEFORE_HOURS + _AFTER_HOURS) -> Run:
        """Let the ordinary visitors come, until a while after everything else."""
        start = seconds(_START)
        last = max((request.at for request in self.journal), default=start)
        end = max(last + _AFTER_HOURS * _HOUR, start + timedelta(hours=least_hours).total_seconds())
        for at in arrivals(self.dice, start, end, self.dice.log_between(8, 60)):
            self.crowd.visit(at, self.journal)
        keep_time(self.site, self.dice.child(), self.addresses, self.journal, start=start, end=end)
        traffic = to_frame(self.journal)
        return Run(name, self.seed, traffic, raids_of(traffic))


def raids_of(traffic: pl.DataFrame) -> tuple[RaidTruth, ...]:
    """Return the attacks in simulated traffic, by their beginning."""
    return tuple(
        RaidTruth(
            row["attack"], row["kind"], row["actor"], tuple(row["clients"]), row["first"], row["last"], row["requests"]
        )
        for row in truth(traffic).iter_rows(named=True)
    )
