"""Whatever stands in whatever field: it reaches mail, Slack, webhook, log, page and terminal as text alone."""

import email
import email.policy
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from alerts.channels.message import Mail, build_message
from alerts.channels.request import fill
from alerts.channels.slack import build_posts
from alerts.language.files import SHIPPED, parse_watch, read_watch
from alerts.language.model import Watch
from alerts.mails.compose import Composer, Letter
from alerts.notices.notice import Notice, Turn
from alerts.verdicts.pages import ask_page
from alerts.verdicts.store import Action
from core.settings import AlertSettings
from es_templates import read_catalogue
from tests.alerting import NOW, variables
from wwwatch.commands.alert.common import show
from wwwatch.commands.incidents import listing
from wwwatch.logs import EcsFormatter, PrintableFormatter

VALUES = {
    "html": '"\'><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">',
    "header": "x\r\nBcc: evil@example.org\r\n\r\n<b>body</b>\nSubject: y",
    "mustache": "{{ctx.vars.trap}} {{{ctx.vars.trap}}} {{#ctx.vars.trap}}open {{&ctx.vars.trap}} {{=<% %>=}}",
    "jinja": "{{ ctx.vars.trap }} {% raw %} {% for x in (1, 2) %} {# gone #} {{ ''.__class__.__mro__ }}",
    "terminal": "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b1mred\x08\x08\x7f",
    "direction": "\u202egpj.exe \u2066\u2069\u200f \u05d0\u05d1 a\u0301 \u2028\u2029\ufeff",
    "json": '\\", "text": "injected", "x": "\\u0000\\',
    "slack": "<!channel> <https://evil.example|click> &amp; *bold* @here",
    "half": "\udc80\ud83d \x00",
}
TRAP = "SPRUNG"
SAMPLE = read_catalogue().samples["wwwatch-incidents"]
INDEXED = {"@timestamp", "event.start", "event.end", "wwwatch.incident.judged.at"}
"""Fields that Elasticsearch takes as dates alone."""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every text in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        yield from leaves(value[0], (*path, 0))
    elif isinstance(value, str) and ".".join(map(str, path)) not in INDEXED:
        yield path


PLACES = [*leaves(SAMPLE), ("_id",)]


def poisoned(places: Iterable[tuple[Any, ...]], value: str) -> dict[str, Any]:
    """Return a run's variables with a value at some places of the incident."""
    found = variables(json.loads(json.dumps(SAMPLE)))
    for place in places:
        inner: Any = found["payload"] if place == ("_id",) else found["payload"]["_source"]
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value
    return {**found, "vars": {"trap": TRAP}, "note": ""}


def watch(action: dict[str, Any], **ours: Any) -> Watch:
    body = {"trigger": {"schedule": {"interval": "1m"}}, "actions": {"act": action}, "metadata": {"wwwatch": ours}}
    return parse_watch(body, SHIPPED / "made-up.json")


FIELDS = "".join(
    f"{{{{ctx.payload._source.{'.'.join(map(str, place))}}}}} " if place != ("_id",) else "{{ctx.payload._id}} "
    for place in PLACES
)
INCIDENT = read_watch(SHIPPED / "incident.json")
PLAIN = watch({"email": {"subject": f"s {FIELDS}", "body": {"text": f"t {FIELDS}", "html": f"<p>{FIELDS}</p>"}}})
FORMS = f"{FIELDS}\n\nFACTS\nName: {FIELDS}\n- {FIELDS}\n    {FIELDS}"
FRAMED = watch(
    {"email": {"subject": f"kick: {FIELDS}", "body": {"text": FORMS}}},
    templates={"act": {"text": "notice.txt.j2", "html": "notice.html.j2"}},
)
COMPOSER = Composer(
    AlertSettings(), None, lambda payload: {payload.get("_id", "x"): "javascript:alert(1)", "ok": "https://k"}
)


class Page(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: set[str | None] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag with the names of its attributes."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links.update(value for name, value in attrs if name in ("href", "src"))


def inert(text: str) -> None:
    """See that text holds nothing that drives, hides or turns anything, and that nothing in it was evaluated."""
    assert all(line.isprintable() for line in text.replace("\r\n", "\n").split("\n"))
    assert TRAP not in text
    text.encode("utf-8")


def check_letter(letter: Letter) -> None:
    """See that a mail is what it would be without the value, but for text."""
    assert not letter.remark
    mail = Mail(
        "w@example.org", ["a@example.org"], letter.subject, letter.text, NOW, "<i@example.org>", html=letter.html
    )
    raw = build_message(mail).as_bytes()
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert not {"bcc", "cc"} & {name.lower() for name in parsed}
    assert [name.lower() for name in parsed].count("subject") == 1
    assert str(parsed["To"]) == "a@example.org"
    inert(str(parsed["Subject"]))
    text, page = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert text is not None
    inert(text.get_content())
    assert page is not None
    inert(page.get_content())
    found = Page(page.get_content())
    assert not {"script", "img", "b"} & {tag for tag, _ in found.tags}
    assert not any(name.startswith("on") for _, names in found.tags for name in names)
    assert found.links <= {"https://k"}


def mail(of: Watch, action: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    def send(ctx: dict[str, Any]) -> None:
        letter = changes.get("letter")
        payload = {"payload": {"hits": {"total": 1, "hits": [ctx["payload"]]}}} if letter else {}
        notice = Notice(
            "n", of.id, action, "k", NOW, ctx={**ctx, **payload, "letter": letter}, turn=changes.get("turn", Turn.NEWS)
        )
        doing = of.body.actions[action].email
        assert doing is not None
        check_letter(COMPOSER.compose(of, doing, notice))

    return send


def slack(ctx: dict[str, Any]) -> None:
    """Post."""
    attachment = {"title": FIELDS, "text": FIELDS, "fields": [{"title": FIELDS, "value": FIELDS}]}
    doing = watch({"slack": {"message": {"to": ["#ops"], "text": FIELDS, "attachments": [attachment]}}})
    action = doing.body.actions["act"].slack
    assert action is not None
    for body in build_posts(action, {"ctx": ctx}).values():
        again = json.loads(json.dumps(body))
        texts = [again["text"], again["attachments"][0]["text"], again["attachments"][0]["fields"][0]["value"]]
        for text in texts:
            inert(text)
            assert "<" not in text
            assert ">" not in text


def webhook(ctx: dict[str, Any]) -> None:
    """Call: what is JSON stays JSON, and nothing leaves its place."""
    inner = ", ".join(f'"f{number}": "{field}"' for number, field in enumerate(FIELDS.split()))
    doing = watch(
        {
            "webhook": {
                "method": "post",
                "host": "hooks.example.org",
                "port": 8080,
                "path": "/in/{{ctx.payload._id}}",
                "params": {"q": "{{ctx.payload._source.message}}"},
                "headers": {"X-What": "{{ctx.payload._source.message}}", "Content-Type": "application/json"},
                "body": "{" + inner + "}",
            }
        }
    )
    action = doing.body.actions["act"].webhook
    assert action is not None
    request = fill(action, {"ctx": ctx})
    body = json.loads(request.body or b"")
    assert list(body) == [f"f{number}" for number in range(len(PLACES))]
    assert TRAP not in json.dumps(body)
    assert body["f0"] in (ctx["payload"]["_source"]["message"], body["f0"].encode("utf-8", "replace").decode())
    assert request.target.isascii()
    assert request.target.startswith("/in/")
    assert not any(char in request.target for char in ' \r\n<>"')
    assert all(value.isprintable() for value in request.headers.values())


def terminal(ctx: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Print, as the commands do."""
    document = ctx["payload"]["_source"]
    listing._show(document)
    listing._list([document])
    show([{"key": str(ctx["payload"]["_id"]), "reason": document["message"]}], as_json=False, nothing="")
    inert(capsys.readouterr().out)


def log(ctx: dict[str, Any]) -> None:
    """Write a log line."""
    record = logging.LogRecord("w", logging.INFO, "f", 1, "%s", (json.dumps(ctx, ensure_ascii=False),), None)
    line = PrintableFormatter("%(message)s").format(record)
    assert line.isprintable()
    assert json.loads(EcsFormatter().format(record))["message"].isprintable()


def page(ctx: dict[str, Any]) -> None:
    """Show the page behind a link."""
    text = ask_page(Action.FALSE, ctx["payload"]["_source"], 30)
    inert(text)
    assert {tag for tag, _ in Page(text).tags} <= {
        *("html", "head", "meta", "title", "style", "body", "main"),
        *("h1", "dl", "dt", "dd", "p", "form", "label", "textarea", "button"),
    }


CHANNELS: dict[str, Callable[[dict[str, Any]], None]] = {
    "incident": mail(INCIDENT, "mail"),
    "recovery": mail(INCIDENT, "mail", turn=Turn.OVER),
    "digest": mail(INCIDENT, "mail", letter="digest"),
    "summary": mail(INCIDENT, "mail", letter="summary"),
    "framed": mail(FRAMED, "act"),
    "plain": mail(PLAIN, "act"),
    "slack": slack,
    "webhook": webhook,
    "log": log,
    "page": page,
}


TOGETHER = {"recovery", "digest", "summary", "page"}
"""Made of the same words as others: all fields at once will do, and saves half of the time."""


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_field_is_text_in_every_channel(channel: str, kind: str) -> None:
    places = [PLACES] if channel in TOGETHER else [[place] for place in PLACES]
    for each in places:
        CHANNELS[channel](poisoned(each, VALUES[kind]))


@pytest.mark.parametrize("kind", VALUES)
def test_every_field_is_text_in_the_terminal(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    for place in PLACES:
        terminal(poisoned([place], VALUES[kind]), capsys)


def test_the_places_are_all_that_hold_text() -> None:
    assert {("message",), ("url", "path"), ("user_agent", "original"), ("wwwatch", "evidence", 0), ("_id",)} <= set(
        PLACES
    )
    assert len(PLACES) > 20
