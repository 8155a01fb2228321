"""Guessing passwords: many on one account, one on many accounts, or stolen pairs; fast and patiently."""

from simulator import agents
from simulator.attacks.raid import Raid
from simulator.journal import NOBODY
from simulator.visit import FORBIDDEN, FOUND, OK, TOO_MANY, UNAUTHORISED, Visit

GUESSERS = ("Mozilla/5.0 (Hydra)", "Mozilla/4.0 (Hydra)", "WPScan v3.8.25 (https://wpscan.com/)", "Patator/1.0")
_SEE_OTHER = 303
_DAY = 86_400.0


def bruteforce(raid: Raid) -> None:
    """Try password after password on one login from one address; sometimes one fits."""
    count, gap = raid.pace((25, 400), (0.1, 8.0), (120, 25.0))
    _guess(raid, count, gap, pauses=raid.dice.chance(0.3) and not raid.brief)


def bruteforce_slow(raid: Raid) -> None:
    """Try one password a minute or so, for hours."""
    count, gap = raid.pace((90, 400), (30.0, 150.0), (60, 25.0))
    _guess(raid, count, gap)


def bruteforce_drip(raid: Raid) -> None:
    """Try one password every 40 minutes, so that no session has two, for days."""
    count, gap = raid.pace((36, 90), (1900.0, 2900.0), (60, 25.0))
    _guess(raid, count, gap, jitter=0.05)


def bruteforce_basic(raid: Raid) -> None:
    """Try passwords against HTTP's own authentication: a GET that is answered 401 again and again."""
    count, gap = raid.pace((40, 800), (0.03, 2.0), (120, 20.0))
    dice = raid.dice
    (visit,) = raid.visits(1, 1, GUESSERS)
    path = dice.pick(("/admin/", "/private/", "/manager/html", "/protected/", "/nagios/", "/stats/"))
    for step in raid.steps([visit], count, gap):
        step.user = dice.pick(("admin", "root", "user", "test", NOBODY))
        step.ask("GET", path, UNAUTHORISED, size=381)


def bruteforce_xmlrpc(raid: Raid) -> None:
    """Try passwords through WordPress's xmlrpc.php, where each answer is 200; one call may hold hundreds."""
    count, gap = raid.pace((30, 600), (0.1, 4.0), (120, 25.0))
    (visit,) = raid.visits(1, 1, GUESSERS)
    size = raid.dice.pick((370, 403, 413, 674))
    for step in raid.steps([visit], count, gap):
        step.ask("POST", "/xmlrpc.php", OK, size=size)


def spray(raid: Raid) -> None:
    """Try a few passwords from each of many addresses, so that none of them stands out."""
    dice = raid.dice
    sources = dice.whole(58, 62) if raid.brief else raid.count_clients(25, 250)
    spread = 25.0 if raid.brief else dice.log_between(60, 3600)
    _from_many(raid, sources, spread, (3, 3) if raid.brief else (2, 4))


def spray_slow(raid: Raid) -> None:
    """Try one or two passwords from each of hundreds of addresses, over most of a day."""
    sources = raid.count_clients(120, 500)
    _from_many(raid, sources, raid.dice.between(0.25, 0.9) * _DAY, (1, 2))


def stuffing(raid: Raid) -> None:
    """Try stolen pairs, one or two from each address, in ever other browsers' names; some are right."""
    dice = raid.dice
    sources = raid.count_clients(60, 600)
    spread = 25.0 if raid.brief else dice.log_between(120, 3 * 3600)
    _from_many(raid, sources, spread, (1, 2), right=dice.between(0.005, 0.06), alike=dice.chance(0.2))


def _guess(raid: Raid, count: int, gap: float, *, jitter: float = 0.5, pauses: bool = False) -> None:
    dice, site = raid.dice, raid.site
    (visit,) = raid.visits(1, 1, GUESSERS)
    looks = dice.chance(0.35) and not raid.brief
    locked_after = int(count * dice.between(0.3, 0.9)) if dice.chance(0.15) and not raid.brief else count
    visit.referrer = NOBODY if dice.chance(0.5) else site.origin + site.login
    for step, guess in enumerate(raid.steps([visit], count, gap, jitter)):
        if step >= locked_after:
            guess.ask("POST", site.login, TOO_MANY if dice.chance(0.7) else FORBIDDEN)
        else:
            _try(guess, looks=looks)
        if pauses and dice.chance(0.02):
            visit.at += dice.between(60, 400)
    if dice.chance(0.2):
        _enter(visit)


def _from_many(
    raid: Raid, sources: int, spread: float, tries: tuple[int, int], *, right: float = 0.0, alike: bool = False
) -> None:
    dice = raid.dice
    same = agents.browser_agent(dice) if alike or (not right and dice.chance(0.5)) else ""
    looks = dice.chance(0.3) and not raid.brief
    for _ in range(sources):
        visit = raid.visit(same or (agents.browser_agent(dice) if right else raid.disguise(agents.SCRIPTS)))
        visit.at += dice.between(0, 0.8 * spread)
        count = dice.whole(*tries)
        for _ in range(count):
            _try(visit, looks=looks)
            visit.at += dice.between(0.02, 0.2) * min(spread, 600) / count
        if dice.chance(max(right, 0.003)):
            _enter(visit)


def _try(visit: Visit, *, looks: bool) -> None:
    """Fail once; tools that keep a session fetch the form first, and some follow the redirect back to it."""
    if looks:
        visit.ask("GET", visit.site.login, OK)
        visit.at += visit.dice.between(0.05, 0.8)
    visit.attempt(succeed=False)
    if looks and visit.site.login_failure in (FOUND, _SEE_OTHER):
        visit.at += 0.05
        visit.ask("GET", visit.site.login, OK)


def _enter(visit: Visit) -> None:
    visit.attempt(succeed=True)
    visit.at += 0.3
    visit.ask("GET", "/account", OK)
