"""Simulated visitors over HTTP: they ask a real server at their own times, each under an address of their own.

The address travels in X-Forwarded-For, so this works only where the server believes us; and only servers on this
machine, or ones that are named on purpose, are ever asked.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from threading import Event
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from core.clock import Clock
from simulator.addresses import Addresses
from simulator.crowd import Crowd
from simulator.dice import Dice
from simulator.errors import SimulatorError
from simulator.journal import Journal
from simulator.player import Player
from simulator.site import Site, demo_site
from simulator.steady import keep_time
from simulator.traffic import raid

_ADDRESS_STREAM, _CROWD_STREAM, _STEADY_STREAM, _RAID_STREAM = range(11, 15)
"""Other streams than the history's, so that the same seed does not send the same people again."""
_DAY = 86_400.0
_LANES = 4
_MINUTE = 60.0


class Truth:
    """What is true about one live attack; grows while it runs.

    `clients` are its addresses, `planned` its requests in all, `sent` those answered so far, `first` and `last` the
    times (aware, UTC) of its first and latest request, None before.
    """

    def __init__(self, attack: str, journal: Journal) -> None:
        face = journal[0].face
        self.attack = attack
        self.kind = face.kind
        self.actor = face.actor
        self.clients = tuple(dict.fromkeys(request.face.client for request in journal))
        self.planned = len(journal)
        self.sent = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._over = Event()

    @property
    def name(self) -> str:
        """The attack's name."""
        return self.attack

    @property
    def done(self) -> bool:
        """Whether the attack is over."""
        return self._over.is_set()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the attack is over; return whether it is."""
        return self._over.wait(timeout_seconds)

    def note(self, moment: datetime) -> None:
        """Count one answered request that was sent at `moment`."""
        self.first = self.first or moment
        self.last = moment
        self.sent += 1

    def finish(self) -> None:
        """Say that no more requests follow."""
        self._over.set()


class LiveTraffic:
    """Visitors, and attacks on demand, against a running server; in a thread of its own.

    Args:
        url: The server, e.g. ``http://127.0.0.1:8080``.
        seed: Decides who comes and what they do.
        visits_per_minute: Mean; a visit is some 20 requests over a few minutes. 0 sends attacks only.
        allow_hosts: Names of hosts beside this machine that may be asked, e.g. a compose service.
        site: What the server serves; without one, the demo's site.
        clock: For the times in the truth.
    """

    def __init__(
        self,
        url: str,
        seed: int,
        visits_per_minute: float,
        *,
        allow_hosts: Sequence[str] = (),
        site: Site | None = None,
        clock: Clock | None = None,
    ) -> None:
        _check_target(url, allow_hosts)
        self._rate = visits_per_minute
        self._seed = seed
        self._site = site or demo_site()
        self._addresses = Addresses(Dice(seed, _ADDRESS_STREAM))
        self._crowd = Crowd(self._site, Dice(seed, _CROWD_STREAM), self._addresses)
        self._raids = 0
        self._truths: list[Truth] = []
        self._player = Player(url, self._site, clock or Clock())

    @property
    def sent(self) -> int:
        """Requests answered so far."""
        return self._player.sent

    @property
    def failed(self) -> int:
        """Requests that got no answer."""
        return self._player.failed

    def start(self) -> Self:
        """Let the visitors come.

        Raises:
            SimulatorError: Nobody answers there.
        """
        self._player.start()
        if self._rate > 0:
            self._player.spawn(self._visitors())
            self._player.spawn(self._steady())
        return self

    def attack(self, name: str) -> Truth:
        """Begin an attack now, in the background; it is over within half a minute or so.

        Raises:
            SimulatorError: There is no such attack, or the traffic is not started.
        """
        self._player.check_running()
        self._raids += 1
        journal: Journal = []
        dice = Dice(self._seed, _RAID_STREAM, self._raids)
        raid(name, self._site, dice, self._addresses, journal, at=0.0, brief=True)
        journal.sort(key=lambda request: request.at)
        truth = Truth(name, journal)
        self._truths.append(truth)
        self._player.spawn(self._raid(journal, truth))
        return truth

    def stop(self) -> None:
        """Let the last requests be answered and end the thread; harmless when it does not run."""
        self._player.stop()
        for truth in self._truths:
            truth.finish()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _visitors(self) -> None:
        dice = Dice(self._seed, _CROWD_STREAM, 1)
        while True:
            await asyncio.sleep(float(dice.rng.exponential(_MINUTE / self._rate)))
            journal: Journal = []
            self._crowd.visit(0.0, journal)
            journal.sort(key=lambda request: request.at)
            self._player.spawn_here(self._player.play(journal))

    async def _steady(self) -> None:
        while True:
            journal: Journal = []
            keep_time(self._site, Dice(self._seed, _STEADY_STREAM), self._addresses, journal, start=0.0, end=_DAY)
            journal.sort(key=lambda request: request.at)
            await self._player.play(journal)

    async def _raid(self, journal: Journal, truth: Truth) -> None:
        # A few lanes at once, so that one slow answer does not turn a flood into a trickle.
        lanes = (self._player.play(journal[lane::_LANES], on_answer=truth.note) for lane in range(_LANES))
        try:
            await asyncio.gather(*lanes)
        finally:
            truth.finish()


def _check_target(url: str, allow_hosts: Sequence[str]) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or not host:
        raise SimulatorError(f"cannot visit {url!r}", "give an address such as http://127.0.0.1:8080")
    if host in allow_hosts or host == "localhost":
        return
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise SimulatorError(
            f"refused to send simulated attacks to {host}: it is not this machine",
            "use a loopback address, or name a test server of your own with --allow-host",
        )
