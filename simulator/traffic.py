"""Whole stretches of traffic: a site's history with attacks in it, and labelled sessions of many sites."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from simulator.addresses import Addresses
from simulator.attacks import ATTACKS, OPTIONS, Raid
from simulator.attacks.ripeness import ripen
from simulator.crowd import Crowd, arrivals
from simulator.dice import Dice
from simulator.errors import SimulatorError
from simulator.journal import Journal, seconds, to_frame
from simulator.scenes import PLAYABLE, SCENES
from simulator.site import Site, demo_site
from simulator.stage import Stage
from simulator.steady import keep_time

_SITE_STREAM, _CROWD_STREAM, _STEADY_STREAM, _RAID_STREAM, _SCENE_STREAM = range(1, 6)


def simulate(
    start: datetime,
    end: datetime,
    *,
    seed: int,
    visits_per_hour: float = 60.0,
    attacks: Sequence[tuple[str, datetime] | tuple[str, datetime, Mapping[str, float]]] = (),
    scenes: Sequence[str] = (),
    site: Site | None = None,
    steady: bool = True,
) -> pl.DataFrame:
    """Return the traffic of one site; visits and attacks begin within [start, end) and may end a little later.

    Args:
        start: First possible time, aware.
        end: First time that is too late, aware.
        seed: The same seed and arguments give the same frame.
        visits_per_hour: Mean over a working day; nights have fewer, evenings more. A visit is some 25 requests.
        attacks: Each an attack's name (see `ATTACKS`), the aware time at which it begins, and perhaps fixed parts of
            its habits by the names in `OPTIONS`.
        scenes: Names in `simulator.scenes.SCENES` of what only looks like an attack.
        site: The site; without one, the demo's.
        steady: Whether monitor, feed readers and crawlers come as well.

    Returns:
        One row per request with the columns of `simulator.journal.SCHEMA`, sorted by time.

    Raises:
        SimulatorError: An attack or a scene is unknown, or the period is empty or naive.
    """
    if start.tzinfo is None or end.tzinfo is None or end <= start:
        raise SimulatorError(f"cannot simulate from {start} to {end}", "give two aware times, the earlier one first")
    site = site or demo_site()
    first, last = seconds(start), seconds(end)
    journal: Journal = []
    addresses = Addresses(Dice(seed, _SITE_STREAM))
    crowd = Crowd(site, Dice(seed, _CROWD_STREAM), addresses)
    for at in arrivals(crowd.dice, first, last, visits_per_hour):
        crowd.visit(at, journal)
    if steady:
        keep_time(site, Dice(seed, _STEADY_STREAM), addresses, journal, start=first, end=last)
    for number, (name, begin, *habits) in enumerate(attacks):
        options = habits[0] if habits else None
        raid(name, site, Dice(seed, _RAID_STREAM, number), addresses, journal, at=seconds(begin), options=options)
    for number, name in enumerate(scenes):
        stage = Stage(site, Dice(seed, _SCENE_STREAM, number), addresses, crowd, first, last, journal=journal)
        _play(name, stage)
    return to_frame(journal)


def _play(name: str, stage: Stage) -> None:
    if name not in PLAYABLE:
        raise SimulatorError(f"there is no scene {name!r}", f"choose from {', '.join(PLAYABLE)}")
    SCENES[name].play(stage)


history = simulate
"""The name under which the roof asks for a site's past."""


def raid(
    name: str,
    site: Site,
    dice: Dice,
    addresses: Addresses,
    journal: Journal,
    *,
    at: float,
    brief: bool = False,
    options: Mapping[str, float] | None = None,
    most: int = 20_000,
) -> None:
    """Write one attack run into the journal.

    Args:
        name: One of `ATTACKS`.
        site: Its victim.
        dice: Decide its habits.
        addresses: Where the attackers' addresses come from.
        journal: Where its requests go.
        at: When it begins, seconds since 1970.
        brief: Whether it is over within half a minute; those in `LIVE` are.
        options: Fixed parts of its habits, by the names in `OPTIONS`.
        most: Most steps.

    Raises:
        SimulatorError: There is no such attack or option.
    """
    if name not in ATTACKS:
        raise SimulatorError(f"there is no attack {name!r}", f"choose from {', '.join(ATTACKS)}")
    if unknown := [option for option in options or () if option not in OPTIONS]:
        raise SimulatorError(f"an attack has no option {unknown[0]!r}", f"choose from {', '.join(OPTIONS)}")
    actor = f"{name}-{dice.whole(0, 2**40):010x}"
    kind, run, _ = ATTACKS[name]
    begun = len(journal)
    run(Raid(name, kind, actor, site, dice, addresses, at, journal, brief=brief, options=options or {}, most=most))
    journal[begun:] = ripen(journal[begun:], kind)
