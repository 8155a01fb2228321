"""Taking everything: one address or many walk through all pages without reading."""

from collections.abc import Sequence

from simulator import agents
from simulator.attacks.raid import Raid
from simulator.visit import MISSING, OK, Visit


def scrape(raid: Raid) -> None:
    """Walk through all pages in order at a steady pace and take only the text."""
    count, gap = raid.pace((80, 900), (0.05, 3.0), (200, 25.0))
    _walk(raid, 1 if raid.brief or raid.dice.chance(0.7) else 4, count, gap)


def scrape_slow(raid: Raid) -> None:
    """Take a page every ten seconds or every minute, for hours."""
    count, gap = raid.pace((250, 900), (6.0, 45.0), (200, 25.0))
    _walk(raid, 1, count, gap)


def scrape_distributed(raid: Raid) -> None:
    """Share the pages among dozens of addresses, a dozen or more each, in ever other browsers' names."""
    dice = raid.dice
    clients = raid.count_clients(12, 80)
    count = min(int(clients * dice.between(12, 40)), raid.most)
    gap = dice.log_between(600, 6 * 3600) / count
    _walk(raid, clients, count, raid.options.get("gap", gap), exactly=True)


def scrape_headless(raid: Raid) -> None:
    """Walk with a browser without a screen, which fetches the assets as well: once, then from its cache.

    Such a browser keeps its name as long as it runs: its own, or that of one with a screen.
    """
    dice = raid.dice
    count, gap = raid.pace((120, 600), (0.4, 4.0), (60, 25.0))
    visit = raid.visit(agents.headless_agent(dice) if dice.chance(0.6) else agents.browser_agent(dice))
    raid.rotation = 0.0
    pages = raid.site.pages if dice.chance(0.5) else sorted(raid.site.pages)
    for step, page in zip(raid.steps([visit], count, gap), _all_pages(raid, [visit], pages, count), strict=True):
        step.referrer = "-"
        step.page(page)


def _walk(raid: Raid, clients: int, count: int, gap: float, *, exactly: bool = False) -> None:
    dice, site = raid.dice, raid.site
    visits = raid.visits(clients, clients) if exactly else raid.visits(1, clients)
    pages = sorted(site.pages) if dice.chance(0.7) else list(site.pages)
    walk = _all_pages(raid, visits, pages, count)
    refers = dice.chance(0.15)
    for visit, page in zip(raid.steps(visits, count, gap, dice.between(0.02, 0.6)), walk, strict=True):
        visit.ask("GET", page, MISSING if dice.chance(0.01) else OK)
        visit.referrer = site.origin + page if refers else "-"


def _all_pages(raid: Raid, visits: Sequence[Visit], pages: Sequence[str], count: int) -> list[str]:
    """Return so many pages: the site's, each once, and then a listing's, number after number.

    An interface is there for programs: who leafs through one takes what is not his only where he poses as a browser.
    """
    poses = all(visit.face.agent.startswith("Mozilla/") for visit in visits)
    listing = raid.dice.pick((raid.site.api if poses else ()) or raid.site.pages)
    mark = "&" if "?" in listing else "?"
    return [*pages, *(f"{listing}{mark}page={number}" for number in range(1, count + 1))][:count]
