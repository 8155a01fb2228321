"""Looking for a way in: single knocks, word lists, patient and distributed scans."""

from collections.abc import Sequence

from simulator import agents, wordlist
from simulator.attacks.raid import Raid
from simulator.dice import Dice
from simulator.visit import OK, Visit


def probe(raid: Raid) -> None:
    """Knock one to four times on what gives secrets away, or a few times on what many sites have, as all day long."""
    dice = raid.dice
    visit = raid.visit(raid.disguise(agents.SWEEPERS))
    look_first(visit, 0.3)
    group = dice.pick(wordlist.repertoires())
    # A single request for what many sites have, such as a login page, is a bookmark of somebody's own: no attack.
    counts = {3: 5, 4: 3, 5: 2} if group in wordlist.groups("knocks") else {1: 5, 2: 3, 3: 2, 4: 1}
    count = int(raid.options.get("requests", dice.weighted(counts)))
    pause = dice.pick((0.2, 0.2, 1.0, 1.0, 20.0, 7200.0))
    ordered = group if dice.chance(0.6) else dice.shuffled(group)
    for path in ordered[:count]:
        method = "GET" if dice.chance(0.92) else dice.pick(("HEAD", "POST"))
        raid.rotate(visit)
        raid.miss(visit, method, path)
        visit.pause(pause)


def worm(raid: Raid) -> None:
    """Walk through one bot's whole repertoire, ten knocks or so."""
    dice = raid.dice
    visit = raid.visit(raid.disguise(agents.SWEEPERS))
    look_first(visit, 0.3)
    groups = dice.shuffled(wordlist.repertoires())[: dice.whole(1, 3)]
    gap = dice.log_between(0.1, 5)
    for path in [path for group in groups for path in group]:
        raid.rotate(visit)
        raid.miss(visit, "GET", path)
        visit.at += gap * dice.between(0.5, 1.5)


def scan(raid: Raid) -> None:
    """Ask for what a careless owner may have left lying about, path after path."""
    count, gap = raid.pace((25, 900), (0.01, 4.0), (250, 20.0))
    visits = raid.visits(1, 1 if raid.brief or raid.dice.chance(0.7) else 4, agents.SCANNERS)
    _ask_all(raid, visits, _listed(raid.dice, count), gap)


def scan_slow(raid: Raid) -> None:
    """Ask for one path a minute or every ten minutes, for hours, between a visitor's harmless pages."""
    count, gap = raid.pace((40, 200), (20.0, 600.0), (60, 25.0))
    visits = raid.visits(1, 1, agents.SCANNERS)
    _ask_all(raid, visits, _listed(raid.dice, count), gap, hides=raid.dice.between(0, 0.3))


def scan_distributed(raid: Raid) -> None:
    """Share one word list among many addresses, a few paths each."""
    dice = raid.dice
    visits = raid.visits(15, 150, agents.SCANNERS)
    count = min(int(len(visits) * dice.between(3, 10)), raid.most)
    gap = dice.log_between(60, 4 * 3600) / count
    _ask_all(raid, visits, _listed(dice, count), raid.options.get("gap", gap))


def look_first(visit: Visit, chance: float) -> None:
    """Perhaps ask for the front page first, which is nothing hostile."""
    if visit.dice.chance(chance):
        visit.is_innocent = True
        visit.ask("GET", "/", OK)
        if visit.dice.chance(0.2):
            for asset in visit.site.page_assets("/"):
                visit.at += visit.dice.between(0.01, 0.5)
                visit.ask("GET", asset, OK)
        visit.at += visit.dice.between(0.1, 2)
        visit.is_innocent = False


def _ask_all(raid: Raid, visits: list[Visit], paths: Sequence[str], gap: float, hides: float = 0.0) -> None:
    dice = raid.dice
    method = dice.pick(("GET", "GET", "GET", "HEAD"))
    for visit, path in zip(raid.steps(visits, len(paths), gap), paths, strict=True):
        if hides and dice.chance(hides):
            visit.ask("GET", dice.favourite(raid.site.pages), OK)
            visit.at += min(gap / 3, 5.0)
        raid.guess(visit, method, path)


def _listed(dice: Dice, count: int) -> list[str]:
    """Return a word list's paths: secrets, file names with all sorts of endings, or plain words."""
    made = {"files": wordlist.mixed_paths, "words": wordlist.words}.get(dice.pick(("secrets", "files", "words")))
    paths = made(dice) if made else wordlist.scanned_paths()
    kept = dice.shuffled(paths) if dice.chance(0.5) else paths
    return kept[:count]
