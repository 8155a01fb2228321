"""Nothing grave is lost behind the gates, and nothing is told twice, whatever comes and whenever it is looked at."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.notices.notice import HELD, TOLD, Act, Notice, State, Turn
from alerts.quiet import Gates
from alerts.quiet.capped import Capped, Sent, hour_of
from alerts.quiet.flapping import Flapping
from alerts.quiet.silence import Silence, checked
from alerts.quiet.silenced import Silenced
from alerts.quiet.throttled import Throttled
from core.severity import BANDS
from tests.alerting import NOW, incident, variables
from tests.unit.alerts.quiet.cases import always

THROTTLE = timedelta(minutes=10)
CAP = 2
Step = tuple[int, int, int, bool]

steps = st.lists(
    st.tuples(st.integers(0, 2), st.integers(2, 3), st.integers(0, 90), st.booleans()), min_size=1, max_size=14
)
silences = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 120)), max_size=2)


class World:
    """The outbox in memory: what Delivery does with decisions, without Elasticsearch and mail."""

    def __init__(self, quiet: list[Silence]) -> None:
        self.now = NOW
        self.notices: dict[str, Notice] = {}
        self.sent: list[Notice] = []
        self.count = 0
        gates = (Silenced(always(quiet)), Flapping(), Throttled(), Capped(CAP, 0, self._counted))
        self.gates = Gates(gates)

    def _counted(self, now: datetime) -> Sent:
        return Sent(hour=sum(each.sent is not None and each.sent >= hour_of(now) for each in self.sent))

    def see(self, name: str, level: int, *, over: bool, epoch: int) -> None:
        """Record an incident as a run finds it, and settle it."""
        changes: dict[str, Any] = {"wwwatch.incident.level": level, "wwwatch.incident.severity": BANDS[level][1]}
        ctx = variables(incident(changes), name)
        for turn in (Turn.NEWS, Turn.OVER) if over else (Turn.NEWS,):
            key = f"{name}/{epoch}/{level}/{turn}"
            if key not in self.notices:
                self.count += 1
                fresh = Notice(key, "incident", "mail", key, self.now, rank=float(level), turn=turn, ctx=ctx)
                self.settle(replace(fresh, thread=name, seq_no=self.count))

    def look(self) -> None:
        """Judge again what was held until now."""
        for notice in list(self.notices.values()):
            if notice.state in HELD and notice.next_attempt and notice.next_attempt <= self.now:
                self.settle(notice)

    def settle(self, notice: Notice) -> None:
        """Judge a notice and do what the gates say."""
        thread = [each for each in self.notices.values() if each.thread == notice.thread]
        decision = self.gates.judge(notice, thread, THROTTLE, self.now)
        assert decision.reason
        if decision.act is Act.SEND:
            notice = replace(notice, state=State.SENT, sent=self.now, gate=decision.gate, next_attempt=None)
            self.sent.append(notice)
        else:
            assert decision.gate == decision.state
            assert (decision.until is not None) == (decision.act is Act.HOLD)
            assert decision.until is None or decision.until > self.now
            notice = replace(notice, state=decision.state, gate=decision.gate, reason=decision.reason)
            notice = replace(notice, next_attempt=decision.until)
        self.notices[notice.id] = notice


def live(script: list[Step], quiet: list[tuple[int, int]]) -> World:
    minute = timedelta(minutes=1)
    made = [
        checked(Silence("", NOW + begin * minute, NOW + (begin + length) * minute, "why", "who"))
        for begin, length in quiet
    ]
    world = World(made)
    epochs = dict.fromkeys("abc", 0)
    for which, level, minutes, over in script:
        name = "abc"[which]
        world.see(name, level, over=over, epoch=epochs[name])
        epochs[name] += over
        world.now += minutes * minute
        world.look()
    for _ in range(3):  # long after every silence and throttle
        world.now += timedelta(days=2)
        world.look()
    return world


@settings(max_examples=60)
@given(steps, silences)
def test_everything_grave_is_told_or_held_by_a_gate_that_says_so(
    script: list[Step], quiet: list[tuple[int, int]]
) -> None:
    world = live(script, quiet)
    for notice in world.notices.values():
        if notice.state in TOLD:
            continue
        assert notice.gate
        assert notice.reason
        # In the end only these remain: told in the thread already, or in a summary.
        assert notice.state in (State.THROTTLED, State.CAPPED, State.SILENCED, State.FLAPPING)
        if notice.turn is Turn.NEWS and notice.state is not State.CAPPED:
            assert notice.next_attempt is None, "what is held for a time must not wait for ever"
            others = [each for each in world.notices.values() if each.thread == notice.thread]
            assert any(each.state in (State.SENT, State.CAPPED) for each in others)


@settings(max_examples=60)
@given(steps, silences)
def test_nothing_is_told_twice(script: list[Step], quiet: list[tuple[int, int]]) -> None:
    world = live(script, quiet)
    assert len({each.id for each in world.sent}) == len(world.sent)


@settings(max_examples=60)
@given(steps)
def test_caps_hold(script: list[Step]) -> None:
    world = live(script, [])
    for each in world.sent:
        assert each.sent is not None
        hour = [other for other in world.sent if other.sent and hour_of(other.sent) == hour_of(each.sent)]
        assert len(hour) <= 2 * CAP


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 30))
def test_what_is_graver_always_passes_the_throttle_in_the_end(before: int, after: int, minutes: int) -> None:
    told = Notice("a", "incident", "mail", "a", NOW, State.SENT, "t", float(before), sent=NOW)
    mine = Notice("b", "incident", "mail", "b", NOW, thread="t", rank=float(after), seq_no=2)
    now = NOW + timedelta(minutes=minutes)
    decision = Gates().judge(mine, [told], THROTTLE, now)
    if after <= before:
        assert decision.act is Act.DROP
    elif decision.act is not Act.SEND:
        assert decision.until is not None
        assert decision.until <= NOW + THROTTLE
        assert Gates().judge(mine, [told], THROTTLE, decision.until).act is Act.SEND


@given(st.integers(-300, 300), st.integers(1, 300))
def test_a_silence_that_is_over_holds_nothing(begin: int, length: int) -> None:
    start = NOW + timedelta(minutes=begin)
    silence = checked(Silence("", start, start + timedelta(minutes=length), "why", "who"))
    until = silence.until(NOW)
    assert (until is not None) == (start <= NOW < start + timedelta(minutes=length))
    assert silence.is_over(NOW) == (start + timedelta(minutes=length) <= NOW)
    assert silence.until(start + timedelta(minutes=length)) is None
