"""The outbox through every fault of mail servers and web servers: nothing lost, nothing doubled, dead letters shown."""

import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch
from pydantic import SecretStr

from alerts import Engine, Mailer, Notice, State, Watch
from alerts.language.files import SHIPPED
from alerts.notices.resend import resend
from core.client import connect
from core.settings import AlertSettings, EsSettings, Settings, SmtpSettings
from es_templates import apply, plan
from tests.alerting import CRITICAL
from tests.server.faulty import faulty_proxy
from tests.server.test_alerts import Site
from tests.smtp_sink import ADMIN, SmtpSink, smtp_sink
from tests.web_sink import WebSink, web_sink
from wwwatch.cli import cli

pytestmark = pytest.mark.es

SECRET = "correct horse"
UNCAPPED: dict[str, Any] = {"max_per_hour": 0, "max_per_day": 0}
EVERYBODY = ["one@shop.example", "two@shop.example", "three@shop.example"]


@pytest.fixture
def web() -> Iterator[WebSink]:
    with web_sink() as running:
        yield running


@pytest.fixture
def site(es: Elasticsearch, sink: SmtpSink) -> Site:
    apply(es, plan(es))
    return Site(es, sink)


def watch_with(site: Site, **action: Any) -> Watch:
    """The incident watch with another action."""
    data = json.loads((SHIPPED / "incident.json").read_text())
    kept = {key: data["actions"]["mail"][key] for key in ("foreach", "max_iterations", "throttle_period")}
    data["metadata"]["wwwatch"].pop("templates")
    data["actions"] = {"tell": {**kept, **action}}
    return site.parse(data)


def mailing(site: Site, **email: Any) -> Watch:
    return watch_with(site, email={"subject": "{{ctx.payload._id}}", "body": "x", **email})


def engine(site: Site, watch: Watch | None = None, **settings: Any) -> Engine:
    given = Settings(**{"smtp": site.sink.settings(), "alert": AlertSettings(**UNCAPPED), **settings})
    return Engine(site.es, [watch or site.watch], Mailer(given.smtp), given, site.clock)


def until_settled(site: Site, running: Engine, looks: int = 12) -> list[Notice]:
    """Let time pass from attempt to attempt until nothing waits."""
    for _ in range(looks):
        running.run_once()
        waiting = [each.next_attempt for each in site.history() if each.next_attempt is not None]
        if not waiting:
            break
        site.clock.moment = min(waiting)
    return site.history()


def copies(site: Site) -> Counter[str]:
    """How often each mail was taken, by Message-ID and recipient."""
    pairs = zip(site.sink.messages, site.sink.envelopes, strict=True)
    return Counter(f"{message['Message-ID']} {each}" for message, (_, got) in pairs for each in got)


@pytest.mark.parametrize("faults", [["450 greylisted", "451 again"], ["drop", "drop"], ["421 closing", "452 full"]])
def test_incidents_survive_a_server_in_trouble_each_told_once(site: Site, faults: list[str]) -> None:
    for number in range(5):
        site.put(name=str(number))
    site.sink.replies = list(faults)
    notices = until_settled(site, engine(site))
    assert [notice.state for notice in notices] == [State.SENT] * 5
    assert max(notice.attempts for notice in notices) == 2
    assert set(copies(site).values()) == {1}
    assert len(copies(site)) == 5


def test_a_server_that_hangs_is_left_and_all_are_told_when_it_is_back(site: Site) -> None:
    for number in range(3):
        site.put(name=str(number))
    site.sink.hanging = {ADMIN}
    running = engine(site, smtp=site.sink.settings(timeout_seconds=0.2))
    running.run_once()
    assert site.sink.connections == 1  # the others of this run do not wait as long
    assert {notice.state for notice in site.history()} == {State.PENDING}
    site.sink.hanging = set()
    until_settled(site, running)
    assert sorted(copies(site).values()) == [1, 1, 1]


def test_recipients_who_put_it_off_get_it_later_and_the_others_once(site: Site) -> None:
    site.put()
    one, two, three = EVERYBODY
    site.sink.deferred, site.sink.refused = {two}, {three}
    running = engine(site, mailing(site, to=EVERYBODY, bcc="hidden@shop.example"))
    running.run_once()
    (waiting,) = site.history()
    assert waiting.state is State.PENDING
    assert (set(waiting.recipients), waiting.refused) == ({one, "hidden@shop.example"}, (three,))
    site.sink.deferred = set()
    (notice,) = until_settled(site, running)
    assert notice.state is State.SENT
    assert (set(notice.recipients), notice.refused) == ({one, two, "hidden@shop.example"}, (three,))
    assert [set(got) for _, got in site.sink.envelopes] == [{one, "hidden@shop.example"}, {two}]
    assert len({message["Message-ID"] for message in site.sink.messages}) == 1
    assert "hidden" not in "".join(str(message) for message in site.sink.messages)


def test_recipients_who_put_it_off_for_days_are_dead_letters_and_the_mail_is_sent(site: Site) -> None:
    site.put()
    site.sink.deferred = {EVERYBODY[1]}
    running = engine(site, mailing(site, to=EVERYBODY[:2]))
    running.run_once()
    site.clock.move(3 * 24 * 3600)
    running.run_once()
    (notice,) = site.history()
    assert (notice.state, notice.recipients, notice.refused) == (State.SENT, (EVERYBODY[0],), (EVERYBODY[1],))
    assert "given up after 2 attempts: two@shop.example got none: 450" in notice.reason


def test_a_refused_login_holds_every_mail_until_it_is_mended(site: Site, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    for number in range(3):
        site.put(name=str(number))
    with smtp_sink(context, login=("wwwatch", SECRET)) as strict:
        site.sink = strict

        def secured(**changes: Any) -> SmtpSettings:
            usual = {"starttls": True, "ca_certs": pem, "username": "wwwatch", "password": SECRET}
            return strict.settings(**{**usual, **changes})

        engine(site, smtp=secured(password="wrong")).run_once()
        assert "refused the login" in site.history()[0].reason
        site.clock.move(60)
        engine(site, smtp=secured(ca_certs=None)).run_once()
        assert "is not trusted" in site.history()[0].reason
        assert strict.messages == []
        notices = until_settled(site, engine(site, smtp=secured()))
        assert [notice.state for notice in notices] == [State.SENT] * 3
        assert sorted(copies(site).values()) == [1, 1, 1]


def test_a_mark_that_is_lost_on_its_way_doubles_nothing(site: Site, es_url: str) -> None:
    """Elasticsearch is away in the moment after the mail server took the mail, or its answer is lost."""
    site.put()
    fates = iter([503, 503, "lose"])
    is_told = threading.Event()
    site.sink.on_message = is_told.set

    def fate(path: str, _body: bytes) -> str | int:
        return next(fates, "pass") if is_told.is_set() and "wwwatch-watch-history/_bulk" in path else "pass"

    with faulty_proxy(es_url, fate, every_path=True) as url, connect(EsSettings(url=url), max_retries=0) as client:
        given = Settings(smtp=site.sink.settings(), alert=AlertSettings(**UNCAPPED))
        running = Engine(client, [site.watch], Mailer(given.smtp), given, site.clock)
        running.run_once()
    assert next(fates, None) is None
    site.clock.move(3600)
    engine(site).run_once()
    assert [notice.state for notice in site.history()] == [State.SENT]
    assert len(site.sink.messages) == 1


def test_the_order_of_a_thread_is_kept_when_its_first_mail_waits(site: Site) -> None:
    site.put()
    site.sink.replies = ["451 busy"]
    running = engine(site)
    running.run_once()
    site.put(CRITICAL)
    notices = until_settled(site, running)
    assert {notice.state for notice in notices} <= {State.SENT, State.THROTTLED}
    assert 1 <= len(site.sink.messages) <= 2
    assert set(copies(site).values()) == {1}


@pytest.mark.parametrize("faults", [[500, 503], ["drop"], ["half"], [429, 408]])
def test_webhooks_are_called_until_they_answer_under_one_key(site: Site, web: WebSink, faults: list[int | str]) -> None:
    names = {site.put(name=str(number)) for number in range(3)}
    web.replies = list(faults)
    body = '{"id": "{{ctx.payload._id}}", "text": "{{ctx.payload._source.message}}"}'
    notices = until_settled(site, engine(site, watch_with(site, webhook=web.hook(body=body))))
    assert [notice.state for notice in notices] == [State.SENT] * 3
    assert {notice.recipients for notice in notices} == {(f"http://127.0.0.1:{web.port}",)}
    assert len(web.requests) == 3 + len(faults)
    by_key = {kept.headers["idempotency-key"]: kept.json["id"] for kept in web.requests}
    assert by_key.keys() == {notice.id for notice in notices}
    assert set(by_key.values()) == names


def test_a_webhook_that_asks_for_time_gets_it_and_one_that_refuses_is_a_dead_letter(site: Site, web: WebSink) -> None:
    site.put()
    web.replies, web.reply_headers = [503, 410], {"retry-after": "600"}
    running = engine(site, watch_with(site, webhook=web.hook(body="x")))
    running.run_once()
    (waiting,) = site.history()
    assert waiting.next_attempt is not None
    assert waiting.next_attempt - site.clock.now() >= timedelta(seconds=600)
    site.clock.moment = waiting.next_attempt
    running.run_once()
    (notice,) = site.history()
    assert notice.state is State.FAILED
    assert "answered 410: ok" in notice.reason


def test_slack_gets_each_channel_once(site: Site, web: WebSink) -> None:
    site.put({"message": "<!channel> & <script>"})
    web.replies = [200, 500, 404]
    message = {"to": ["#one", "#two", "#three"], "text": "*{{ctx.payload._source.message}}*"}
    hooks = {"ops": SecretStr(f"http://127.0.0.1:{web.port}/services/secret")}
    settings = AlertSettings(slack=hooks, **UNCAPPED)
    running = engine(site, watch_with(site, slack={"message": message}), alert=settings)
    (notice,) = until_settled(site, running)
    assert (notice.state, notice.recipients, notice.refused) == (State.SENT, ("#one", "#two"), ("#three",))
    assert [kept.json["channel"] for kept in web.requests] == ["#one", "#two", "#three", "#two"]
    assert {kept.json["text"] for kept in web.requests} == {"*&lt;!channel&gt; &amp; &lt;script&gt;*"}
    assert "secret" not in notice.reason


def test_files_go_with_the_mail_and_one_that_cannot_be_had_does_not_keep_it_back(site: Site, web: WebSink) -> None:
    site.put()
    web.reply_body, web.reply_headers = b"\x89PNG", {"content-type": "image/png"}
    web.replies = [200, 500]
    files = {
        "incident": {"data": {"format": "json"}},
        "chart.png": {"http": {"request": web.hook(), "inline": True}},
        "gone.pdf": {"http": {"request": web.hook()}},
    }
    body = {"text": "x", "html": '<img src="cid:chart.png">'}
    engine(site, mailing(site, attachments=files, body=body)).run_once()
    (message,) = site.sink.messages
    named = {part.get_filename(): part for part in message.walk() if part.get_filename()}
    assert named.keys() == {"incident.json", "chart.png"}
    assert json.loads(named["incident.json"].get_payload(decode=True))["_id"].startswith(site.name)
    assert named["chart.png"]["Content-ID"] == "<chart.png>"
    (notice,) = site.history()
    assert "without gone.pdf: " in notice.reason


def run_cli(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["alert", *arguments], catch_exceptions=False)


def test_dead_letters_are_shown_and_sent_again(site: Site, es_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WWWATCH_ES_URL", es_url)
    site.put()
    site.sink.replies = ["554 looks like spam"]
    running = engine(site)
    running.run_once()
    (dead,) = site.history()
    shown = json.loads(run_cli("history", "--failed", "--limit", "1000", "--json").output)
    assert dead.id in {row["id"] for row in shown}
    told = run_cli("resend", dead.id)
    assert (told.exit_code, told.output) == (0, "1 will be told again by the running engine.\n")
    site.clock.moment += timedelta(days=10_000)  # the command's clock is the real one
    running.run_once()
    (notice,) = site.history()
    assert (notice.state, notice.attempts, len(site.sink.messages)) == (State.SENT, 2, 1)
    assert "sent again by hand" in notice.reason
    again = run_cli("resend", dead.id, "nonsense", "--json")
    assert again.exit_code == 1
    assert json.loads(again.output)["left"] == {
        dead.id: "it is sent, not failed",
        "nonsense": "there is no such notice",
    }
    assert run_cli("resend").exit_code == 2


def test_who_refused_it_gets_it_again_by_hand_and_nobody_else(site: Site) -> None:
    site.put()
    site.sink.refused = {EVERYBODY[1]}
    running = engine(site, mailing(site, to=EVERYBODY[:2]))
    running.run_once()
    site.sink.refused = set()
    (dead,) = site.history()
    assert dead.refused == (EVERYBODY[1],)
    assert len(resend(running._history, [dead.id], site.clock.now()).notices) == 1
    running.run_once()
    (notice,) = site.history()
    assert (notice.state, notice.recipients, notice.refused) == (State.SENT, tuple(EVERYBODY[:2]), ())
    assert [got for _, got in site.sink.envelopes] == [[EVERYBODY[0]], [EVERYBODY[1]]]


def test_what_waits_is_told_although_its_watch_runs_once_a_day(site: Site) -> None:
    site.put()
    data = json.loads((SHIPPED / "incident.json").read_text())
    data["trigger"] = {"schedule": {"interval": "1d"}}
    site.sink.replies = ["450 greylisted"]
    stop = threading.Event()
    site.sink.on_message = stop.set
    engine(site, site.parse(data)).run(stop)
    assert len(site.sink.messages) == 1
    assert [notice.attempts for notice in site.history()] == [2]
