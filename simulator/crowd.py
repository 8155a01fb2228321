"""The normal visitors of a site: who comes when, who comes back, and the office behind one address."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np

from simulator.addresses import Addresses
from simulator.dice import Dice
from simulator.journal import Face, Journal
from simulator.personas import PERSONAS, Persona, fits, persona_agent, reader, searcher, shopper
from simulator.site import Site
from simulator.visit import Visit

_RETURNING = 0.35
"""Share of visits by somebody who was here before."""
_REMEMBERED = 2000
_OFFICE = 0.01
"""Share of visits that are a whole office's hour behind one address."""
_HOURS = np.array(
    [0.35, 0.25, 0.18, 0.15, 0.15, 0.2, 0.35, 0.6, 0.9, 1.15, 1.3, 1.35,
     1.3, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5, 1.65, 1.75, 1.6, 1.15, 0.65]
)  # fmt: skip
_HOUR = 3600.0
_WEEKEND_FACTOR = 0.75
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""


def arrivals(dice: Dice, start: float, end: float, visits_per_hour: float) -> list[float]:
    """Return the times at which visits begin: Poisson, with day, night and weekend.

    Args:
        dice: Decide.
        start: First possible time, seconds since 1970.
        end: First time that is too late.
        visits_per_hour: The mean over a whole working day.
    """
    edges = np.arange(np.floor(start / _HOUR), np.ceil(end / _HOUR)) * _HOUR
    day = ((edges // (24 * _HOUR)).astype(int) + _EPOCH_WEEKDAY) % 7
    weekend = np.where(day >= 5, _WEEKEND_FACTOR, 1.0)  # noqa: PLR2004 - Saturday and Sunday
    shape = _HOURS[((edges // _HOUR) % 24).astype(int)] / _HOURS.mean()
    counts = dice.rng.poisson(visits_per_hour * shape * weekend)
    times = np.repeat(edges, counts) + dice.rng.random(int(counts.sum())) * _HOUR
    kept: list[float] = np.sort(times[(times >= start) & (times < end)]).tolist()
    return kept


@dataclass
class Crowd:
    """A site's visitors; remembers who was here, so that some come back with a filled cache.

    Args:
        site: Where they go.
        dice: Decide who comes and what they do.
        addresses: Where they come from; shared with the attackers so that no address is used by both.
    """

    site: Site
    dice: Dice
    addresses: Addresses
    _known: list[tuple[Face, Persona, set[str]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def visit(self, at: float, journal: Journal, persona: Persona | None = None) -> None:
        """Write one visit that begins at `at` (seconds since 1970); without a persona, whoever comes."""
        if persona is None and self.dice.chance(_OFFICE):
            self._office(at, journal)
            return
        if persona is None and self._known and self.dice.chance(_RETURNING):
            face, persona, cache = self.dice.pick(self._known)
        else:
            persona = persona or self._someone()
            face, cache = self._face(self.addresses.visitor(), persona), set()
            self._remember(face, persona, cache)
        persona(Visit(self.site, face, self.dice.child(), journal, at=at, cache=cache))

    def _someone(self) -> Persona:
        persona = self.dice.weighted(PERSONAS)
        return persona if fits(persona, self.site) else reader

    def _face(self, client: str, persona: Persona) -> Face:
        name = f"visitor-{self.site.domain}-{next(self._numbers):06d}"
        protocol = "HTTP/2.0" if self.dice.chance(0.5) else "HTTP/1.1"
        return Face(client, persona_agent(persona, self.dice), name, self.site.domain, protocol)

    def _remember(self, face: Face, persona: Persona, cache: set[str]) -> None:
        if len(self._known) < _REMEMBERED:
            self._known.append((face, persona, cache))
        else:
            self._known[self.dice.whole(0, _REMEMBERED - 1)] = (face, persona, cache)

    def _office(self, at: float, journal: Journal) -> None:
        """Many people, one address; some have the very same browser because somebody administers it."""
        client = self.addresses.service()
        standard = self._face(client, reader)
        for _ in range(self.dice.whole(5, 20)):
            face = self._face(client, reader)
            if self.dice.chance(0.4):
                face = replace(face, agent=standard.agent)
            persona = self.dice.pick((reader, reader, searcher, shopper))
            begin = at + self.dice.between(0, _HOUR)
            visitor = persona if fits(persona, self.site) else reader
            visitor(Visit(self.site, face, self.dice.child(), journal, at=begin))
