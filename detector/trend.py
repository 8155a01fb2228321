"""What is usual at a site, interval by interval: what came before, and what its history taught of the hour."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from detector.traffic import Scale

TRAILING = timedelta(hours=24)
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


def with_history(
    busy: pl.DataFrame, counted: pl.DataFrame, history: pl.DataFrame, scales: Sequence[Scale]
) -> pl.DataFrame:
    """Put intervals and what was seen before into one row of time for each site and length.

    Args:
        busy: Some rows of `counted`: of other sites and lengths nothing is returned.
        counted: Output of `detector.cut.Cut.count`.
        history: HISTORY_SCHEMA, the intervals that were seen before, these among them or not.
        scales: What `scale` of the others is a place in.

    Returns:
        `row` (a number for length and site), `interval`, `where` (null for those before), `bare`, `browsing`, `dry`,
        and `is_flooded` and `is_sprayed`, which are false for those of `counted`; by row and time.
    """
    alike = busy.select("scale", "domain").unique().with_row_index("row")
    columns = ("row", "interval", "where", "bare", "browsing", "dry", *_STRANGE)
    own = counted.join(alike, on=["scale", "domain"])
    own = own.with_columns(pl.lit(value=False).alias(name) for name in _STRANGE).select(columns)
    names = pl.DataFrame({"scale": range(len(scales)), "name": [scale.name for scale in scales]})
    places = alike.join(names.cast({"scale": busy.schema["scale"]}), on="scale")
    lately = history.rename({"scale": "name"}).filter(pl.col("interval") >= pl.lit(busy["interval"].min()) - TRAILING)
    known = lately.join(places, on=["name", "domain"]).join(own, on=["row", "interval"], how="anti")
    both = [known.with_columns(pl.lit(None, own.schema["where"]).alias("where")).select(columns), own]
    return pl.concat(both).sort("row", "interval")


def with_usual(busy: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Add what was usual before each interval, as far as it is asked for.

    Args:
        busy: Some rows of `detector.cut.Cut.count`, with floors (detector.traffic.with_floors).
        seen: Output of `with_history`, with these among others: what is strange is not usual.

    Returns:
        The same rows with `usual_bare`, `usual_dry`, `usual_share` (bare clients for each that browses) and
        `loads_assets`: whether visitors of this site do; what is usual of a sort of clients is 0 where no row has
        enough of them to be named.
    """
    columns = {"usual_bare": pl.lit(0.0), "usual_dry": pl.lit(0.0), "_bare": pl.lit(0.0), "_browsing": pl.lit(0.0)}
    if (busy["bare"] >= busy["floor_bare"]).any():
        columns |= {"usual_bare": _upper_quartile(_calm("bare", "is_flooded"))}
        columns |= {"_bare": _trailing("bare"), "_browsing": _trailing("browsing")}
    if (busy["dry"] >= busy["floor_dry"]).any():
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
    return own.rolling_quantile_by("interval", TRAILING, quantile=0.75, closed="left").over("row")


def _trailing(name: str) -> pl.Expr:
    own = _calm(name, "is_flooded")
    return own.rolling_sum_by("interval", TRAILING, closed="left").over("row").fill_null(0)


def mark(seen: pl.DataFrame, strange: pl.DataFrame, name: str) -> pl.DataFrame:
    """Set the Boolean `name` of the intervals that are in `strange` (both with `where`)."""
    is_in = pl.col("where").is_in(strange["where"].implode()).fill_null(value=False)
    return seen.with_columns(pl.col(name) | is_in)


def to_history(counted: pl.DataFrame, scales: Sequence[Scale], seen: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return what is to be learnt (the columns of HISTORY_SCHEMA).

    Args:
        counted: Output of `detector.cut.Cut.count`.
        scales: What its `scale` is a place in.
        seen: Output of `with_history`, marked; None: nothing is strange.
    """
    names = pl.Series("scale", [scale.name for scale in scales]).gather(counted["scale"])
    calm = counted.with_columns(names, *(pl.lit(value=False).alias(name) for name in _STRANGE))
    if seen is None:
        return calm
    own = seen.filter(pl.col("where").is_not_null())
    return mark(mark(calm, own.filter("is_flooded"), "is_flooded"), own.filter("is_sprayed"), "is_sprayed")


def put(history: pl.DataFrame, learnt: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put intervals that were looked at into a history, in place of what it held of them (HISTORY_SCHEMA).

    Args:
        history: HISTORY_SCHEMA.
        learnt: Its columns and any others, each interval once.
    """
    if not learnt:
        return history
    own = pl.concat([each.select(pl.col(name).cast(kind) for name, kind in HISTORY_SCHEMA.items()) for each in learnt])
    return history.join(own, on=["scale", "domain", "interval"], how="anti", maintain_order="left").vstack(own)


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
