"""Logs of other servers on their way into Elasticsearch: header lines, configurations, and the mapping."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from core.documents import access_stream
from enrich import read_conf
from es_templates import field_types
from shipper import Ledger, read_status
from tests.server.logs import originals, settings_of, ship_once

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]

GOLDEN = Path(__file__).parents[1] / "golden" / "enrich"
HEADER = "#Fields: date time c-ip cs-method cs-uri-stem sc-status"
OTHER = "#Fields: date time cs-method cs-uri-stem c-ip sc-status"


def sources(es: Elasticsearch, namespace: str) -> list[dict[str, Any]]:
    es.indices.refresh(index=access_stream(namespace))
    hits = es.search(index=access_stream(namespace), size=1_000, sort="log.offset")["hits"]["hits"]
    return [hit["_source"] for hit in hits]


def test_header_lines_are_skipped_and_remembered(es: Elasticsearch, tmp_path: Path, namespace: str) -> None:
    log = tmp_path / "u_ex260314.log"
    first = [f"2026-03-14 02:15:{second:02d} 192.0.2.7 GET /first 200" for second in range(3)]
    second = [f"2026-03-14 02:16:{second:02d} GET /second 192.0.2.8 404" for second in range(3)]
    log.write_text("\n".join(["#Software: IIS", HEADER, *first, OTHER, ""]))
    settings = settings_of(tmp_path, namespace)
    assert ship_once(es, settings, log) == Ledger(indexed=3, skipped=3)
    (status,) = read_status(tmp_path / "ship" / f"{namespace}.json")
    assert (status.missing, status.pending, status.ledger.skipped) == (0, 0, 3)
    with log.open("a") as file:
        file.writelines(f"{line}\n" for line in second)
    # Another process, which sees only the lines after the header line.
    assert ship_once(es, settings, log) == Ledger(indexed=3)
    assert originals(es, namespace) == Counter([*first, *second])
    found = [(each["source"]["ip"], each["url"]["path"]) for each in sources(es, namespace)]
    assert found == [("192.0.2.7", "/first")] * 3 + [("192.0.2.8", "/second")] * 3


def test_small_batches_hand_the_header_on(es: Elasticsearch, tmp_path: Path, namespace: str) -> None:
    log = tmp_path / "u_ex.log"
    lines = []
    for number in range(40):
        lines += [HEADER, f"2026-03-14 02:15:07 192.0.2.7 GET /{number} 200"] if number % 10 == 0 else []
        lines += [OTHER, f"2026-03-14 02:15:07 GET /{number} 192.0.2.8 200"] if number % 10 == 5 else []
        lines.append(f"2026-03-14 02:15:07 {'192.0.2.7 GET /x' if number % 10 < 5 else 'GET /x 192.0.2.8'} 200")
    log.write_text("\n".join([*lines, ""]))
    counts = ship_once(es, settings_of(tmp_path, namespace, batch_lines=3, batch_bytes=200), log)
    assert (counts.indexed, counts.skipped, counts.unparsed) == (48, 8, 0)


def test_each_file_in_the_format_that_the_configuration_says(es: Elasticsearch, tmp_path: Path, namespace: str) -> None:
    conf = read_conf(
        "log_format bars '$remote_addr|$time_iso8601|$request_method|$request_uri|$status';"
        "access_log /var/log/nginx/bars.log bars; access_log /var/log/nginx/plain.log;"
    )
    (tmp_path / "bars.log").write_text("192.0.2.7|2026-03-14T02:15:07Z|GET|/bars|200\n")
    combined = '192.0.2.8 - - [14/Mar/2026:02:15:07 +0000] "GET /plain HTTP/1.1" 200 5 "-" "-"\n'
    (tmp_path / "plain.log").write_text(combined)
    (tmp_path / "other.log").write_text(combined.replace("plain", "other"))
    paths = [tmp_path / name for name in ("bars.log", "plain.log", "other.log")]
    counts = ship_once(es, settings_of(tmp_path, namespace), *paths, choose_format=conf.choose)
    assert counts == Ledger(indexed=3)
    assert {each["url"]["path"] for each in sources(es, namespace)} == {"/bars", "/plain", "/other"}


def leaves(tree: dict[str, Any], before: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in tree.items():
        found |= leaves(value, f"{before}{key}.") if isinstance(value, dict) else {before + key}
    return found


@pytest.mark.parametrize("case", sorted(path.stem for path in GOLDEN.glob("*.log")))
def test_what_a_format_yields_is_mapped_and_indexed(
    es: Elasticsearch, tmp_path: Path, namespace: str, case: str
) -> None:
    counts = ship_once(es, settings_of(tmp_path, namespace), GOLDEN / f"{case}.log")
    assert counts.rejected == 0
    expected = (GOLDEN / f"{case}.log-expected.ndjson").read_text("utf-8").splitlines()
    assert counts.indexed == len(expected)
    es.indices.refresh(index=access_stream(namespace))
    hits = es.search(index=access_stream(namespace), size=100)["hits"]["hits"]
    assert [hit["_ignored"] for hit in hits if "_ignored" in hit] == []
    mapped = set(field_types("logs-www.access"))
    sent = set().union(*(leaves(hit["_source"]) for hit in hits))
    assert {name for name in sent if not name.startswith("labels.")} - mapped <= {"network.forwarded"}


def test_labels_can_be_searched(es: Elasticsearch, tmp_path: Path, namespace: str) -> None:
    ship_once(es, settings_of(tmp_path, namespace), GOLDEN / "iis.log")
    es.indices.refresh(index=access_stream(namespace))
    query = {"term": {"labels.X_Custom": "own"}}
    assert es.count(index=access_stream(namespace), query=query)["count"] == 1
