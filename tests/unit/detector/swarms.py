"""Many clients at a site: attackers that no single session shows, and crowds that are harmless."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl

from detector.anomaly import Anomaly
from detector.evidence import NoEvidence
from detector.memory import ClientMemory
from detector.prepare import prepare
from detector.sitewatch import SiteWatch
from detector.usual import empty_hours
from tests.unit.detector.frames import BROWSER, events_of, request

HOUR = 3600.0
DAY = 24 * HOUR
NOW = datetime(2026, 5, 5, tzinfo=UTC)
Request = dict[str, Any]


def address(number: int, network: int = 198) -> str:
    return f"{network}.{18 + number // 62_500}.{number // 250 % 250}.{number % 250}"


def browsing(
    who: str, at: float, dice: random.Random, *, assets: int = 4, referrer: str | None = None
) -> list[Request]:
    """Return one person's visit: pages with their images and styles."""
    agent = f"{BROWSER}{dice.randrange(30)}"
    visit = [request(at, f"/news/{dice.randrange(20)}", address=who, user_agent=agent, referrer=referrer)]
    for number in range(assets):
        more = {"referrer": "https://example.org/", "address": who, "user_agent": agent}
        visit.append(request(at + 0.2 + number / 10, f"/static/{number}.css", **more))
    return visit


def ordinary(
    hours: float, per_hour: float, dice: random.Random, start: float = 0.0, *, assets: int = 4
) -> list[Request]:
    """Return ordinary visitors, some scanners and tools among them: what every site has."""
    found: list[Request] = []
    for number in range(int(hours * per_hour)):
        at = start + dice.random() * hours * HOUR
        if dice.random() < 0.15:
            found.append(request(at, "/feed", address=address(number, 100), user_agent="tool/1"))
        else:
            found += browsing(address(number, 100), at, dice, assets=assets)
    return found


def flood(clients: int, seconds: float, dice: random.Random, start: float, each: int = 2) -> list[Request]:
    """Return a few requests from each of many addresses."""
    return [
        request(
            start + dice.random() * seconds, "/", address=address(number), user_agent=f"{BROWSER}{dice.randrange(9)}"
        )
        for number in range(clients)
        for _ in range(each)
    ]


def attempts(
    clients: Iterable[int], seconds: float, dice: random.Random, start: float, status: int = 401
) -> list[Request]:
    """Return one attempt to log in from each of many addresses."""
    return [
        request(
            start + dice.random() * seconds,
            "/login",
            address=address(number),
            method="POST",
            status=status,
            user_agent=f"{BROWSER}{dice.randrange(9)}",
        )
        for number in clients
    ]


def pages_of(requests: list[Request], size: int | None = None) -> Iterator[pl.DataFrame]:
    """Yield prepared requests in time order, in pages of `size`, or all at once."""
    events = prepare(events_of(*requests)).sort("time")
    step = size or events.height
    for begin in range(0, events.height, step):
        yield events[begin : begin + step]


def watched(requests: list[Request], size: int | None = None, **more: Any) -> dict[str, Anomaly]:
    """Return the latest state of each anomaly of the site."""
    watch = SiteWatch("d" * 64, more.pop("hours", empty_hours()), NoEvidence(), **more)
    found: dict[str, Anomaly] = {}
    before: datetime | None = None
    memory = ClientMemory()
    seen = pl.DataFrame()
    for page in pages_of(requests, size):
        seen = page if seen.is_empty() else seen.vstack(page)
        watermark = page["time"].max()
        assert isinstance(watermark, datetime)
        memory.add(page)
        anomalies = watch.take(page, seen, memory.frame, before=before, watermark=watermark)
        found |= {anomaly.session_id: anomaly for anomaly in anomalies}
        before = watermark
    return found
