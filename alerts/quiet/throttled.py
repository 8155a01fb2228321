"""The gate `throttled`: of a thread, only what is graver is news, and not too often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.language.parts import format_duration
from alerts.notices.notice import TOLD, Act, Decision, Notice, State, Turn
from alerts.quiet.gate import LOOK_AGAIN, Case


@dataclass(frozen=True, slots=True)
class Throttled:
    """Lets a thread's first notice pass, then graver ones, at most one in a throttle period; none twice.

    That something is over is told once, where somebody was told that it began; after that the thread begins anew.
    """

    name: str = "throttled"

    def judge(self, case: Case) -> Decision:
        """Judge by what of the thread was told, or has the right to be told before."""
        epoch = _since_it_was_over(case)
        before = [other for other in epoch if _comes_first(other, case.notice)]
        if case.notice.turn is Turn.OVER:
            return self._over(case, epoch, before)
        if not before:
            return Decision(Act.SEND, "new")
        last = max(other.sent or other.created for other in before)
        if case.notice.turn is Turn.AGAIN:
            return self._again(case, last)
        return self._news(case, last, max((other.rank for other in before if other.rank is not None), default=None))

    def _again(self, case: Case, last: datetime) -> Decision:
        if case.now < last + case.throttle:
            return Decision(Act.HOLD, "its thread was told of meanwhile", last + case.throttle, self.name)
        since = format_duration(case.throttle)
        return Decision(
            Act.SEND, f"it goes on: not told for {since}", note=f"It goes on; the last mail about it is {since} old."
        )

    def _news(self, case: Case, last: datetime, highest: float | None) -> Decision:
        rank = case.notice.rank
        if rank is not None and highest is not None and rank <= highest:
            reason = f"rank {rank:g} is not above rank {highest:g}, which was told already"
            return Decision(Act.DROP, reason, gate=self.name)
        if case.now < last + case.throttle:
            reason = f"at most one in {format_duration(case.throttle)} about {case.notice.thread}: held until then"
            return Decision(Act.HOLD, reason, last + case.throttle, self.name)
        worse = rank is not None and highest is not None
        return Decision(Act.SEND, f"rank {rank:g} after rank {highest:g}" if worse else "more")

    def _over(self, case: Case, epoch: Sequence[Notice], before: Sequence[Notice]) -> Decision:
        told = [other for other in before if other.state in TOLD and other.turn is not Turn.OVER]
        if case.subject.was_closed_by_hand:
            return Decision(Act.DROP, "a person closed it", gate=self.name)
        if any(other.state is State.PENDING and other.turn is not Turn.OVER for other in epoch):
            return Decision(Act.HOLD, "that it began is still on its way", case.now + LOOK_AGAIN, self.name)
        if not told:
            return Decision(Act.DROP, "it is over, and nobody was told that it began", gate=self.name)
        if max(other.sent or other.created for other in told) >= case.notice.created:
            return Decision(Act.DROP, "it was over when it was told", gate=self.name)
        return Decision(Act.SEND, "it is over")


def _since_it_was_over(case: Case) -> list[Notice]:
    """Return the other notices of the thread that were made after it was last found to be over, told or not."""
    others = [other for other in case.thread if other.id != case.notice.id]
    overs = [other for other in others if other.turn is Turn.OVER]
    if not overs:
        return others
    last = max(other.created for other in overs)
    return [other for other in others if other.created > last]


def _comes_first(other: Notice, notice: Notice) -> bool:
    """Tell whether `other` was told or has the right to be told before `notice`.

    Every engine records first and reads the thread after: of two pending notices at least one is seen by the other's
    engine, and the sequence number, which the index's one shard gives out, says to both which was first.
    """
    if other.state in TOLD:
        return True
    return other.state is State.PENDING and (other.attempts > 1 or other.seq_no < notice.seq_no)
