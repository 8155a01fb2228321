"""What a site serves: the paths, first path segments and extensions that it has answered with success, to how many.

Clients count, not requests: what one scanner got a thousand times is no habit of the site. The learner takes requests
in pieces of any order and size, and keeps for each path no more than a sketch of who got it.
"""

from dataclasses import dataclass

import polars as pl

from detector.sketch import Sketch
from detector.usual import HourLearner, LoginLearner, empty_hours, empty_logins

MOST_PATHS = 50_000
"""Paths in a profile, those that most clients got: some two megabytes in a model."""

MOST_NAMES = 5_000
"""First segments and extensions in a profile each, and sites."""

LONGEST = 200
"""A longer path is not learnt: pages that visitors come back to have shorter ones, and memory is finite."""

KNOWN = ("known_clients", "segment_clients", "extension_clients", "site_clients", "is_profiled")
"""The columns of `SiteProfile.known`."""

_NEEDED = ("time", "client", "domain", "path", "method", "status", "bytes", "is_login")


def segment() -> pl.Expr:
    """Return a path's first segment, lower case: `blog` of /Blog/2024, "" of the root."""
    return pl.col("path").str.strip_prefix("/").str.splitn("/", 2).struct.field("field_0").str.to_lowercase()


def extension() -> pl.Expr:
    """Return a path's extension, lower case, without the full stop; "" where there is none."""
    return pl.col("path").str.extract(r"\.([A-Za-z0-9]{1,8})/?$").str.to_lowercase().fill_null("")


def is_served() -> pl.Expr:
    """Return whether a request was answered with what it asked for: 2xx, 304, and a form's redirect.

    Other redirects prove nothing: a server that sends everybody to https or to a login page redirects a probe as well.
    """
    status = pl.col("status")
    form = (pl.col("method") == "POST") & status.is_in([302, 303, 307])
    return (status.is_between(200, 299) | (status == 304) | form).fill_null(value=False)  # noqa: PLR2004 - HTTP's


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """What sites serve, learnt from history; the name of a site is its `domain`, "" where the log tells none.

    Attributes:
        sites: Columns `domain` and `clients`: how many distinct clients the site answered with success.
        paths, segments, extensions: Columns `domain`, `path` (or `segment`, `extension`) and `clients`. Counts beyond
            16 are estimates (detector.sketch).
        logins: How each site's login endpoints answer: see detector.usual.
        hours: Each site's traffic by hour of the week: see detector.usual.
        left_out: Paths that were seen and are not kept, at least.
    """

    sites: pl.DataFrame
    paths: pl.DataFrame
    segments: pl.DataFrame
    extensions: pl.DataFrame
    logins: pl.DataFrame
    hours: pl.DataFrame
    left_out: int = 0

    @staticmethod
    def empty() -> "SiteProfile":
        """Return the profile before any history: nothing is known."""
        name = {"domain": pl.String}
        paths, segments, extensions = (
            pl.DataFrame(schema={**name, key: pl.String, "clients": pl.UInt32}) for key in _KEYS
        )
        sites = pl.DataFrame(schema={**name, "clients": pl.UInt32})
        return SiteProfile(sites, paths, segments, extensions, empty_logins(), empty_hours())

    @staticmethod
    def of(prepared: pl.DataFrame) -> "SiteProfile":
        """Learn the profile of requests that are all in memory (output of `detector.features.prepare`)."""
        learner = ProfileLearner()
        learner.add(prepared)
        return learner.profile()

    @property
    def is_empty(self) -> bool:
        """Whether no history taught anything."""
        return self.sites.is_empty()

    def known(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Say how many clients got what each row asks for; nothing is learnt from asking.

        Args:
            frame: Columns `domain` and `path`, null or not.

        Returns:
            The columns of KNOWN, one row per row in the same order: how many clients got the path, anything below the
            same first segment, anything of the same extension, anything at all (UInt32, 0: nobody is known to have),
            and whether the site has a history at all: without one, nothing can be called unusual there.
        """
        asked = frame.select(pl.col("domain", "path").cast(pl.String).fill_null(""))
        answers = asked.unique().with_columns(segment().alias("segment"), extension().alias("extension"))
        tables = (self.paths, self.segments, self.extensions)
        for key, name, table in zip(_KEYS, KNOWN, tables, strict=False):
            answers = answers.join(table.rename({"clients": name}), on=["domain", key], how="left")
        answers = answers.join(self.sites.rename({"clients": "site_clients"}), on="domain", how="left")
        # The site's own number is the better estimate: no path has more clients than its site.
        site = pl.col("site_clients").fill_null(0)
        counts = [pl.min_horizontal(pl.col(name).fill_null(0), site).alias(name) for name in KNOWN[:3]]
        found = answers.select("domain", "path", *counts, site, (site > 0).alias("is_profiled"))
        return asked.join(found, on=["domain", "path"], how="left", maintain_order="left").select(KNOWN)


_KEYS = ("path", "segment", "extension")


class ProfileLearner:
    """Learns a profile from prepared requests, piece by piece; the order of the pieces does not matter.

    Leave out what is called an attack before adding: what only attackers got is then not known.
    """

    def __init__(self) -> None:
        self._sites = Sketch(("domain",), MOST_NAMES, size=256)
        self._tables = {
            key: Sketch(("domain", key), MOST_PATHS if key == "path" else MOST_NAMES, size=16) for key in _KEYS
        }
        self._logins, self._hours = LoginLearner(), HourLearner()

    def add(self, prepared: pl.DataFrame) -> None:
        """Learn from requests.

        Args:
            prepared: Output of `detector.features.prepare`, or at least its columns time, client, domain, path, method,
                status, bytes and is_login.
        """
        rows = prepared.select(_NEEDED).with_columns(pl.col("client").hash(seed=0).alias("who"))
        served = rows.filter(is_served() & (pl.col("path").str.len_bytes() <= LONGEST))
        named = served.select("domain", "path", "who").unique()
        named = named.with_columns(segment().alias("segment"), extension().alias("extension"))
        self._sites.add(named)
        for sketch in self._tables.values():
            sketch.add(named)
        self._logins.add(rows)
        self._hours.add(rows)

    def profile(self) -> SiteProfile:
        """Return what was learnt so far."""
        paths, segments, extensions = (self._tables[key].counts() for key in _KEYS)
        logins, hours, left_out = self._logins.table(), self._hours.table(), self._tables["path"].left_out
        return SiteProfile(self._sites.counts(), paths, segments, extensions, logins, hours, left_out)
