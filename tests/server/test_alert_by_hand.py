"""`wwwatch alert` by hand: show, validate, execute, ack, activate, deactivate, history --executions."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from core.errors import RuleError
from es_templates import apply, plan
from tests.smtp_sink import ADMIN, SmtpSink, smtp_sink
from wwwatch.cli import cli

pytestmark = pytest.mark.es


class Hand:
    """A folder with one watch, and the command line."""

    def __init__(self, es_url: str, folder: Path) -> None:
        self.es_url, self.folder = es_url, folder
        self.name = f"test-{uuid.uuid4().hex[:12]}"
        self.file = folder / f"{self.name}.json"
        self.write(throttle_period="0s")

    def write(self, **parts: Any) -> None:
        mail = {"email": {"subject": "{{ctx.payload.count}} found", "body": "{{ctx.payload.text}}"}}
        usual = {
            "trigger": {"schedule": {"yearly": {"in": "january", "on": 1, "at": "noon"}}},
            "input": {"simple": {"count": 3, "text": "\x1b[2Jhello"}},
            "actions": {"mail": mail},
        }
        self.file.write_text(json.dumps(usual | parts))

    def __call__(self, command: str, *arguments: str, rules: bool = True) -> Result:
        more = ["--rules", str(self.folder)] if rules else []
        whole = ["--es-url", self.es_url, "alert", command, *arguments, *more]
        return CliRunner().invoke(cli, whole, catch_exceptions=False)


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpSink]:
    with smtp_sink() as running:
        values = {"HOST": "localhost", "PORT": str(running.port), "TO": ADMIN, "SENDER": "w@shop.example"}
        for key, value in values.items():
            monkeypatch.setenv(f"WWWATCH_SMTP_{key}", value)
        yield running


@pytest.fixture
def hand(es: Elasticsearch, es_url: str, tmp_path: Path, sink: SmtpSink) -> Hand:
    apply(es, plan(es))
    return Hand(es_url, tmp_path)


def test_execute_shows_what_would_be_told_and_tells_nothing(hand: Hand, sink: SmtpSink) -> None:
    result = hand("execute", hand.name)
    assert result.exit_code == 0
    assert "condition  met: the condition is always" in result.output
    assert "action     mail (email) simulated" in result.output
    assert "Subject: 3 found" in result.output
    assert "\x1b" not in result.output
    assert sink.messages == []
    assert "awaits_execution" in hand("show", hand.name).output


def test_execute_takes_another_input_and_tells_when_it_should(hand: Hand, sink: SmtpSink, tmp_path: Path) -> None:
    other = tmp_path / "input.txt"
    other.write_text('{"count": 7}')
    wishes = ("--alternative-input", str(other), "--trigger-time", "2026-01-01T12:00:00Z", "--json")
    result = hand("execute", hand.name, *wishes, "--action-mode", "mail=force_execute", "--record")
    record = json.loads(result.output)
    assert record["trigger_event"]["manual"]["schedule"]["scheduled_time"] == "2026-01-01T12:00:00.000Z"
    assert [message["Subject"] for message in sink.messages] == ["7 found"]
    history = hand("history", "--executions", "--watch", hand.name, rules=False)
    assert "mail success" in history.output


def test_ack_holds_until_the_next_time_and_only_what_was_told(hand: Hand) -> None:
    with pytest.raises(RuleError, match="can be acked: mail awaits_successful_execution"):
        hand("ack", hand.name)
    hand("execute", hand.name, "--action-mode", "_all=execute", "--record")
    assert "mail is quiet" in hand("ack", hand.name, "mail").output
    assert "acked" in hand("show", hand.name).output
    assert json.loads(hand("ack", hand.name, "--json").output)["acked"] == ["mail"]
    with pytest.raises(RuleError, match="has no action 'no'"):
        hand("ack", hand.name, "no")


def test_deactivate_and_activate(hand: Hand) -> None:
    assert "does not run" in hand("deactivate", hand.name).output
    assert "inactive" in hand("show", hand.name).output
    assert json.loads(hand("activate", hand.name, "--json").output)["active"] is True
    with pytest.raises(RuleError, match="there is no watch 'nobody'"):
        hand("activate", "nobody")


def test_validate_says_where_it_is_wrong(hand: Hand) -> None:
    assert hand("validate", str(hand.file), rules=False).exit_code == 0
    hand.write(nonsense=1)
    result = hand("validate", str(hand.file), "--json", rules=False)
    assert result.exit_code == 1
    assert "'nonsense' is not supported here" in json.loads(result.output)[0]["says"]


def test_a_wrong_wish_is_wrong_usage(hand: Hand) -> None:
    for wish in (("--action-mode", "mail=shout"), ("--trigger-time", "noon")):
        assert hand("execute", hand.name, *wish).exit_code == 2


@pytest.mark.parametrize("command", ["show", "validate", "execute", "ack", "activate", "deactivate"])
def test_every_help_has_an_example(command: str) -> None:
    assert "Example:" in CliRunner().invoke(cli, ["alert", command, "--help"]).output
