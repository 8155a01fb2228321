"""Denial of service: floods from one or a few addresses, from thousands, and connections that are kept waiting."""

from collections.abc import Callable, Iterator

from simulator import agents
from simulator.attacks.raid import Raid
from simulator.visit import BUSY, GAVE_UP, OK, TIMED_OUT, Visit
from simulator.wordlist import entries

SHAPES = ("page", "cache", "search", "head", "post", "spread")
FLOODERS = ("ApacheBench/2.3", "Mozilla/5.0 (pc-x86_64-linux-gnu) Siege/4.1.6", "hey/0.0.1", "-", *agents.SCRIPTS)

Asked = tuple[str, str]
"""A method and a URL."""


def flood(raid: Raid, shape: str = "") -> None:
    """Ask for one thing, far too often, from one or a few addresses; the server may give way."""
    count, gap = raid.pace((250, 4000), (0.002, 0.05), (2400, 12.0))
    clients = raid.visits(1, 1 if raid.dice.chance(0.6) else 3, FLOODERS)
    _pour(raid, clients, count, gap, _draws(raid, shape))


def ddos(raid: Raid, shape: str = "") -> None:
    """Ask from hundreds or thousands of addresses, a few times each, so that no address stands out."""
    dice = raid.dice
    clients = raid.visits(200, min(4000, max(raid.most // 2, 201)), agents.SCRIPTS)
    count = min(int(len(clients) * raid.options.get("requests", dice.log_between(2, 8))), raid.most)
    # Less than this is no more than a good day, whoever sends it.
    gap = 20.0 / count if raid.brief else 1 / dice.log_between(8, 200)
    _pour(raid, clients, count, raid.options.get("gap", gap), _draws(raid, shape))


def ddos_slow(raid: Raid) -> None:
    """Ask from hundreds of addresses, each as slowly as a visitor, for long."""
    dice = raid.dice
    clients = raid.visits(100, 500)
    period = dice.log_between(3, 15)
    count = min(int(len(clients) * dice.log_between(20, 60)), raid.most)
    _pour(raid, clients, count, raid.options.get("gap", period / len(clients)), _draws(raid, ""))


def slow_connections(raid: Raid) -> None:
    """Open connections, send next to nothing on them, and let them time out in waves; as slowhttptest does."""
    dice = raid.dice
    connections, wave = raid.pace((150, 1200), (5.0, 60.0), (600, 20.0))
    (visit,) = raid.visits(1, 1, ("opera", *agents.SCRIPTS))
    path = dice.pick(("/", raid.site.login, dice.favourite(raid.site.pages)))
    method, status = dice.pick((("GET", TIMED_OUT), ("POST", TIMED_OUT), ("-", TIMED_OUT), ("GET", 400)))
    at = raid.at
    for _ in range(dice.whole(2, 5)):
        at += wave
        for _ in range(connections // 3):
            visit.at = at + dice.between(0, 4)
            visit.ask(method, "-" if method == "-" else path, status, size=0)


def _pour(raid: Raid, clients: list[Visit], count: int, gap: float, draws: Callable[[], Asked]) -> None:
    dice = raid.dice
    gives_way = dice.between(0.2, 0.9) if dice.chance(0.4) else 1.0
    refers = dice.chance(0.3)
    for step, visit in enumerate(raid.steps(clients, count, gap)):
        method, url = draws()
        visit.referrer = f"https://{dice.pick(entries('words'))}.example/{dice.whole(1, 9999)}" if refers else "-"
        failed = step > gives_way * count and dice.chance(0.7)
        visit.ask(method, url, dice.pick((BUSY, BUSY, 502, 504, GAVE_UP)) if failed else OK)


def _draws(raid: Raid, shape: str) -> Callable[[], Asked]:
    """Return what says, time after time, what is asked for."""
    asked = _endless(raid, shape or raid.dice.pick(SHAPES))
    return lambda: next(asked)


def _endless(raid: Raid, shape: str) -> Iterator[Asked]:
    dice, site = raid.dice, raid.site
    target = dice.pick(("/", "/", dice.favourite(site.pages), dice.pick(site.api or site.pages)))
    word = dice.pick(("", "_", "r", "x", "nocache"))
    while True:
        number = dice.whole(0, 10**6)
        if shape == "cache":
            joined = "&" if "?" in target else "?"
            yield "GET", f"{target}{joined}{word + '=' if word else ''}{number}"
        elif shape == "search":
            yield "GET", site.searched(f"{dice.pick(entries('words'))}+{number}")
        elif shape == "spread":
            yield "GET", dice.pick(site.pages)
        elif shape == "post":
            yield "POST", target
        else:
            yield "HEAD" if shape == "head" else "GET", target
