"""What is usual at a site: how its login endpoints answer, and how much traffic each hour of the week has."""

from dataclasses import dataclass

import polars as pl

from detector.sketch import Sketch
from detector.texts import with_own_texts

LOGIN_SAMPLE = 20_000
"""Requests for login endpoints that are kept to learn from: an even sample where there are more."""

MOST_LOGINS = 200
MOST_HOURS = 100_000
"""Hours of sites that are kept: eleven years of one site, a month of 130."""

HOURS_A_WEEK = 168

_COUNTS = ("requests", "errors", "logins", "login_failures")


def empty_logins() -> pl.DataFrame:
    """Return the table of logins without a row; `LoginLearner.table` tells its columns."""
    counts = dict.fromkeys(("posts", "answered_200", "redirected", "denied"), pl.UInt32)
    sizes = dict.fromkeys(("form_bytes", "post_bytes"), pl.Float64)
    return pl.DataFrame(schema={"domain": pl.String, "path": pl.String, **counts, **sizes})


def empty_hours() -> pl.DataFrame:
    """Return the table of hours without a row; `HourLearner.table` tells its columns."""
    numbers = dict.fromkeys((*_COUNTS, "clients", "requests_high", "clients_high", "errors_high"), pl.Float64)
    return pl.DataFrame(
        schema={"domain": pl.String, "hour": pl.UInt8, "weeks": pl.UInt32, **numbers, "login_clients": pl.Float64}
    )


@dataclass(slots=True)
class LoginLearner:
    """Keeps a sample of what login endpoints answered."""

    _kept: pl.DataFrame | None = None

    def add(self, rows: pl.DataFrame) -> None:
        """Learn from requests with the columns domain, path, method, status, bytes, is_login, client and time."""
        posts = rows.filter("is_login")
        here = posts.select("domain", "path").unique() if self._kept is None else self._endpoints(posts)
        forms = rows.filter(pl.col("method") == "GET").join(here, on=["domain", "path"], how="semi")
        found = pl.concat([posts, forms]).select(
            "domain", "path", "is_login", "status", "bytes", pl.struct("client", "time").hash(seed=0).alias("dice")
        )
        both = found if self._kept is None else pl.concat([self._kept, found])
        self._kept = with_own_texts(both if both.height <= LOGIN_SAMPLE else both.bottom_k(LOGIN_SAMPLE, by="dice"))

    def _endpoints(self, posts: pl.DataFrame) -> pl.DataFrame:
        assert self._kept is not None  # noqa: S101 - only asked then
        return pl.concat([posts.select("domain", "path"), self._kept.select("domain", "path")]).unique()

    def table(self) -> pl.DataFrame:
        """Return how each login endpoint answers.

        Returns:
            `domain`, `path`; of the sampled attempts how many there were (`posts`) and how many were `answered_200`,
            `redirected` (3xx) and `denied` (400, 401, 403, 422, 429); the median size of the form itself (`form_bytes`,
            GET answered 200) and of what an attempt answered 200 gets (`post_bytes`), null where there was none: a
            failure that shows the form again has about the form's size.
        """
        if self._kept is None:
            return empty_logins()
        status, post = pl.col("status"), pl.col("is_login")
        shown = status == 200  # noqa: PLR2004 - HTTP's
        size = pl.col("bytes").cast(pl.Float64)
        counts = {
            "posts": post,
            "answered_200": post & shown,
            "redirected": post & status.is_between(300, 399),
            "denied": post & status.is_in([400, 401, 403, 422, 429]),
        }
        found = self._kept.group_by("domain", "path").agg(
            *(each.fill_null(value=False).sum().cast(pl.UInt32).alias(name) for name, each in counts.items()),
            size.filter(~post & shown).median().alias("form_bytes"),
            size.filter(post & shown).median().alias("post_bytes"),
        )
        ranked = found.filter(pl.col("posts") > 0).sort("posts", "domain", "path", descending=[True, False, False])
        return ranked.head(MOST_LOGINS)


class HourLearner:
    """Adds up each site's traffic by hour."""

    def __init__(self) -> None:
        self._sums: pl.DataFrame | None = None
        self._clients = Sketch(("domain", "at"), MOST_HOURS, size=64)
        self._logins = Sketch(("domain", "at"), MOST_HOURS, size=64)

    def add(self, rows: pl.DataFrame) -> None:
        """Learn from requests with the columns domain, time, status, is_login and who."""
        timed = rows.with_columns(pl.col("time").dt.truncate("1h").alias("at"))
        status, failed = pl.col("status"), pl.col("is_login") & pl.col("status").is_in([200, 400, 401, 403, 422, 429])
        sums = timed.group_by("domain", "at").agg(
            pl.len().alias("requests"),
            (status >= 400).sum().alias("errors"),  # noqa: PLR2004 - HTTP's
            pl.col("is_login").sum().alias("logins"),
            failed.sum().alias("login_failures"),
        )
        sums = sums.select("domain", "at", pl.col(_COUNTS).cast(pl.Int64))
        both = sums if self._sums is None else pl.concat([self._sums, sums])
        totals = both.group_by("domain", "at").agg(pl.col(_COUNTS).sum())
        self._sums = totals if totals.height <= MOST_HOURS else totals.top_k(MOST_HOURS, by="requests")
        self._clients.add(timed)
        self._logins.add(timed.filter("is_login"))

    def table(self) -> pl.DataFrame:
        """Return what is usual in each hour of the week, UTC.

        Returns:
            `domain`, `hour` (0 is Monday 0:00 to 1:00), `weeks` (how often the hour was seen with any request); the
            medians of `requests`, distinct `clients`, `errors` (status >= 400), `logins`, `login_failures` and
            `login_clients` in one such hour, and the most (`requests_high`, `clients_high`, `errors_high`).
        """
        if self._sums is None or self._sums.is_empty():
            return empty_hours()
        clients = self._clients.counts()
        logins = self._logins.counts().rename({"clients": "login_clients"})
        joined = self._sums.join(clients, on=["domain", "at"], how="left")
        joined = joined.join(logins, on=["domain", "at"], how="left").with_columns(pl.col("login_clients").fill_null(0))
        hour = ((pl.col("at").dt.weekday() - 1).cast(pl.Int32) * 24 + pl.col("at").dt.hour()).cast(pl.UInt8)
        usual = joined.group_by("domain", hour.alias("hour")).agg(
            pl.len().cast(pl.UInt32).alias("weeks"),
            pl.col(*_COUNTS, "clients").median(),
            *(pl.col(name).max().cast(pl.Float64).alias(f"{name}_high") for name in ("requests", "clients", "errors")),
            pl.col("login_clients").median(),
        )
        return usual.sort("domain", "hour")
