"""People and programs that mean no harm, and those among them that look as if they did."""

from collections.abc import Callable

from simulator import agents
from simulator.dice import Dice
from simulator.site import Site
from simulator.visit import CREATED, FOUND, MISSING, OK, Visit

Persona = Callable[[Visit], None]

_QUERIES = (
    "winter+coat", "it%27s+raining", "o%27brien", "how+to+select+from+a+union", "100%25+cotton", "caf%C3%A9", "shoes",
    "returns+%26+refunds", "a%3Db", "best+of+2025", "%22exact+words%22", "drop+table+lamp", "size+42", "opening+hours",
)  # fmt: skip
_TECHNICAL = (
    "what+is+a+%3Cscript%3E+tag", "alert%28%29+in+javascript", "select+%2A+from+users+where+id+%3D+1",
    "%2Fetc%2Fpasswd+explained", "cmd.exe+cat+%2F", "sleep%285%29+java+thread", "document.cookie+expires",
    "phpinfo%28%29+disabled", "C%3A%5CWindows%5CSystem32", "javascript%3Avoid%280%29", "1+or+1%3D1+explained",
    "drop+table+mysql%3B+drop+table+x", "%3Cimg+src%3D+alt%3D%3E", "where+is+.htaccess", "python+__init__+vs+__class__",
    "wget+https%3A%2F%2F+certificate+error", "information_schema+size", "order+by+1+desc+--+slow",
)  # fmt: skip
_FORGOTTEN = ("/img/old-banner.png", "/js/legacy.js", "/css/print.css", "/fonts/icons.woff2", "/img/sprite.png")
_NOISE = (
    "/favicon.ico", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png", "/.well-known/security.txt",
    "/ads.txt", "/browserconfig.xml", "/robots.txt", "/.well-known/change-password", "/llms.txt", "/app-ads.txt",
    "/sitemap.xml", "/humans.txt", "/sitemap_index.xml", "/favicon.png", "/.well-known/assetlinks.json",
)  # fmt: skip


def reader(visit: Visit) -> None:
    """Read a few pages, mostly popular ones, with time to think."""
    visit.external_referrer()
    for _ in range(1 + min(int(visit.dice.around(2.5, 0.8)), 30)):
        visit.page(visit.dice.favourite(visit.site.pages))
        visit.pause(25, 1.0)


def searcher(visit: Visit) -> None:
    """Search the site, with apostrophes and odd words, and open what is found."""
    visit.external_referrer()
    for _ in range(visit.dice.whole(1, 6)):
        visit.page(visit.site.searched(visit.dice.pick(_QUERIES)))
        visit.pause(10)
        if visit.dice.chance(0.6):
            visit.page(visit.dice.pick(visit.site.pages))
            visit.pause(20, 0.9)


def odd_searcher(visit: Visit) -> None:
    """Look for help with programs: searches that read like attacks, typed by somebody who reads the answers."""
    visit.external_referrer()
    visit.page(visit.dice.favourite(visit.site.pages))
    for _ in range(visit.dice.whole(1, 3)):
        visit.pause(12)
        visit.page(visit.site.searched(visit.dice.pick(_TECHNICAL)))
        visit.pause(20, 0.9)
        if visit.dice.chance(0.7):
            visit.page(visit.dice.pick(visit.site.pages))


def long_reader(visit: Visit) -> None:
    """Read for hours, from link to link: hundreds of pages, nearly all of whose images are known by then."""
    dice = visit.dice
    visit.external_referrer()
    for _ in range(min(int(dice.log_between(50, 400)), 300)):
        page = dice.pick(visit.site.pages)
        joined = "&" if "?" in page else "?"
        visit.page(f"{page}{joined}page={dice.whole(2, 60)}" if dice.chance(0.6) else page)
        visit.pause(dice.pick((8, 20, 40)), 0.9)


def shopper(visit: Visit) -> None:
    """Look around, log in (sometimes with a wrong password first), fill a cart, perhaps pay, perhaps log out."""
    dice = visit.dice
    visit.external_referrer()
    for _ in range(dice.whole(1, 6)):
        visit.page(dice.favourite(visit.site.pages))
        visit.pause(18, 0.9)
    visit.log_in(failures=dice.whole(1, 2) if dice.chance(0.15) else 0)
    visit.page("/account")
    for _ in range(dice.whole(0, 4)):
        visit.page(dice.favourite(visit.site.pages))
        visit.pause(20, 0.9)
        visit.ask("POST", "/cart/add", FOUND)
        visit.at += 0.1
        visit.page("/cart")
    if dice.chance(0.4):
        visit.pause(30)
        visit.page("/checkout")
        visit.pause(60)
        visit.ask("POST", "/checkout", FOUND)
        visit.at += 0.3
        visit.page("/checkout/done")
    if dice.chance(0.3):
        visit.pause(15)
        visit.ask("GET", "/logout", FOUND)


def app_user(visit: Visit) -> None:
    """Use the telephone app: interfaces instead of pages, no assets, a token fetched with a login POST."""
    site, dice = visit.site, visit.dice
    screens = site.api or site.pages[:40]
    visit.attempt(succeed=not dice.chance(0.03))
    for _ in range(dice.whole(3, 40)):
        visit.at += dice.around(6, 0.8)
        visit.ask("GET", dice.favourite(screens), OK)
        if site.api and dice.chance(0.15):
            visit.ask("POST", dice.pick(site.api), CREATED)


def mistyper(visit: Visit) -> None:
    """Be the sysadmin on a Monday: three to seven wrong passwords, then in, or give up and ask for a new one."""
    dice = visit.dice
    succeed = dice.chance(0.75)
    visit.log_in(failures=dice.whole(3, 7), succeed=succeed)
    if succeed:
        visit.page("/account")
        for _ in range(dice.whole(1, 8)):
            visit.pause(30)
            visit.page(dice.pick(visit.site.pages))
    else:
        visit.pause(5)
        visit.page("/account/reset")
        visit.pause(20)
        visit.ask("POST", "/account/reset", FOUND)


def tab_opener(visit: Visit) -> None:
    """Open page after page in tabs within seconds, as a browser does: with the assets."""
    visit.external_referrer()
    for _ in range(visit.dice.whole(15, 50)):
        visit.page(visit.dice.pick(visit.site.pages))
        visit.pause(1.5, 0.7)


def reloader(visit: Visit) -> None:
    """Wait for something on one page and press reload again and again."""
    page = visit.dice.favourite(visit.site.pages)
    for _ in range(visit.dice.whole(10, 60)):
        visit.page(page)
        visit.pause(4, 0.6)


def on_old_page(visit: Visit) -> None:
    """Read pages that name files which are gone: a session full of 404 that is nobody's fault."""
    visit.external_referrer()
    for _ in range(visit.dice.whole(2, 8)):
        page = visit.dice.pick(visit.site.pages)
        visit.page(page)
        for gone in _FORGOTTEN[: visit.dice.whole(2, 5)]:
            visit.at += visit.dice.between(0.01, 0.1)
            visit.ask("GET", gone, MISSING)
        visit.pause(15, 0.8)


def gallery_viewer(visit: Visit) -> None:
    """Open a page of a hundred pictures: many requests in a second or two, once."""
    visit.external_referrer()
    visit.page(visit.dice.favourite(visit.site.pages))
    here = visit.referrer
    for number in range(visit.dice.whole(40, 160)):
        visit.at += visit.dice.between(0.002, 0.04)
        visit.ask("GET", f"/img/gallery/{number:03d}.jpg", OK, referrer=here)
    visit.pause(40)
    visit.page(visit.dice.pick(visit.site.pages))


def noise(visit: Visit) -> None:
    """Ask once or twice for what many sites have, as browsers and robots do all day; knocks on secrets are attacks."""
    for _ in range(visit.dice.whole(1, 2)):
        visit.ask("GET", visit.dice.pick(_NOISE), MISSING)
        visit.pause(2)


def script_user(visit: Visit) -> None:
    """Fetch one or a few pages with a script, as people's own little programs do."""
    page = visit.dice.pick(visit.site.pages)
    for _ in range(visit.dice.whole(1, 5)):
        visit.ask(visit.dice.pick(("GET", "GET", "HEAD")), page, OK)
        visit.pause(20, 1.0)


PERSONAS: dict[Persona, float] = {
    reader: 52, searcher: 8, shopper: 14, app_user: 6, mistyper: 1.5, tab_opener: 1.5, reloader: 1, on_old_page: 2,
    gallery_viewer: 1.5, noise: 8, script_user: 2,
}  # fmt: skip
"""Personas and how often each visits, in relation to the others."""

TRICKY: tuple[Persona, ...] = (
    mistyper,
    tab_opener,
    reloader,
    on_old_page,
    gallery_viewer,
    searcher,
    script_user,
    app_user,
)
"""Those that look like an attack to a careless rule."""


def persona_agent(persona: Persona, dice: Dice) -> str:
    """Return the user agent that a persona comes with."""
    if persona is app_user:
        return agents.app_agent(dice)
    if persona is script_user or (persona is noise and dice.chance(0.7)):
        return dice.pick(agents.SCRIPTS)
    return agents.browser_agent(dice)


def fits(persona: Persona, site: Site) -> bool:
    """Return whether a site has what the persona wants: only shops have a cart, and a reader's site no app."""
    if persona is shopper:
        return site.style == "shop"
    if persona is mistyper:
        return site.has_login
    return persona is not app_user or site.style in ("shop", "api")
