"""Days that overlap hold each client once, with all that it did in them."""

from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.attempts import FEW_OTHERS, SHOWN_AGAIN
from detector.memory import MEMORY_SCHEMA
from detector.slow import by_day
from detector.tally import LIGHT_ATTEMPTS
from tests.unit.detector.frames import at

HOUR = timedelta(hours=1)
BUCKETS = st.fixed_dictionaries(
    {
        "client": st.sampled_from(["192.0.2.1", "192.0.2.2"]),
        "domain": st.sampled_from(["example.org", "example.com"]),
        "hour": st.integers(0, 60).map(lambda hour: at(0) + hour * HOUR),
        "login_failures": st.integers(0, 2),
        "login_successes": st.integers(0, 1),
        "blind_logins": st.just(0),
        "assets": st.integers(0, 1),
        "looks": st.integers(0, 2),
        "requests": st.integers(0, 4),
        "probe_bits": st.just(0),
        "missing_bits": st.just(0),
    }
)


@given(st.lists(BUCKETS, max_size=40), st.integers(0, 70), st.integers(0, 59))
@settings(max_examples=80, deadline=None)
def test_days_are_what_groups_would_be(buckets: list[dict[str, object]], hours: int, minutes: int) -> None:
    memory = pl.DataFrame(buckets, schema=MEMORY_SCHEMA)
    found = by_day(memory, at(0) + hours * HOUR + timedelta(minutes=minutes))
    tried = memory.filter((pl.col("login_failures") > 0) | (pl.col("login_successes") > 0))
    if tried.is_empty():
        assert found.is_empty()
        return
    before = pl.DataFrame({"ago": range(24)})
    last = pl.col("hour").max()
    days = (
        tried.with_columns(last.alias("last"))
        .join(before, how="cross")
        .with_columns((pl.col("hour") - pl.col("ago") * HOUR).alias("interval"))
        .filter(
            (pl.col("interval") >= at(0) + (hours - 23) * HOUR) & (pl.col("interval") <= pl.col("last") - 23 * HOUR)
        )
        .group_by("domain", "client", "interval")
        .agg(pl.col("requests", "looks", "login_failures", "login_successes", "assets").sum())
    )
    keys = ["domain", "client", "interval"]
    wanted = days.select(
        *keys,
        pl.col("requests").cast(pl.Int64),
        pl.col("login_failures").cast(pl.Int64).alias("failed"),
        is_dry=(pl.col("assets") == 0) & (pl.col("login_successes") == 0) & _few(),
    )
    told = found.select(*keys, "requests", "failed", "is_dry")
    assert told.sort(keys).rows() == wanted.sort(keys).rows()
    assert found["where"].n_unique() == found.select("domain", "interval").n_unique()


def _few() -> pl.Expr:
    """Return who does little else, as detector.attempts has it."""
    attempts = pl.col("login_failures").cast(pl.Int64) + pl.col("login_successes")
    looks = pl.when(pl.col("looks") >= SHOWN_AGAIN * attempts).then(pl.col("looks").cast(pl.Int64)).otherwise(0)
    others = pl.col("requests").cast(pl.Int64) - attempts - looks
    return (attempts < LIGHT_ATTEMPTS) & (others <= FEW_OTHERS + attempts)
