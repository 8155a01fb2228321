"""Our fields against Filebeat's and CrowdSec's, on their own logs."""

import json
import re
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from enrich import FORMATS
from tests.golden.differences import DIFFERENCES
from tests.golden.golden_logs import HUB, REAL, beats_logs, hub_events, lines_of, read

pytestmark = REAL

DOCS = Path(__file__).parents[2] / "docs" / "formats.md"
CONSTANTS = {"event.kind": "event", "event.category": ["web"], "event.type": ["access"]}
"""What stands in every document, by `to_documents`."""

HUB_FIELDS = {
    "http_status": "http.response.status_code",
    "http_verb": "http.request.method",
    "http_user_agent": "user_agent.original",
    "source_ip": "source.ip",
    "target_fqdn": "url.domain",
    "http_path": "url.original",
}
ENVELOPES = {
    "base-upsun-httplog-logs": "the line is a text inside another program's JSON",
    "iis-xml-logs": "Windows events in XML, not the log that IIS writes",
}
"""Logs of CrowdSec's that are no server's own."""


def show(title: str, table: list[str]) -> None:
    """Print a table, for `pytest -rP`."""
    sys.stdout.write("\n".join([title, *table, ""]))


def as_ours(field: str, value: Any) -> Any:
    """Return an expected value as we have it."""
    if field == "@timestamp":
        return datetime.fromisoformat(value)
    return [value] if field == "event.category" and isinstance(value, str) else value


def test_every_field_is_filebeats_or_differs_for_a_reason() -> None:
    equal, total, foreign, events = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    strange: list[tuple[str, int, str, Any, Any]] = []
    for name, path in beats_logs():
        expected = json.loads(Path(f"{path}-expected.json").read_text("utf-8"))
        rows = [CONSTANTS | row for row in read(lines_of(path))]
        assert len(rows) == len(expected), path
        events[name] += len(rows)
        for number, (row, event) in enumerate(zip(rows, expected, strict=True)):
            for field, value in event.items():
                wanted = as_ours(field, value)
                reasons = [each for each in DIFFERENCES if each.explains(name, field, wanted, row)]
                total[name] += 1
                if row.get(field) == wanted:
                    equal[name] += 1
                elif any(each.is_foreign for each in reasons):
                    foreign[name] += 1
                elif not reasons:
                    strange.append((path.name, number, field, wanted, row.get(field)))
    assert strange == []
    own = {name: total[name] - foreign[name] for name in total}
    table = [f"| {name} | {events[name]} | {own[name]} | {equal[name] / own[name]:.1%} |" for name in total]
    show("Filebeat: format, events, fields of the line, share of them equal; all others differ for a reason", table)
    assert [row for row in table if row not in DOCS.read_text("utf-8")] == []


def test_every_difference_is_still_one() -> None:
    """A reason that explains nothing any more is a lie."""
    used: set[str] = set()
    for name, path in beats_logs():
        expected = json.loads(Path(f"{path}-expected.json").read_text("utf-8"))
        for row, event in zip(read(lines_of(path)), expected, strict=True):
            for field, value in event.items():
                wanted, whole = as_ours(field, value), CONSTANTS | row
                if whole.get(field) != wanted:
                    used |= {each.reason for each in DIFFERENCES if each.explains(name, field, wanted, whole)}
    assert {each.reason for each in DIFFERENCES} == used
    assert [each.reason for each in DIFFERENCES if each.reason not in DOCS.read_text("utf-8")] == []


def hub_rows(folder: Path) -> list[dict[str, Any]]:
    (log,) = folder.glob("*.log")
    lines = lines_of(log)
    if folder.name == "envoy-logs":  # a file of two formats, so that both are tested
        return [read([line], FORMATS["envoy_json" if '{"' in line else "envoy"])[0] for line in lines]
    return read(lines)


def fits(field: str, expected: str, row: dict[str, Any]) -> bool:
    ours = row.get(HUB_FIELDS[field])
    if ours is None:
        return expected in {"", "-"}
    if field == "http_path":
        return expected in {ours, re.sub(r"^https?://[^/]*", "", ours), row.get("url.path")}
    return str(ours) == expected


def test_every_request_is_as_crowdsec_reads_it() -> None:
    equal, total, events = Counter[str](), Counter[str](), Counter[str]()
    strange = []
    for folder in sorted(HUB.iterdir()):
        wanted = hub_events(folder) if (folder / "parser.assert").exists() and folder.name not in ENVELOPES else []
        rows = hub_rows(folder) if wanted else []
        for number, (message, fields) in enumerate(wanted):
            # A parser that skips lines counts others: the text says which line it is, where it is told.
            same = [row for row in rows if message and message in row["event.original"]]
            row = rows[number] if not same or rows[number] in same else same[0]
            events[folder.name] += 1
            for field in fields.keys() & HUB_FIELDS.keys():
                total[folder.name] += 1
                if fits(field, fields[field], row):
                    equal[folder.name] += 1
                else:
                    strange.append((folder.name, number, field, fields[field], row.get(HUB_FIELDS[field])))
    table = [f"| {name} | {events[name]} | {total[name]} | {equal[name] / total[name]:.1%} |" for name in total]
    show("CrowdSec: log, requests, fields, share of them equal", table)
    # Ours is who connected; theirs is an address that he names.
    assert [(name, field) for name, _, field, _, _ in strange] == [
        *[("envoy-logs", "source_ip")] * 2,
        ("traefik_json", "source_ip"),
    ]
    assert len(total) >= 17
    assert [row for row in table if row not in DOCS.read_text("utf-8")] == []
