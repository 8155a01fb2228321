"""`wwwatch alert silence` as she uses it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from core.errors import RuleError, StoreError
from es_templates import apply, plan
from wwwatch.cli import cli

pytestmark = pytest.mark.es


@pytest.fixture
def url(es: Elasticsearch, es_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    apply(es, plan(es))
    monkeypatch.setenv("WWWATCH_ES_URL", es_url)
    return es_url


def silence(*arguments: str, expect: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["alert", "silence", *arguments])
    if isinstance(result.exception, RuleError | StoreError):
        raise result.exception
    assert result.exit_code == expect, result.output
    return result


def shown(*arguments: str) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in json.loads(silence("list", "--json", *arguments).output)}


def test_added_listed_ended_and_kept(url: str) -> None:
    scope = ("--watch", "nothing-of-this-name", "--client", "192.0.2.0/24", "--kind", "scan")
    done = silence("add", *scope, "--for", "2h", "--why", "load test\x1b[2J", "--by", "anna", "--json")
    added = json.loads(done.output)
    assert (added["state"], added["by"], added["clients"]) == ("quiet", "anna", ["192.0.2.0/24"])
    assert shown()[added["id"]]["why"] == "load test\x1b[2J"
    table = silence("list").output
    assert "client 192.0.2.0/24" in table
    assert "\x1b" not in table
    assert silence("end", added["id"], "--by", "ben").output == f"{added['id']} is over.\n"
    assert added["id"] not in shown()
    assert shown("--all")[added["id"]]["ended_by"] == "ben"
    with pytest.raises(StoreError, match="there is no silence nothing"):
        silence("end", "nothing")


def test_a_window_comes_again(url: str) -> None:
    scope = ("--watch", "nothing-of-this-name")
    window = ("--every", "sun 02:00", "--for", "2h", "--timezone", "Europe/Berlin")
    output = silence("add", *scope, *window, "--why", "maintenance").output
    assert "silences watch nothing-of-this-name, sun 02:00 for 2h (Europe/Berlin)" in output
    found = next(each for each in shown().values() if each.get("every"))
    assert found["every"] == "sun 02:00"
    assert silence("end", found["id"]).exit_code == 0


def test_silencing_everything_wants_to_be_meant(url: str) -> None:
    refused = silence("add", "--for", "1h", "--why", "sleep", expect=2)
    assert "silences everything" in refused.output
    future = ("--from", "2999-01-01T00:00", "--for", "1h")
    added = json.loads(silence("add", *future, "--why", "far away", "--all", "--json").output)
    assert added["state"] == "waits"
    silence("end", added["id"])


def test_what_cannot_be_is_refused(url: str) -> None:
    assert "not both" in silence("add", "--for", "1h", "--until", "2999-01-01", "--why", "x", expect=2).output
    assert "a time is written" in silence("add", "--until", "soon", "--why", "x", expect=2).output
    with pytest.raises(RuleError, match="needs an end"):
        silence("add", "--kind", "scan", "--why", "x")
    with pytest.raises(RuleError, match="is no network"):
        silence("add", "--client", "nobody", "--for", "1h", "--why", "x")
