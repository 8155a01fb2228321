"""Dead letters come back to life: what failed is told again because somebody asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.notices.delivery import GIVE_UP
from alerts.notices.history import History
from alerts.notices.notice import HELD, Notice, State


@dataclass(frozen=True, slots=True)
class Resent:
    """What became of a wish to tell something again.

    Attributes:
        notices: Those that are told with the next look of the engine that runs their watch.
        left: By id, why the others are not.
    """

    notices: tuple[Notice, ...]
    left: dict[str, str]


def resend(history: History, ids: Sequence[str], now: datetime) -> Resent:
    """Tell notices again that failed, or those recipients who refused; no gate holds them back this time.

    Args:
        history: Where they are.
        ids: Which; who has got one already does not get it again.
        now: The present: from now on it is tried as long as a new one.

    Raises:
        StoreError: Elasticsearch did not answer.
    """
    found = {notice.id: notice for notice in history.by_id(list(dict.fromkeys(ids)))}
    left = {name: "there is no such notice" for name in ids if name not in found}
    left |= {name: why for name, notice in found.items() if (why := _objection(notice, now))}
    wanted = [
        replace(
            notice,
            state=State.PENDING,
            reason=f"sent again by hand; before: {notice.reason}",
            next_attempt=now,
            expires=now + GIVE_UP,
            owner="",
            refused=(),
            by_hand=True,
        )
        for name, notice in found.items()
        if name not in left
    ]
    written = history.update_all(wanted)
    changed = {notice.id for notice in wanted} - {notice.id for notice in written}
    return Resent(tuple(written), left | dict.fromkeys(changed, "somebody else changed it just now"))


def _objection(notice: Notice, now: datetime) -> str:
    if notice.state is State.FAILED or notice.refused:
        return ""
    if notice.state is State.PENDING or notice.state in HELD:
        is_waiting = notice.next_attempt is not None and notice.next_attempt > now
        return "it waits for its next attempt already" if notice.state is State.PENDING and is_waiting else ""
    return f"it is {notice.state.value}, not failed"
