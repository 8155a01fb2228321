"""Client addresses from the ranges that are reserved for documentation and benchmarks, so that nobody real is named.

Visitors, named services and attackers live in ranges of their own. Sources: RFC 5737, RFC 2544, RFC 3849.
"""

from ipaddress import IPv4Address, IPv6Address

from simulator.dice import Dice

_VISITORS_V4 = int(IPv4Address("198.18.0.0"))
_ATTACKERS_V4 = int(IPv4Address("198.19.0.0"))
_SERVICES_V4 = tuple(int(IPv4Address(network)) for network in ("198.51.100.0", "192.0.2.0", "203.0.113.0"))
_VISITORS_V6 = int(IPv6Address("2001:db8:1::"))
_ATTACKERS_V6 = int(IPv6Address("2001:db8:a77a::"))
_SLASH_16 = 1 << 16
_SLASH_24 = 1 << 8
_V6_SHARE = 8
"""One visitor or attacker in so many comes over IPv6, from a /64 of its own."""


class Addresses:
    """Hands out addresses; none twice within its kind until a range is used up."""

    def __init__(self, dice: Dice) -> None:
        self._step = 2 * dice.whole(0, _SLASH_16 // 2 - 1) + 1
        self._start = dice.whole(0, _SLASH_16 - 1)
        self._visitors = self._attackers = self._services = 0

    def visitor(self) -> str:
        """Return a new visitor's address."""
        self._visitors += 1
        return self._next(self._visitors, _VISITORS_V4, _VISITORS_V6)

    def attacker(self) -> str:
        """Return a new attacker's address."""
        self._attackers += 1
        return self._next(self._attackers, _ATTACKERS_V4, _ATTACKERS_V6)

    def service(self) -> str:
        """Return the address of a crawler, a monitor or an office: steady and known."""
        self._services += 1
        number = self._start + self._services
        return str(IPv4Address(_SERVICES_V4[number // _SLASH_24 % len(_SERVICES_V4)] + number % _SLASH_24))

    def _next(self, count: int, base_v4: int, base_v6: int) -> str:
        # An odd step walks through all of a power of two before it repeats.
        number = (self._start + count * self._step) % _SLASH_16
        if number % _V6_SHARE == 0:
            return str(IPv6Address(base_v6 + (number << 64) + (number * 40503 & 0xFFFFFFFF)))
        return str(IPv4Address(base_v4 + number))
