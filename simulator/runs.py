"""Runs to evaluate with: one attack amid a site's ordinary traffic, a mixed day, or no attack at all.

Every run has a site, visitors, paces and sizes of its own, drawn from the seed; its dice are others than those of
`labelled`, so a model taught on that has seen nothing of any run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl

from simulator.addresses import Addresses
from simulator.attacks import ATTACKS
from simulator.crowd import Crowd, arrivals
from simulator.dice import Dice
from simulator.errors import SimulatorError
from simulator.journal import Journal, seconds, to_frame, truth
from simulator.scenes import PLAYABLE, SCENES, Scene
from simulator.site import STYLES, Site, build_site
from simulator.stage import Stage
from simulator.steady import keep_time
from simulator.traffic import raid

_STREAM = 21
_START = datetime(2026, 6, 1, tzinfo=UTC)
_HOUR = 3600.0
_BEFORE_HOURS = 8.0
"""Ordinary traffic before the first attack."""
_AFTER_HOURS = 0.75
_QUIET_HOURS = 12.0
_DAY_HOURS = 24.0
_MIXED = 4
"""Attacks, and harmless scenes, of a mixed day."""
_MIXED_STREAM, _QUIET_STREAM = 98, 100


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


QUIET = tuple(SCENES)
"""Names of the runs without attacks."""


def attack_run(name: str, seed: int, *, options: Mapping[str, float] | None = None) -> Run:
    """Return ordinary hours of a site with one attack in them.

    Args:
        name: One of `ATTACKS`.
        seed: Decides the site, its visitors and the attack.
        options: Fixed parts of the attack's habits, by the names in `OPTIONS`.

    Raises:
        SimulatorError: There is no such attack or option.
    """
    theatre = _Theatre(seed, list(ATTACKS).index(name) if name in ATTACKS else 0, needs_login=_needs_login(name))
    theatre.attack(name, seconds(_START) + _BEFORE_HOURS * _HOUR, options)
    return theatre.finish(name)


def mixed_run(seed: int) -> Run:
    """Return a day of a site with several attacks and harmless scenes in it, some at the same time."""
    theatre = _Theatre(seed, _MIXED_STREAM, needs_login=True)
    dice, start = theatre.dice, seconds(_START)
    for name in dice.shuffled(list(ATTACKS))[:_MIXED]:
        theatre.attack(name, start + dice.between(_BEFORE_HOURS, 20) * _HOUR)
    for name in dice.shuffled([each for each in PLAYABLE if not SCENES[each].style])[:_MIXED]:
        theatre.play(SCENES[name], _DAY_HOURS)
    return theatre.finish("mixed", least_hours=_DAY_HOURS)


def quiet_run(name: str, seed: int) -> Run:
    """Return ordinary hours of a site with people or programs in them that only look like an attack.

    Args:
        name: One of `QUIET`.
        seed: Decides the site and its visitors.

    Raises:
        SimulatorError: There is no such run.
    """
    if name not in SCENES:
        raise SimulatorError(f"there is no quiet run {name!r}", f"choose from {', '.join(QUIET)}")
    scene = SCENES[name]
    theatre = _Theatre(seed, _QUIET_STREAM + QUIET.index(name), style=scene.style, fixed=scene.site)
    theatre.play(scene, _QUIET_HOURS)
    run = theatre.finish(name, least_hours=_QUIET_HOURS)
    return replace(run, traffic=scene.log(run.traffic)) if scene.log else run


class _Theatre:
    """A site and its people, before the curtain rises."""

    def __init__(
        self,
        seed: int,
        number: int,
        *,
        style: str = "",
        fixed: Mapping[str, object] | None = None,
        needs_login: bool = False,
    ) -> None:
        self.seed = seed
        self.dice = Dice(seed, _STREAM, number)
        styles = [each for each in STYLES if each != "static"] if needs_login else STYLES
        built = build_site(
            self.dice, style or self.dice.pick(styles), "www.example.com", pages=self.dice.whole(40, 300)
        )
        self.site: Site = replace(built, **dict(fixed or {}))  # type: ignore[arg-type] # the scenes' table names fields
        self.addresses = Addresses(self.dice)
        self.crowd = Crowd(self.site, self.dice.child(), self.addresses)
        self.journal: Journal = []

    def attack(self, name: str, at: float, options: Mapping[str, float] | None = None) -> None:
        raid(name, self.site, self.dice.child(), self.addresses, self.journal, at=at, options=options)

    def play(self, scene: Scene, hours: float) -> None:
        start = seconds(_START)
        end = start + hours * _HOUR
        stage = Stage(self.site, self.dice.child(), self.addresses, self.crowd, start, end, journal=self.journal)
        scene.play(stage)

    def finish(self, name: str, least_hours: float = _BEFORE_HOURS + _AFTER_HOURS) -> Run:
        """Let the ordinary visitors come, until a while after everything else."""
        start = seconds(_START)
        last = max((request.at for request in self.journal), default=start)
        end = max(last + _AFTER_HOURS * _HOUR, start + least_hours * _HOUR)
        for at in arrivals(self.dice, start, end, self.dice.log_between(8, 60)):
            self.crowd.visit(at, self.journal)
        keep_time(self.site, self.dice.child(), self.addresses, self.journal, start=start, end=end)
        traffic = to_frame(self.journal)
        return Run(name, self.seed, traffic, raids_of(traffic))


def _needs_login(name: str) -> bool:
    return name in ATTACKS and ATTACKS[name].kind in ("bruteforce", "spray", "stuffing")


def raids_of(traffic: pl.DataFrame) -> tuple[RaidTruth, ...]:
    """Return the attacks in simulated traffic, by their beginning."""
    return tuple(
        RaidTruth(
            row["attack"], row["kind"], row["actor"], tuple(row["clients"]), row["first"], row["last"], row["requests"]
        )
        for row in truth(traffic).iter_rows(named=True)
    )
