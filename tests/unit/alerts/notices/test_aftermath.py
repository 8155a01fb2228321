"""What follows from a message that went out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from alerts import parse_watch, read_watch
from alerts.language.files import SHIPPED
from alerts.notices.aftermath import aftermath
from alerts.notices.drafts import draft_notices
from alerts.notices.notice import State, Turn
from tests.alerting import NOW, hit, incident, variables
from tests.unit.alerts.quiet.cases import notice, told

WATCH = read_watch(SHIPPED / "incident.json")
SENT = replace(told("me", NOW), message_id="<a@example.org>")


def test_what_was_sent_is_told_again_after_the_period_once() -> None:
    (again,) = aftermath(WATCH, SENT, [SENT])
    assert (again.turn, again.state, again.next_attempt) == (Turn.AGAIN, State.THROTTLED, NOW + timedelta(days=1))
    assert aftermath(WATCH, replace(SENT, id="worse"), [SENT, again]) == []
    was_sent = replace(again, state=State.SENT, sent=NOW + timedelta(days=1))
    assert len(aftermath(WATCH, was_sent, [SENT, again])) == 1


def test_what_was_not_sent_or_is_over_has_no_aftermath() -> None:
    assert aftermath(WATCH, notice(), []) == []
    assert aftermath(WATCH, replace(SENT, turn=Turn.OVER), []) == []


def test_members_of_a_digest_are_kept_with_its_message() -> None:
    data: dict[str, Any] = {
        "metadata": {"wwwatch": {"group": "ctx.payload.hits.hits"}},
        "trigger": {"schedule": {"interval": "1d"}},
        "actions": {"mail": {"email": {"subject": "x"}}},
    }
    watch = parse_watch(data, SHIPPED / "digest.json")
    hits = [hit(incident({"wwwatch.incident.level": 1}), name) for name in ("a", "b")]
    digest = replace(SENT, ctx={"payload": {"hits": {"hits": [*hits, "odd", {"_id": 3}]}}})
    found = aftermath(watch, digest, [])
    assert [(each.thread, each.state, each.rank, each.message_id) for each in found] == [
        ("a", State.GROUPED, 1.0, "<a@example.org>"),
        ("b", State.GROUPED, 1.0, "<a@example.org>"),
    ]
    assert len({each.id for each in found}) == 2


def test_a_closed_incident_drafts_the_news_and_that_it_is_over() -> None:
    def drafts(state: str) -> list[Turn]:
        ctx = variables(incident({"wwwatch.incident.state": state}))
        payload = {"hits": {"total": 1, "hits": [ctx["payload"]]}}
        return [each.turn for each in draft_notices(WATCH, "mail", {**ctx, "payload": payload})]

    assert drafts("open") == [Turn.NEWS]
    assert drafts("closed") == [Turn.NEWS, Turn.OVER]
