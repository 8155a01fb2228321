"""Many people at once, or many behind one address: what a careless rule takes for a flood or a spray."""

from collections.abc import Iterator
from dataclasses import replace

from simulator import agents
from simulator.journal import NOBODY
from simulator.personas import PERSONAS, fits, mistyper, reader, searcher
from simulator.stage import Stage
from simulator.visit import BUSY, MISSING, NOT_MODIFIED, OK, Visit

_HOUR = 3600.0
_OLD = ("/index.php?id={}", "/old/{}.htm", "/shop/article.asp?nr={}", "/node/{}", "/{}.html")


def flash_crowd(stage: Stage) -> None:
    """Be linked on a much-read site: hundreds of browsers come within minutes, each with the assets."""
    target = stage.dice.pick(stage.site.pages)
    news = f"https://{stage.dice.pick(('news', 'links', 'board'))}.example.net/{stage.dice.whole(1, 99_999)}"
    for visit in _surge(stage, stage.count(120, 1200), stage.dice.log_between(200, 2400)):
        visit.referrer = news if stage.dice.chance(0.85) else "-"
        _read(visit, target, more=0.3)


def newsletter(stage: Stage) -> None:
    """Write to all customers: they come within an hour, by the same link, without a referrer."""
    mark = f"utm_source=newsletter&utm_medium=email&utm_campaign=c{stage.dice.whole(1, 99)}"
    page = stage.dice.pick(stage.site.pages)
    for visit in _surge(stage, stage.count(80, 800), stage.dice.log_between(600, 5000)):
        _read(visit, f"{page}{'&' if '?' in page else '?'}{mark}", more=0.5)


def sale(stage: Stage) -> None:
    """Open a sale at noon: hundreds wait for it and press reload; the server now and then gives up."""
    page = stage.dice.pick(stage.site.pages)
    for visit in _surge(stage, stage.count(60, 400), 300):
        for _ in range(stage.dice.whole(2, 12)):
            visit.page(page, BUSY if stage.dice.chance(0.05) else OK)
            visit.pause(7, 0.7)


def outage(stage: Stage) -> None:
    """Be broken for a quarter of an hour: whoever comes is answered 502 or 503, and tries again."""
    status = stage.dice.pick((500, 502, BUSY, 504))
    begin = stage.moment(0.5)
    for _ in range(stage.count(30, 200)):
        visit = stage.visitor(begin + stage.dice.between(0, 900))
        page = stage.dice.favourite(stage.site.pages)
        for _ in range(stage.dice.whole(1, 6)):
            visit.ask("GET", page, status, size=559)
            visit.pause(5)


def office(stage: Stage) -> None:
    """Work in an office: dozens of people behind one address, many with the same browser."""
    _behind(stage, stage.count(15, 80), agents.browser_agent(stage.dice), stage.moment(4), 4 * _HOUR)


def carrier(stage: Stage) -> None:
    """Be a mobile carrier: hundreds of telephones behind one address, day and night."""
    _behind(stage, stage.count(100, 600), "", stage.start, stage.end - stage.start)


def classroom(stage: Stage) -> None:
    """Log in as a class does: thirty people behind one address within minutes, some with a wrong password."""
    client, common = stage.addresses.service(), agents.browser_agent(stage.dice)
    begin = stage.moment(1)
    for _ in range(stage.dice.whole(15, 35)):
        visit = stage.visitor(begin + stage.dice.between(0, 400), common, client)
        if stage.site.has_login:
            visit.log_in(failures=stage.dice.weighted({0: 7, 1: 2, 2: 1}))
        _read(visit, stage.dice.favourite(stage.site.pages), more=0.6)


def monday(stage: Stage) -> None:
    """Begin the week: a hundred people log in within an hour, each from home, one in six at the second try."""
    begin = stage.moment(1.5)
    for _ in range(stage.count(40, 250) if stage.site.has_login else 0):
        visit = stage.visitor(begin + stage.dice.between(0, _HOUR))
        visit.log_in(failures=stage.dice.weighted({0: 84, 1: 11, 2: 4, 3: 1}))
        _read(visit, stage.dice.favourite(stage.site.pages), more=0.5)


def site_move(stage: Stage) -> None:
    """Have moved: bookmarks, links and search engines still name the old pages."""
    shape = stage.dice.pick(_OLD)
    for _ in range(stage.count(40, 400)):
        visit = stage.visitor(stage.moment(0.2))
        visit.external_referrer()
        for _ in range(stage.dice.weighted({1: 7, 2: 2, 5: 1})):
            visit.page(shape.format(stage.dice.whole(1, 400)), MISSING)
            visit.pause(8)
        if stage.dice.chance(0.5):
            _read(visit, "/", more=0.4)


def broken_pages(stage: Stage) -> None:
    """Name files in every page that are not there: each visitor gets a row of 404."""
    gone = [
        f"/{folder}/missing-{number}.{end}"
        for number, (folder, end) in enumerate(
            stage.dice.shuffled([("js", "js"), ("img", "png"), ("css", "css"), ("fonts", "woff2"), ("js", "map")] * 3)
        )
    ]
    named = gone[: stage.dice.whole(3, 14)]
    for _ in range(stage.count(30, 200)):
        visit = stage.visitor(stage.moment(0.3))
        visit.external_referrer()
        for _ in range(stage.dice.whole(1, 6)):
            visit.page(stage.dice.favourite(stage.site.pages))
            for path in named:
                visit.at += stage.dice.between(0.005, 0.05)
                visit.ask("GET", path, MISSING)
            visit.pause(20, 0.8)


def prefetching(stage: Stage) -> None:
    """Have browsers that fetch every link of a page beforehand: dozens of pages within a second or two."""
    for _ in range(stage.count(8, 40)):
        visit = stage.visitor(stage.moment(0.3))
        visit.external_referrer()
        for _ in range(stage.dice.whole(1, 5)):
            visit.page(stage.dice.favourite(stage.site.pages))
            for _ in range(stage.dice.whole(8, 40)):
                visit.at += stage.dice.between(0.01, 0.12)
                visit.ask("GET", stage.dice.favourite(stage.site.pages), OK if stage.dice.chance(0.95) else MISSING)
            visit.pause(25, 0.7)


def new_addresses(stage: Stage) -> None:
    """Visit over IPv6 with privacy extensions: the same /64, another address each time, as telephones have."""
    for number in range(stage.count(10, 60)):
        agent = agents.iphone_agent(stage.dice) if number % 2 else agents.browser_agent(stage.dice)
        for _ in range(stage.dice.whole(2, 6)):
            client = f"2001:db8:1:{number:x}:{stage.dice.whole(0, 2**16 - 1):x}::{stage.dice.whole(1, 2**16 - 1):x}"
            _read(stage.visitor(stage.moment(0.2), agent, client), stage.dice.favourite(stage.site.pages), more=0.5)


def preconnects(stage: Stage) -> None:
    """Open connections to be quick, and never use them: each is a line without a request, answered 408 or 400."""
    for number in range(stage.count(20, 80)):
        visit = stage.visitor(stage.moment(0.3))
        visit.external_referrer()
        _read(visit, stage.dice.favourite(stage.site.pages), more=0.5)
        for _ in range(stage.dice.whole(0, 3)):
            visit.at += stage.dice.between(10, 60)
            visit.face = replace(visit.face, agent=NOBODY)
            visit.ask("-", "-", (408, 400)[number % 2], size=0, referrer="-")


def _surge(stage: Stage, people: int, seconds: float) -> Iterator[Visit]:
    """Yield people who come at once and then ever fewer."""
    begin = stage.moment(seconds / _HOUR + 0.2)
    for _ in range(people):
        yield stage.visitor(begin + float(stage.dice.rng.exponential(seconds / 3)))


def _read(visit: Visit, page: str, *, more: float) -> None:
    """Open a page, and perhaps others."""
    visit.page(page)
    while visit.dice.chance(more):
        visit.pause(25, 0.9)
        visit.page(visit.dice.favourite(visit.site.pages))


def _behind(stage: Stage, people: int, common: str, begin: float, seconds: float) -> None:
    """Let people visit from one address; a common browser is many's."""
    client = stage.addresses.service()
    for _ in range(people):
        agent = common if common and stage.dice.chance(0.5) else ""
        visit = stage.visitor(begin + stage.dice.between(0, seconds), agent, client)
        persona = stage.dice.weighted(PERSONAS)
        if persona in (reader, searcher, mistyper) and fits(persona, stage.site):
            persona(visit)
        else:
            reader(visit)
        if stage.dice.chance(0.2):
            visit.ask("GET", stage.site.pages[0], NOT_MODIFIED)
