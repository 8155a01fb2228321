"""`wwwatch ship` as a process: killed anywhere, stopped politely, and asked for its account."""

import json
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from core.documents import access_stream
from tests.server.commands import Command
from tests.server.faulty import faulty_proxy
from tests.server.logs import PATIENCE_SECONDS, count, eventually, make_lines, originals, write_log

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def kill_in_the_middle(command: Command, log: Path, dice: random.Random) -> bool:
    """Start it, kill it at some point after it has moved; return whether it was still running."""
    before = command.offset()
    with command.start("--once", log) as process:
        while process.poll() is None and command.offset() == before:
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.05))
        process.kill()
        process.communicate()
    return process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_anywhere_every_line_is_there_once(
    es: Elasticsearch, es_url: str, tmp_path: Path, namespace: str, seed: int
) -> None:
    log = tmp_path / "access.log"
    lines = make_lines(6_000, seed=seed)
    write_log(log, lines)
    dice = random.Random(seed)
    command = Command(es_url, tmp_path, namespace, WWWATCH_SHIP_BATCH_BYTES="10000")
    kills = 0
    while kills < 5 and kill_in_the_middle(command, log, dice):
        kills += 1
        if kills in {2, 4}:
            es.indices.rollover(alias=access_stream(namespace))
    assert kills >= 2
    code, out, _ = command.run("--once", log)
    assert code == 0
    assert "dead-lettered" in out
    assert originals(es, namespace) == Counter(lines)
    status = command.status()
    assert (status["lines"], status["pending"], status["missing"]) == (6_000, 0, 0)
    assert status["indexed"] + status["present"] == 6_000


def test_killed_with_a_batch_in_flight_and_a_rollover_before_the_restart(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = make_lines(300)
    write_log(log, lines)
    held: list[subprocess.Popen[str]] = []
    requests: list[int] = []

    def fate(_path: str, body: bytes) -> str:
        requests.append(len(body))
        return "lose" if len(requests) == 2 else "pass"

    def kill() -> None:
        held[0].kill()
        es.indices.rollover(alias=access_stream(namespace))

    with faulty_proxy(es_url, fate, kill) as proxy:
        process = Command(proxy, tmp_path, namespace, WWWATCH_SHIP_BATCH_BYTES="10000").start("--once", log)
        held.append(process)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == -signal.SIGKILL
    # Another batch size than before: the range that was in flight need not end where a batch does.
    command = Command(es_url, tmp_path, namespace, WWWATCH_SHIP_BATCH_BYTES="3000")
    code, _, _ = command.run("--once", log)
    assert code == 0
    assert originals(es, namespace) == Counter(lines)
    status = command.status()
    assert status["present"] > 0
    assert (status["missing"], status["indexed"] + status["present"]) == (0, 300)


def test_sigterm_ends_it_politely(es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str) -> None:
    write_log(log, make_lines(100))
    command = Command(es_url, tmp_path, namespace)
    with command.start(log) as process:
        eventually(lambda: count(es, namespace) == 100)
        code, _, err = command.run("--once", log)
        assert code == 1
        assert "another shipper uses the registry" in err
        process.terminate()
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert out.startswith("100 lines: 100 indexed, 0 already there, 0 unparsed, 0 dead-lettered; ")
    assert command.status()["pending"] == 0


def test_sigterm_while_elasticsearch_is_away(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    write_log(log, make_lines(10))
    seen: list[str] = []

    def busy(path: str, _body: bytes) -> int:
        seen.append(path)
        return 503

    with faulty_proxy(es_url, busy) as proxy, Command(proxy, tmp_path, namespace).start(log) as process:
        eventually(lambda: len(seen) > 1)
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    command = Command(es_url, tmp_path, namespace)
    assert command.status()["pending"] == 10
    assert command.run("--once", "--json", log)[0] == 0
    assert count(es, namespace) == 10


def test_sigterm_while_elasticsearch_hangs(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = make_lines(300)
    write_log(log, lines)
    seen: list[str] = []

    def hang(path: str, body: bytes) -> str:
        seen.append(path)
        return "pass" if b'-0"}}' in body else "hang"  # only the batch of the first line passes, whenever it comes

    with faulty_proxy(es_url, hang) as proxy:
        # Far longer than the test may take: the process has to leave these requests behind.
        command = Command(proxy, tmp_path, namespace, WWWATCH_SHIP_BATCH_LINES="50", WWWATCH_ES_TIMEOUT_SECONDS="3600")
        with command.start(log) as process:
            eventually(lambda: len(seen) > 2)
            process.terminate()
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert out.startswith("50 lines: 50 indexed")
    command = Command(es_url, tmp_path, namespace)
    assert command.status()["pending"] == 250
    assert command.run("--once", log)[0] == 0
    assert originals(es, namespace) == Counter(lines)
    assert command.run("--verify")[0] == 0


def test_killed_with_several_in_flight_and_a_rollover_between_them(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = make_lines(600)
    write_log(log, lines)
    held: list[subprocess.Popen[str]] = []
    seen: list[int] = []

    def fate(_path: str, body: bytes) -> str:
        seen.append(len(body))
        return {2: "lose", 4: "hang"}.get(len(seen), "pass")

    def roll() -> None:
        es.indices.rollover(alias=access_stream(namespace))
        eventually(lambda: len(seen) >= 4)
        held[0].kill()

    with faulty_proxy(es_url, fate, roll) as proxy:
        own = {"WWWATCH_SHIP_BATCH_LINES": "50", "WWWATCH_SHIP_IN_FLIGHT": "4"}
        process = Command(proxy, tmp_path, namespace, **own).start("--once", log)
        held.append(process)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == -signal.SIGKILL
    command = Command(es_url, tmp_path, namespace, WWWATCH_SHIP_BATCH_LINES="70", WWWATCH_SHIP_IN_FLIGHT="3")
    assert command.run("--once", log)[0] == 0
    assert originals(es, namespace) == Counter(lines)
    status = command.status()
    assert (status["missing"], status["pending"], status["indexed"] + status["present"]) == (0, 0, 600)


def test_counts_as_json(es_url: str, tmp_path: Path, log: Path, namespace: str) -> None:
    write_log(log, [*make_lines(10), "garbage"])
    code, out, err = Command(es_url, tmp_path, namespace).run("--once", "--json", log)
    counts = json.loads(out)
    assert (code, err) == (0, "")
    assert (counts["lines"], counts["indexed"], counts["unparsed"], counts["rejected"]) == (11, 11, 1, 0)


def test_status_says_what_is_missing(es_url: str, tmp_path: Path, log: Path, namespace: str) -> None:
    command = Command(es_url, tmp_path, namespace)
    assert command.run("--status")[:2] == (0, "Nothing was shipped yet.\n")
    write_log(log, make_lines(10))
    assert command.run("--once", log)[0] == 0
    assert "access.log" in command.run("--status")[1]
    registry = json.loads(command.registry.read_text())
    for entry in registry["files"].values():
        entry["ledger"]["indexed"] -= 3
    command.registry.write_text(json.dumps(registry))
    code, _, err = command.run("--status")
    assert code == 1
    assert "3 lines are not accounted for in" in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Missing argument 'PATH...'"),
        (("--namespace", "A B", "x"), 1, "cannot be part of a data stream's name"),
        (("--once", "/no/such/file"), 1, "cannot read /no/such/file"),
        (("--format", "nonsense", "x"), 1, "there is no log format"),
    ],
)
def test_wrong_use(es_url: str, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    found, _, err = Command(es_url, tmp_path, "default").run(*arguments)
    assert found == code
    assert words in err
    assert "Traceback" not in err
