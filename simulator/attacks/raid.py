"""One attack run: who attacks, from where, at what pace, and under which disguise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address

from simulator import agents
from simulator.addresses import Addresses
from simulator.dice import Dice
from simulator.journal import NOBODY, Face, Journal
from simulator.site import Site
from simulator.visit import BROKEN, FORBIDDEN, FOUND, MOVED, OK, Visit

OPTIONS = {
    "requests": "steps in all; an attack of several requests a step makes more",
    "clients": "addresses",
    "gap": "mean seconds between two steps",
    "rotation": "share of requests that show a new user agent",
}
"""What of a run may be fixed; the dice decide the rest."""


@dataclass
class Raid:
    """One attack run: where, from when, and how it disguises itself.

    Args:
        at: When it begins, seconds since 1970.
        brief: Whether it must be over within half a minute, as live attacks are; else sizes and paces vary widely.
        options: Values of OPTIONS.
        most: Most steps of the run; long attacks are cut to it.
    """

    name: str
    kind: str
    actor: str
    site: Site
    dice: Dice
    addresses: Addresses
    at: float
    journal: Journal
    brief: bool = False
    options: Mapping[str, float] = field(default_factory=dict)
    most: int = 20_000

    def __post_init__(self) -> None:
        drawn = self.dice.between(0.1, 1.0) if self.dice.chance(0.2) else 0.0
        self.rotation = self.options.get("rotation", drawn)
        self._refusal = self._draw_refusal()

    def visit(self, agent: str) -> Visit:
        """Return a visit from a new address."""
        protocol = self.dice.pick(("HTTP/1.1", "HTTP/1.1", "HTTP/2.0")) if agent.startswith("Mozilla") else "HTTP/1.1"
        if agent.startswith("ApacheBench/") or agent.endswith("(Hydra)"):
            protocol = "HTTP/1.0"  # as `wwwatch simulate tools` shows
        face = Face(self.addresses.attacker(), agent, self.actor, self.site.domain, protocol, self.kind, self.name)
        return Visit(self.site, face, self.dice.child(), self.journal, at=self.at)

    def visits(self, fewest: int, most: int, tools: Sequence[str] = agents.SCRIPTS) -> list[Visit]:
        """Return visits from several addresses, with one user agent or with many."""
        clients = self.count_clients(fewest, most)
        alike = self.disguise(tools) if self.dice.chance(0.5) else ""
        return [self.visit(alike or self.disguise(tools)) for _ in range(clients)]

    def count_clients(self, fewest: int, most: int) -> int:
        """Return how many addresses take part."""
        drawn = int(self.dice.log_between(fewest, most + 1)) if most > 1 else 1
        return max(1, min(int(self.options.get("clients", drawn)), self.most))

    def disguise(self, tools: Sequence[str]) -> str:
        """Return a user agent: a tool's, a script's, none, or mostly a browser's."""
        draw = self.dice.unit()
        if draw < 0.25:  # noqa: PLR2004 - shares of disguises, used once
            return self.dice.pick(tools)
        if draw < 0.4:  # noqa: PLR2004
            return self.dice.pick(agents.SCRIPTS)
        if draw < 0.5:  # noqa: PLR2004
            return NOBODY if draw < 0.43 else agents.worn_agent(self.dice)  # noqa: PLR2004
        return agents.browser_agent(self.dice)

    def pace(self, count: tuple[int, int], gap: tuple[float, float], live: tuple[int, float]) -> tuple[int, float]:
        """Return how many steps the run has and the mean seconds between two.

        Args:
            count: Fewest and most steps.
            gap: Shortest and longest mean gap in seconds.
            live: Steps and seconds in all of a brief run.
        """
        if self.brief:
            steps = int(live[0] * self.dice.between(0.9, 1.1))
            return steps, live[1] / steps
        steps = int(self.options.get("requests", self.dice.log_between(*count)))
        drawn = self.dice.log_between(*gap)
        return max(1, min(steps, self.most)), max(0.0, self.options.get("gap", drawn))

    def steps(self, visits: Sequence[Visit], count: int, gap: float, jitter: float = 0.7) -> Iterator[Visit]:
        """Yield who is next, its clock set: at random, `gap` seconds apart on average, now and then in new clothes."""
        at = max(visit.at for visit in visits)
        for _ in range(count):
            visit = self.dice.pick(visits)
            visit.at = at
            self.rotate(visit)
            yield visit
            at += gap * self.dice.between(1 - jitter, 1 + jitter)

    def rotate(self, visit: Visit) -> None:
        """Show a new user agent, and over IPv6 another address of the same network, if this run does that."""
        if self.rotation and self.dice.chance(self.rotation):
            client = visit.face.client
            if ":" in client:
                network = int(IPv6Address(client)) >> 64 << 64
                client = str(IPv6Address(network + self.dice.whole(1, 2**48)))
            visit.face = replace(visit.face, client=client, agent=agents.browser_agent(self.dice))

    def miss(self, visit: Visit, method: str, path: str) -> None:
        """Ask for what is not there; who comes without TLS or is known as a scanner is answered otherwise."""
        if self._refusal and self.dice.chance(self._refusal[1]):
            visit.ask(method, path, self._refusal[0])
        else:
            visit.miss(method, path)

    def guess(self, visit: Visit, method: str, path: str) -> None:
        """Ask for what is mostly not there."""
        if self.dice.chance(0.95):
            self.miss(visit, method, path)
        else:
            visit.ask(method, path, self.dice.weighted({OK: 3, FOUND: 2, MOVED: 2, FORBIDDEN: 2, BROKEN: 1}))

    def _draw_refusal(self) -> tuple[int, float] | None:
        if self.site.redirects and self.dice.chance(0.25):
            return MOVED, 1.0
        if self.dice.chance(0.22):
            # A guard in front, a backend that is down behind a proxy, a server that takes no requests by address.
            return self.dice.pick((FORBIDDEN, FORBIDDEN, 502, 400)), self.dice.between(0.1, 1.0)
        return None
