"""What the tests of the gates share: notices of one thread."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from alerts.notices.notice import Notice, State, Turn
from alerts.quiet.gate import Case
from tests.alerting import NOW, incident, variables

THROTTLE = timedelta(minutes=10)


def notice(name: str = "me", changes: dict[str, Any] | None = None, **values: Any) -> Notice:
    """Return a pending notice of the incident `i1`, with values of the incident changed."""
    base: dict[str, Any] = {"created": NOW, "thread": "i1", "rank": 2.0, "seq_no": 5}
    return Notice(name, "incident", "mail", name, ctx=variables(incident(changes)), **{**base, **values})


def told(name: str, when: datetime, turn: Turn = Turn.NEWS, **values: Any) -> Notice:
    """Return a notice that was sent then."""
    return notice(name, created=when, sent=when, state=State.SENT, turn=turn, **values)


def case(mine: Notice | None = None, thread: list[Notice] | None = None, now: datetime = NOW, **more: Any) -> Case:
    """Return what a gate gets."""
    return Case(mine or notice(), thread or [], THROTTLE, now, **more)


def always(answer: Any) -> Callable[..., Any]:
    """Return a source that answers the same whatever it is asked."""

    def source(*asked: Any) -> Any:
        del asked
        return answer

    return source
