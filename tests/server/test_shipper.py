"""The shipper against the real Elasticsearch, with real files and real failures."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from core.client import connect
from core.documents import access_stream
from core.errors import DeliveryError, FormatError, StoreError
from core.settings import EsSettings
from enrich import detect_format, parse
from shipper import Ledger, read_status
from shipper.reader import read_chunk
from tests.server.faulty import faulty_proxy
from tests.server.logs import count, eventually, make_lines, originals, settings_of, ship_once, shipping, write_log

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def test_every_line_once_and_nothing_the_second_time(
    es: Elasticsearch, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = [*make_lines(500), "garbage", "", "\x1b[2J"]
    write_log(log, lines)
    settings = settings_of(tmp_path, namespace, batch_bytes=5_000)
    assert ship_once(es, settings, log) == Ledger(indexed=503, unparsed=3)
    assert originals(es, namespace) == Counter(lines)
    assert ship_once(es, settings, log) == Ledger()
    (tmp_path / "ship" / f"{namespace}.json").unlink()
    assert ship_once(es, settings, log) == Ledger(present=503, unparsed=3)
    assert count(es, namespace) == 503


def test_the_document_is_as_the_contract_says(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    write_log(log, make_lines(1))
    ship_once(es, settings_of(tmp_path, namespace), log)
    es.indices.refresh(index=access_stream(namespace))
    (hit,) = es.search(index=access_stream(namespace))["hits"]["hits"]
    (status,) = read_status(tmp_path / "ship" / f"{namespace}.json")
    assert hit["_id"] == f"{status.identity}-0"
    assert hit["_source"]["log"] == {"file": {"path": str(log)}, "offset": 0}
    assert hit["_source"]["@timestamp"] == "2021-03-05T08:00:00.000Z"
    assert es.count(index=access_stream(namespace), q="url.path:\\/page\\/0")["count"] == 1


def test_growing_file_waits_for_whole_lines(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    lines = make_lines(30)
    with shipping(es, settings_of(tmp_path, namespace), log):
        write_log(log, lines[:10])
        with log.open("a") as file:
            file.write(lines[10][:40])
        eventually(lambda: count(es, namespace) == 10)
        with log.open("a") as file:
            file.write(lines[10][40:] + "\n")
        write_log(log, lines[11:], "a")
        eventually(lambda: count(es, namespace) == 30)
    assert originals(es, namespace) == Counter(lines)


def test_rotation_by_rename_while_it_runs(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    lines = make_lines(40)
    with shipping(es, settings_of(tmp_path, namespace), log):
        write_log(log, lines[:10])
        eventually(lambda: count(es, namespace) == 10)
        old = log.open("a")
        log.rename(tmp_path / "access.log.1")
        old.writelines(f"{line}\n" for line in lines[10:20])
        old.flush()
        write_log(log, lines[20:30])
        eventually(lambda: count(es, namespace) == 30)
        old.writelines(f"{line}\n" for line in lines[30:])  # a worker that has not reopened yet
        old.close()
        eventually(lambda: count(es, namespace) == 40)
    assert originals(es, namespace) == Counter(lines)


def test_rotation_while_it_does_not_run(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    lines = make_lines(30)
    settings = settings_of(tmp_path, namespace)
    write_log(log, lines[:10])
    ship_once(es, settings, log)
    write_log(log, lines[10:20], "a")
    log.rename(tmp_path / "access.log.1")
    write_log(log, lines[20:])
    assert ship_once(es, settings, log) == Ledger(indexed=20)
    assert originals(es, namespace) == Counter(lines)


def test_a_rename_within_the_pattern_ships_nothing_again(
    es: Elasticsearch, tmp_path: Path, log: Path, namespace: str
) -> None:
    settings = settings_of(tmp_path, namespace)
    write_log(log, make_lines(10))
    ship_once(es, settings, tmp_path / "access.log*")
    log.rename(tmp_path / "access.log.1")
    write_log(log, make_lines(5, seed=2))
    os.link(log, tmp_path / "access.log.same")
    assert ship_once(es, settings, tmp_path / "access.log*") == Ledger(indexed=5)


@pytest.mark.parametrize("first", ["same", "other"])
def test_truncation(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str, first: str) -> None:
    lines = make_lines(20)
    later = lines[:1] + make_lines(4, seed=2) if first == "same" else make_lines(30, seed=2)
    with shipping(es, settings_of(tmp_path, namespace), log):
        write_log(log, lines)
        eventually(lambda: count(es, namespace) == 20)
        write_log(log, later)
        eventually(lambda: count(es, namespace) == 20 + len(later))
    assert originals(es, namespace) == Counter(lines) + Counter(later)


def test_dead_letters_are_whole_and_counted(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    mappings = {"properties": {"url": {"properties": {"path": {"type": "long"}}}}}
    pattern = access_stream(namespace)
    template = {"mappings": mappings}
    es.indices.put_index_template(
        name=namespace, index_patterns=[pattern], priority=500, data_stream={}, template=template
    )
    fine = '192.0.2.1 - - [05/Mar/2021:09:01:38 +0100] "-" 408 0 "-" "-"'
    lines = make_lines(3)
    write_log(log, [fine, *lines])
    assert ship_once(es, settings_of(tmp_path, namespace), log) == Ledger(indexed=1, rejected=3)
    letters = [
        json.loads(line) for line in (tmp_path / "ship" / f"{namespace}.dead-letters.ndjson").read_text().splitlines()
    ]
    assert [letter["document"]["event"]["original"] for letter in letters] == lines
    assert {letter["status"] for letter in letters} == {400}
    assert "url.path" in letters[0]["reason"]
    (status,) = read_status(tmp_path / "ship" / f"{namespace}.json")
    assert (status.missing, status.pending) == (0, 0)
    write_log(log, make_lines(200, start=9), "a")
    with pytest.raises(StoreError, match="refuses every line"):
        ship_once(es, settings_of(tmp_path, namespace), log)
    (status,) = read_status(tmp_path / "ship" / f"{namespace}.json")
    assert (status.pending, status.ledger.rejected) == (200, 3)


def test_without_template_nothing_is_lost(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    settings = settings_of(tmp_path, namespace)
    pattern = access_stream(namespace)
    es.indices.put_index_template(name=namespace, index_patterns=[pattern], priority=500)
    write_log(log, make_lines(5))
    try:
        with pytest.raises(StoreError, match="run `wwwatch setup` first"):
            ship_once(es, settings, log)
    finally:
        es.indices.delete_index_template(name=namespace)
    assert not (tmp_path / "ship" / f"{namespace}.dead-letters.ndjson").exists()
    assert ship_once(es, settings, log) == Ledger(indexed=5)


def through(proxy: str) -> Elasticsearch:
    return connect(EsSettings(url=proxy))


def planned(*fates: str | int) -> Callable[[str, bytes], str | int]:
    left = list(fates)
    return lambda _path, _body: left.pop(0) if left else "pass"


def test_busy_and_broken_answers_are_tried_again(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    write_log(log, make_lines(10))
    with faulty_proxy(es_url, planned(429, 503, "lose")) as proxy, through(proxy) as client:
        assert ship_once(client, settings_of(tmp_path, namespace), log) == Ledger(present=10)
    assert count(es, namespace) == 10


def test_lost_answer_and_a_rollover_before_the_next_try(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = make_lines(10)
    write_log(log, lines)

    def roll() -> None:
        es.indices.rollover(alias=access_stream(namespace))

    with faulty_proxy(es_url, planned("lose"), roll) as proxy, through(proxy) as client:
        assert ship_once(client, settings_of(tmp_path, namespace), log) == Ledger(present=10)
    assert originals(es, namespace) == Counter(lines)
    write_log(log, make_lines(1, seed=3), "a")
    assert ship_once(es, settings_of(tmp_path, namespace), log) == Ledger(indexed=1)


def test_too_large_requests_are_halved(
    es: Elasticsearch, es_url: str, tmp_path: Path, log: Path, namespace: str
) -> None:
    lines = [*make_lines(50), "x" * 40_000, *make_lines(5, seed=2)]
    write_log(log, lines)
    sizes: list[int] = []

    def limit(_path: str, body: bytes) -> str | int:
        sizes.append(len(body))
        return 413 if len(body) > 20_000 else "pass"

    with faulty_proxy(es_url, limit) as proxy, through(proxy) as client:
        counts = ship_once(client, settings_of(tmp_path, namespace), log)
    assert counts == Ledger(indexed=55, rejected=1, unparsed=1)
    assert max(sizes) > 20_000
    assert originals(es, namespace) == Counter(line for line in lines if len(line) < 40_000)


def test_files_of_no_known_format_wait_and_the_others_go(
    es: Elasticsearch, tmp_path: Path, log: Path, namespace: str
) -> None:
    other = tmp_path / "other.log"
    write_log(other, ["hello", "world"])
    write_log(log, make_lines(5))
    with pytest.raises(FormatError, match=r"other\.log: the log is in no format"):
        ship_once(es, settings_of(tmp_path, namespace), other, log)
    assert count(es, namespace) == 5
    assert ship_once(es, settings_of(tmp_path, namespace), other, format_name="common") == Ledger(2, unparsed=2)


def test_a_missing_file_is_named(es: Elasticsearch, tmp_path: Path, log: Path, namespace: str) -> None:
    with pytest.raises(DeliveryError, match=r"cannot read .*access\.log: No such file"):
        ship_once(es, settings_of(tmp_path, namespace), log)


@pytest.mark.real_logs
@pytest.mark.skipif(not DATA.is_dir(), reason="no real logs here")
@pytest.mark.parametrize("name", ["willthefarmer", "elastic_apache_logs"])
def test_real_logs_are_accounted_for(es: Elasticsearch, tmp_path: Path, namespace: str, name: str) -> None:
    source = DATA / name / "access.log"
    counts = ship_once(es, settings_of(tmp_path, namespace), source)
    lines = source.read_bytes().decode(errors="backslashreplace").removesuffix("\n").split("\n")
    assert counts.indexed == counts.lines == len(lines)
    assert originals(es, namespace) == Counter(line.removesuffix("\r") for line in lines)


@pytest.mark.real_logs
@pytest.mark.skipif(not DATA.is_dir(), reason="no real logs here")
@pytest.mark.parametrize("source", sorted(DATA.glob("*/access.log")), ids=lambda path: path.parent.name)
def test_real_logs_parse(source: Path) -> None:
    data = source.read_bytes()
    chunk = read_chunk(lambda size, start: data[start : start + size], 0, 1 << 30, closing=True)
    assert chunk is not None
    frame = parse(chunk.lines, detect_format(chunk.lines))
    assert frame["error.message"].null_count() > 0.99 * frame.height
