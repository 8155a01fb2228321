"""What a feature is, and the sources in the literature that features come from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detector.requests import Floats, Requests
from detector.segments import Bools

Compute = Callable[[Requests], Floats]
"""A number for each session, NaN where there is none."""

Condition = Callable[[Requests], Bools]
"""Which requests something holds for."""

STEVANOVIC = "Stevanovic, An and Vlajic 2012"
"""Feature evaluation for web crawler detection with data mining techniques, Expert Syst. Appl. 39."""
DORAN = "Doran and Gokhale 2011"
"""Web robot detection techniques: overview and limitations, Data Mining and Knowledge Discovery 22."""
TAN = "Tan and Kumar 2002"
"""Discovery of web robot sessions based on their navigational patterns, Data Mining and Knowledge Discovery 6."""
KRUEGEL = "Kruegel and Vigna 2003"
"""Anomaly detection of web-based attacks, CCS 2003."""
OIKONOMOU = "Oikonomou and Mirkovic 2009"
"""Modeling human behavior for defense against flash-crowd attacks, ICC 2009."""
JAVED = "Javed and Paxson 2013"
"""Detecting stealthy, distributed SSH brute-forcing, CCS 2013."""
SHANNON = "Shannon 1948"


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about a session.

    Attributes:
        name: Column name.
        unit: `count`, `share` (0 to 1), `seconds`, `bytes`, `characters`, `bits`, `ratio` or `flag`.
        meaning: A clause for the documentation.
        phrase: How a value reads in a reason; `{}` is the value in its unit.
        hostile: Which direction is hostile: 1 more, -1 less, 0 neither by itself.
        compute: What it is of each session's requests, None for features that come from the client's and the site's
            other requests.
        source: Where the literature uses it, "" where it is our own.
        is_habit: Whether it tells how a visitor uses this site, so that the novelty learner looks at it.
    """

    name: str
    unit: str
    meaning: str
    phrase: str
    hostile: int
    compute: Compute | None = None
    source: str = ""
    is_habit: bool = False


def count_rare(name: str) -> Compute:
    """Return the number of requests of which this is said, one of `detector.requests.RARE`."""
    return lambda requests: requests.odd.count(name)


def share_rare(name: str) -> Compute:
    """Return the share of requests of which this is said, one of `detector.requests.RARE`."""
    return lambda requests: requests.odd.count(name) / requests.sizes


def share_answered(least: int, most: int | None = None) -> Compute:
    """Return the share of requests whose status is `least`, at least ODD_STATUS, or from `least` to `most`."""
    last = least if most is None else most
    return lambda requests: (
        requests.odd.each((requests.odd.status >= least) & (requests.odd.status <= last)) / requests.sizes
    )


def count(condition: Condition) -> Compute:
    """Return the number of requests for which a condition holds."""
    return lambda requests: requests.count(condition(requests))


def share(condition: Condition) -> Compute:
    """Return the share of requests for which a condition holds."""
    return lambda requests: requests.count(condition(requests)) / requests.sizes


def ratio(part: Floats, whole: Floats) -> Floats:
    """Return one number over the other, NaN where there is no whole."""
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole != 0))
