"""Whole stretches of traffic: a site's history with attacks in it, and labelled sessions of many sites."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from simulator.addresses import Addresses
from simulator.attacks import ATTACKS, Raid
from simulator.crowd import Crowd, arrivals
from simulator.dice import Dice
from simulator.errors import SimulatorError
from simulator.journal import Journal, seconds, to_frame
from simulator.personas import TRICKY, fits
from simulator.site import STYLES, Site, build_site, demo_site
from simulator.steady import keep_time

_SITE_STREAM, _CROWD_STREAM, _STEADY_STREAM, _RAID_STREAM = range(1, 5)
_LABELLED_SITES = 16
_LABELLED_START = datetime(2026, 3, 2, tzinfo=UTC)
_ATTACKED = 0.3
"""Share of attack runs among the labelled sessions."""
_TRICKY = 0.35
"""Share of those who only look like an attacker among the labelled visits."""


def simulate(
    start: datetime,
    end: datetime,
    *,
    seed: int,
    visits_per_hour: float = 60.0,
    attacks: Sequence[tuple[str, datetime]] = (),
    site: Site | None = None,
    steady: bool = True,
) -> pl.DataFrame:
    """Return the traffic of one site; visits and attacks begin within [start, end) and may end a little later.

    Args:
        start: First possible time, aware.
        end: First time that is too late, aware.
        seed: The same seed and arguments give the same frame.
        visits_per_hour: Mean over a working day; nights have fewer, evenings more. A visit is some 25 requests.
        attacks: Pairs of an attack's name (see `ATTACKS`) and the aware time at which it begins.
        site: The site; without one, the demo's.
        steady: Whether monitor, feed readers and crawlers come as well.

    Returns:
        One row per request with the columns of `simulator.journal.SCHEMA`, sorted by time.

    Raises:
        SimulatorError: An attack is unknown, or the period is empty or naive.
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
    for number, (name, begin) in enumerate(attacks):
        raid(name, site, Dice(seed, _RAID_STREAM, number), addresses, journal, at=seconds(begin))
    return to_frame(journal)


history = simulate
"""The name under which the roof asks for a site's past."""


def raid(
    name: str, site: Site, dice: Dice, addresses: Addresses, journal: Journal, *, at: float, brief: bool = False
) -> None:
    """Write one attack run into the journal.

    Args:
        name: One of `ATTACKS`.
        site: Its victim.
        dice: Decide its habits.
        addresses: Where the attackers' addresses come from.
        journal: Where its requests go.
        at: When it begins, seconds since 1970.
        brief: Whether it is over within half a minute.

    Raises:
        SimulatorError: There is no such attack.
    """
    if name not in ATTACKS:
        raise SimulatorError(f"there is no attack {name!r}", f"choose from {', '.join(ATTACKS)}")
    kind, attack = ATTACKS[name]
    actor = f"{name}-{dice.whole(0, 2**40):010x}"
    attack(Raid(name, kind, actor, site, dice, addresses, at, journal, brief=brief))


def labelled(*, seed: int = 0, sessions: int = 900) -> pl.DataFrame:
    """Return labelled sessions of many different sites, to train and to evaluate the classifier with.

    Args:
        seed: The same seed gives the same frame.
        sessions: Visits and attack runs together, three in ten of them attacks, evenly over the kinds; 900 make some
            80,000 requests.

    Returns:
        One row per request with the columns of `simulator.journal.SCHEMA`, sorted by time. Each site (`domain`) has two
        days of its own; no address attacks twice, and none both visits and attacks.
    """
    dice = Dice(seed, _SITE_STREAM)
    addresses = Addresses(dice)
    journal: Journal = []
    attacks = list(ATTACKS)
    sites = [_site(dice, number) for number in range(_LABELLED_SITES)]
    crowds = [Crowd(site, Dice(seed, _CROWD_STREAM, number), addresses) for number, site in enumerate(sites)]
    start = seconds(_LABELLED_START)
    days = timedelta(days=2).total_seconds()
    attacked = int(sessions * _ATTACKED)
    for number in range(attacked):
        runs = Dice(seed, _RAID_STREAM, number)
        begin = start + runs.between(0, days)
        raid(attacks[number % len(attacks)], runs.pick(sites), runs, addresses, journal, at=begin)
    for _ in range(sessions - attacked):
        crowd = dice.pick(crowds)
        persona = dice.pick(TRICKY) if dice.chance(_TRICKY) else None
        at = arrivals(dice, start, start + days, 1.0)
        begin = dice.pick(at) if at else start
        crowd.visit(begin, journal, persona if persona and fits(persona, crowd.site) else None)
    for number, site in enumerate(sites):
        begin = start + dice.between(0, days / 2)
        keep_time(site, Dice(seed, _STEADY_STREAM, number), addresses, journal, start=begin, end=begin + 4 * 3600)
    return to_frame(journal)


def _site(dice: Dice, number: int) -> Site:
    style = STYLES[number % len(STYLES)]
    return build_site(dice, style, f"{style}{number}.example.net", pages=dice.whole(60, 250))
