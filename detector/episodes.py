"""Episodes: strange intervals of a site that lie together are one anomaly, which grows while it goes on."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from detector.anomaly import Anomaly
from detector.describe import key_of
from detector.evidence import LINES, EvidenceSource, Wanted
from detector.sessions import microseconds
from detector.siteverdict import family_of, grow
from detector.traffic import Scale

_TOLD = ("time", "domain", "client", "client_key", "address", "user_agent", "path")

APART = timedelta(hours=1)
"""With more than this between two strange intervals there are two anomalies."""


@dataclass(frozen=True, slots=True)
class Strange:
    """Intervals of a site that are strange, and who made them so (`client`, `interval`)."""

    flags: pl.DataFrame
    members: pl.DataFrame

    @classmethod
    def at(cls, flags: pl.DataFrame, members: pl.DataFrame, scale: Scale) -> "Strange":
        """Put flags and who made them so together; all are of one length."""
        spans = flags.with_columns(pl.lit(scale.length).alias("length"), pl.lit(scale.words).alias("within"))
        return cls(spans, members.select("domain", "client", "interval", "requests"))


@dataclass(frozen=True, slots=True)
class _Requests:
    """What anomalies tell of the requests of whom they may be of: of a few columns, and looked for once."""

    rows: pl.DataFrame
    told: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame, clients: Iterable[str]) -> "_Requests":
        here = rows["client_key"].is_in(_keys(clients)).arg_true()
        return cls(rows, rows.select(pl.col(_TOLD).gather(here)).with_columns(here.alias("row")))

    def since(self, moment: datetime, domain: str, clients: Iterable[str]) -> pl.DataFrame:
        """Return the requests of clients at a site from a moment on (_TOLD and `row`)."""
        is_theirs = pl.col("client_key").is_in(_keys(clients))
        return self.told.filter((pl.col("time") >= moment) & (pl.col("domain") == domain) & is_theirs)

    def whole(self, told: pl.DataFrame) -> pl.DataFrame:
        """Return all columns of requests."""
        return self.rows[told["row"]]


def _keys(clients: Iterable[str]) -> pl.Series:
    return key_of(pl.Series(list(clients), dtype=pl.String)).implode()


class Episodes:
    """The anomalies of sites that go on.

    Args:
        digest: The model's, for the anomalies' documents.
        evidence: Where raw lines come from.
    """

    def __init__(self, digest: str, evidence: EvidenceSource) -> None:
        self.digest, self.evidence = digest, evidence
        self._going: dict[tuple[str, str], Anomaly] = {}

    def name(self, found: Iterable[Strange], rows: pl.DataFrame) -> list[Anomaly]:
        """Return the anomalies that strange intervals make, those that are new or have changed.

        Args:
            found: They, in the order of their lengths.
            rows: All requests in memory.
        """
        several = list(found)
        if not several:
            return []
        clients = {client for each in self._going.values() for client in each.clients}
        requests = _Requests.of(rows, clients.union(*(strange.members["client"] for strange in several)))
        anomalies = [anomaly for strange in several for anomaly in self._name(strange, requests)]
        # The same episode may show at several lengths: the last one has all its clients.
        return list({anomaly.session_id: anomaly for anomaly in anomalies}.values())

    def place(self, anomaly: Anomaly) -> None:
        """Remember which incident an anomaly was put into."""
        self._going[anomaly.domain, family_of(anomaly.kind)] = anomaly

    def forget_before(self, moment: datetime) -> None:
        """Let go of those that ended so long ago that nothing can belong to them."""
        for key, anomaly in list(self._going.items()):
            if anomaly.end < moment - APART:
                del self._going[key]

    def _name(self, strange: Strange, requests: _Requests) -> list[Anomaly]:
        named = []
        episodes = _split(strange.flags)
        for flags in episodes:
            members = strange.members
            if len(episodes) > 1:
                members = members.join(flags, on=["domain", "interval"], how="semi")
            anomaly = self._episode(flags["domain"][0], flags, members, requests)
            if anomaly is not None:
                named.append(anomaly)
        return named

    def _episode(self, domain: str, flags: pl.DataFrame, members: pl.DataFrame, requests: _Requests) -> Anomaly | None:
        ranked = flags.sort("score", "count", "interval", descending=True) if flags.height > 1 else flags
        worst = ranked.row(0, named=True)
        begin, end = flags["interval"][0], flags["interval"][-1] + worst["length"]
        old = self._going.get((domain, family_of(worst["kind"])))
        if old is not None and (begin > old.end + APART or end < old.start - APART):
            old = None
        totals = members.group_by("client").agg(pl.col("requests").sum())
        busiest = totals.sort("requests", "client", descending=[True, False])["client"]
        clients = tuple(dict.fromkeys([*(old.clients if old else ()), *busiest]))
        here = requests.since(begin, domain, clients)
        anomaly = grow(old, worst | {"domain": domain}, clients, here, self.digest)
        if anomaly is None:
            return None
        if len(anomaly.evidence) < LINES:
            first = here.sort("time").unique("client", keep="first", maintain_order=True).head(LINES)
            (lines,) = self.evidence.fetch([Wanted(anomaly, [anomaly.top_path], requests.whole(first))])
            anomaly = replace(anomaly, evidence=lines or anomaly.evidence)
        self.place(anomaly)
        return anomaly


def _split(flags: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the intervals of each episode, by site and time."""
    ordered = flags.sort("domain", "interval") if flags.height > 1 else flags
    apart = microseconds(APART + flags["length"][0])
    domains, times = ordered["domain"].to_list(), ordered["interval"].to_physical().to_list()
    breaks = [
        row for row in range(1, len(times)) if domains[row] != domains[row - 1] or times[row] - times[row - 1] > apart
    ]
    return [ordered[begin:end] for begin, end in itertools.pairwise([0, *breaks, len(times)])]
