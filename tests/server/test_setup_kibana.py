"""`wwwatch setup --kibana` and `--export`, against a real Elasticsearch and a stand-in for Kibana."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.kibana_stand_in import KEY, stand_in
from wwwatch.cli import cli


def run(es_url: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--es-url", es_url, "setup", *arguments])


def test_an_exported_file_is_what_the_linter_passes(tmp_path: Path) -> None:
    path = tmp_path / "wwwatch.ndjson"
    done = CliRunner().invoke(cli, ["setup", "--export", str(path)], catch_exceptions=False)
    assert done.exit_code == 0
    lines = path.read_text("utf-8").splitlines()
    assert f"{len(lines)} objects written" in done.output
    assert all(json.loads(line)["id"].startswith("wwwatch-") for line in lines)
    linted = CliRunner().invoke(cli, ["kibana", "lint", str(path)], catch_exceptions=False)
    assert linted.output == f"{len(lines)} objects, no faults.\n"


def test_prefix_and_index_pattern_are_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WWWATCH_KIBANA_PREFIX", "ours")
    monkeypatch.setenv("WWWATCH_KIBANA_ACCESS_INDEX", "filebeat-*")
    path = tmp_path / "ours.ndjson"
    CliRunner().invoke(cli, ["setup", "--export", str(path)], catch_exceptions=False)
    objects = {each["id"]: each for each in map(json.loads, path.read_text("utf-8").splitlines())}
    assert all(name.startswith("ours-") for name in objects)
    assert objects["ours-access"]["attributes"]["title"] == "filebeat-*"


@pytest.mark.es
def test_a_dry_run_shows_and_an_import_puts_and_the_second_changes_nothing(
    es_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WWWATCH_KIBANA_API_KEY", KEY)
    with stand_in(spaces=("default", "ops")) as server:
        dry = run(es_url, "--kibana", server.url, "--dry-run")
        assert "wwwatch-dashboard-security" in dry.output
        assert server.objects == {}
        first = run(es_url, "--kibana", server.url)
        assert "objects imported into Kibana 8.18.0" in first.output
        before = json.dumps(list(server.objects.values()))
        assert run(es_url, "--kibana", server.url).output.splitlines()[-1] == first.output.splitlines()[-1]
        assert json.dumps(list(server.objects.values())) == before
        listed = json.loads(run(es_url, "--kibana", server.url, "--json").output)
        imported = {each["name"] for each in listed if each["action"] == "import"}
        assert imported == {name for _, _, name in server.objects}
        assert len(listed) > len(imported)
        monkeypatch.setenv("WWWATCH_KIBANA_SPACE", "ops")
        assert "space ops" in run(es_url, "--kibana", server.url).output
        assert {space for space, _, _ in server.objects} == {"default", "ops"}


@pytest.mark.es
def test_a_kibana_that_is_not_there_is_told_with_what_to_do(es_url: str) -> None:
    done = run(es_url, "--kibana", "http://127.0.0.1:9")
    assert done.exit_code != 0
    assert "127.0.0.1:9" in str(done.exception)
