"""`wwwatch alert` as she uses it: run, list, history, test-mail; also killed in the middle, as a process."""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from alerts import Engine, Mailer, read_watch
from alerts.language.files import SHIPPED
from alerts.notices.delivery import LEASE
from core.clock import Clock, iso_millis
from core.errors import MailError, SettingsError
from core.settings import Settings
from es_templates import apply, plan, resolve
from tests.alerting import HandClock, incident
from tests.smtp_sink import ADMIN, SmtpSink, html, plain, smtp_sink
from wwwatch.cli import cli

pytestmark = pytest.mark.es

OPENED = incident()["wwwatch"]["incident"]["opened"]


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpSink]:
    with smtp_sink() as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def rules(es: Elasticsearch, tmp_path: Path) -> Path:
    """A folder whose watches look at this test's own index, and at no log that other tests left."""
    apply(es, plan(es))
    name = f"test-{uuid.uuid4().hex[:12]}"
    es.indices.create(index=name, **resolve("wwwatch-incidents"))
    folder = tmp_path / name
    folder.mkdir()
    for rule in SHIPPED.glob("*.json"):
        text = rule.read_text().replace('"wwwatch-incidents"', json.dumps(name))
        own = re.sub(r'"(logs-\w+\.access|filebeat)-\*"', json.dumps(f"{name}-log*"), text)
        if own != rule.read_text() and not rule.name.endswith(".test.json"):
            (folder / rule.name).write_text(own)
    return folder


def environment(sink: SmtpSink) -> dict[str, str]:
    return {
        "WWWATCH_SMTP_HOST": "localhost",
        "WWWATCH_SMTP_PORT": str(sink.port),
        "WWWATCH_SMTP_TO": ADMIN,
        "WWWATCH_SMTP_SENDER": "wwwatch@shop.example",
    }


def put(es: Elasticsearch, rules: Path, changes: dict[str, Any] | None = None) -> str:
    name = f"{rules.name}-one"
    now = iso_millis(Clock().now())
    updated = {"@timestamp": now, "wwwatch.incident.updated": now}
    es.index(index=rules.name, id=name, document=incident({**updated, **(changes or {})}))
    return name


def run(es_url: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--es-url", es_url, "alert", *arguments], catch_exceptions=False)


def test_run_once_mails_and_says_so(es: Elasticsearch, es_url: str, sink: SmtpSink, rules: Path) -> None:
    name = put(es, rules)
    result = run(es_url, "run", "--once", "--rules", str(rules), "--json")
    assert result.exit_code == 0
    row = next(row for row in json.loads(result.output) if row["watch"] == "incident")
    assert (row["state"], row["told"]) == ("executed", 1)
    assert sum(name in plain(message) for message in sink.messages) == 1
    history = json.loads(run(es_url, "history", "--json").output)
    assert next(row["state"] for row in history if row["key"] == f"{name}/{OPENED}/2") == "sent"
    shown = run(es_url, "history").output
    assert f"to {ADMIN}; new" in shown
    assert incident()["message"] in shown
    assert "told again after 1d" not in shown
    assert "told again after 1d" in run(es_url, "history", "--all").output
    listed = next(row for row in json.loads(run(es_url, "list", "--json").output) if row["watch"] == "incident")
    assert (listed["schedule"], listed["actions"]) == ("every 1s", "mail")
    assert listed["state"] == "executed"
    assert listed["description"] in run(es_url, "list").output


def test_a_hostile_key_does_not_reach_the_terminal(es: Elasticsearch, es_url: str, sink: SmtpSink, rules: Path) -> None:
    es.index(index=rules.name, id=f"{rules.name}\x1b[2J", document=incident())
    now = iso_millis(Clock().now())
    updated = {"@timestamp": now, "wwwatch.incident.updated": now}
    es.index(index=rules.name, id=f"{rules.name}\x1b[2J", document=incident(updated))
    run(es_url, "run", "--once", "--rules", str(rules))
    assert "\x1b" not in run(es_url, "history").output


def test_a_failed_watch_ends_with_1(es_url: str, es: Elasticsearch, sink: SmtpSink, rules: Path) -> None:
    broken = json.loads((rules / "incident.json").read_text())
    broken["input"]["search"]["request"]["body"] = {"query": {"nonsense": {}}}
    (rules / "incident.json").write_text(json.dumps(broken))
    result = run(es_url, "run", "--once", "--rules", str(rules))
    assert result.exit_code == 1
    assert "nonsense" in result.output


def test_it_does_not_start_without_recipients(es_url: str) -> None:
    with pytest.raises(SettingsError, match=r"set smtp\.to"):
        run(es_url, "run", "--once")


def test_test_mail_arrives_and_says_what_it_is(es_url: str, sink: SmtpSink) -> None:
    result = run(es_url, "test-mail")
    (message,) = sink.messages
    assert result.output == f"localhost:{sink.port} took the mail for {ADMIN}.\n"
    assert message["Subject"].startswith("[wwwatch] TEST: critical: password guessing from 203.0.113.9 on shop.example")
    assert plain(message).startswith("This is a test.")
    assert "This is a test" in html(message)
    assert json.loads(run(es_url, "test-mail", "--json").output) == {"recipients": [ADMIN]}


def test_test_mail_says_why_not(es_url: str, sink: SmtpSink) -> None:
    sink.refused = {ADMIN}
    with pytest.raises(MailError, match="550 no such user"):
        run(es_url, "test-mail")


@pytest.mark.parametrize("arguments", [(), ("run",), ("list",), ("history",), ("test-mail",)])
def test_every_help_has_an_example(arguments: tuple[str, ...]) -> None:
    assert "Example:" in CliRunner().invoke(cli, ["alert", *arguments, "--help"]).output


def start(es_url: str, sink: SmtpSink, rules: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "wwwatch", "--es-url", es_url, "alert", "run", "--rules", str(rules)]
    return subprocess.Popen(command, env=os.environ | environment(sink))


def test_killed_after_the_server_took_the_mail_it_is_sent_again_under_the_same_id(
    es: Elasticsearch, es_url: str, sink: SmtpSink, rules: Path
) -> None:
    put(es, rules)
    with start(es_url, sink, rules) as process:
        sink.on_message = lambda: os.kill(process.pid, signal.SIGKILL)
        assert process.wait(timeout=120) == -signal.SIGKILL
    sink.on_message = None
    settings = Settings(smtp=sink.settings())
    later = HandClock(Clock().now() + LEASE + timedelta(seconds=1))
    survivor = Engine(es, [read_watch(rules / "incident.json")], Mailer(settings.smtp), settings, later)
    survivor.run_once()
    survivor.run_once()
    first, second = (message["Message-ID"] for message in sink.messages)
    assert first == second


def test_it_mails_while_running_and_stops_when_asked(
    es: Elasticsearch, es_url: str, sink: SmtpSink, rules: Path
) -> None:
    with start(es_url, sink, rules) as process:
        put(es, rules)
        sink.on_message = process.terminate
        assert process.wait(timeout=120) == 0
    assert len(sink.messages) == 1
