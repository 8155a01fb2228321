"""The attacks by name: the kind of anomaly that each is, and what it does.

Their habits vary with the dice, so that no single number gives them away. Source of the kinds: docs/design.md.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from simulator.attacks import exploits, floods, logins, scans, scrapes, tools
from simulator.attacks.raid import OPTIONS, Raid

__all__ = ["ATTACKS", "LIVE", "OPTIONS", "Attack", "Raid"]


class Attack(NamedTuple):
    """An attack.

    Attributes:
        kind: The kind of anomaly that it is.
        run: Writes one run.
        share: How often it is among labelled sessions, in relation to the others.
    """

    kind: str
    run: Callable[[Raid], None]
    share: float = 1.0


ATTACKS: dict[str, Attack] = {
    "flood": Attack("dos", floods.flood, 2.0),
    "flood-cache": Attack("dos", partial(floods.flood, shape="cache")),
    "flood-search": Attack("dos", partial(floods.flood, shape="search")),
    "flood-head": Attack("dos", partial(floods.flood, shape="head")),
    "flood-post": Attack("dos", partial(floods.flood, shape="post")),
    "slow-connections": Attack("dos", floods.slow_connections),
    "ddos": Attack("ddos", floods.ddos, 2.0),
    "ddos-cache": Attack("ddos", partial(floods.ddos, shape="cache")),
    "ddos-slow": Attack("ddos", floods.ddos_slow, 2.0),
    "bruteforce": Attack("bruteforce", logins.bruteforce, 2.0),
    "bruteforce-slow": Attack("bruteforce", logins.bruteforce_slow),
    "bruteforce-drip": Attack("bruteforce", logins.bruteforce_drip),
    "bruteforce-basic": Attack("bruteforce", logins.bruteforce_basic),
    "bruteforce-xmlrpc": Attack("bruteforce", logins.bruteforce_xmlrpc),
    "spray": Attack("spray", logins.spray, 2.0),
    "spray-slow": Attack("spray", logins.spray_slow, 2.0),
    "stuffing": Attack("stuffing", logins.stuffing, 3.0),
    "probe": Attack("scan", scans.probe, 4.0),
    "worm": Attack("scan", scans.worm, 2.0),
    "scan": Attack("scan", scans.scan, 2.0),
    "scan-slow": Attack("scan", scans.scan_slow),
    "scan-distributed": Attack("scan", scans.scan_distributed),
    "gobuster": Attack("scan", tools.gobuster),
    "dirb": Attack("scan", tools.dirb),
    "ffuf": Attack("scan", tools.ffuf),
    "wfuzz": Attack("scan", tools.wfuzz),
    "nikto": Attack("scan", tools.nikto),
    "nuclei": Attack("scan", tools.nuclei),
    "wpscan": Attack("scan", tools.wpscan),
    "zgrab": Attack("scan", tools.zgrab),
    "sqli": Attack("injection", exploits.sqli, 2.0),
    "sqlmap": Attack("injection", tools.sqlmap, 2.0),
    "injection": Attack("injection", exploits.injection, 2.0),
    "exploit": Attack("injection", exploits.exploit, 3.0),
    "webshell-search": Attack("webshell", exploits.webshell_search, 2.0),
    "webshell": Attack("webshell", exploits.webshell, 2.0),
    "scrape": Attack("scrape", scrapes.scrape, 2.0),
    "scrape-slow": Attack("scrape", scrapes.scrape_slow),
    "scrape-distributed": Attack("scrape", scrapes.scrape_distributed),
    "scrape-headless": Attack("scrape", scrapes.scrape_headless, 2.0),
}

LIVE = ("flood", "bruteforce", "spray", "scan", "sqli", "scrape", "stuffing", "gobuster", "sqlmap")
"""Those that can be over within half a minute, for a live server."""
