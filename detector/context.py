"""Context: what a session's own requests do not tell, and its judge has to know."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from detector.describe import MISSING
from detector.memory import empty_memory, remember
from detector.places import is_among, number_keys
from detector.profile import SiteProfile
from detector.segments import Keys
from detector.served import Answers

LOGIN_INTERVAL = "5m"
"""Half of the 10 minutes over which a site's failing logins are counted."""

MOST_SITES = 100_000
"""Sites of which it is kept that their log names user agents; beyond them it is forgotten."""

LOGINS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "domain": pl.String,
    "interval": pl.Datetime("us", "UTC"),
    "site_login_clients": pl.UInt32,
}


@dataclass(frozen=True, slots=True)
class Context:
    """What is known beside the sessions in question.

    Attributes:
        logins: Output of `login_context` over the whole site.
        memory: What clients did over the last 24 hours (detector.memory).
        profile: What the sites have served in their history (detector.profile); empty at a cold start.
        answers: What it has answered before.
        naming: Output of `find_naming` over all that was seen.
    """

    logins: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOGINS_SCHEMA))
    memory: pl.DataFrame = field(default_factory=empty_memory)
    profile: SiteProfile = field(default_factory=SiteProfile.empty)
    answers: Answers = field(default_factory=Answers)
    naming: Keys = field(default_factory=lambda: np.zeros(0, np.uint64))

    @classmethod
    def empty(cls) -> "Context":
        """Return the context of somebody who knows nothing."""
        return cls()

    @classmethod
    def of(
        cls,
        prepared: pl.DataFrame,
        profile: SiteProfile | None = None,
        memory: pl.DataFrame | None = None,
        answers: Answers | None = None,
        naming: Keys | None = None,
    ) -> "Context":
        """Return the context that the requests themselves give.

        Args:
            prepared: Output of `detector.features.prepare`, the whole site's.
            profile: What the site has served; None: nothing is known.
            memory: What clients did over the last day; None: what `prepared` tells.
            answers: What this profile has answered before.
            naming: Which sites' logs name user agents; None: what `prepared` tells.
        """
        return cls(
            login_context(prepared),
            remember(prepared) if memory is None else memory,
            SiteProfile.empty() if profile is None else profile,
            answers or Answers(),
            find_naming(prepared) if naming is None else naming,
        )


def login_context(prepared: pl.DataFrame) -> pl.DataFrame:
    """Count, per site and interval, the addresses whose logins failed in it or the one before.

    Args:
        prepared: Output of `detector.features.prepare`.

    Returns:
        LOGINS_SCHEMA; `interval` is its start.
    """
    failed = (
        prepared.select("domain", "client", "time", "login_failed")
        .filter("login_failed")
        .select("domain", "client", pl.col("time").dt.truncate(LOGIN_INTERVAL).alias("interval"))
        .unique()
    )
    following = failed.with_columns(pl.col("interval").dt.offset_by(LOGIN_INTERVAL))
    both = pl.concat([failed, following])
    return both.group_by("domain", "interval").agg(pl.col("client").n_unique().alias("site_login_clients"))


def find_naming(prepared: pl.DataFrame, known: Keys | None = None) -> Keys:
    """Return the sites whose log names user agents (`domain_key`, each once).

    Some formats have none: only where others are named does it tell something that one is not.

    Args:
        prepared: Output of `detector.features.prepare`.
        known: Sites that did before, which still do.
    """
    before = np.zeros(0, np.uint64) if known is None else known
    domains, agents = prepared["domain_key"].to_numpy(), prepared["agent"].to_numpy()
    new = domains[((agents & np.uint8(MISSING)) == 0) & ~is_among(domains, before)]
    if not len(new):
        return before
    firsts, _ = number_keys(new)
    return np.concatenate([before if len(before) < MOST_SITES else before[:0], new[firsts]])
