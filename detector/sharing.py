"""Verdicts on walks: many clients that have divided a site's pages, or a list of guesses, among themselves."""

import math

import polars as pl

from detector.kinds import KINDS
from detector.taken import MANY_PAGES
from detector.traffic import Scale
from detector.walks import SPAN

SHARED = Scale("6h", "6 h", SPAN, SPAN / 36, 10, 10, 6.0)
"""How long what is shared is looked at together, how often (each 10 minutes), and the fewest clients that share."""

ALONE = 0.8
"""Share of a client's pages that no other client asked for, from which on they may be its part of a divided walk."""

GUESSES, PAGES = 3, 8
"""Different pages of a client whose requests mostly led to nothing, and of one that got what it asked for: who asks for
fewer may have followed an old link or two, and a person reads a few pages."""

ALIKE = 20
"""Different pages that were answered alike by size, from which on that is a site's answer to what is not there."""

TEAM, TEAM_PAGES = 3, MANY_PAGES
"""Fewest clients with one user agent that are a scraper with several addresses: each of them takes half of what makes a
scraper of one (detector.kinds), so that together they take more than that."""

VISITORS = 10
"""Clients that browse from which on it is known how a site's visitors look in its log."""

TIMES = 4.0
"""How many times the usual is too much."""

MOST_OF_TEAM = 74.0
"""Score of a team at most, major: it is no flood, and more than ten are known as what they are."""

_SITE = ("interval", "site")
_ANSWER = (*_SITE, "bytes")
_ABSENT = ("bare", "browsing", "dry", "lucky", "failed", "bare_requests", "bare_errors")

_IS_GUESS, _IS_TEAM = pl.col("part") == "guess", pl.col("part") == "team"
_FLOOR = pl.when(_IS_TEAM).then(pl.lit(float(TEAM))).otherwise(pl.lit(float(SHARED.floor_bare)))
_SCRAPE = KINDS["scrape"]
_MINOR, _MAJOR = (_SCRAPE.amount[0][0][1] * units for units in (_SCRAPE.least, _SCRAPE.major))
"""Pages that make a minor scraper, and a major one, of one client."""

MEMBERS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "domain": pl.String,
    "client": pl.String,
    "requests": pl.UInt32,
    "pages": pl.UInt32,
    "part": pl.String,
    "interval": pl.Datetime("us", "UTC"),
}


def find_sharers(pairs: pl.DataFrame, visitors: pl.DataFrame) -> pl.DataFrame:
    """Return who may have a part of a divided walk.

    Args:
        pairs: Who asked for what in each `interval`, of those who did nothing else (detector.walks.Walks.windows).
        visitors: How many did more (`site`, `interval`, `visitors`).

    Returns:
        MEMBERS_SCHEMA, of each interval: clients, how many different pages each asked for, and its `part`: "guess" if
        most of them led to nothing, else "page"; and again as "team" if it is one of TEAM.
    """
    told = _with_visitors(_with_outcome(pairs), visitors)
    # A link to what is not there is somebody else's mistake. Referrers are easily made up: where visitors are known by
    # their images, nobody is one for showing them.
    counts = ~pl.col("is_linked") | (pl.col("is_got") & pl.col("shows_assets"))
    alone = (pl.len().over(*_SITE, "page") == 1).alias("is_alone")
    each = (
        told.with_columns(alone)
        .filter(counts)
        .group_by("interval", "place")
        .agg(
            pl.col("domain", "client").first(),
            pl.col("requests").sum(),
            pl.len().alias("pages"),
            pl.col("is_alone").mean().alias("alone"),
            (pl.col("is_got").mean() < 0.5).alias("is_guess"),  # noqa: PLR2004 - most
            pl.col("is_known", "shows_assets").first(),
            (pl.col("is_got") & pl.col("is_read") & ~pl.col("is_linked")).sum().alias("read"),
            pl.when(pl.col("agent").n_unique() == 1).then(pl.col("agent").first()).alias("agent"),
        )
    )
    enough = (
        pl.when("is_guess").then(pl.col("pages") >= GUESSES).otherwise((pl.col("pages") >= PAGES) & pl.col("is_known"))
    )
    part = pl.when("is_guess").then(pl.lit("guess")).otherwise(pl.lit("page")).alias("part")
    found = each.filter(enough & (pl.col("alone") >= ALONE)).with_columns(part)
    together = [
        table.select(pl.col(name).cast(dtype) for name, dtype in MEMBERS_SCHEMA.items())
        for table in (found, _teams(found))
    ]
    return pl.concat(together)


def _teams(found: pl.DataFrame) -> pl.DataFrame:
    """Return those that show one user agent and take much of a site whose visitors are known by their images."""
    takes = (pl.col("part") == "page") & pl.col("shows_assets") & (pl.col("read") >= TEAM_PAGES)
    able = found.filter(takes & pl.col("agent").is_not_null())
    alike = pl.len().over("interval", "domain", "agent")
    return able.filter(alike >= TEAM).with_columns(pl.lit("team").alias("part"), pl.col("read").alias("pages"))


def _with_outcome(pairs: pl.DataFrame) -> pl.DataFrame:
    """Set `is_got` right where a site answers what is not there with one and the same page."""
    served = (
        pairs.filter(pl.col("is_got") & pl.col("bytes").is_not_null())
        .group_by(_ANSWER)
        .agg(pl.col("page").n_unique().alias("alike"))
    )
    same = served.filter(pl.col("alike") >= ALIKE).select(*_ANSWER, pl.lit(value=False).alias("is_own"))
    joined = pairs.join(same, on=_ANSWER, how="left", maintain_order="left")
    return joined.with_columns(pl.col("is_got") & pl.col("is_own").fill_null(value=True)).drop("is_own")


def _with_visitors(pairs: pl.DataFrame, visitors: pl.DataFrame) -> pl.DataFrame:
    """Add `shows_assets`: visitors are known by their images; and `is_known`: by them, or by following links."""
    walkers = pairs.group_by(_SITE).agg(
        pl.col("place").n_unique().alias("walkers"),
        pl.col("place").filter("is_linked").n_unique().alias("linked"),
    )
    counted = walkers.join(visitors, on=_SITE, how="left")
    least = pl.max_horizontal(pl.lit(VISITORS), 0.25 * pl.col("walkers"))
    shows = (pl.col("visitors") >= least).fill_null(value=False)
    known = counted.select(*_SITE, shows.alias("shows_assets"), (shows | (pl.col("linked") >= least)).alias("is_known"))
    return pairs.join(known, on=_SITE, how="left")


def split_sharers(sharers: pl.DataFrame, times: int = 1) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Return those of intervals in which too few share for any verdict, together; and the others, of each interval.

    Args:
        sharers: Output of `find_sharers`.
        times: What counts are multiplied by, where only a part of the clients was looked at.
    """
    alike = pl.len().over("interval", "domain", "part") * times
    many = sharers.filter(alike >= _FLOOR).select("interval").unique()
    calm = sharers.join(many, on="interval", how="anti")
    others = sharers.join(many, on="interval", how="semi").sort("interval", maintain_order=True)
    return calm, others.partition_by("interval", maintain_order=True)


def judge_sharers(sharers: pl.DataFrame, history: pl.DataFrame, times: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the sites whose pages, or guesses, are shared out among many, and what is worth keeping of all.

    Args:
        sharers: Output of `find_sharers`, of one interval; or of those in which too few share, with any history.
        history: HISTORY_SCHEMA of times before: of those SHARED long, `bare` counts who shares pages, `dry` guesses.
        times: What counts are multiplied by, where only a part of the clients was looked at.

    Returns:
        Flags as `detector.siteverdict.judge_floods` gives them (`kind` is `scan` or `scrape`, and `part` says whose;
        `score`: 50 at the fewest, 25 more for each ten times as many; a team's that of one client which takes as much),
        and rows for the history.
    """
    counted = sharers.group_by("domain", "interval", "part").agg(pl.len() * times, pl.col("pages").sum() * times)
    earlier = history.filter((pl.col("scale") == SHARED.name) & ~pl.col("is_flooded"))
    apart = earlier.filter(pl.col("interval") + SPAN <= sharers["interval"][0])
    usual = apart.group_by("domain").agg(pl.col("bare", "dry").max())
    known = counted.join(usual, on="domain", how="left").with_columns(
        pl.when(_IS_GUESS).then("dry").otherwise("bare").fill_null(0).alias("usual"), pl.col("len").alias("count")
    )
    least = pl.max_horizontal(_FLOOR, TIMES * pl.col("usual"))
    by_pages = 25 + 25 * (pl.col("pages") / _MINOR).log() / math.log(_MAJOR / _MINOR)
    by_count = 50 + 25 * (pl.col("count") / least).log10()
    named = known.filter(pl.col("count") >= least)
    # Of many, a team is a part.
    alone = ~_IS_TEAM | ~(pl.col("part") == "page").any().over("domain", "interval")
    flags = named.filter(alone).select(
        "domain",
        "interval",
        "part",
        "count",
        "pages",
        "usual",
        pl.when(_IS_GUESS).then(pl.lit("scan")).otherwise(pl.lit("scrape")).alias("kind"),
        pl.when(_IS_TEAM).then(by_pages.clip(0, MOST_OF_TEAM)).otherwise(by_count.clip(0, 100)).alias("score"),
        *(pl.lit(0, pl.UInt32).alias(name) for name in _ABSENT),
    )
    seen = counted.group_by("domain", "interval").agg(
        pl.col("len").filter(pl.col("part") == "page").sum().alias("bare"),
        pl.col("len").filter(_IS_GUESS).sum().alias("dry"),
        pl.lit(0).alias("browsing"),
        pl.lit(SHARED.name).alias("scale"),
        pl.lit(value=False).alias("is_sprayed"),
    )
    return flags, seen.with_columns(pl.col("domain").is_in(flags["domain"].implode()).alias("is_flooded"))
