"""Work that is shared out: many addresses that each read, or guess, a part of what one of them would be seen by.

Visitors ask for what others ask for as well. Of a walk that is divided among addresses each page is asked for by one of
them alone; so what counts are clients nearly all of whose pages nobody else of their sort asked for.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from detector.describe import APP, BROWSER, DECLARED
from detector.patterns import INTERFACE
from detector.places import is_among
from detector.prepare import REFUSED
from detector.segments import joint_key
from detector.texts import distinct
from detector.visitors import VISITORS_SCHEMA, count_visitors, find_visitors, put_together, visits
from detector.words import BIT, Words, mask

SPAN = timedelta(hours=6)
"""What is shared out more slowly than that is as slow as readers are."""

MOST_PAIRS = 300_000
"""Pairs of client and page that are kept, some 20 MB; beyond them every second client is left out, and so on."""

MOST_AT_ONCE = 100_000
"""Pairs in intervals that are looked at together: of a quiet site those of years, of a busy one of an hour."""

PAIRS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "domain": pl.String,
    "client": pl.String,
    "site": pl.UInt64,
    "place": pl.UInt64,
    "page": pl.UInt64,
    "hour": pl.Datetime("us", "UTC"),
    "requests": pl.UInt32,
    "bytes": pl.Int64,
    "is_got": pl.Boolean,
    "is_linked": pl.Boolean,
    "is_read": pl.Boolean,
    "agent": pl.UInt64,
}
"""One row per site, client (`site` and `place` are numbers for the site and both), page and hour: how many requests,
the answer's size, whether it was served, whether a referrer named a link to it, whether it is something to read, and
the user agent, of several any."""

_TAKEN = (
    "time",
    "domain",
    "client",
    "agent_key",
    "domain_key",
    "url_key",
    "path_key",
    "status",
    "bytes",
    "word",
    "is_numbered",
)
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
        came = find_visitors(observed)
        self.visitors = self.visitors.vstack(came)
        # Robots that say so, and applications, have pages of their own to ask for.
        is_own = (prepared["agent"].to_numpy() & np.uint8(DECLARED | APP)) == 0
        rows = np.flatnonzero(is_own & ((prepared["word"].to_numpy() & np.uint32(BIT["is_asset"])) == 0))
        places = joint_key(*(prepared[name].to_numpy()[rows] for name in ("client_key", "domain_key")))
        # Hardly anybody does nothing else.
        is_alone = ~is_among(places, came["place"].to_numpy())
        asked = prepared.select(pl.col(*_TAKEN, "is_interface", "method", "agent").gather(rows[is_alone]))
        linked = _linked(asked["word"].to_numpy(), prepared, rows[is_alone])
        walks = asked.with_columns(pl.Series("place", places[is_alone]), *linked).filter(_is_page())
        self.pairs = self.pairs.vstack(self._thin(_pair_up(walks)))
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
            begins, for `hour`), each once in each; and how many visitors each site had in it, in hours with any such
            pair (`site`, `interval`, `visitors`).
        """
        self._merge()
        first, last = (each.replace(minute=0, second=0, microsecond=0) for each in (since, until))
        hours = self.pairs["hour"].value_counts().filter(pl.col("hour") <= last)
        visitors = self.visitors.filter(pl.col("hour").is_in(hours["hour"].implode()))
        # Of the many visitors hardly any asks for pages alone in another hour.
        both = visitors.filter(pl.col("place").is_in(self.pairs["place"].unique().implode()))
        for table in _in_batches(dict(hours.iter_rows()), first, last):
            intervals = table["interval"].unique().sort().to_physical().to_numpy()
            lately = self.pairs.join(table, on="hour", maintain_order="left")
            alone = lately.join(visits(both, intervals, SPAN), on=["place", "interval"], how="anti")
            yield _total(alone, "interval"), count_visitors(visitors, intervals, SPAN)

    def _thin(self, pairs: pl.DataFrame) -> pl.DataFrame:
        return pairs.filter(pl.col("client").hash(seed=2) % 2**self.thinned == 0) if self.thinned else pairs

    def _merge(self) -> None:
        self.visitors = put_together(self.visitors)
        self.pairs = _total(self.pairs, "hour")
        while self.pairs.height > self.most:
            self.thinned += 1
            self.pairs = self._thin(self.pairs)
        self._merged = self.pairs.height + self.visitors.height


def _linked(words: Words, prepared: pl.DataFrame, rows: NDArray[np.intp]) -> tuple[pl.Series, pl.Series]:
    """Return `is_linked` and `is_made_up` of these rows: a link named in an interface's numbers is none.

    An interface's answer is no page that links or fetches: who names one as the referrer of the next made it up.
    """
    linked = (words & BIT["is_linked"]) != 0
    leafs = np.flatnonzero(linked & ((words & mask(("is_numbered", "is_page", "is_asset"))) == BIT["is_numbered"]))
    made_up = np.zeros(len(words), np.bool_)
    made_up[leafs] = prepared["is_interface"].to_numpy()[rows[leafs]]
    leafs = leafs[made_up[leafs]]
    texts, places = distinct(prepared["referrer"].gather(rows[leafs]))
    paths = texts.str.to_lowercase().str.replace(r"^\w+://[^/]*", "").str.replace(r"[?#].*$", "")
    made_up[leafs] = paths.str.contains(INTERFACE).to_numpy()[places]
    return pl.Series("is_linked", linked & ~made_up), pl.Series("is_made_up", made_up)


def _is_page() -> pl.Expr:
    # Interfaces are for programs, as in detector.rows: but for numbers that somebody asks who poses as a browser.
    posing = pl.col("is_made_up") | (~pl.col("is_linked") & (pl.col("agent") & BROWSER != 0))
    leafs = pl.col("is_numbered") & posing
    is_asked = pl.col("status").is_not_null() & pl.col("method").is_in(["GET", "HEAD"])
    return is_asked & (~pl.col("is_interface") | (leafs & (pl.col("status") < REFUSED)))


def _pair_up(rows: pl.DataFrame) -> pl.DataFrame:
    # Of a listing each number is a page.
    page = pl.when("is_numbered").then("url_key").otherwise("path_key").alias("page")
    status = pl.col("status")
    own = rows.select(
        page,
        "domain",
        "client",
        pl.col("domain_key").alias("site"),
        "place",
        pl.col("time").dt.truncate("1h").alias("hour"),
        # A listing's pages may well be as long as one another.
        pl.when(~pl.col("is_numbered")).then("bytes").alias("bytes"),
        "is_linked",
        ((status < 300) | (status == 304)).alias("is_got"),  # noqa: PLR2004 - success, and "you have it already"
        pl.lit(1, pl.UInt32).alias("requests"),
        ((pl.col("word") & BIT["is_page"]) != 0).alias("is_read"),
        pl.col("agent_key").alias("agent"),
    )
    return _total(own, "hour")


def _total(pairs: pl.DataFrame, by: str) -> pl.DataFrame:
    together = pairs.group_by("place", "page", by).agg(
        pl.col("domain", "client", "site").first(),
        pl.col("requests").sum(),
        pl.col("bytes").first(),
        pl.col("is_got", "is_linked", "is_read").any(),
        # The same whatever comes first.
        pl.col("agent").min(),
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
