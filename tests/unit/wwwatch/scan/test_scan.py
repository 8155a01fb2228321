"""Files in, findings out."""

import gzip
import ipaddress
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import polars as pl
import pytest
from click.testing import CliRunner, Result

from core.clock import parse_iso
from core.errors import FormatError, WwwatchError
from core.settings import Settings
from detector.kinds import KINDS
from wwwatch.cli import cli
from wwwatch.roof import Roof
from wwwatch.scan.scan import Wish
from wwwatch.scan.terminal import render

from .conftest import BEGIN, HOURS, Scan

ESCAPE = "\x1b]0;owned\x07"


def attackers(traffic: pl.DataFrame, kind: str) -> set[str]:
    return set(traffic.filter(pl.col("kind") == kind)["client"])


def test_finds_the_attacks_and_who_made_them(log: Path, traffic: pl.DataFrame, scan_files: Scan) -> None:
    result = scan_files(log)
    for kind in ("scan", "bruteforce"):
        found = [finding for finding in result.findings if attackers(traffic, kind) & set(finding.clients)]
        assert found, kind
        assert found[0].score >= 50
        assert found[0].requests > 10
        assert found[0].reasons
        assert found[0].steps
        assert all(any(address in line for address in found[0].clients) for line in found[0].examples)
    assert (result.requests, result.log.counts.lines) == (traffic.height, traffic.height)
    scores = [round(finding.score) for finding in result.findings]
    assert scores == sorted(scores, reverse=True)


def test_examples_are_lines_of_the_log(log: Path, scan_files: Scan) -> None:
    lines = set(log.read_text().splitlines())
    examples = [line for finding in scan_files(log).findings for line in finding.examples]
    assert examples
    assert set(examples) <= lines


def test_json_has_every_field(log: Path, scan_files: Scan) -> None:
    for finding in scan_files(log).findings:
        found: dict[str, Any] = json.loads(json.dumps(finding.as_json()))
        assert found["kind"] in KINDS
        assert 0 <= found["score"] <= 100
        assert found["severity"] in {"warning", "minor", "major", "critical"}
        assert parse_iso(found["start"]) <= parse_iso(found["end"])
        assert found["start"].endswith("Z")
        assert found["sessions"] >= 1
        assert found["requests"] >= found["sessions"]
        assert all(isinstance(each, str) for name in ("clients", "reasons", "examples") for each in found[name])
        assert found["clients"]


def parse_time(line: str) -> datetime:
    return datetime.strptime(line.partition("[")[2].partition("]")[0], "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)


def test_a_period(log: Path, scan_files: Scan) -> None:
    result = scan_files(log, wish=Wish(since=BEGIN + timedelta(hours=1), until=BEGIN + timedelta(hours=2)))
    assert BEGIN + timedelta(hours=1) <= result.start <= result.end < BEGIN + timedelta(hours=2)
    assert result.is_short
    lines = log.read_text().splitlines()
    within = [each for each in lines if parse_time(each).hour == BEGIN.hour + 1]
    assert (result.requests, result.clients) == (len(within), len({each.split()[0] for each in within}))
    assert result.clients < len({each.split()[0] for each in lines})
    with pytest.raises(FormatError, match="no request lies in that period"):
        scan_files(log, wish=Wish(since=BEGIN + 10 * HOURS))


def test_allowed_addresses_are_never_reported(log: Path, traffic: pl.DataFrame, scan_files: Scan) -> None:
    own = attackers(traffic, "scan") | attackers(traffic, "bruteforce")
    result = scan_files(log, wish=Wish(allowed=tuple(map(ipaddress.ip_network, own)), threshold=50.0))
    assert not own & {client for finding in result.findings for client in finding.clients}
    assert result.left_out == (traffic.filter(pl.col("client").is_in(list(own))).height, len(own))
    assert f"{len(own)} address" in "\n".join(render(result, None))


def test_ipv6_clients_have_their_real_addresses(tmp_path: Path, scan_files: Scan) -> None:
    path = tmp_path / "a.log"
    request = '2001:db8::{0} - - [14/Mar/2026:02:15:{1:02d} +0100] "GET /{2}.sql HTTP/1.1" 404 5 "-" "curl/8"\n'
    path.write_text("".join(request.format(second % 2 + 1, second, second) for second in range(60)))
    clients = {client for finding in scan_files(path).findings for client in finding.clients}
    assert clients == {"2001:db8::1", "2001:db8::2"}


def test_nothing_from_the_log_drives_the_terminal(tmp_path: Path, scan_files: Scan) -> None:
    path = tmp_path / "a.log"
    request = '192.0.2.1 - - [14/Mar/2026:02:15:{0:02d} +0100] "GET /{0}.sql?{1} HTTP/1.1" 404 5 "-" "{1}"\n'
    path.write_text("".join(request.format(second, ESCAPE) for second in range(60)))
    result = scan_files(path)
    assert result.findings
    shown = "\n".join(render(result, None))
    assert "owned" in shown
    assert "\x07" not in shown
    assert "\x1b]" not in shown
    assert max(map(len, click.unstyle(shown).splitlines())) <= 80
    long = [
        replace(finding, domain="\x1b." * 500, kind="ddos", words=KINDS["ddos"].words) for finding in result.findings
    ]
    shown = "\n".join(render(replace(result, findings=tuple(long)), None))
    assert "\x1b." not in shown
    assert max(map(len, click.unstyle(shown).splitlines())) <= 80


def test_says_where_a_compressed_log_breaks_off(tmp_path: Path, log: Path, scan_files: Scan) -> None:
    packed = gzip.compress(log.read_bytes())
    path = tmp_path / "a.log.gz"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    result = scan_files(path)
    shown = " ".join(click.unstyle("\n".join(render(result, None))).split())
    assert f"breaks off or is broken after {result.log.counts.lines:,} lines: what follows was not looked" in shown


def test_says_when_there_is_nothing(tmp_path: Path, scan_files: Scan) -> None:
    path = tmp_path / "a.log"
    path.write_text('192.0.2.1 - - [14/Mar/2026:02:15:07 +0100] "GET / HTTP/1.1" 200 5 "-" "curl/8"\n')
    shown = " ".join(click.unstyle("\n".join(render(scan_files(path), None))).split())
    assert "1 line (combined), all parsed" in shown
    assert "1 request by 1 client" in shown
    assert "This log is short" in shown
    assert "Nothing found" in shown


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["scan", *map(str, arguments)], input=stdin, obj=Roof(Settings()))


def test_command_ends_with_three_where_something_is_found(log: Path) -> None:
    done = run("-", "--json", stdin=log.read_bytes())
    assert done.exit_code == 3, done.output
    kinds = {json.loads(line)["kind"] for line in done.stdout.splitlines()}
    assert {"scan", "bruteforce"} <= kinds
    assert done.stderr == ""


def test_json_is_pure_and_what_was_not_read_is_told_beside_it(tmp_path: Path, log: Path) -> None:
    (tmp_path / "a.log").write_bytes(log.read_bytes())
    (tmp_path / "notes\x1b.txt").write_text("notes\n")
    done = run(tmp_path, "--json")
    assert all(json.loads(line) for line in done.stdout.splitlines())
    assert "notes\\x1b.txt: its lines are in no format that is known." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Missing argument"),
        (["x.log", "--since", "yesterday"], "is no time"),
        (["x.log", "--allow", "here"], "is no network"),
        (["x.log", "--format", "combined", "--format-from", "x"], "not both"),
    ],
)
def test_wrong_usage(arguments: list[str], sentence: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert sentence in done.output


def test_the_page_is_written_where_it_can_be(log: Path, tmp_path: Path) -> None:
    done = run(log, "--html", tmp_path / "none" / "report.html")
    assert done.exit_code == 1
    assert isinstance(done.exception, WwwatchError)
    assert "cannot write" in str(done.exception)
    page = tmp_path / "report.html"
    page.write_text("192.0.2.1 - - [")
    done = run(log, "--html", page)
    assert "is there and is no HTML page" in str(done.exception)
    assert page.read_text() == "192.0.2.1 - - ["
    page.write_text("<!DOCTYPE html>\nold")
    assert run(log, "--html", page, "--top", "1").exit_code == 3
    assert page.read_text("utf-8").startswith("<!doctype html>")
