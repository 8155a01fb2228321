"""Visitors that keep time: uptime monitors, feed readers and crawlers that honour robots.txt."""

from simulator import agents
from simulator.addresses import Addresses
from simulator.dice import Dice
from simulator.journal import Face, Journal
from simulator.site import Site
from simulator.visit import MISSING, NOT_MODIFIED, OK, Visit


def monitor(visit: Visit, end: float, period_seconds: float) -> None:
    """Ask for the front page every so many seconds until `end`."""
    method = visit.dice.pick(("HEAD", "GET"))
    while visit.at < end:
        visit.ask(method, "/", OK)
        visit.at += period_seconds + visit.dice.between(-0.5, 0.5)


def feed_reader(visit: Visit, end: float, period_seconds: float) -> None:
    """Ask for the feed every so many seconds until `end`; mostly it has not changed."""
    visit.at += visit.dice.between(0, period_seconds)
    while visit.at < end:
        visit.ask("GET", visit.site.feed, NOT_MODIFIED if visit.dice.chance(0.85) else OK)
        visit.at += period_seconds + visit.dice.between(-20, 20)


def crawler(visit: Visit, end: float, pages_per_hour: float) -> None:
    """Crawl in rounds until `end`: robots.txt first, then pages in no order, steadily, no assets."""
    dice = visit.dice
    visit.at += dice.between(0, 3600)
    while visit.at < end:
        visit.ask("GET", "/robots.txt", OK, referrer="-")
        for _ in range(dice.whole(5, 60)):
            visit.at += dice.between(4, 16)
            if visit.at >= end:
                return
            dead = dice.chance(0.03)
            visit.ask(
                "GET", f"/old/{dice.whole(1, 500)}" if dead else dice.pick(visit.site.pages), MISSING if dead else OK
            )
        visit.at += dice.around(3600 * 30 / pages_per_hour, 0.5)


def keep_time(site: Site, dice: Dice, addresses: Addresses, journal: Journal, *, start: float, end: float) -> None:
    """Write what all steady visitors of a site ask for in [start, end), in seconds since 1970."""

    def visit(role: str, agent: str) -> Visit:
        face = Face(addresses.service(), agent, f"{role}-{site.domain}-{dice.whole(0, 2**31):08x}", site.domain)
        return Visit(site, face, dice.child(), journal, at=start)

    monitor(visit("monitor", dice.pick(agents.MONITORS)), end, dice.pick((30.0, 60.0, 60.0)))
    for agent in dice.shuffled(agents.FEED_READERS)[: dice.whole(2, 4)]:
        feed_reader(visit("feed", agent), end, dice.pick((900.0, 1800.0, 3600.0)))
    for agent in dice.shuffled(agents.CRAWLERS)[: dice.whole(2, 4)]:
        crawler(visit("crawler", agent), end, dice.log_between(10, 80))
