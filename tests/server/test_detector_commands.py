"""`wwwatch train`, `detect`, `incidents` and `models` against the real server."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch

from core.documents import MODELS, STATE
from core.errors import ModelError, StoreError
from detector.model import SessionModel
from detector.registry import LIVE, list_models, live_digest, load_model, load_or_begin, save_model
from tests.server.watching import NOW, Site
from wwwatch.cli import cli

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


def invoke(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--es-url", url, *arguments])


def test_detect_and_incidents(es: Elasticsearch, es_url: str, site: Site, parts: list[list[str]]) -> None:
    digest = save_model(es, site.model, now=NOW)
    site.ship(parts[1] + parts[2])
    done = invoke(es_url, "detect", "--once", "--index", site.watched.index, "--json")
    assert done.exit_code == 0, done.output
    counts = json.loads(done.stdout)
    assert counts["events"] == len(parts[1]) + len(parts[2])
    again = invoke(es_url, "detect", "--once", "--index", site.watched.index, "--model", digest)
    assert again.stdout.startswith("0 events")
    listed = invoke(es_url, "incidents", "list", "--all", "--json")
    documents = [json.loads(line) for line in listed.stdout.splitlines()]
    assert len(documents) == counts["opened"] > 0
    identifier = documents[0]["wwwatch"]["incident"]["id"]
    assert identifier in invoke(es_url, "incidents", "list", "--all").stdout.replace("\n", "")
    shown = invoke(es_url, "incidents", "show", identifier)
    assert documents[0]["wwwatch"]["reasons"][0]["sentence"] in shown.stdout.replace("\n", " ").replace("  ", " ")
    assert json.loads(invoke(es_url, "incidents", "show", identifier, "--json").stdout) == documents[0]


def test_no_incidents(es: Elasticsearch, es_url: str, site: Site) -> None:
    assert invoke(es_url, "incidents", "list").stdout == "no open incidents; --all shows the closed ones\n"
    assert invoke(es_url, "incidents", "list", "--all").stdout == "no incidents\n"
    assert invoke(es_url, "incidents", "list", "--json").stdout == ""


def test_an_unknown_incident_is_one_sentence(es_url: str) -> None:
    done = invoke(es_url, "incidents", "show", "nothing")
    assert isinstance(done.exception, StoreError)
    assert str(done.exception) == "there is no incident nothing: see `wwwatch incidents list --all`"


def test_detect_without_a_model_begins_with_one_that_knows_no_history(
    es_url: str, site: Site, parts: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    es = site.es
    monkeypatch.setenv("WWWATCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("wwwatch.examples.SESSIONS", 300)
    es.options(ignore_status=404).delete(index=STATE, id=LIVE, refresh=True)
    site.ship(parts[1] + parts[2])
    done = invoke(es_url, "detect", "--once", "--index", site.watched.index, "--json")
    assert done.exit_code == 0, done.output
    assert "no trained model yet" in done.stderr
    assert json.loads(done.stdout)["events"] == len(parts[1]) + len(parts[2])
    digest = live_digest(es)
    again = invoke(es_url, "detect", "--once", "--index", site.watched.index)
    assert (again.stdout[:8], again.stderr) == ("0 events", "")
    assert live_digest(es) == digest


def test_an_older_model_without_history_is_replaced_and_a_trained_one_is_not(
    es: Elasticsearch, model: SessionModel
) -> None:
    outdated = replace(model, names=model.names[1:])
    first = save_model(es, outdated, now=NOW)
    digest, found = load_or_begin(es, lambda: model, now=NOW)
    assert digest != first
    assert found.names == model.names
    assert load_or_begin(es, lambda: outdated, now=NOW)[0] == digest
    save_model(es, replace(outdated, card={**model.card, "history_sessions": 7}), now=NOW)
    with pytest.raises(ModelError, match="wwwatch train"):
        load_or_begin(es, lambda: model, now=NOW)


def test_train_and_models(es: Elasticsearch, es_url: str, site: Site, parts: list[list[str]]) -> None:
    site.ship(parts[0])
    done = invoke(es_url, "train", "--index", site.watched.index, "--days", "36500", "--json")
    assert done.exit_code == 0, done.output
    trained = json.loads(done.stdout)
    card = trained["card"]
    assert (card["history_source"], card["history_events"]) == (site.watched.index, len(parts[0]))
    assert card["history_sessions"] > 0
    assert live_digest(es) == trained["digest"]
    es.indices.refresh(index=MODELS)
    listed = [json.loads(line) for line in invoke(es_url, "models", "list", "--json").stdout.splitlines()]
    assert [each["digest"] for each in listed if each["live"]] == [trained["digest"]]
    other = save_model(es, site.model, now=NOW, live=False)
    assert invoke(es_url, "models", "use", other).stdout.startswith(f"model {other[:12]} is live")
    assert live_digest(es) == other
    assert other in invoke(es_url, "models", "list").stdout
    assert isinstance(invoke(es_url, "models", "use", "nothing").exception, ModelError)


def test_logs_teach_the_same_as_the_index_they_were_shipped_to(
    es: Elasticsearch, es_url: str, site: Site, parts: list[list[str]]
) -> None:
    site.ship(parts[0])
    cards = []
    for arguments in (["--index", site.watched.index, "--days", "36500"], [str(site.log)]):
        done = invoke(es_url, "train", *arguments, "--json")
        assert done.exit_code == 0, done.output
        cards.append(json.loads(done.stdout)["card"])
    for card in cards:
        del card["created"], card["history_source"]
    assert cards[0] == cards[1]
    profiles = [load_model(es, entry.digest)[1].profile for entry in list_models(es)[:2]]
    assert profiles[0].paths.height > 10
    assert profiles[0].paths.equals(profiles[1].paths)


def test_a_large_history_is_read_in_part_and_the_card_says_so(
    es_url: str, site: Site, parts: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wwwatch.learning.MOST_EVENTS", len(parts[0]) // 2)
    site.ship(parts[0])
    done = invoke(es_url, "train", "--index", site.watched.index, "--days", "36500")
    assert "a sample: 50" in done.stdout


def test_train_on_logs_and_an_index_is_wrong_usage(es_url: str) -> None:
    assert invoke(es_url, "train", "access.log", "--index", "logs-*").exit_code == 2
