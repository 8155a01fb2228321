"""The gate `flapping`: what begins and ends again and again is told to flap, once, and then left until it is calm."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from alerts.notices.notice import TOLD, Act, Decision, State, Turn
from alerts.quiet.gate import Case

LOOKS = 20
"""How many of the latest beginnings and ends are looked at. Source: Kibana's default look-back of a rule."""
CHANGES = 4
"""More changes among them than these are flapping. Source: Kibana's default threshold."""
LATELY = timedelta(days=1)
"""What lies further back does not count: an incident ends two hours after its last request at the earliest."""
LOOK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Flapping:
    """Lets one message say that a thread flaps; holds the others until it is calm. What is graver passes."""

    name: str = "flapping"

    def judge(self, case: Case) -> Decision:
        """Judge by how often the thread changed between news and over."""
        mine = case.notice
        lately = [each for each in case.thread if each.id != mine.id and each.created > case.now - LATELY]
        begun = [each for each in lately if each.turn is not Turn.AGAIN and each.created <= mine.created]
        turns = [each.turn for each in sorted(begun, key=lambda each: each.created)] + [mine.turn]
        changes = sum(one is not other for one, other in pairwise(turns[-LOOKS:]))
        if changes <= CHANGES or mine.turn is Turn.AGAIN:
            return Decision(Act.SEND, f"{changes} changes in a day")
        told = [each for each in lately if each.state in TOLD or each.state is State.PENDING]
        ranks = [each.rank for each in told if each.rank is not None]
        if mine.rank is not None and ranks and mine.rank > max(ranks):
            return Decision(Act.SEND, f"it flaps, but rank {mine.rank:g} was not told yet")
        if any(each.gate == self.name for each in told):
            reason = f"it began and ended {changes} times in turn within a day, which was told"
            if mine.turn is Turn.OVER:
                return Decision(Act.DROP, reason, gate=self.name)
            return case.held(self.name, reason, case.now + LOOK_AGAIN)
        note = (
            f"This flaps: it changed between begun and over {changes} times within a day. "
            "Nothing more of it is told until it is calm, unless it gets graver."
        )
        return Decision(Act.SEND, f"it flaps: {changes} changes in a day", gate=self.name, note=note)
