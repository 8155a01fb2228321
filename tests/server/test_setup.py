"""`wwwatch setup` against real Elasticsearch: shows, changes, and the second time has nothing to do."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from core.errors import StoreError, StoreUnreachableError
from es_templates import Change
from es_templates.catalogue import read_catalogue
from wwwatch.cli import cli
from wwwatch.commands import setup


def run(es_url: str, *arguments: str) -> str:
    result = CliRunner().invoke(cli, ["--es-url", es_url, "setup", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def listed(es_url: str, *arguments: str) -> dict[str, Any]:
    rows = json.loads(run(es_url, "--json", *arguments))
    # Other tests leave data streams whose mappings no template can put right.
    return {f"{row['kind']} {row['name']}": row["action"] for row in rows if "-test_" not in row["name"]}


def others(es_url: str) -> int:
    rows = json.loads(run(es_url, "--json", "--dry-run"))
    return sum(row["action"] == "update" for row in rows if "-test_" in row["name"])


@pytest.mark.es
def test_setup_converges_and_then_rests(es_url: str, es: Elasticsearch) -> None:
    run(es_url)
    name = "wwwatch-plain@settings"
    es.cluster.put_component_template(name=name, template={"settings": {"index": {"number_of_shards": 1}}})
    assert listed(es_url, "--dry-run")[f"component template {name}"] == "update"
    assert listed(es_url)[f"component template {name}"] == "update"
    assert set(listed(es_url).values()) == {"none"}
    for index in read_catalogue().indices:
        assert es.indices.exists(index=index)


@pytest.mark.es
def test_setup_says_what_it_did_and_what_the_cluster_lacks(es_url: str, es: Elasticsearch) -> None:
    run(es_url)
    es.cluster.put_component_template(name="wwwatch-plain@settings", template={})
    left = others(es_url)
    assert f"{left + 1} to update" in run(es_url, "--dry-run")
    assert f"{left + 1} updated" in run(es_url)
    rested = run(es_url)
    assert ("updated" in rested) == bool(left)
    assert "unchanged" in rested


@pytest.mark.es
def test_setup_fails_where_a_person_has_to_decide(es_url: str, es: Elasticsearch) -> None:
    es.options(ignore_status=404).indices.delete(index="wwwatch-watches")
    es.indices.create(index="wwwatch-watches", mappings={"properties": {"watch_id": {"type": "long"}}})
    try:
        result = CliRunner().invoke(cli, ["--es-url", es_url, "setup"])
        assert isinstance(result.exception, StoreError)
        assert "could not change wwwatch-watches" in str(result.exception)
        assert "left to you" in result.output
        assert listed(es_url, "--dry-run")["index wwwatch-watches"] == "manual"
    finally:
        es.indices.delete(index="wwwatch-watches")
        run(es_url)


def test_setup_shows_no_control_characters_of_the_cluster(capsys: pytest.CaptureFixture[str]) -> None:
    setup._show([Change("index", "i", "update", "a\x1b[31m: \u202e[bold]x[/bold]")], setup.DONE)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]x[/bold]" in shown


def test_setup_without_an_answer_is_one_of_our_errors() -> None:
    with pytest.raises(StoreUnreachableError, match="no answer from Elasticsearch"):
        CliRunner().invoke(cli, ["--es-url", "http://127.0.0.1:1", "setup"], catch_exceptions=False)


@pytest.mark.parametrize("namespace", ["a*", "a,logs-other", "A", ""])
def test_namespace_names_one_data_stream(namespace: str) -> None:
    result = CliRunner().invoke(cli, ["--es-url", "http://127.0.0.1:1", "setup", "--namespace", namespace])
    assert result.exit_code == 2
    assert "lower-case" in result.output
