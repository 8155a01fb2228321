"""From what is known of a client's requests to the gates that they passed, and the one they stopped at: pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.notices.notice import TOLD, Act, Notice, State, Turn
from alerts.quiet.gates import Explained
from core.clock import iso_millis
from core.text import visible

GATES = (
    *("shipped", "parsed", "judged", "threshold", "rule", "acked"),
    *("allowed", "silenced", "muted", "flapping", "throttled", "capped", "mail"),
)
"""In the order of docs/design.md."""
ACKNOWLEDGED = "acknowledged"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Rung:
    """One gate.

    Attributes:
        gate: One of GATES.
        passed: Whether the requests passed it; None where they did not come so far, or nobody can know.
        words: What was seen, one sentence.
        evidence: Ids, counts, times and scores, for JSON.
    """

    gate: str
    passed: bool | None
    words: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What Elasticsearch holds of a client's requests about a time; see `alerts.why.facts`.

    Attributes:
        client: The address that was asked for.
        events: How many of its requests there are, of which `event_ids` are some; `first` and `last` are their times.
        unparsed: Ids of lines in no known form that name the client.
        near: When the client's requests nearest to the time were; None without any.
        shippers: What each shipper said last of how it is, by host.
        is_judged: Whether the detector has dealt with them; None where no detector has told how far it is.
        detector: What the detector said last of how it is.
        threshold: Sessions that score less are no anomalies.
        anomalies: As a search returns them, the worst first.
        incident: Of the worst anomaly, as a search returns it; None without one.
        level: From which level on a watch tells; None where no watch does.
        watch: Its id and description.
        status: Its status.
        notices: What was to be told of the incident, oldest first.
        explained: What the gates say of the incident now.
    """

    client: str
    threshold: float
    events: int = 0
    event_ids: Sequence[str] = ()
    first: datetime | None = None
    last: datetime | None = None
    unparsed: Sequence[str] = ()
    near: datetime | None = None
    shippers: Mapping[str, str] = field(default_factory=dict)
    is_judged: bool | None = None
    detector: str = ""
    anomalies: Sequence[Mapping[str, Any]] = ()
    incident: Mapping[str, Any] | None = None
    level: int | None = None
    watch: tuple[str, str] = ("", "")
    status: Mapping[str, Any] = field(default_factory=dict)
    notices: Sequence[Notice] = ()
    explained: Sequence[Explained] = ()


def climb(facts: Facts) -> list[Rung]:
    """Return every gate in its order: passed, then at most one that stopped, then those that were not reached."""
    rungs = [*_to_the_detector(facts), *_to_the_rule(facts), *_to_the_mail(facts)]
    stop = next((number for number, rung in enumerate(rungs) if rung.passed is False), len(rungs))
    return [*rungs[: stop + 1], *(Rung(rung.gate, None, "not reached") for rung in rungs[stop + 1 :])]


def _to_the_detector(facts: Facts) -> Iterator[Rung]:
    if not facts.events and not facts.unparsed:
        near = f"; its nearest are at {iso_millis(facts.near)}" if facts.near else ", nor at any other time"
        hosts = "; ".join(f"{host}: {said}" for host, said in sorted(facts.shippers.items()))
        words = (
            f"no request of {facts.client} is in Elasticsearch{near}. Shippers: {hosts or 'none has told of itself'}"
        )
        yield Rung("shipped", False, words, {"events": 0, "shippers": dict(facts.shippers)})
    else:
        span = f", from {iso_millis(facts.first)} to {iso_millis(facts.last)}" if facts.first and facts.last else ""
        words = f"{_count(facts.events + len(facts.unparsed), 'line')}{span}"
        yield Rung("shipped", True, words, {"events": facts.events, "ids": list(facts.event_ids)})
    if facts.unparsed and not facts.events:
        words = f"{_count(len(facts.unparsed), 'line')} of it in no known form: see with `wwwatch parse`"
        yield Rung("parsed", False, words, {"ids": list(facts.unparsed)})
    else:
        more = f"; {_count(len(facts.unparsed), 'line')} more in no known form" if facts.unparsed else ""
        yield Rung(
            "parsed", True, f"{_count(facts.events, 'request')} understood{more}", {"unparsed": len(facts.unparsed)}
        )
    said = f": {facts.detector}" if facts.detector else ""
    if facts.is_judged or facts.anomalies:
        yield Rung("judged", True, f"the detector has dealt with them{said}")
    elif facts.is_judged is None:
        yield Rung("judged", False, f"no detector has said how far it is{said}: does `wwwatch detect` run?")
    else:
        yield Rung("judged", False, f"the detector has not come to them yet{said}")


def _to_the_rule(facts: Facts) -> Iterator[Rung]:
    if not facts.anomalies:
        words = f"its sessions score below {facts.threshold:g} (detect.threshold), so nothing of them is kept"
        yield Rung("threshold", False, words, {"threshold": facts.threshold})
    else:
        yield _scored(facts)
    watch, description = facts.watch
    if facts.incident is None:
        yield Rung("rule", False, "the anomaly belongs to no incident yet")
        return
    source = facts.incident["_source"]["wwwatch"]["incident"]
    ours = {"incident": facts.incident["_id"], "level": source.get("level"), "severity": source.get("severity")}
    named = f"incident {facts.incident['_id']} is {source.get('severity')} ({source.get('score', 0):.0f})"
    if facts.level is None:
        yield Rung("rule", False, f"{named}, and no watch tells of incidents", ours)
    elif not facts.notices and source.get("level", 0) < facts.level:
        words = f"{named}; {watch} begins at level {facts.level}: {description}"
        yield Rung("rule", False, words, {**ours, "watch": watch, "from_level": facts.level})
    else:
        words = f"{named}, enough for the watch {watch}"
        if source.get("level", 0) < facts.level:
            words = f"{named}, less than {watch} tells of now, and was told nevertheless"
        yield Rung("rule", True, words, {**ours, "watch": watch})


def _scored(facts: Facts) -> Rung:
    worst = facts.anomalies[0]["_source"]["wwwatch"]
    reasons = [visible(each.get("sentence"), 300) for each in worst.get("reasons", [])][:_NAMED]
    score = worst["anomaly"]["score"]
    words = f"{worst['anomaly']['kind']} with score {score:.0f}, from {facts.threshold:g} on: {'; '.join(reasons)}"
    scores = {hit["_id"]: hit["_source"]["wwwatch"]["anomaly"]["score"] for hit in facts.anomalies}
    return Rung("threshold", True, words, {"anomalies": scores, "reasons": reasons})


def _to_the_mail(facts: Facts) -> Iterator[Rung]:
    yield _acked(facts)
    told = [notice for notice in facts.notices if notice.state in TOLD]
    latest = facts.notices[-1] if facts.notices else None
    for gate in GATES[GATES.index("acked") + 1 : -1]:
        news = [each for each in facts.notices if each.turn is Turn.NEWS and each.state not in TOLD]
        held = next((each for each in reversed(news) if each.gate == gate), None)
        now = next((each for each in facts.explained if each.gate == gate), None)
        if latest is None:
            words = now.reason if now else "says nothing"
            yield Rung(gate, now is None or now.act is Act.SEND, words)
        elif held is not None and not told:
            yield Rung(gate, held is not latest, *_held(held))
        else:
            after = f"held once: {held.reason}" if held else ""
            yield Rung(gate, True, visible(after, 300) or "let it pass")
    yield _mailed(latest, told)


def _acked(facts: Facts) -> Rung:
    state = (facts.incident or {}).get("_source", {}).get("wwwatch", {}).get("incident", {}).get("state")
    watch, _ = facts.watch
    if not facts.status.get("state", {}).get("active", True):
        return Rung("acked", False, f"the watch {watch} is not active: `wwwatch alert activate {watch}`")
    acks = {name: each.get("ack", {}) for name, each in facts.status.get("actions", {}).items()}
    acked = next(
        (f"{name} since {ack.get('timestamp', '')}" for name, ack in acks.items() if ack.get("state") == "acked"), ""
    )
    if acked and not facts.notices:
        return Rung("acked", False, f"the watch {watch} is acked: {acked}")
    if state == ACKNOWLEDGED and not facts.notices:
        return Rung("acked", False, "the incident was acknowledged before it was told")
    if any(notice.state is State.ACKED for notice in facts.notices[-1:]):
        return Rung("acked", False, visible(facts.notices[-1].reason, 300))
    return Rung("acked", True, "nobody had acknowledged it")


def _held(notice: Notice) -> tuple[str, dict[str, Any]]:
    until = f", looked at again at {iso_millis(notice.next_attempt)}" if notice.next_attempt else ""
    words = f"{notice.state} at {iso_millis(notice.created)}: {visible(notice.reason, 300)}{until}"
    return words, {"notice": notice.id, "state": notice.state.value}


def _mailed(latest: Notice | None, told: Sequence[Notice]) -> Rung:
    if told:
        first = told[0]
        when = iso_millis(first.sent or first.created)
        if first.state is State.GROUPED:
            return Rung(
                "mail", True, f"told at {when} within another mail: {visible(first.reason, 300)}", {"notice": first.id}
            )
        to = f" to {visible(', '.join(first.recipients), 300)}" if first.recipients else ""
        more = f", and {_count(len(told) - 1, 'time')} after that" if told[1:] else ""
        evidence = {"notices": [each.id for each in told], "message_id": first.message_id}
        return Rung("mail", True, f"sent at {when}{to}{more}", evidence)
    if latest is None:
        return Rung("mail", False, "nothing was written down to be told yet: does `wwwatch alert run` run?")
    waiting: dict[str, Any] = {"notice": latest.id, "attempts": latest.attempts}
    if latest.state is State.FAILED:
        return Rung("mail", False, f"refused: {visible(latest.reason, 300)}", waiting)
    tried = f" after {_count(latest.attempts, 'attempt')}: {visible(latest.reason, 300)}" if latest.reason else ""
    return Rung("mail", False, f"it waits to be told{tried}", waiting)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
