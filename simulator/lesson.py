"""Labelled sessions of many different sites: what the kinds are learnt from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from simulator.addresses import Addresses
from simulator.attacks import ATTACKS
from simulator.crowd import Crowd, arrivals
from simulator.dice import Dice
from simulator.journal import Journal, seconds, to_frame
from simulator.personas import TRICKY, fits
from simulator.scenes import PLAYABLE, SCENES
from simulator.scenes.logs import make_terse
from simulator.site import STYLES, Site, build_site
from simulator.stage import Stage
from simulator.steady import keep_time
from simulator.traffic import raid

_STREAM = 31
_SITES = 48
_START = datetime(2026, 3, 2, tzinfo=UTC)
_DAYS = timedelta(days=2).total_seconds()
_ATTACKED = 0.3
"""Share of attack runs among the labelled sessions."""
_TRICKY = 0.35
"""Share of those who only look like an attacker among the labelled visits."""
_TERSE = 0.1
"""Share of sites whose log is in the common format, without user agents and referrers."""
_STEADY_SECONDS = 3 * 3600.0
_SCENES = 0.1
"""Harmless scenes for each visit."""
_SCENE_SIZES = (20, 400)


def labelled(*, seed: int = 0, sessions: int = 900, attacks: Sequence[str] = tuple(ATTACKS)) -> pl.DataFrame:
    """Return labelled sessions of many different sites, to train and to evaluate the classifier with.

    Args:
        seed: The same seed gives the same frame.
        sessions: Visits and attack runs together, three in ten of them attacks, each as often as its share says.
        attacks: Which attacks are among them.

    Returns:
        One row per request with the columns of `simulator.journal.SCHEMA`, sorted by time. Each site (`domain`) has two
        days of its own, and attacks that may last longer; no address attacks twice, and none both visits and attacks.
    """
    dice = Dice(seed, _STREAM)
    addresses = Addresses(dice)
    journal: Journal = []
    sites = [_site(dice, number) for number in range(_SITES)]
    attacked = int(sessions * _ATTACKED)
    start = seconds(_START)
    for name in _evenly(dice, attacks, attacked):
        runs = dice.child()
        victim = _victim(runs, sites, name)
        most = int(runs.log_between(600, 2500) if ATTACKS[name].kind == "ddos" else runs.log_between(150, 1500))
        raid(name, victim, runs, addresses, journal, at=start + runs.between(0, _DAYS), most=most)
    crowds = [Crowd(site, dice.child(), addresses) for site in sites]
    _visit(dice, crowds, sessions - attacked, journal)
    _play(dice, crowds, int((sessions - attacked) * _SCENES), journal)
    for site in sites:
        begin = start + dice.between(0, _DAYS / 2)
        keep_time(site, dice.child(), addresses, journal, start=begin, end=begin + _STEADY_SECONDS)
    terse = [site.domain for site in sites if dice.chance(_TERSE)]
    return make_terse(to_frame(journal), terse)


def _evenly(dice: Dice, attacks: Sequence[str], count: int) -> list[str]:
    """Return so many attacks' names, each at least nearly as often as its share."""
    total = sum(ATTACKS[name].share for name in attacks)
    planned = [name for name in attacks for _ in range(max(1, round(count * ATTACKS[name].share / total)))]
    return dice.shuffled(planned)


def _victim(dice: Dice, sites: list[Site], name: str) -> Site:
    """Return a site that has what the attack wants."""
    if ATTACKS[name].kind in ("bruteforce", "spray", "stuffing"):
        sites = [site for site in sites if site.has_login]
    return dice.pick(sites)


def _visit(dice: Dice, crowds: list[Crowd], count: int, journal: Journal) -> None:
    """Let so many visits take place, on busy sites and on quiet ones."""
    start = seconds(_START)
    times = arrivals(dice, start, start + _DAYS, 30.0)
    for _ in range(count):
        crowd = dice.favourite(crowds)
        persona = dice.pick(TRICKY) if dice.chance(_TRICKY) else None
        crowd.visit(dice.pick(times), journal, persona if persona and fits(persona, crowd.site) else None)


def _play(dice: Dice, crowds: list[Crowd], count: int, journal: Journal) -> None:
    """Play so many harmless scenes, each on a site of its style."""
    start = seconds(_START)
    for number in range(count):
        scene = SCENES[PLAYABLE[number % len(PLAYABLE)]]
        crowd = dice.pick([each for each in crowds if scene.suits(each.site)] or crowds)
        begin = start + dice.between(0, _DAYS / 2)
        most = int(dice.log_between(*_SCENE_SIZES))
        stage = Stage(crowd.site, dice.child(), crowd.addresses, crowd, begin, begin + _DAYS / 4, most, journal)
        if scene.suits(crowd.site):
            scene.play(stage)


def _site(dice: Dice, number: int) -> Site:
    style = STYLES[number % len(STYLES)]
    return build_site(dice, style, f"{style}{number}.example.net", pages=dice.whole(40, 250))
