"""`wwwatch alert budget` over what a real Elasticsearch stores."""

import json
import uuid
from datetime import timedelta

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from alerts.quiet.stored import read_incidents, read_scores
from core.clock import parse_iso
from es_templates import apply, plan, resolve
from tests.alerting import NOW, incident
from wwwatch.cli import cli

pytestmark = pytest.mark.es


def test_stored_incidents_and_how_they_rose_are_read(es: Elasticsearch) -> None:
    apply(es, plan(es))
    name = f"test-{uuid.uuid4().hex[:12]}"
    es.indices.create(index=name, **resolve("wwwatch-incidents"))
    es.indices.create(index=f"{name}-a", **resolve("wwwatch-incidents"))
    es.index(index=name, id="i1", document=incident(), refresh=True)
    for number, score in enumerate((40.0, 30.0, 62.0)):
        own = {"anomaly": {"score": score}, "incident": {"id": "i1"}, "session": {"id": str(number)}}
        document = {"event": {"end": f"2026-03-14T02:1{number}:00Z"}, "wwwatch": own}
        es.index(index=f"{name}-a", document=document, refresh=True)
    (found,) = read_incidents(es, NOW - timedelta(days=1), name)
    assert found["_id"] == "i1"
    assert read_incidents(es, NOW, name) == []
    steps = read_scores(es, ["i1"], f"{name}-a")["i1"]
    assert steps == [(parse_iso("2026-03-14T02:10:00Z"), 40.0), (parse_iso("2026-03-14T02:12:00Z"), 62.0)]


def test_the_command_answers_in_words_and_json(es: Elasticsearch, es_url: str) -> None:
    apply(es, plan(es))
    arguments = ["--es-url", es_url, "alert", "budget", "--max", "100000/week", "--over", "30d"]
    words = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert words.exit_code == 0
    assert "of the last 30d" in words.output
    found = json.loads(CliRunner().invoke(cli, [*arguments, "--json"], catch_exceptions=False).output)
    assert found["threshold"] == 0
    for wrong in (["--max", "many"], ["--over", "0d"], ["--max", "5/0d"]):
        assert CliRunner().invoke(cli, ["alert", "budget", *wrong]).exit_code == 2
