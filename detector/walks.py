"""Work that is shared out: many addresses that each read, or guess, a part of what one of them would be seen by.

Visitors ask for what others ask for as well. Of a walk that is divided among addresses each page is asked for by one of
them alone; so what counts are clients nearly all of whose pages nobody else of their sort asked for.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl

from detector.describe import APP, DECLARED
from detector.segments import begins, joint_key
from detector.words import BIT

SPAN = timedelta(hours=6)
"""What is shared out more slowly than that is as slow as readers are."""

MOST_PAIRS = 300_000
"""Pairs of client and page that are kept, some 20 MB; beyond them every second client is left out, and so on."""

MOST_AT_ONCE = 100_000
"""Pairs in intervals that are looked at together: of a quiet site those of years, of a busy one of an hour."""

PAIRS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "domain": pl.String,
    "client": pl.String,
    "place": pl.UInt64,
    "page": pl.UInt64,
    "hour": pl.Datetime("us", "UTC"),
    "requests": pl.UInt32,
    "bytes": pl.Int64,
    "is_got": pl.Boolean,
    "is_linked": pl.Boolean,
}
"""One row per site, client (`place` is a number for both), page and hour: how many requests, the answer's size, whether
it was served, and whether a referrer named a link to it."""

VISITORS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "domain": pl.String,
    "place": pl.UInt64,
    "hour": pl.Datetime("us", "UTC"),
}
"""One row per site, client and hour in which it did more than asking for pages."""

_TAKEN = ("time", "domain", "client", "url_key", "path_key", "status", "bytes", "word", "is_numbered")
_HOUR = timedelta(hours=1)


class Walks:
    """Who asked for which pages lately, of those who do nothing but asking for pages.

    Args:
        most: Pairs that are kept.

    Attributes:
        pairs: PAIRS_SCHEMA; a pair may be in parts.
        visitors: Who loads images or sends something (VISITORS_SCHEMA).
        thinned: Only every 2 ** thinned-th client is looked at.
    """

    def __init__(self, most: int = MOST_PAIRS) -> None:
        self.most, self.thinned = most, 0
        self.pairs = pl.DataFrame(schema=PAIRS_SCHEMA)
        self.visitors = pl.DataFrame(schema=VISITORS_SCHEMA)
        self._merged = 0

    def add(self, prepared: pl.DataFrame, observed: pl.DataFrame) -> None:
        """Note what clients asked for.

        Args:
            prepared: Output of `detector.features.prepare`.
            observed: What `detector.slots.observe` makes of it.
        """
        more = observed.filter("more").select("domain", "place", pl.col("slot").dt.truncate("1h").alias("hour"))
        came = more[begins(more["place"].to_numpy(), more["hour"].to_physical().to_numpy())]
        self.visitors = self.visitors.vstack(came)
        # Robots that say so, and applications, have pages of their own to ask for.
        is_own = ((pl.col("agent") & (DECLARED | APP)) == 0) & pl.col("status").is_not_null()
        is_page = (
            ~pl.col("is_asset") & ~pl.col("is_interface") & ((pl.col("method") == "GET") | (pl.col("method") == "HEAD"))
        )
        walks = prepared.select(is_own & is_page).to_series().arg_true()
        place = prepared.select(pl.col("client_key", "domain_key").gather(walks))
        places = pl.Series("place", joint_key(*(column.to_numpy() for column in place)))
        is_alone = ~places.is_in(came["place"].implode())
        asked = prepared.select(pl.col(_TAKEN).gather(walks.filter(is_alone)))
        self.pairs = self.pairs.vstack(self._thin(_pair_up(asked.with_columns(places.filter(is_alone)))))
        if self.pairs.height + self.visitors.height > max(2 * self._merged, 20_000):
            self._merge()

    def forget_before(self, watermark: datetime) -> None:
        """Let go of what is older than SPAN."""
        oldest = self.pairs["hour"].min()
        if isinstance(oldest, datetime) and oldest < watermark - SPAN - 2 * _HOUR:
            self.pairs = self.pairs.filter(pl.col("hour") >= watermark - SPAN - _HOUR)
            self.visitors = self.visitors.filter(pl.col("hour") >= watermark - SPAN - _HOUR)
        if self.pairs.height < self.most // 8:
            self.thinned = 0

    def windows(self, since: datetime, until: datetime) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield the SPAN up to the end of each hour from that of `since` to that of `until`, many at once, in order.

        Yields:
            The pairs of those that do nothing but asking for pages (PAIRS_SCHEMA with `interval`, the hour in which it
            begins, for `hour`), each once in each; and the visitors in it (`domain`, `place` and `interval`).
        """
        self._merge()
        first, last = (each.replace(minute=0, second=0, microsecond=0) for each in (since, until))
        hours = self.pairs["hour"].value_counts().filter(pl.col("hour") <= last)
        for table in _in_batches(dict(hours.iter_rows()), first, last):
            visitors = _once(self.visitors.join(table, on="hour").drop("hour"), "interval")
            lately = self.pairs.join(table, on="hour", maintain_order="left")
            # Of the many visitors hardly any asks for pages alone in another hour.
            both = visitors.filter(pl.col("place").is_in(lately["place"].unique().implode()))
            yield _total(lately.join(both, on=["place", "interval"], how="anti"), "interval"), visitors

    def _thin(self, pairs: pl.DataFrame) -> pl.DataFrame:
        return pairs.filter(pl.col("client").hash(seed=2) % 2**self.thinned == 0) if self.thinned else pairs

    def _merge(self) -> None:
        self.visitors = _once(self.visitors, "hour")
        self.pairs = _total(self.pairs, "hour")
        while self.pairs.height > self.most:
            self.thinned += 1
            self.pairs = self._thin(self.pairs)
        self._merged = self.pairs.height + self.visitors.height


def _pair_up(rows: pl.DataFrame) -> pl.DataFrame:
    # Of a listing each number is a page.
    page = pl.when("is_numbered").then("url_key").otherwise("path_key").alias("page")
    status = pl.col("status")
    own = rows.select(
        page,
        "domain",
        "client",
        "place",
        pl.col("time").dt.truncate("1h").alias("hour"),
        # A listing's pages may well be as long as one another.
        pl.when(~pl.col("is_numbered")).then("bytes").alias("bytes"),
        ((pl.col("word") & BIT["is_linked"]) != 0).alias("is_linked"),
        ((status < 300) | (status == 304)).alias("is_got"),  # noqa: PLR2004 - success, and "you have it already"
        pl.lit(1, pl.UInt32).alias("requests"),
    )
    return _total(own, "hour")


def _once(visitors: pl.DataFrame, by: str) -> pl.DataFrame:
    keys = joint_key(visitors["place"].to_numpy(), visitors[by].to_physical().to_numpy())
    return visitors.filter(pl.Series(keys).is_first_distinct())


def _total(pairs: pl.DataFrame, by: str) -> pl.DataFrame:
    together = pairs.group_by("place", "page", by).agg(
        pl.col("domain", "client").first(),
        pl.col("requests").sum(),
        pl.col("bytes").first(),
        pl.col("is_got", "is_linked").any(),
    )
    # An interval's pairs have no hour.
    return together.select(pl.col(by if name == "hour" else name).cast(kind) for name, kind in PAIRS_SCHEMA.items())


def _in_batches(counts: dict[datetime, int], first: datetime, last: datetime) -> Iterator[pl.DataFrame]:
    """Yield which `hour` lies in which `interval`, for so many intervals at a time that MOST_AT_ONCE rows are in them.

    Args:
        counts: How many rows each hour has; hours without any may be left out.
        first: The hour at whose end the first interval ends.
        last: The hour at whose end the last one ends.
    """
    before = [number * _HOUR for number in range(SPAN // _HOUR)]
    # Years may lie between a line with a clock of its own and the others: hours without requests are passed over.
    ends = {hour + later for hour in counts for later in before if first <= hour + later <= last}
    rows, held = list[tuple[datetime, datetime]](), 0
    for end in sorted(ends):
        own = [(end - ago, end - before[-1]) for ago in before if end - ago in counts]
        held += sum(counts[hour] for hour, _ in own)
        if rows and held > MOST_AT_ONCE:
            yield _table(rows)
            rows, held = [], sum(counts[hour] for hour, _ in own)
        rows += own
    if rows:
        yield _table(rows)


def _table(rows: list[tuple[datetime, datetime]]) -> pl.DataFrame:
    return pl.DataFrame(rows, {"hour": PAIRS_SCHEMA["hour"], "interval": PAIRS_SCHEMA["hour"]}, orient="row")
