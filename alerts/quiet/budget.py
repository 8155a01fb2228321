"""The alert budget: which threshold keeps the mails within what a person wants to read, by replaying what is stored.

Pure. Each stored incident is told as the engine would have: when it began at or above the threshold, once more at
each graver severity as far as its stored anomalies show when, and when it was over. Then the gates that do not hang on
what was sent: allow-list, silences and windows as they stood. Caps are left out: a budget makes them needless.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.language.mustache import lookup
from alerts.notices.notice import Act, Notice
from alerts.quiet.gate import Case, Gate
from core.clock import parse_iso
from core.documents import Document
from core.severity import BANDS, severity_label, severity_level

LOWEST = 0
HIGHEST = 100


@dataclass(frozen=True, slots=True)
class Budget:
    """At most so many mails in each of the periods that follow each other."""

    mails: int
    per: timedelta

    def keeps(self, moments: Sequence[datetime], start: datetime, end: datetime) -> bool:
        """Tell whether every period from start to end has at most so many: no average hides a bad one."""
        return max(self.counts(moments, start, end), default=0) <= self.mails

    def counts(self, moments: Sequence[datetime], start: datetime, end: datetime) -> list[int]:
        """Return how many there were in each period, oldest first; the last one ends at `end`."""
        periods = max(-(-(end - start) // self.per), 1)
        counts = [0] * periods
        for moment in moments:
            back = (end - moment) // self.per
            if 0 <= back < periods:
                counts[periods - 1 - back] += 1
        return counts


@dataclass(frozen=True, slots=True)
class Told:
    """A mail that would have gone out.

    Attributes:
        turn: ``new``, ``worse`` or ``over``.
        score: The incident's then.
    """

    at: datetime
    incident_id: str
    turn: str
    kind: str
    score: float
    message: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the replay says.

    Attributes:
        threshold: The lowest score from which on mails keep within the budget; None where no threshold does.
        told: The mails that would have gone out with it, oldest first.
        counts: How many of them in each period, oldest first.
        by_severity: How many mails there would have been, beginning at each severity.
        incidents: How many incidents are stored in that time.
        reaches: How far back the stored incidents go; None where there are none.
    """

    threshold: int | None
    told: tuple[Told, ...]
    counts: tuple[int, ...]
    by_severity: Mapping[str, int]
    incidents: int
    reaches: datetime | None


def propose(
    incidents: Sequence[Document],
    history: Mapping[str, Sequence[tuple[datetime, float]]],
    budget: Budget,
    period: tuple[datetime, datetime],
    gates: Sequence[Gate] = (),
) -> Proposal:
    """Return the lowest threshold, in whole points of score, that keeps every period within the budget.

    Args:
        incidents: As a search returns them: `_id`, `_source`.
        history: For each incident the score that it had from when on, as far as its anomalies tell, oldest first.
        budget: What is wanted.
        period: From and to.
        gates: What holds mails back.
    """
    start, end = period
    inside = [each for each in incidents if (begun := _moment(each, "event.start")) and start <= begun < end]

    def at(threshold: int) -> list[Told]:
        return replay(inside, history, threshold, gates)

    kept = next((each for each in range(LOWEST, HIGHEST + 1) if budget.keeps(_moments(at(each)), start, end)), None)
    told = at(HIGHEST if kept is None else kept)
    return Proposal(
        threshold=kept,
        told=tuple(told),
        counts=tuple(budget.counts(_moments(told), start, end)),
        by_severity={name: len(at(int(bound))) for bound, name in BANDS},
        incidents=len(inside),
        reaches=min((moment for each in inside if (moment := _moment(each, "event.start"))), default=None),
    )


def replay(
    incidents: Iterable[Document],
    history: Mapping[str, Sequence[tuple[datetime, float]]],
    threshold: float,
    gates: Sequence[Gate] = (),
) -> list[Told]:
    """Return the mails that would have gone out with a threshold, oldest first."""
    told: list[Told] = []
    for moment, incident, turn, score in sorted(_turns(incidents, history, threshold), key=lambda each: each[0]):
        if turn != "over" and _is_held(incident, moment, gates):
            continue
        if turn == "over" and not any(each.incident_id == incident["_id"] for each in told):
            continue
        source = incident["_source"]
        kind = str(lookup("wwwatch.incident.kind", source) or "")
        told.append(Told(moment, incident["_id"], turn, kind, score, str(source.get("message", ""))))
    return told


def _turns(
    incidents: Iterable[Document], history: Mapping[str, Sequence[tuple[datetime, float]]], threshold: float
) -> Iterable[tuple[datetime, Document, str, float]]:
    for incident in incidents:
        begun, ended = _moment(incident, "event.start"), _moment(incident, "event.end")
        score = lookup("_source.wwwatch.incident.score", incident)
        if begun is None or ended is None or not isinstance(score, int | float) or score < threshold:
            continue
        # What the anomalies do not tell is taken to have been so from the beginning.
        steps = list(history.get(incident["_id"], ())) or [(begun, float(score))]
        if max(each for _, each in steps) < score:
            steps.append((steps[-1][0], float(score)))
        highest = -1
        for moment, now_is in steps:
            if now_is >= threshold and severity_level(now_is) > highest:
                yield moment, incident, "worse" if highest >= 0 else "new", now_is
                highest = severity_level(now_is)
        if lookup("_source.wwwatch.incident.state", incident) == "closed":
            yield ended + timedelta(hours=2), incident, "over", float(score)


def _is_held(incident: Document, moment: datetime, gates: Sequence[Gate]) -> bool:
    notice = Notice(
        incident["_id"], "incident", "mail", "", moment, thread=incident["_id"], ctx={"payload": dict(incident)}
    )
    case = Case(notice, (), timedelta(), moment)
    return any(gate.judge(case).act is not Act.SEND for gate in gates)


def severity_words(threshold: int) -> str:
    """Say what a threshold means, e.g. ``from score 63 on (major)``."""
    return f"from score {threshold} on ({severity_label(threshold)})"


def _moments(told: Iterable[Told]) -> list[datetime]:
    return [each.at for each in told]


def _moment(incident: Document, path: str) -> datetime | None:
    value: Any = lookup(f"_source.{path}", incident)
    try:
        return parse_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None
