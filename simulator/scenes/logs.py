"""What a log makes of the requests: formats that leave things out, and proxies that hide who asks."""

from collections.abc import Iterable

import polars as pl

from simulator.journal import NOBODY

_PROXY = "198.51.100.1"


def make_terse(frame: pl.DataFrame, domains: Iterable[str] | None = None) -> pl.DataFrame:
    """Return the requests as the common log format tells of them: without user agents and referrers.

    Args:
        frame: Columns as in `simulator.journal.SCHEMA`.
        domains: Sites whose log is in that format; without any, all.
    """
    is_terse = pl.lit(value=True) if domains is None else pl.col("domain").is_in(list(domains))
    told = pl.when(is_terse).then(pl.lit(NOBODY))
    return frame.with_columns(told.otherwise(name).alias(name) for name in ("user_agent", "referrer"))


def behind_proxy(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the requests as a server behind a proxy logs them that nobody told it to trust: one client asks for all.

    Args:
        frame: Columns as in `simulator.journal.SCHEMA`.
    """
    return frame.with_columns(client=pl.lit(_PROXY))
