"""When an attack has begun to be one: what a visitor may do as well is no example of it."""

from collections import Counter

from simulator.journal import Journal

_UNRIPE = {"dos": 10, "bruteforce": 2, "scrape": 15}
"""So many of a client's first requests are nothing hostile by themselves: two wrong passwords, a few pages."""
_LASTING = 4
"""Clients that make fewer than so many times as many requests are hostile by being many, from the first on."""


def ripen(requests: Journal, kind: str) -> Journal:
    """Return an attack run's requests with those marked innocent that come before it shows what it is.

    Args:
        requests: All of one run, in any order.
        kind: The kind of anomaly that it is.
    """
    unripe = _UNRIPE.get(kind, 0)
    if not unripe:
        return requests
    totals = Counter(request.face.actor + request.face.client for request in requests)
    seen: Counter[str] = Counter()
    marked: Journal = []
    for request in sorted(requests, key=lambda each: each.at):
        client = request.face.actor + request.face.client
        seen[client] += 1
        innocent = seen[client] <= unripe and totals[client] >= _LASTING * unripe
        marked.append(request._replace(is_innocent=True) if innocent else request)
    return marked
