"""What a feature is, and the sources in the literature that features come from."""

from dataclasses import dataclass

import polars as pl

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
        compute: Aggregation over a session's requests (columns of `detector.rows.number_rows`), None for features
            that are joined from the client's and the site's other requests.
        source: Where the literature uses it, "" where it is our own.
        is_habit: Whether it tells how a visitor uses this site, so that the novelty learner looks at it.
    """

    name: str
    unit: str
    meaning: str
    phrase: str
    hostile: int
    compute: pl.Expr | None = None
    source: str = ""
    is_habit: bool = False


def share(condition: pl.Expr) -> pl.Expr:
    """Return the share of rows for which a condition holds; null counts as not."""
    return condition.fill_null(value=False).mean()


def count(condition: pl.Expr) -> pl.Expr:
    """Return the number of rows for which a condition holds; null counts as not."""
    return condition.fill_null(value=False).sum()
