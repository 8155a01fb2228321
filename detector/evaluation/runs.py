"""Simulated runs: attacks whose every request is known, judged live, page by page, as they happen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from detector.evaluation.findings import MAILED, REPORTED, by_client
from detector.evaluation.replay import replay
from detector.evaluation.truth import ATTACK, FLOODS, HOSTILE_URLS, LOGIN, NORMAL, TRUTH_SCHEMA
from detector.incidents import Incident
from detector.model import SessionModel

CALM_ROWS = 2_000
"""Requests in a page while no attack goes on: nobody waits for an answer there."""

CLOSE_LOOK = 40
"""Pages of one second from an attack's first request on, so many seconds; then pages grow by GROWTH, for who is found
late is late."""

CLOSE_REQUESTS = 30
"""An attack's first requests are looked at one by one, however slowly they come."""

GROWTH = 1.25
ENOUGH = 0.5
"""Share of an attack's clients that incidents must list before it counts as found."""

FAMILIES = (LOGIN, HOSTILE_URLS, FLOODS)
"""Kinds that the same sysadmin's answer meets; which of a family it is, is asked apart."""


@dataclass(frozen=True, slots=True)
class Raid:
    """One attack as it was.

    Attributes:
        name: The attack's.
        kind: What it is.
        clients: As sessions know them.
        start: Its first request.
        end: Its last.
    """

    name: str
    kind: str
    clients: frozenset[str]
    start: datetime
    end: datetime


@dataclass(slots=True)
class Sighting:
    """What became of an attack.

    Attributes:
        raid: The attack.
        reported: When an incident of a score of 25 first listed one of its clients: seconds and hostile requests after
            its first one; None where none did.
        mailed: The same of an incident of 50.
        listed: Share of its clients that incidents list at the end, 0 to 1.
        kind: Of the highest of these incidents, "" where there is none.
        score: Of that one.
    """

    raid: Raid
    reported: tuple[float, int] | None = None
    mailed: tuple[float, int] | None = None
    listed: float = 0.0
    kind: str = ""
    score: float = 0.0

    @property
    def is_found(self) -> bool:
        """Whether incidents list enough of its clients."""
        return self.listed >= ENOUGH

    @property
    def is_named_rightly(self) -> bool:
        """Whether it is called what it is, or another kind of the same family."""
        return self.kind == self.raid.kind or any({self.kind, self.raid.kind} <= set(kinds) for kinds in FAMILIES)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "attack": self.raid.name,
            "kind": self.raid.kind,
            "clients": len(self.raid.clients),
            "found": self.is_found,
            "listed": round(self.listed, 4),
            "called": self.kind,
            "score": round(self.score, 2),
            "reported_seconds": self.reported[0] if self.reported else None,
            "reported_requests": self.reported[1] if self.reported else None,
            "mailed_seconds": self.mailed[0] if self.mailed else None,
            "mailed_requests": self.mailed[1] if self.mailed else None,
        }


@dataclass(slots=True)
class RunResult:
    """What became of a run.

    Attributes:
        name: The run's.
        seed: Its seed.
        days: How long it was.
        sightings: One for each attack.
        clients: What `by_client` says of each client; an attacker's `attack_type` is the attack's kind.
        incidents: INCIDENT_SCHEMA.
    """

    name: str
    seed: int
    days: float
    sightings: list[Sighting]
    clients: pl.DataFrame
    incidents: pl.DataFrame

    @property
    def named(self) -> pl.DataFrame:
        """The clients that did nothing hostile and that an incident lists."""
        return self.clients.filter((pl.col("truth") == NORMAL) & pl.col("reported"))


@dataclass(frozen=True, slots=True)
class Run:
    """Traffic whose truth is known.

    Attributes:
        name: The attack's, the hard negative's, or "mixed".
        seed: It repeats the run.
        events: EVENT_SCHEMA, in the order of time.
        raids: The attacks in it; all other clients are peaceful.
    """

    name: str
    seed: int
    events: pl.DataFrame
    raids: Sequence[Raid]


def judge_run(model: tuple[str, SessionModel], run: Run, now: datetime) -> RunResult:
    """Judge a run as a live detector meets it.

    Args:
        model: The digest and the model.
        run: Its traffic and its truth.
        now: Wall-clock time of the incidents' writes.
    """
    events, raids = run.events, run.raids
    watch = _Watch(events, [Sighting(raid) for raid in raids])
    findings = replay(model, watch.pages(), now, watch.look)
    clients = by_client(findings, _truth(events, raids))
    listed = {row["client"]: row for row in clients.filter("reported").iter_rows(named=True)}
    for sighting in watch.sightings:
        seen = [listed[client] for client in sighting.raid.clients if client in listed]
        sighting.listed = len(seen) / max(len(sighting.raid.clients), 1)
        verdicts = [(float(row["score"]), str(row["kind"])) for row in seen]
        sighting.score, sighting.kind = max(verdicts, default=(0.0, ""))
    times = events["time"]
    span = times[-1] - times[0] if events.height else timedelta()
    return RunResult(run.name, run.seed, span / timedelta(days=1), watch.sightings, clients, findings.incidents)


def _truth(events: pl.DataFrame, raids: Sequence[Raid]) -> pl.DataFrame:
    hostile = {client: raid.kind for raid in raids for client in raid.clients}
    clients = events["client"].unique(maintain_order=True).to_list()
    rows = [(client, ATTACK if client in hostile else NORMAL, hostile.get(client, "")) for client in clients]
    return pl.DataFrame(rows, schema=TRUTH_SCHEMA, orient="row")


class _Watch:
    """Cuts a run into pages, small ones where an attack goes on unseen, and notes when each is seen first."""

    def __init__(self, events: pl.DataFrame, sightings: list[Sighting]) -> None:
        self.events = events.sort("time", maintain_order=True)
        self.sightings = sightings
        is_hostile = [pl.col("client").is_in(list(each.raid.clients)) for each in sightings]
        hostile = [self.events.filter(which)["time"] for which in is_hostile]
        self.firsts = [
            times.filter(times >= each.raid.start).head(CLOSE_REQUESTS)
            for each, times in zip(sightings, hostile, strict=True)
        ]

    def pages(self) -> Iterator[pl.DataFrame]:
        times, total, begin = self.events["time"], self.events.height, 0
        while begin < total:
            end = min(begin + CALM_ROWS, total)
            if cut := self._next_cut(times[begin]):
                end = min(max(int(times.search_sorted(cut, side="left")), begin + 1), end)
            yield self.events[begin:end]
            begin = end

    def _next_cut(self, moment: Any) -> datetime | None:
        """Return when the next page should end: at an attack's first request, or soon after while it is unseen."""
        cuts: list[datetime] = []
        for sighting, firsts in zip(self.sightings, self.firsts, strict=True):
            raid = sighting.raid
            if sighting.mailed or moment > raid.end:
                continue
            since = (moment - raid.start).total_seconds()
            step = 1.0 if since < CLOSE_LOOK else max(since * (GROWTH - 1), 1.0)
            cuts.append(raid.start if since < 0 else moment + timedelta(seconds=step))
            if not sighting.reported and since >= 0:
                following = firsts.filter(firsts >= moment).head(1).to_list()
                cuts += [each + timedelta(seconds=1) for each in following]
        return min(cuts, default=None)

    def look(self, page: pl.DataFrame, incidents: list[Incident]) -> None:
        until: Any = page["time"][-1]
        for sighting in self.sightings:
            raid = sighting.raid
            if raid.start > until or (sighting.reported and sighting.mailed):
                continue
            score = max((each.score for each in incidents if raid.clients.intersection(each.clients)), default=0)
            if score < REPORTED:
                continue
            after = ((until - raid.start).total_seconds(), self._hostile(raid, until))
            sighting.reported = sighting.reported or after
            sighting.mailed = sighting.mailed or (after if score >= MAILED else None)

    def _hostile(self, raid: Raid, until: datetime) -> int:
        is_hostile = pl.col("client").is_in(list(raid.clients)) & pl.col("time").is_between(raid.start, until)
        return int(self.events.select(is_hostile.sum()).item())
