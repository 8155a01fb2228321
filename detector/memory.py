"""What each client did over the last day, in hourly buckets: slow attacks show in no single session."""

from datetime import timedelta

import polars as pl

MEMORY_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "client": pl.String,
    "hour": pl.Datetime("us", "UTC"),
    "login_failures": pl.UInt32,
    "login_successes": pl.UInt32,
    "probes": pl.UInt32,
    "missing_paths": pl.UInt32,
    "requests": pl.UInt32,
}
"""One row per client and hour."""

COUNTS = tuple(MEMORY_SCHEMA)[2:]
DAY = tuple(f"day_{name}" for name in COUNTS)
"""The columns of `recall`."""

SPAN = timedelta(hours=24)


def empty_memory() -> pl.DataFrame:
    """Return a memory of nothing (MEMORY_SCHEMA)."""
    return pl.DataFrame(schema=MEMORY_SCHEMA)


def recall(memory: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """Add up what each session's client did in the 24 hours up to the session's end.

    Args:
        memory: MEMORY_SCHEMA.
        sessions: At least `client` and `end`.

    Returns:
        The columns DAY (UInt32), one row per session in the order of `sessions`; 0 where nothing is remembered.
    """
    asked = sessions.select("client", "end").with_row_index("_row")
    if memory.is_empty():
        return asked.select(pl.lit(0, pl.UInt32).alias(name) for name in DAY)
    known = asked.join(memory, on="client")
    lately = known.filter((pl.col("hour") <= pl.col("end")) & (pl.col("hour") > pl.col("end") - SPAN))
    totals = lately.group_by("_row").agg(pl.col(name).sum().alias(f"day_{name}") for name in COUNTS)
    joined = asked.join(totals, on="_row", how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(pl.UInt32).fill_null(0) for name in DAY)
