"""Programs that say who they are: crawlers, feed readers, monitors, previews, link checkers."""

from simulator import agents
from simulator.dice import Dice
from simulator.stage import Stage
from simulator.visit import MISSING, NOT_MODIFIED, OK, Visit

_DECLARED = (
    *agents.CRAWLERS,
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot)",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
    "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)",
    "Mozilla/5.0 (compatible; DotBot/1.2; +https://opensiteexplorer.org/dotbot; help@moz.com)",
    "Mozilla/5.0 (Linux; Android 5.0) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
    "CCBot/2.0 (https://commoncrawl.org/faq/)",
    "Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)",
    "Applebot/0.1 (+http://www.apple.com/go/applebot)",
)
_PREVIEWS = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "WhatsApp/2.23.20.0", "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
)  # fmt: skip
_CHECKERS = (
    "LinkChecker/10.2.1 (+https://linkchecker.github.io/linkchecker/)",
    "W3C-checklink/5.0.0 libwww-perl/6.67",
    "Mozilla/5.0 (compatible; Dr. Link Check/1.0; https://www.drlinkcheck.com/bot)",
)
_BRIDGE = "http.rb/5.1.1 (Mastodon/4.2.{}; +https://social{}.example/)"


def crawlers(stage: Stage) -> None:
    """Be indexed by several engines at once, each from several addresses, politely."""
    for agent in stage.dice.shuffled(_DECLARED)[: stage.dice.whole(4, 8)]:
        clients = [stage.addresses.service() for _ in range(stage.dice.whole(1, 6))]
        visits = [stage.program("crawler", agent, client=client) for client in clients]
        pace = stage.dice.log_between(5, 90)
        for visit in visits:
            visit.ask("GET", "/robots.txt", OK)
            visit.at += stage.dice.between(0, pace)
            for _ in stage.every(visit, pace * len(visits), 0.8):
                _crawl(visit, dead=0.04)


def crawler_fast(stage: Stage) -> None:
    """Be crawled by somebody declared but in a hurry: several pages a second for minutes."""
    visit = stage.program("crawler", stage.dice.pick(_DECLARED), stage.moment(1))
    visit.ask("GET", "/robots.txt", OK)
    pages = stage.dice.shuffled([*stage.site.pages, *(f"/?page={number}" for number in range(400))])
    pace = stage.dice.log_between(0.08, 0.8)
    for page in pages[: stage.count(300, 1500)]:
        visit.ask("GET", page, OK if stage.dice.chance(0.96) else MISSING)
        visit.at += pace * stage.dice.between(0.3, 1.7)


def crawler_old_links(stage: Stage) -> None:
    """Be crawled by engines that remember pages of years ago: half of what they ask for is gone."""
    for agent in stage.dice.shuffled(_DECLARED)[:3]:
        visit = stage.program("crawler", agent)
        for _ in stage.every(visit, stage.dice.log_between(20, 120), 0.9):
            _crawl(visit, dead=stage.dice.between(0.3, 0.8))


def feed_readers(stage: Stage) -> None:
    """Have readers: each asks for the feed every quarter of an hour or every hour, from here and there."""
    for agent in [*agents.FEED_READERS, "Liferea/1.15.4 (Linux; https://lzone.de/liferea/)"]:
        for _ in range(stage.dice.whole(1, 5)):
            visit = stage.program("feed", agent)
            for _ in stage.every(visit, stage.dice.pick((600.0, 900.0, 1800.0, 3600.0)), 0.02):
                visit.ask("GET", stage.site.feed, NOT_MODIFIED if stage.dice.chance(0.85) else OK)


def monitors(stage: Stage) -> None:
    """Be watched from several places: every half minute, like clockwork, for days."""
    path = stage.dice.pick(("/", "/health", "/status", stage.site.login, "/healthz"))
    method = stage.dice.pick(("HEAD", "GET"))
    for agent in stage.dice.shuffled(agents.MONITORS)[: stage.dice.whole(1, 3)]:
        for _ in range(stage.dice.whole(1, 8)):
            visit = stage.program("monitor", agent)
            for _ in stage.every(visit, stage.dice.pick((20.0, 30.0, 60.0, 60.0)), 0.01):
                visit.ask(method, path, OK if stage.dice.chance(0.998) else 503)


def previews(stage: Stage) -> None:
    """Be shared in chats: the services' programs fetch the page and its picture."""
    for _ in range(stage.count(20, 80)):
        visit = stage.program("preview", stage.dice.pick(_PREVIEWS), stage.moment(0.1))
        page = stage.dice.favourite(stage.site.pages)
        visit.ask("GET", page, OK)
        visit.at += 0.4
        visit.ask("GET", stage.site.picture.format("harbor"), OK)


def fediverse(stage: Stage) -> None:
    """Be posted in a network of thousands of servers: each fetches the page for its own preview, all at once."""
    page = stage.dice.pick(stage.site.pages)
    begin = stage.moment(0.3)
    for number in range(stage.count(80, 700)):
        agent = _BRIDGE.format(stage.dice.whole(0, 9), number)
        visit = stage.visitor(begin + float(stage.dice.rng.exponential(40)), agent)
        visit.ask("GET", page, OK)
        if stage.dice.chance(0.3):
            visit.at += 1
            visit.ask("GET", stage.site.picture.format("summit"), OK)


def link_checker(stage: Stage) -> None:
    """Have one's links checked: HEAD for every page, GET where that is refused, and some are dead."""
    visit = stage.program("checker", stage.dice.pick(_CHECKERS), stage.moment(1))
    pace = stage.dice.log_between(0.1, 3)
    for page in stage.dice.shuffled([*stage.site.pages, *(f"/old/{number}" for number in range(12))]):
        visit.ask("HEAD", page, MISSING if page.startswith("/old/") else OK)
        visit.at += pace * stage.dice.between(0.5, 1.5)


def contact_files(stage: Stage) -> None:
    """Be looked up: security.txt, ads.txt, robots.txt and what else is well known, none of it here."""
    known = (
        "/.well-known/security.txt", "/security.txt", "/ads.txt", "/app-ads.txt", "/robots.txt", "/sitemap.xml",
        "/.well-known/traffic-advice", "/.well-known/assetlinks.json", "/apple-app-site-association", "/humans.txt",
        "/.well-known/change-password", "/favicon.ico", "/.well-known/webfinger?resource=acct:a@example.com",
    )  # fmt: skip
    for _ in range(stage.count(20, 100)):
        agent = stage.dice.pick((*agents.SCRIPTS, *_DECLARED, "", ""))
        visit = stage.visitor(stage.moment(0.2), agent)
        for path in stage.dice.shuffled(known)[: stage.dice.whole(1, 4)]:
            visit.miss("GET", path)
            visit.pause(1)


def certificate_checks(stage: Stage) -> None:
    """Renew a certificate: five validators ask for one token within seconds."""
    token = "".join(stage.dice.pick("ABCDEFabcdef0123456789_-") for _ in range(43))
    begin = stage.moment(0.1)
    for _ in range(stage.dice.whole(3, 5)):
        agent = "Mozilla/5.0 (compatible; Let's Encrypt validation server; +https://www.letsencrypt.org)"
        visit = stage.program("validator", agent, begin + stage.dice.between(0, 3))
        visit.ask("GET", f"/.well-known/acme-challenge/{token}", OK, size=87)


def _crawl(visit: Visit, dead: float) -> None:
    dice: Dice = visit.dice
    if dice.chance(dead):
        visit.miss("GET", f"/{dice.pick(('old', 'archive', '2014', 'tag'))}/{dice.whole(1, 900)}")
    else:
        visit.ask("GET", dice.pick(visit.site.pages), NOT_MODIFIED if dice.chance(0.1) else OK)
