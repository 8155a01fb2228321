"""The mails that are kept as golden files, of every family: what they are about."""

from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from alerts.language.files import SHIPPED, parse_watch, read_watch
from alerts.language.model import Watch
from alerts.mails.compose import Composer, Letter
from alerts.notices.notice import Notice, Turn
from core.settings import AlertSettings
from tests.alerting import CRITICAL, NOW, hit, incident, variables

WATCH = read_watch(SHIPPED / "incident.json")
NAME = "41d7c0b6a59e2f8810cc"
MANY = [f"198.51.100.{number}" for number in range(1, 61)]
COMPOSER = Composer(AlertSettings(link_url="https://www.example.org/wwwatch", link_key=SecretStr("k" * 24)))

MINOR = {"wwwatch.incident.level": 1, "wwwatch.incident.severity": "minor", "wwwatch.incident.score": 37.0}
SEVERAL = [
    hit(incident(), "41d7c0b6a59e2f8810cc"),
    hit(
        incident(
            {**CRITICAL, "wwwatch.incident.kind": "ddos", "wwwatch.incident.clients": 4000, "source.address": MANY}
        ),
        "7be20a4f51c3d9086e1f",
    ),
    hit(incident({**MINOR, "wwwatch.incident.kind": "scan", "url.path": "/.git/config"}), "c05d3b71f8e94a62d017"),
    hit(incident({**MINOR, "wwwatch.incident.kind": "scan", "wwwatch.reasons": None}), "0d94e7a2b86f35c1d2aa"),
]
HEALTH = """The shipper on web1.example.org has sent nothing for 14 minutes, and its log has grown meanwhile.

Since: 2026-03-14 02:01:04 UTC
Lines behind: 12,408
Oldest line: 14 min

WHAT YOU CAN DO
1. See what it says:
    systemctl status wwwatch-ship
    wwwatch ship --status
2. Start it again; it goes on where it was, and nothing is lost:
    systemctl restart wwwatch-ship

- Attacks are not seen while it stands still.
"""


def notice(ctx: dict[str, Any], **changes: Any) -> Notice:
    """Return a notice of the shipped watch."""
    return Notice("n1", "incident", "mail", "k", NOW, ctx=ctx, **changes)


def plain_watch(subject: str, text: str, **metadata: Any) -> Watch:
    """Return a watch that tells of no incident, in the frame."""
    files = {"html": "notice.html.j2", "text": "notice.txt.j2", "subject": "notice.subject.j2"}
    ours = {"templates": {"mail": files}}
    body = {
        "trigger": {"schedule": {"interval": "1m"}},
        "metadata": {**metadata, "wwwatch": ours},
        "actions": {"mail": {"email": {"subject": subject, "body": {"text": text}}}},
    }
    return parse_watch(body, SHIPPED / "shipper.json")


def written(watch: Watch, about: Notice, composer: Composer = COMPOSER, previous: float | None = None) -> Letter:
    """Return the mail about a notice."""
    email = watch.body.actions["mail"].email
    assert email is not None
    earlier = [] if previous is None else [replace(about, id="n0", rank=previous)]
    return composer.compose(watch, email, about, earlier)


def several(**more: Any) -> dict[str, Any]:
    """Return the variables of a run that found several incidents."""
    return {**variables(incident()), "payload": {"hits": {"total": 31, "hits": SEVERAL}, **more}}


def letters() -> dict[str, Letter]:
    """Return a mail of every family but the incidents' own."""
    over = {
        "wwwatch.incident.state": "closed",
        "event.end": "2026-03-14T02:05:07.000Z",
        "event.start": "2026-03-14T01:12:04.000Z",
    }
    minor = {**several(), "payload": {"hits": {"total": 2, "hits": SEVERAL[2:]}}}
    capped = several(
        kinds={"scan": 24, "bruteforce": 6, "ddos": 1},
        since="2026-03-14T01:15:10.000Z",
        until="2026-03-14T02:15:10.000Z",
        headline="31 incidents in an hour: 20 mails went out, these were held",
        reason="You allow 20 mails an hour (alert.max_per_hour).",
    )
    ok = plain_watch(
        "[wwwatch] canary: the attack came back as mail",
        "The harmless attack of 02:00 went through shipper, Elasticsearch, detector and alerts in 7.2 s.",
        mood="good",
    )
    return {
        "recovery": written(WATCH, notice(variables(incident(over), NAME), turn=Turn.OVER)),
        "digest": written(WATCH, notice({**minor, "letter": "digest"})),
        "summary": written(WATCH, notice({**capped, "letter": "summary"})),
        "health": written(
            plain_watch("[wwwatch] shipper: silent on web1.example.org for 14 min", HEALTH, mood="failing"),
            notice(variables(incident())),
        ),
        "canary": written(ok, notice(variables(incident()))),
    }
