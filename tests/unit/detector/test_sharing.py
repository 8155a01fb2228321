"""Walks and lists of guesses that many addresses have divided among themselves, and what only looks like that."""

import random
from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

from detector.features import prepare
from detector.sharing import MEMBERS_SCHEMA, SHARED, find_sharers, judge_sharers
from detector.slots import observe
from detector.trend import HISTORY_SCHEMA
from detector.walks import SPAN, Walks
from tests.unit.detector.frames import BROWSER, at, events_of, request
from tests.unit.detector.swarms import HOUR, Request, address, browsing, ordinary, watched

CLIENTS = 20


def shared(clients: int, pages: int, dice: random.Random, **more: object) -> list[Request]:
    """Return a walk: page after page, each asked for by one of the clients."""
    total = clients * pages
    return [
        request(3 * HOUR + 9_000 * number / total, f"/item/{number}", address=address(dice.randrange(clients)), **more)
        for number in range(total)
    ]


def guessed(clients: int, each: int, dice: random.Random, **more: object) -> list[Request]:
    return shared(clients, each, dice, **{"status": 404, **more})


Maker = Callable[[random.Random], list[Request]]

ATTACKS: dict[str, tuple[str, Maker]] = {
    "pages": ("scrape", lambda dice: shared(CLIENTS, 20, dice)),
    "pages, with made-up referrers": (
        "scrape",
        lambda dice: shared(CLIENTS, 20, dice, referrer="https://example.org/item/1"),
    ),
    "an interface's numbers, in browsers' names": (
        "scrape",
        lambda dice: [{**one, "url": f"/api/items?page={n}"} for n, one in enumerate(shared(CLIENTS, 20, dice))],
    ),
    "an interface's numbers, by programs that name its last answer as the page they come from": (
        "scrape",
        lambda dice: [
            {**one, "url": f"/api/items?page={n}", "referrer": f"https://example.org/api/items?page={n - 1}"}
            for n, one in enumerate(shared(CLIENTS, 20, dice, user_agent="curl/8.4.0"))
        ],
    ),
    "guesses": ("scan", lambda dice: guessed(CLIENTS, 7, dice)),
    "guesses that are redirected": ("scan", lambda dice: guessed(CLIENTS, 7, dice, status=301)),
    "guesses that are all answered with the front page": (
        "scan",
        lambda dice: guessed(CLIENTS, 7, dice, status=200, bytes=4711),
    ),
}


@pytest.mark.parametrize("case", ATTACKS)
@pytest.mark.parametrize("size", [None, 400])
def test_what_is_divided_among_addresses_is_found(case: str, size: int | None) -> None:
    dice = random.Random(1)
    kind, attack = ATTACKS[case]
    requests = [{**one, "bytes": one["bytes"] + number % 9_000} for number, one in enumerate(ordinary(8, 60, dice))]
    hostile = attack(dice)
    if kind == "scrape":
        hostile = [{**one, "bytes": 10_000 + number} for number, one in enumerate(hostile)]
    (anomaly,) = watched([*requests, *hostile], size).values()
    assert anomaly.kind == kind
    assert anomaly.score >= 50
    swarm = {address(number) for number in range(CLIENTS)}
    assert len(swarm & set(anomaly.clients)) > 0.8 * CLIENTS
    assert set(anomaly.clients) <= swarm
    assert "nearly each for its own" in anomaly.reasons[0].sentence


def readers(dice: random.Random, **more: object) -> list[Request]:
    """Return people with everything in their browsers' caches, who read what others read."""
    return [
        request(3 * HOUR + dice.random() * 9_000, f"/item/{dice.randrange(60)}", address=address(who), **more)
        for who in range(40)
        for _ in range(15)
    ]


def own_pages(dice: random.Random, agent: str) -> list[Request]:
    return shared(CLIENTS, 20, dice, user_agent=agent)


SILENT: dict[str, Maker] = {
    "readers of the same pages": readers,
    "a crawler with many addresses": lambda dice: own_pages(dice, "Mozilla/5.0 (compatible; Googlebot/2.1)"),
    "people with broken links": lambda dice: guessed(CLIENTS, 7, dice, referrer="https://example.org/"),
    "a few in different names": lambda dice: [
        {**one, "user_agent": f"{BROWSER} {one['address']}"} for one in shared(5, 30, dice)
    ],
    "a few in one name, who read": lambda dice: shared(9, 12, dice),
    "a few in one name, who follow links": lambda dice: shared(5, 30, dice, referrer="https://example.org/item/1"),
    "a few that fetch packages": lambda dice: [
        {**one, "url": f"/pool/{number}.deb"} for number, one in enumerate(shared(5, 30, dice))
    ],
    "people with a page or two of their own": lambda dice: shared(200, 2, dice),
    "an interface's numbers, for a page that asks": lambda dice: [
        {**one, "url": f"/api/items?page={number}", "referrer": "https://example.org/list"}
        for number, one in enumerate(own_pages(dice, BROWSER))
    ],
    "an interface's numbers, for programs": lambda dice: [
        {**one, "url": f"/api/items?page={number}"} for number, one in enumerate(own_pages(dice, "curl/8.4.0"))
    ],
    "people who send something, too": lambda dice: [
        *own_pages(dice, BROWSER),
        *(request(3 * HOUR, "/cart", address=address(number), method="POST") for number in range(CLIENTS)),
    ],
    "an old address of everybody's": lambda dice: [
        one for number in range(40) for one in browsing(address(number), 3 * HOUR + number, dice)
    ],
}


@pytest.mark.parametrize("case", SILENT)
def test_what_only_looks_like_that_is_silent(case: str) -> None:
    dice = random.Random(2)
    requests = [*ordinary(8, 60, dice), *SILENT[case](dice)]
    varied = [{**one, "bytes": 100 + number} for number, one in enumerate(requests)]
    assert watched(varied) == {}


@pytest.mark.parametrize("size", [None, 60])
def test_a_few_in_one_name_are_judged_as_one_client(size: int | None) -> None:
    dice = random.Random(4)
    requests = [*ordinary(8, 60, dice), *shared(4, 40, dice, user_agent=BROWSER)]
    (anomaly,) = watched([{**one, "bytes": 100 + number} for number, one in enumerate(requests)], size).values()
    assert anomaly.kind == "scrape"
    assert set(anomaly.clients) == {address(number) for number in range(4)}
    assert 25 <= anomaly.score < 50
    assert "4 addresses with the same user agent" in anomaly.reasons[0].sentence


def test_where_nobody_is_known_by_images_or_links_nothing_is_said_of_readers() -> None:
    dice = random.Random(3)
    api = [{**one, "bytes": 100 + number} for number, one in enumerate(own_pages(dice, BROWSER))]
    assert watched(api) == {}


@pytest.mark.parametrize(("usual", "found"), [(0, 1), (2, 1), (10, 0)])
def test_what_was_there_before_is_usual(usual: int, found: int) -> None:
    sharers = pl.DataFrame(
        {
            "domain": "example.org",
            "client": [address(number) for number in range(CLIENTS)],
            "requests": 20,
            "pages": 20,
            "part": "page",
            "interval": at(0),
        },
        schema_overrides=MEMBERS_SCHEMA,
    )
    before = {"scale": SHARED.name, "domain": "example.org", "interval": at(0) - 2 * SPAN, "bare": usual}
    calm = {"browsing": 0, "dry": 0, "is_flooded": False, "is_sprayed": False}
    flags, seen = judge_sharers(sharers, pl.DataFrame([before | calm], schema=HISTORY_SCHEMA))
    assert flags.height == found
    assert seen["bare"].to_list() == [CLIENTS]
    assert seen["is_flooded"].to_list() == [bool(found)]


def add(walks: Walks, events: pl.DataFrame) -> None:
    """Note what requests (EVENT_SCHEMA) ask for."""
    page = prepare(events)
    walks.add(page, observe(page))


def test_pairs_are_bounded_and_forgotten() -> None:
    walks = Walks(most=1_000)
    add(walks, events_of(*shared(300, 20, random.Random(6))))
    pairs = pl.concat(pairs for pairs, _ in walks.windows(at(0), at(6 * HOUR)))
    pairs = pairs.filter(pl.col("interval") == pairs["interval"].max())
    assert 0 < pairs.height <= 1_000
    assert walks.thinned > 0
    walks.forget_before(at(0) + 3 * SPAN)
    assert walks.pairs.is_empty()
    assert walks.thinned == 0


def test_hours_without_requests_cost_nothing() -> None:
    walks = Walks()
    years = 10 * 365 * 24 * HOUR
    add(walks, events_of(request(0, "/a"), request(years, "/a")))
    pairs = pl.concat(pairs for pairs, _ in walks.windows(at(0), at(years + 9 * HOUR)))
    assert pairs["interval"].n_unique() == 2 * (SPAN // timedelta(hours=1))


def test_many_intervals_at_once_are_judged_as_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(7)
    requests = [
        {**one, "bytes": 100 + number} for number, one in enumerate([*ordinary(8, 60, dice), *shared(9, 20, dice)])
    ]

    def looked() -> list[dict[str, object]]:
        walks = Walks()
        add(walks, events_of(*requests))
        found = [find_sharers(*tables) for tables in walks.windows(at(0), at(9 * HOUR))]
        return pl.concat(found).sort("interval", "client", "part").rows(named=True)

    together = looked()
    monkeypatch.setattr("detector.walks.MOST_AT_ONCE", 1)
    assert together == looked() != []
