"""The account, the proof and the second chance: --status, --verify and --replay against the real server."""

import json
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from core.documents import access_stream
from tests.server.commands import Command
from tests.server.logs import PATIENCE_SECONDS, count, eventually, make_lines, originals, write_log

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]

FINE = '192.0.2.1 - - [05/Mar/2021:09:01:38 +0100] "-" 408 0 "-" "-"'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


@pytest.fixture
def command(es_url: str, tmp_path: Path, namespace: str) -> Command:
    return Command(es_url, tmp_path / "state", namespace)


def refuse_paths(es: Elasticsearch, namespace: str) -> None:
    """Let the data stream refuse every document that has a URL path."""
    template = {"mappings": {"properties": {"url": {"properties": {"path": {"type": "long"}}}}}}
    pattern = access_stream(namespace)
    es.indices.put_index_template(
        name=namespace, index_patterns=[pattern], priority=500, data_stream={}, template=template
    )


def accept_paths(es: Elasticsearch, namespace: str) -> None:
    es.indices.delete_index_template(name=namespace)
    es.indices.rollover(alias=access_stream(namespace))


def verify(command: Command) -> tuple[int, dict[str, Any]]:
    code, out, _ = command.run("--verify", "--json")
    found: dict[str, Any] = json.loads(out)
    return code, found


def test_dead_letters_are_sent_again(es: Elasticsearch, command: Command, log: Path, namespace: str) -> None:
    refuse_paths(es, namespace)
    lines = make_lines(20)
    write_log(log, [FINE, *lines])
    assert command.run("--once", log)[0] == 0
    letters = command.registry.with_suffix(".dead-letters.ndjson")
    before = letters.read_text()
    _, out, _ = command.run("--status")
    assert f"20 dead letters, {len(before):,} bytes" in out
    code, out, err = command.run("--replay", "--json")
    assert (code, json.loads(out)) == (1, {"accepted": 0, "remaining": 20})
    assert "refuses 20 dead letters again" in err
    assert len(letters.read_text().splitlines()) == 20
    assert (command.status()["rejected"], verify(command)[1]["dead"]) == (20, 20)

    accept_paths(es, namespace)
    code, out, _ = command.run("--replay")
    assert (code, out) == (0, "20 dead letters: 20 accepted, 0 remain\n")
    assert letters.read_text() == ""
    assert originals(es, namespace) == Counter([FINE, *lines])
    status = command.status()
    assert (status["indexed"], status["rejected"], status["missing"]) == (21, 0, 0)
    assert verify(command) == (0, verify(command)[1] | {"found": 21, "missing": 0, "doubled": 0})
    assert command.run("--replay")[0] == 0


def test_a_replay_that_a_crash_cut_short(es: Elasticsearch, command: Command, log: Path, namespace: str) -> None:
    refuse_paths(es, namespace)
    lines = make_lines(10)
    write_log(log, [FINE, *lines])
    assert command.run("--once", log)[0] == 0
    accept_paths(es, namespace)
    letters = command.registry.with_suffix(".dead-letters.ndjson")
    before, registry = letters.read_text(), command.registry.read_text()
    assert command.run("--replay")[0] == 0
    after = command.registry.read_text()
    marked = [json.dumps(json.loads(line) | {"accepted": True}) for line in before.splitlines()]
    # All sent, nothing written; the letters marked; the accounts moved: whatever the crash left, the sum is right.
    for file, account in ((before, registry), ("\n".join(marked), registry), ("\n".join(marked), after)):
        letters.write_text(file)
        command.registry.write_text(account)
        es.indices.rollover(alias=access_stream(namespace))
        assert command.run("--replay")[0] == 0
        status = command.status()
        assert (status["indexed"], status["rejected"], status["missing"]) == (11, 0, 0)
    assert originals(es, namespace) == Counter([FINE, *lines])


def test_no_replay_beside_a_running_shipper_whose_account_is_live(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    command = Command(es_url, tmp_path / "state", namespace, WWWATCH_SHIP_METRICS="127.0.0.1:19117")
    write_log(log, make_lines(10))
    (tmp_path / "odd.log").write_text("hello\nworld\n")
    with command.start("--log-format", "json", log, tmp_path / "odd.log") as process:
        eventually(lambda: count(es, namespace) == 10)
        code, _, err = command.run("--replay")
        assert (code, "another shipper uses the registry" in err) == (1, True)
        eventually(lambda: json.loads(command.run("--status", "--json")[1]).get("running", False))
        code, out, _ = command.run("--status", "--json")
        with urllib.request.urlopen("http://127.0.0.1:19117/metrics") as answer:
            assert b'wwwatch_ship_lines_total{outcome="indexed"} 10.0' in answer.read()
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    status = json.loads(out)
    assert (code, status["pid"]) == (0, process.pid)
    assert [each["what"] for each in status["unreadable"]] == [str(tmp_path / "odd.log")]
    records = [json.loads(line) for line in err.splitlines()]
    assert any("odd.log is left alone" in record["message"].replace("'", "") for record in records)
    assert {"@timestamp", "log.level", "message", "ecs.version"} <= set(records[0])
    assert json.loads(command.run("--status", "--json")[1])["running"] is False


def test_what_is_lost_or_doubled_is_seen(es: Elasticsearch, command: Command, log: Path, namespace: str) -> None:
    stream = access_stream(namespace)
    write_log(log, make_lines(30))
    assert command.run("--once", log)[0] == 0
    write_log(log, make_lines(5, seed=2), "a")
    code, found = verify(command)
    assert (code, found["lines"], found["found"], found["pending"]) == (0, 30, 30, 5)
    es.indices.refresh(index=stream)
    first, second = es.search(index=stream, size=2)["hits"]["hits"]
    es.delete(index=first["_index"], id=first["_id"])
    es.indices.rollover(alias=stream)
    es.create(index=stream, id=second["_id"], document=second["_source"])
    code, found = verify(command)
    assert (code, found["found"], found["missing"], found["doubled"]) == (1, 29, 1, 1)
    code, out, err = command.run("--verify")
    assert "lost 1, doubled 1" in out
    assert "1 lines are missing in Elasticsearch and 1 are there more than once" in err
    log.unlink()
    assert verify(command)[1]["gone_files"] == 1


def test_dead_letters_that_are_not_there(command: Command, tmp_path: Path) -> None:
    code, _, err = command.run("--replay", "--dead-letters", tmp_path / "none")
    assert code == 1
    assert "no such file; check --dead-letters" in err
