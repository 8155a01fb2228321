"""Real logs go all the way: shipped, judged, and every line accounted for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from core.documents import access_stream

DATA = Path(__file__).parents[2].parent / "shared" / "data"
LOGS = ("willthefarmer", "elastic_apache_logs")

pytestmark = [
    pytest.mark.es,
    pytest.mark.real_logs,
    pytest.mark.skipif(not DATA.is_dir() and "CI" not in os.environ, reason="the real logs are not on this machine"),
]


@pytest.fixture(scope="module")
def model(es_url: str) -> str:
    """A live model, trained without history."""
    run(es_url, "setup")
    digest: str = run(es_url, "train", "--json", "--index", access_stream("nothing"))["digest"]
    return digest


@pytest.mark.parametrize("name", LOGS)
def test_real_log_is_shipped_and_judged_whole(
    name: str, es: Elasticsearch, es_url: str, namespace: str, model: str
) -> None:
    log = DATA / name / "access.log"
    lines = log.read_bytes().count(b"\n")
    shipped = run(es_url, "ship", "--once", "--json", "--namespace", namespace, str(log))
    assert shipped["lines"] == shipped["indexed"] == lines
    assert shipped["unparsed"] <= lines // 1000
    judged = run(es_url, "detect", "--once", "--json", "--model", model, "--index", access_stream(namespace))
    assert judged["events"] == lines
    again = run(es_url, "detect", "--model", model, "--once", "--json", "--index", access_stream(namespace))
    assert again["events"] == 0
    es.indices.refresh(index=access_stream(namespace))
    assert es.count(index=access_stream(namespace))["count"] == lines


def run(es_url: str, *arguments: str) -> Any:
    """Run a command and return what it printed as JSON, or as text."""
    done = subprocess.run(
        [sys.executable, "-m", "wwwatch", "--es-url", es_url, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if "--json" in arguments else done.stdout
