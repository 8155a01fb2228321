"""The attacks, each with its ground truth: who, when, how much.

Their habits vary with the dice, so that no single number gives them away.

Source of the kinds: docs/design.md, the anomaly document.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from simulator import agents, wordlist
from simulator.addresses import Addresses
from simulator.dice import Dice
from simulator.journal import NOBODY, Face, Journal
from simulator.site import Site
from simulator.visit import BROKEN, BUSY, FORBIDDEN, FOUND, MISSING, OK, Visit

_TOO_MANY = 429


@dataclass
class Raid:
    """One attack run: where, from when, and how it disguises itself.

    Args:
        at: When it begins, seconds since 1970.
        brief: Whether it must be over within half a minute, as live attacks are; else sizes and paces vary widely.
    """

    name: str
    kind: str
    actor: str
    site: Site
    dice: Dice
    addresses: Addresses
    at: float
    journal: Journal
    brief: bool = False
    faces: list[Face] = field(default_factory=list)

    def visit(self, agent: str) -> Visit:
        """Return a visit from a new address."""
        protocol = self.dice.pick(("HTTP/1.1", "HTTP/1.1", "HTTP/2.0")) if agent.startswith("Mozilla") else "HTTP/1.1"
        face = Face(self.addresses.attacker(), agent, self.actor, self.site.domain, protocol, self.kind, self.name)
        return Visit(self.site, face, self.dice.child(), self.journal, at=self.at)

    def disguise(self, tools: tuple[str, ...]) -> str:
        """Return the user agent of the run: a tool's, a script's, none, or mostly a browser's."""
        draw = self.dice.unit()
        if draw < 0.25:  # noqa: PLR2004 - shares of disguises, used once
            return self.dice.pick(tools)
        if draw < 0.4:  # noqa: PLR2004
            return self.dice.pick(agents.SCRIPTS)
        return NOBODY if draw < 0.43 else agents.browser_agent(self.dice)  # noqa: PLR2004

    def pace(self, count: tuple[int, int], gap: tuple[float, float], live: tuple[int, float]) -> tuple[int, float]:
        """Return how many steps the run has and the median seconds between two.

        Args:
            count: Fewest and most steps.
            gap: Shortest and longest median gap in seconds.
            live: Steps and seconds in all of a brief run.
        """
        if self.brief:
            steps = int(live[0] * self.dice.between(0.9, 1.1))
            return steps, live[1] / steps
        return int(self.dice.log_between(*count)), self.dice.log_between(*gap)


def flood(raid: Raid) -> None:
    """Ask for one thing, far too often, from one or a few addresses; the server may give way."""
    dice = raid.dice
    count, gap = raid.pace((150, 1500), (0.003, 0.12), (2400, 12.0))
    visits = [raid.visit(raid.disguise(agents.SCRIPTS)) for _ in range(dice.pick((1, 1, 2, 3, 5)))]
    target = dice.pick(("/", dice.favourite(raid.site.pages), raid.site.search, raid.site.login))
    busting = dice.chance(0.4)
    method = dice.pick(("GET", "GET", "GET", "HEAD"))
    rotating = dice.chance(0.25)
    gives_way = dice.between(0.2, 0.9) if dice.chance(0.4) else 1.0
    at = raid.at
    for step in range(count):
        visit = dice.pick(visits)
        visit.at = at
        if rotating and dice.chance(0.2):
            visit.face = replace(visit.face, agent=agents.browser_agent(dice))
        failed = step > gives_way * count and dice.chance(0.7)
        visit.ask(method, f"{target}?{dice.whole(0, 10**6)}" if busting else target, BUSY if failed else OK)
        at += gap * dice.between(0.2, 1.8)


def bruteforce(raid: Raid) -> None:
    """Try password after password on one login from one address; sometimes one fits."""
    dice, site = raid.dice, raid.site
    count, gap = raid.pace((20, 300), (0.15, 10.0), (120, 25.0))
    visit = raid.visit(raid.disguise(agents.SCRIPTS))
    looks = dice.chance(0.35) and not raid.brief
    pauses = dice.chance(0.3) and not raid.brief
    remote_call = dice.chance(0.15) and not raid.brief
    locked_after = int(count * dice.between(0.3, 0.9)) if dice.chance(0.15) else count
    rotating = dice.chance(0.15)
    path, failure = ("/xmlrpc.php", OK) if remote_call else (site.login, site.login_failure)
    visit.referrer = NOBODY if dice.chance(0.5) else site.origin + site.login
    for step in range(count):
        if rotating and dice.chance(0.3):
            visit.face = replace(visit.face, agent=agents.browser_agent(dice))
        if looks:
            visit.ask("GET", path, OK)
            visit.at += dice.between(0.05, 0.3)
        visit.ask("POST", path, _TOO_MANY if step >= locked_after else failure, size=site.size(path) % 4000 + 200)
        visit.at += dice.between(60, 400) if pauses and dice.chance(0.02) else gap * dice.between(0.5, 1.5)
    if dice.chance(0.2):
        visit.ask("POST", path, site.login_success, size=0)
        visit.at += 0.3
        visit.ask("GET", "/account", OK)


def spray(raid: Raid) -> None:
    """Try a few passwords from each of many addresses, so that none of them stands out."""
    dice, site = raid.dice, raid.site
    sources = dice.whole(58, 62) if raid.brief else int(dice.log_between(20, 80))
    spread = 25.0 if raid.brief else dice.log_between(30, 3600)
    alike = agents.browser_agent(dice) if dice.chance(0.5) else ""
    looks = dice.chance(0.3) and not raid.brief
    for _ in range(sources):
        visit = raid.visit(alike or raid.disguise(agents.SCRIPTS))
        tries = 3 if raid.brief else dice.whole(2, 4)
        visit.at += dice.between(0, 0.8 * spread)
        if looks:
            visit.ask("GET", site.login, OK)
            visit.at += dice.between(0.1, 2)
        for _ in range(tries):
            visit.ask("POST", site.login, site.login_failure)
            visit.at += dice.between(0.02, 0.2) * spread / tries
        if dice.chance(0.01):
            visit.ask("POST", site.login, site.login_success)


def scan(raid: Raid) -> None:
    """Ask for what a careless owner may have left lying about, path after path."""
    dice = raid.dice
    count, gap = raid.pace((25, 500), (0.02, 6.0), (250, 20.0))
    visits = [
        raid.visit(raid.disguise(agents.SCANNERS)) for _ in range(1 if raid.brief else dice.pick((1, 1, 1, 2, 4)))
    ]
    method = dice.pick(("GET", "GET", "GET", "HEAD"))
    forbidden = dice.between(0, 0.3) if dice.chance(0.4) else 0.02
    hides = dice.between(0.05, 0.3) if dice.chance(0.2) else 0.0
    at = raid.at
    for path in _scanned(dice, count):
        visit = dice.pick(visits)
        visit.at = at
        if dice.chance(hides):
            visit.ask("GET", dice.favourite(raid.site.pages), OK)
        status = FORBIDDEN if dice.chance(forbidden) else dice.weighted({MISSING: 94, OK: 3, FOUND: 2, BROKEN: 1})
        visit.ask(method, path, status)
        at += gap * dice.between(0.3, 1.7)


def sqli(raid: Raid) -> None:
    """Put payloads into the parameters of real pages: mostly SQL, also traversal, scripts, commands."""
    dice, site = raid.dice, raid.site
    count, gap = raid.pace((15, 200), (0.05, 8.0), (120, 20.0))
    visit = raid.visit(raid.disguise(agents.INJECTORS))
    families = (dice.pick(("sql", "sql", "sql", *wordlist.FAMILIES)),) if dice.chance(0.7) else wordlist.FAMILIES
    payloads = [payload for family in families for payload in wordlist.entries(family)]
    habit = dice.pick((0, 1, 1, 1, 2))
    pages = [dice.favourite(site.pages) for _ in range(dice.whole(1, 4))] + [site.search]
    answers = {FORBIDDEN: 6, OK: 3, BROKEN: 1} if site.blocks_payloads else {OK: 7, BROKEN: 2, MISSING: 1}
    for _ in range(count):
        times = habit if dice.chance(0.8) else dice.whole(0, 2)
        query = f"{dice.pick(wordlist.PARAMETERS)}={wordlist.encoded(dice.pick(payloads), times)}"
        page = dice.pick(pages)
        if dice.chance(0.05):
            visit.ask("GET", page, OK)
            visit.at += gap * dice.between(0.3, 1.7)
        visit.ask("GET", f"{page}?{query}", dice.weighted(answers))
        visit.at += gap * dice.between(0.3, 1.7)


def scrape(raid: Raid) -> None:
    """Walk through all pages in order at a steady pace and take only the text."""
    dice, site = raid.dice, raid.site
    count, gap = raid.pace((60, 400), (0.08, 4.0), (200, 25.0))
    visits = [raid.visit(raid.disguise(agents.SCRIPTS)) for _ in range(1 if raid.brief else dice.pick((1, 1, 1, 2, 4)))]
    rotating = dice.chance(0.25)
    jitter = dice.between(0.02, 0.5)
    walk = sorted(site.pages) if dice.chance(0.7) else list(site.pages)
    listing = site.api[0] if site.api else dice.pick(site.pages)
    walk += [f"{listing}?page={number}" for number in range(1, count)]
    at = raid.at
    for step, page in enumerate(walk[:count]):
        visit = visits[step % len(visits)]
        visit.at = at
        if rotating and dice.chance(0.3):
            visit.face = replace(visit.face, agent=agents.browser_agent(dice))
        visit.ask("GET", page, MISSING if dice.chance(0.01) else OK)
        at += gap * dice.between(1 - jitter, 1 + jitter)


def _scanned(dice: Dice, count: int) -> list[str]:
    paths = wordlist.scanned_paths()
    return (dice.shuffled(paths) if dice.chance(0.6) else paths)[:count]


ATTACKS: dict[str, tuple[str, Callable[[Raid], None]]] = {
    "flood": ("dos", flood),
    "bruteforce": ("bruteforce", bruteforce),
    "spray": ("spray", spray),
    "scan": ("scan", scan),
    "sqli": ("injection", sqli),
    "scrape": ("scrape", scrape),
}
"""Name of each attack: the kind of anomaly that it is, and what it does."""
