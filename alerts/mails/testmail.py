"""The mail that says that mail works: the real one, about an incident that never was."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.channels.mailer import Mailer
from alerts.channels.message import Mail, build_message, message_id
from alerts.language.files import SHIPPED, read_watch
from alerts.mails.incident import describe_incident
from alerts.mails.templating import render_file
from core.clock import iso_millis
from core.documents import document_id
from core.errors import MailError, SettingsError

_RULE = SHIPPED / "incident.json"
_PREFIX = "[wwwatch] TEST: "


def send_test_mail(mailer: Mailer, now: datetime) -> tuple[str, ...]:
    """Send an example to the settings' recipients.

    Returns:
        The addresses that the mail server took.

    Raises:
        SettingsError: There are no recipients.
        MailError: The server did not take it, for anybody.
    """
    smtp = mailer.settings
    if not smtp.to:
        raise SettingsError("there is nobody to mail to", "set smtp.to in wwwatch.yml")
    subject, text, html = render_example(_RULE, now)
    mail = Mail(
        sender=smtp.sender,
        to=smtp.to,
        subject=_PREFIX + subject.removeprefix("[wwwatch] "),
        text="This is a test. The incident below never happened.\n\n" + text,
        html=html.replace("Sent by the watch", "This is a test; the incident never happened. Sent by the watch"),
        date=now,
        message_id=message_id(document_id("test-mail", iso_millis(now)), smtp.sender),
    )
    with mailer.session() as post:
        handed = post.send(build_message(mail), mail.recipients)
    if not handed.accepted:
        replies = "; ".join(
            f"{address}: {reply}" for address, reply in (dict(handed.deferred) | dict(handed.refused)).items()
        )
        raise MailError(f"the mail server took the mail for nobody: {replies}", "the reason is the mail server's own")
    return handed.accepted


def render_example(rule: Path, now: datetime) -> tuple[str, str, str]:
    """Return subject, text and HTML of a mail about an invented incident that ended just before `now`."""
    watch = read_watch(rule)
    ctx = {
        "watch_id": watch.id,
        "execution_time": iso_millis(now),
        "payload": {"_id": "test", "_source": _example(now)},
    }
    nothing = {"note": "", "picture": None, "links": (), "verdicts": ()}
    variables = {"ctx": ctx, "watch_id": watch.id, "incident": describe_incident(ctx), **nothing}
    files = watch.body.metadata.wwwatch.templates["mail"]
    names = (files.subject or "", files.text or "", files.html or "")
    subject, text, html = (render_file(watch, name, variables) for name in names)
    return subject, text, html


def _example(now: datetime) -> dict[str, Any]:
    start = now - timedelta(minutes=3)
    line = '203.0.113.9 - - [{}] "POST /login HTTP/1.1" 401 512 "-" "python-requests/2.32.3"'
    stamps = [(start + timedelta(seconds=second)).strftime("%d/%b/%Y:%H:%M:%S +0000") for second in range(3)]
    return {
        "event": {"start": iso_millis(start), "end": iso_millis(now)},
        "source": {"ip": ["203.0.113.9"]},
        "url": {"domain": "shop.example", "path": "/login"},
        "user_agent": {"original": "python-requests/2.32.3"},
        "threat": {"technique": {"id": ["T1110"], "name": ["Brute Force"]}},
        "wwwatch": {
            "reasons": [
                {"sentence": "412 POST /login in 3 min; 99 % of sessions have at most 4"},
                {"sentence": "97 % of them answered 401; 99 % of sessions have at most 20 %"},
            ],
            "evidence": [line.format(stamp) for stamp in stamps],
            "incident": {
                "kind": "bruteforce",
                "severity": "critical",
                "level": 3,
                "score": 88.0,
                "confidence": 0.98,
                "clients": 1,
                "sessions": 1,
                "requests": 412,
            },
        },
    }
