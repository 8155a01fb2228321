"""What is usual at a site, interval by interval: what came before, and what its history taught of the hour."""

import polars as pl

from detector.traffic import COUNT, Scale

TRAILING = "24h"
"""What is usual is the upper quartile of so long before, without what was strange."""

ENOUGH = 20
"""Clients that browsed from which on it is known that visitors of a site load assets."""

LEARNT_WEEKS = 3
"""Weeks of history from which on the most clients of an hour of the week are believed to be usual."""

_STRANGE = ("is_flooded", "is_sprayed")

HISTORY_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "scale": pl.String,
    "domain": pl.String,
    "interval": pl.Datetime("us", "UTC"),
    "bare": pl.UInt32,
    "browsing": pl.UInt32,
    "dry": pl.UInt32,
    "is_flooded": pl.Boolean,
    "is_sprayed": pl.Boolean,
}
"""One row per site and interval: how many clients of each sort, and whether that was strange."""


def with_history(counted: pl.DataFrame, history: pl.DataFrame, scale: Scale) -> pl.DataFrame:
    """Put intervals and what was seen before into one row of time for each site.

    Args:
        counted: Output of `detector.traffic.Cut.count`.
        history: HISTORY_SCHEMA, the intervals of this length that were seen before, these among them or not.
        scale: How long they are.

    Returns:
        `domain`, `interval`, `where` (null for those before), `bare`, `browsing`, `dry`, and `is_flooded` and
        `is_sprayed`, which are false for those of `counted`; only sites that are in it, by site and time.
    """
    own = counted.select(
        *COUNT, "where", "bare", "browsing", "dry", *(pl.lit(value=False).alias(name) for name in _STRANGE)
    )
    here = (pl.col("scale") == scale.name) & pl.col("domain").is_in(own["domain"].unique().implode())
    known = history.filter(here).join(own, on=COUNT, how="anti").with_columns(pl.lit(None, pl.UInt64).alias("where"))
    return pl.concat([known.select(own.columns), own]).sort(COUNT)


def with_usual(busy: pl.DataFrame, seen: pl.DataFrame, scale: Scale) -> pl.DataFrame:
    """Add what was usual before each interval, as far as it is asked for.

    Args:
        busy: Some rows of `detector.traffic.Cut.count`.
        seen: Output of `with_history`, with these among others: what is strange is not usual.
        scale: How long they are; what is usual of a sort of clients is 0 where no row has enough to be named.

    Returns:
        The same rows with `usual_bare`, `usual_dry`, `usual_share` (bare clients for each that browses) and
        `loads_assets`: whether visitors of this site do.
    """
    columns = {"usual_bare": pl.lit(0.0), "usual_dry": pl.lit(0.0), "_bare": pl.lit(0.0), "_browsing": pl.lit(0.0)}
    if (busy["bare"] >= scale.floor_bare).any():
        columns |= {"usual_bare": _upper_quartile(_calm("bare", "is_flooded"))}
        columns |= {"_bare": _trailing("bare"), "_browsing": _trailing("browsing")}
    if (busy["dry"] >= scale.floor_dry).any():
        columns["usual_dry"] = _upper_quartile(_calm("dry", "is_sprayed"))
    joined = busy.join(seen.select("where", **columns), on="where", how="left", maintain_order="left")
    # Where a whole day was strange, it is all there is.
    lacking = [name for name in ("bare", "dry") if joined[f"usual_{name}"].null_count()]
    if lacking:
        whole = seen.select("where", *(_upper_quartile(pl.col(name)).alias(f"_all_{name}") for name in lacking))
        joined = joined.join(whole, on="where", how="left", maintain_order="left").with_columns(
            pl.coalesce(f"usual_{name}", f"_all_{name}").fill_null(0).alias(f"usual_{name}") for name in lacking
        )
    return joined.with_columns(
        (pl.col("_bare") / pl.max_horizontal("_browsing", 1)).clip(0.1, 3.0).alias("usual_share"),
        (pl.col("_browsing") >= pl.max_horizontal(ENOUGH, 0.25 * pl.col("_bare"))).alias("loads_assets"),
    )


def _calm(name: str, strange: str) -> pl.Expr:
    return pl.when(~pl.col(strange)).then(pl.col(name)).cast(pl.Float64)


def _upper_quartile(values: pl.Expr) -> pl.Expr:
    """Return the quartile of the intervals before, null where there is none."""
    own = values.cast(pl.Float64)
    return own.rolling_quantile_by("interval", TRAILING, quantile=0.75, closed="left").over("domain")


def _trailing(name: str) -> pl.Expr:
    own = _calm(name, "is_flooded")
    return own.rolling_sum_by("interval", TRAILING, closed="left").over("domain").fill_null(0)


def mark(seen: pl.DataFrame, strange: pl.DataFrame, name: str) -> pl.DataFrame:
    """Set the Boolean `name` of the intervals that are in `strange` (both with `where`)."""
    is_in = pl.col("where").is_in(strange["where"].implode()).fill_null(value=False)
    return seen.with_columns(pl.col(name) | is_in)


def with_learnt(counted: pl.DataFrame, hours: pl.DataFrame) -> pl.DataFrame:
    """Add what the site's history taught of this hour of the week.

    Args:
        counted: Anything with `domain` and `interval`.
        hours: `detector.usual.HourLearner.table`.

    Returns:
        The same rows with `usual_clients`, the most in one such hour, and `usual_logins`, the clients that try to log
        in; 0 where fewer than LEARNT_WEEKS taught it.
    """
    taught = hours.filter(pl.col("weeks") >= LEARNT_WEEKS).select(
        "domain", "hour", pl.col("clients_high").alias("usual_clients"), pl.col("login_clients").alias("usual_logins")
    )
    hour = ((pl.col("interval").dt.weekday() - 1).cast(pl.Int32) * 24 + pl.col("interval").dt.hour()).cast(pl.UInt8)
    joined = counted.with_columns(hour.alias("hour")).join(
        taught, on=["domain", "hour"], how="left", maintain_order="left"
    )
    return joined.drop("hour").with_columns(pl.col("usual_clients", "usual_logins").fill_null(0.0))
