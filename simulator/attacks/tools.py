"""The habits of well-known tools as they show in a log: user agents, test paths, order, pace.

Source: the tools' own documentation and default settings; no line is copied from anybody's log.
"""

from dataclasses import replace

from simulator import agents, wordlist
from simulator.attacks.exploits import encode_all
from simulator.attacks.raid import Raid
from simulator.attacks.scans import look_first
from simulator.dice import Dice
from simulator.journal import NOBODY
from simulator.payload import encoded, guard_check, sql
from simulator.visit import BAD_REQUEST, BROKEN, FORBIDDEN, NOT_ALLOWED, OK

_NIKTO = "Mozilla/5.00 (Nikto/{}) (Evasions:None) (Test:{:06d})"
_OLD_EXPLORER = "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)"
_HANDSHAKES = (
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\x16\x03\x01\x00\xee\x01\x00\x00\xea\x03\x03", "SSH-2.0-Go",
    "\x03\x00\x00/*\xe0\x00\x00\x00\x00\x00Cookie: mstshash=Administr", "MGLNDD_198.51.100.9_80\n", "\x00\x00", NOBODY,
)  # fmt: skip


def gobuster(raid: Raid) -> None:
    """Try a name that cannot exist, then a word list in its order with dozens of threads."""
    _enumerate(raid, "gobuster/3.6", [f"/{_hex(raid.dice, 8)}-{_hex(raid.dice, 4)}-{_hex(raid.dice, 12)}"])


def dirb(raid: Raid) -> None:
    """Try two names that cannot exist as an old browser, then each word, one at a time."""
    _enumerate(raid, _OLD_EXPLORER, ["/randomfile1", "/frand2"], gap=(0.004, 0.3))


def ffuf(raid: Raid) -> None:
    """Put a word list into the path as fast as the server answers."""
    _enumerate(raid, "Fuzz Faster U Fool v2.1.0-dev", [])


def wfuzz(raid: Raid) -> None:
    """Put a word list into the path or into a parameter."""
    _enumerate(raid, "Wfuzz/3.1.0", [])


def nikto(raid: Raid) -> None:
    """Find out how misses look, try the methods, then thousands of known files and payloads."""
    dice = raid.dice
    count, gap = raid.pace((150, 1200), (0.01, 0.4), (250, 20.0))
    version = dice.pick(("2.1.6", "2.5.0"))
    browser = agents.browser_agent(dice) if dice.chance(0.3) else ""
    visit = raid.visit(browser or _NIKTO.format(version, 0))
    name = _hex(dice, 8)
    asked = [("GET", f"/{name}.{ending}") for ending in ("asp", "cgi", "php", "html", "jsp", "bak", "cfm", "/")]
    asked += [("OPTIONS", "/"), ("TRACE", "/"), ("DEBUG", "/"), ("PUT", f"/nikto-test-{name}.html"), ("TRACK", "/")]
    paths = dice.shuffled([*wordlist.scanned_paths(), *wordlist.entries("shells")])
    asked += [("GET", path) for path in paths]
    asked += [("GET", f"/?{query}") for query in encode_all(dice, wordlist.FAMILIES, 60)]
    look_first(visit, 1.0)
    for number, (method, url) in enumerate(asked[:count]):
        agent = browser or _NIKTO.format(version, number)
        visit.face = replace(visit.face, agent=agent)
        if method == "GET":
            raid.guess(visit, method, url)
        else:
            visit.ask(method, url, dice.pick((NOT_ALLOWED, NOT_ALLOWED, OK if method == "OPTIONS" else FORBIDDEN)))
        visit.at += gap * dice.between(0.3, 1.7)


def nuclei(raid: Raid) -> None:
    """Ask for what thousands of templates check: known files, panels and exploits, in browsers' names."""
    dice = raid.dice
    count, gap = raid.pace((120, 1500), (0.005, 0.2), (250, 20.0))
    (visit,) = raid.visits(1, 1, ("Nuclei - Open-source project (github.com/projectdiscovery/nuclei)",))
    raid.rotation = raid.rotation or (0.9 if dice.chance(0.5) else 0.0)
    callback = f"http://{_hex(dice, 24)}.oast.example"
    exploits = [tuple(line.split(" ", 1)) for line in wordlist.entries("exploits")]
    asked = [("GET", path) for path in wordlist.scanned_paths()]
    asked += [("GET", path) for group in wordlist.repertoires() for path in group]
    asked += [(line[0], line[1].replace("http://198.51.100.77", callback)) for line in exploits]
    asked += [("GET", f"/?{query}") for query in encode_all(dice, wordlist.FAMILIES, 80)]
    chosen = dice.shuffled(asked)[:count]
    for step, (method, url) in zip(raid.steps([visit], len(chosen), gap), chosen, strict=True):
        raid.guess(step, method, url)


def wpscan(raid: Raid) -> None:
    """List WordPress's plugins, themes, users and backups."""
    dice = raid.dice
    _, gap = raid.pace((1, 1), (0.02, 0.6), (200, 20.0))
    (visit,) = raid.visits(1, 1, ("WPScan v3.8.25 (https://wpscan.com/wordpress-security-scanner)",))
    visit.referrer = f"{raid.site.origin}/" if dice.chance(0.8) else NOBODY
    found = OK if raid.site.is_wordpress else 0
    fixed = ["/readme.html", "/xmlrpc.php", "/wp-content/debug.log", "/wp-config.php.bak", "/wp-json/wp/v2/users/"]
    fixed += ["/wp-content/uploads/", "/wp-cron.php", *(f"/?author={number}" for number in range(1, 11))]
    fixed += [f"/wp-config.{ending}" for ending in ("old", "txt", "php~", "php.save", "php.swp")]
    names = [*wordlist.entries("plugins"), *wordlist.entries("words")]
    fixed += [f"/wp-content/plugins/{name}/readme.txt" for name in names]
    fixed += [f"/wp-content/themes/{name}/style.css" for name in wordlist.entries("words")[: dice.whole(10, 60)]]
    for step, path in zip(raid.steps([visit], len(fixed), gap), fixed, strict=True):
        if found and dice.chance(0.12):
            step.ask("GET", path, found)
        else:
            raid.guess(step, "GET", path)


def zgrab(raid: Raid) -> None:
    """Sweep by: a few sorts of handshake on the plain port, then the front page and a probe or two."""
    dice = raid.dice
    visit = raid.visit(NOBODY)
    agent = dice.pick((*agents.SWEEPERS, NOBODY))
    for _ in range(dice.whole(1, 4)):
        visit.ask(NOBODY, dice.pick(_HANDSHAKES), BAD_REQUEST, size=150)
        visit.pause(3)
    visit.face = replace(visit.face, agent=agent)
    visit.ask("GET", "/", OK)
    for path in dice.shuffled(dice.pick(wordlist.repertoires()))[: dice.whole(1, 3)]:
        visit.pause(2)
        raid.miss(visit, "GET", path)


def sqlmap(raid: Raid) -> None:
    """Look whether something guards the page, then send boundary after boundary into one parameter."""
    dice, site = raid.dice, raid.site
    count, gap = raid.pace((40, 600), (0.02, 1.5), (120, 20.0))
    (visit,) = raid.visits(1, 1, agents.INJECTORS)
    page = dice.pick((site.search, dice.favourite(site.pages)))
    joined = f"{page}{'&' if '?' in page else '?'}{dice.pick(wordlist.PARAMETERS)}={dice.whole(1, 500)}"
    visit.is_innocent = True
    visit.ask("GET", joined, OK)
    visit.is_innocent = False
    visit.at += gap
    guard = encoded(guard_check(dice), 1)
    visit.ask("GET", f"{joined}&{_hex(dice, 4)}={guard}", FORBIDDEN if site.blocks_payloads else OK)
    answers = {FORBIDDEN: 8, OK: 2} if site.blocks_payloads else {OK: 8, BROKEN: 2}
    for step in raid.steps([visit], count, gap):
        step.ask("GET", joined + encoded(sql(dice), 1), dice.weighted(answers))


def _enumerate(raid: Raid, tool: str, tests: list[str], gap: tuple[float, float] = (0.002, 0.08)) -> None:
    """Ask for a word list, with endings or without, as `tool` or in a browser's name."""
    dice = raid.dice
    count, pause = raid.pace((150, 3000), gap, (250, 20.0))
    visit = raid.visit(tool if dice.chance(0.6) else agents.browser_agent(dice))
    endings = ("", *dice.pick(((), (), (".php",), (".php", ".html", ".txt"), ("/",), (".bak",))))
    words = wordlist.directory_words(dice)
    paths = [f"/{word}{ending}" for word in words for ending in endings]
    asked = [*tests, *paths][:count]
    head = "HEAD" if dice.chance(0.1) else "GET"
    for step, path in zip(raid.steps([visit], len(asked), pause), asked, strict=True):
        raid.guess(step, head, path)


def _hex(dice: Dice, digits: int) -> str:
    return "".join(dice.pick("0123456789abcdef") for _ in range(digits))
