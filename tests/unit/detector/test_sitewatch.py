"""What is seen only in a site as a whole: distributed floods, sprays, stuffing; and what must stay silent."""

import random

import pytest

from tests.unit.detector.frames import at, request
from tests.unit.detector.swarms import (
    DAY,
    HOUR,
    Request,
    address,
    attempts,
    browsing,
    flood,
    ordinary,
    watched,
)

CASES = {
    "two requests from each of 4,000 addresses in ten minutes": (4_000, 600.0, 2),
    "the same over eight hours": (4_000, 8 * HOUR, 2),
    "300 slow clients": (300, 900.0, 30),
    "a short one": (400, 20.0, 1),
}


@pytest.mark.parametrize("case", CASES)
def test_a_distributed_flood_is_one_anomaly_with_its_clients(case: str) -> None:
    clients, seconds, each = CASES[case]
    dice = random.Random(1)
    swarm = {address(number) for number in range(clients)}
    found = watched([*ordinary(12, 60, dice), *flood(clients, seconds, dice, 3 * HOUR, each)])
    (anomaly,) = found.values()
    assert anomaly.kind == "ddos"
    assert anomaly.score >= 50
    assert len(swarm & set(anomaly.clients)) > 0.95 * clients
    assert len(set(anomaly.clients) - swarm) <= 0.1 * clients
    assert anomaly.reasons
    assert anomaly.top_path == "/"


def test_a_flood_is_told_while_it_begins() -> None:
    dice = random.Random(2)
    begun = flood(60, 8.0, dice, 3 * HOUR, 1)
    found = watched([*ordinary(3, 60, dice), *begun], size=20)
    assert [anomaly.kind for anomaly in found.values()] == ["ddos"]


def test_a_site_whose_assets_are_elsewhere_is_flooded_by_clients_that_are_alike() -> None:
    dice = random.Random(3)
    crowd = [one for number in range(900) for one in browsing(address(number), 5 * HOUR + number, dice, assets=0)]
    assert watched([*ordinary(8, 60, dice, assets=0), *crowd]) == {}
    alike = [request(5 * HOUR + number, "/", address=address(number), user_agent="x") for number in range(900)]
    (anomaly,) = watched([*ordinary(8, 60, dice, assets=0), *alike]).values()
    assert (anomaly.kind, anomaly.user_agent) == ("ddos", "x")


@pytest.mark.parametrize("assets", [0, 4])
def test_made_up_referrers_hide_no_flood(assets: int) -> None:
    dice = random.Random(3)
    swarm = flood(600, 60, dice, 5 * HOUR)
    named = [{**one, "referrer": f"https://word{number}.example/"} for number, one in enumerate(swarm)]
    (anomaly,) = watched([*ordinary(8, 60, dice, assets=assets), *named]).values()
    assert anomaly.kind == "ddos"


@pytest.mark.parametrize("assets", [0, 4])
def test_a_crowd_comes_by_the_same_link(assets: int) -> None:
    dice = random.Random(3)
    crowd = [
        one
        for number in range(900)
        for one in browsing(address(number), 5 * HOUR + number, dice, assets=assets, referrer="https://news.example/")
    ]
    assert watched([*ordinary(8, 60, dice, assets=assets), *crowd]) == {}


def test_a_scan_by_many_is_called_one() -> None:
    dice = random.Random(4)
    knocks = [
        request(
            3 * HOUR + dice.random() * 900, f"/old/{number}.php", address=address(number), status=404, user_agent="y"
        )
        for number in range(400)
    ]
    (anomaly,) = watched([*ordinary(6, 60, dice), *knocks]).values()
    assert anomaly.kind == "scan"


def test_one_attempt_from_each_of_hundreds_over_hours_is_a_spray() -> None:
    dice = random.Random(5)
    found = watched([*ordinary(12, 60, dice), *attempts(range(300), 6 * HOUR, dice, 3 * HOUR)])
    (anomaly,) = found.values()
    assert anomaly.kind == "spray"
    assert anomaly.score >= 50
    assert len(anomaly.clients) >= 250


@pytest.mark.parametrize("size", [None, 500])
def test_eight_attempts_an_hour_show_in_a_day(size: int | None) -> None:
    dice = random.Random(10)
    spray = attempts(range(180), 22 * HOUR, dice, 2 * HOUR)
    (anomaly,) = watched([*ordinary(24, 60, dice), *spray], size).values()
    assert (anomaly.kind, anomaly.top_path) == ("spray", "/login")
    assert "24 h" in anomaly.reasons[0].sentence
    assert len(anomaly.clients) >= 100


def test_what_each_day_brings_is_usual() -> None:
    dice = random.Random(11)
    noise = attempts(range(300), 5 * DAY, dice, 0)
    tried = watched([*ordinary(120, 20, dice), *noise], 2_000)
    assert len(tried) <= 1


def test_many_addresses_some_of_which_get_in_are_stuffing() -> None:
    dice = random.Random(6)
    tries = attempts(range(200), 1800, dice, 3 * HOUR) + attempts(range(200, 210), 1800, dice, 3 * HOUR, status=302)
    (anomaly,) = watched([*ordinary(6, 60, dice), *tries]).values()
    assert anomaly.kind == "stuffing"
    assert any("got in" in reason.sentence for reason in anomaly.reasons)


def crowd(count: int, seconds: float, dice: random.Random, start: float, referrer: str | None) -> list[Request]:
    return [
        one
        for number in range(count)
        for one in browsing(address(number), start + dice.expovariate(1 / seconds), dice, referrer=referrer)
    ]


def morning(dice: random.Random, day: int) -> list[Request]:
    """Return people who log in at nine: they load the form, err now and then, and go on."""
    found: list[Request] = []
    for number in range(400):
        begin = day * DAY + 5 * HOUR + dice.random() * 900
        found += browsing(address(number), begin, dice)
        wrong = dice.random() < 0.15
        more = {"address": address(number), "method": "POST", "referrer": "https://example.org/login"}
        if wrong:
            found.append(request(begin + 10, "/login", status=401, **more))
        if not wrong or dice.random() < 0.9:
            found.append(request(begin + 20, "/login", status=302, **more))
    return found


SILENT = {
    "a flash crowd": lambda dice: crowd(3_000, 1800, dice, 3 * HOUR, "https://news.example/"),
    "a newsletter": lambda dice: crowd(2_000, 3600, dice, 3 * HOUR, None),
    "a deploy": lambda dice: [
        request(3 * HOUR + dice.random() * 60, "/", address=address(number, 100), status=502) for number in range(40)
    ],
    "a morning": lambda dice: ordinary(1, 900, dice, 9 * HOUR),
    "hundreds who log in at nine": lambda dice: morning(dice, 0),
    "feed readers at the full hour": lambda dice: [
        request(3 * HOUR + dice.random() * 20, "/feed", address=address(number), user_agent=f"Feedbot/{number} crawler")
        for number in range(300)
    ],
    "the internet's background noise": lambda dice: [
        request(dice.random() * 12 * HOUR, "/.env", address=address(number), status=404, user_agent="zgrab")
        for number in range(500)
    ],
}


@pytest.mark.parametrize("case", SILENT)
@pytest.mark.parametrize("size", [None, 700])
def test_crowds_are_no_attack(case: str, size: int | None) -> None:
    dice = random.Random(7)
    assert watched([*ordinary(12, 60, dice), *SILENT[case](dice)], size) == {}


def test_in_pages_it_is_the_same_as_all_at_once() -> None:
    dice = random.Random(8)
    requests = [*ordinary(6, 60, dice), *flood(1_000, 600, dice, 3 * HOUR)]
    (whole,) = watched(requests).values()
    (parts,) = watched(requests, size=200).values()
    assert parts.session_id[:0] == ""
    swarm = {address(number) for number in range(1_000)}
    assert swarm <= set(whole.clients)
    assert len(swarm & set(parts.clients)) > 0.95 * len(swarm)
    assert parts.kind == whole.kind
    assert abs((parts.start - at(3 * HOUR)).total_seconds()) < 120


def test_with_too_many_clients_a_part_of_them_is_counted() -> None:
    dice = random.Random(9)
    (anomaly,) = watched([*ordinary(3, 30, dice), *flood(4_000, 600, dice, HOUR)], size=1_000, most=3_000).values()
    assert anomaly.kind == "ddos"
    assert anomaly.features["site_bare"] > 2_000
