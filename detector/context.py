"""Context: what a session's own requests do not tell, and its judge has to know."""

from dataclasses import dataclass, field

import polars as pl

from detector.memory import empty_memory, remember
from detector.profile import SiteProfile
from detector.served import Answers

LOGIN_INTERVAL = "5m"
"""Half of the 10 minutes over which a site's failing logins are counted."""

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
    """

    logins: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOGINS_SCHEMA))
    memory: pl.DataFrame = field(default_factory=empty_memory)
    profile: SiteProfile = field(default_factory=SiteProfile.empty)
    answers: Answers = field(default_factory=Answers)

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
    ) -> "Context":
        """Return the context that the requests themselves give.

        Args:
            prepared: Output of `detector.features.prepare`, the whole site's.
            profile: What the site has served; None: nothing is known.
            memory: What clients did over the last day; None: what `prepared` tells.
            answers: What this profile has answered before.
        """
        return cls(
            login_context(prepared),
            remember(prepared) if memory is None else memory,
            SiteProfile.empty() if profile is None else profile,
            answers or Answers(),
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
