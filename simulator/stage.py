"""A site, its people and a stretch of time: where scenes are played."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator import agents
from simulator.addresses import Addresses
from simulator.crowd import Crowd
from simulator.dice import Dice
from simulator.journal import Face, Journal
from simulator.site import Site
from simulator.visit import Visit

_HOUR = 3600.0


@dataclass
class Stage:
    """Where a scene is played, and when.

    Args:
        start: First moment, seconds since 1970.
        end: First moment that is too late.
        most: Most visits, or requests of one program, of a scene; short lessons have few.
    """

    site: Site
    dice: Dice
    addresses: Addresses
    crowd: Crowd
    start: float
    end: float
    most: int = 20_000
    journal: Journal = field(default_factory=list)

    def count(self, fewest: int, most: int) -> int:
        """Return how many: every order of magnitude as likely, but no more than the stage takes."""
        return min(int(self.dice.log_between(fewest, most + 1)), self.most)

    def moment(self, lasts_hours: float = 0.0) -> float:
        """Return when something begins that should end before the stage does."""
        return self.start + self.dice.unit() * max(0.0, self.end - self.start - lasts_hours * _HOUR)

    def visitor(self, at: float, agent: str = "", client: str = "") -> Visit:
        """Return a new person's visit; without a user agent, a browser's."""
        named = agent or agents.browser_agent(self.dice)
        return self._visit("visitor", at, named, client or self.addresses.visitor())

    def program(self, role: str, agent: str, at: float | None = None, client: str = "") -> Visit:
        """Return a steady program's visit, from the beginning of the stage on."""
        return self._visit(role, self.start if at is None else at, agent, client or self.addresses.service())

    def every(self, visit: Visit, seconds: float, jitter: float = 0.1) -> Iterator[None]:
        """Set the visit's clock to each next time, so many seconds apart, until the end or until it was enough."""
        for _ in range(self.most):
            if visit.at >= self.end:
                return
            at = visit.at
            yield
            visit.at = at + seconds * self.dice.between(1 - jitter, 1 + jitter)

    def _visit(self, role: str, at: float, agent: str, client: str) -> Visit:
        name = f"{role}-{self.site.domain}-{self.dice.whole(0, 2**40):010x}"
        protocol = "HTTP/2.0" if agent.startswith("Mozilla") and self.dice.chance(0.5) else "HTTP/1.1"
        face = Face(client, agent, name, self.site.domain, protocol)
        return Visit(self.site, face, self.dice.child(), self.journal, at=at)
