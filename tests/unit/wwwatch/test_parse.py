"""`wwwatch parse`: what is said of a log, with nothing shipped."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.errors import FormatError
from core.settings import Settings
from wwwatch.cli import cli
from wwwatch.formats import choose_format, read_format
from wwwatch.roof import Roof

COMBINED = '192.0.2.7 - - [14/Mar/2026:02:15:07 +0100] "GET /page?x=1 HTTP/1.1" 200 5 "-" "curl/8"'
DIRECTIVE = "$remote_addr|$time_iso8601|$request_uri"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text(f"{COMBINED}\n" * 8 + "\x1b[2Jgarbage\n\n")
    return path


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["parse", *map(str, arguments)], input=stdin, obj=Roof(Settings()))


def report(*arguments: str | Path, stdin: bytes | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json", stdin=stdin).stdout)
    return found


def test_says_format_coverage_fields_and_what_does_not_parse(log: Path) -> None:
    done = run(log)
    assert done.exit_code == 0, done.output
    assert "combined: combined, the default of Apache and nginx" in done.output
    assert "80.00% of 10 lines parse." in done.output
    assert "status" in done.output
    assert "http.response.status_code" in done.output
    assert "line 9: the line does not fit the format combined\n  \\x1b[2Jgarbage" in done.output
    assert "line 10: the line does not fit the format combined: it is empty" in done.output
    assert "\x1b" not in done.output


def test_as_json(log: Path) -> None:
    found = report(log)
    assert (found["format"], found["lines"], found["parsed"], found["share"]) == ("combined", 10, 8, 0.8)
    assert {"variable": "status", "fields": ["http.response.status_code"]} in found["fields"]
    assert [misfit["line"] for misfit in found["misfits"]] == [9, 10]
    assert found["misfits"][0]["text"] == "\x1b[2Jgarbage"


def test_shows_at_most_ten_misfits(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(f"{COMBINED}\n" + "x\n" * 50)
    assert len(report(log)["misfits"]) == 10


def test_the_document_of_a_line(log: Path) -> None:
    done = run(log, "--line", "2")
    document = json.loads(done.stdout)
    assert document["url"] == {"original": "/page?x=1", "path": "/page", "query": "x=1"}
    assert document["log"] == {"file": {"path": str(log)}, "offset": len(COMBINED) + 1}
    assert json.loads(run(log, "--line", "9").stdout)["error"]["message"]
    assert "\x1b" not in run(log, "--line", "9").stdout


def test_a_line_after_a_header_line(tmp_path: Path) -> None:
    log = tmp_path / "u_ex.log"
    log.write_text("#Fields: date time cs-method cs-uri-stem c-ip\n2026-03-14 02:15:07 GET /x 192.0.2.7\n")
    assert json.loads(run(log, "--line", "2").stdout)["source"]["ip"] == "192.0.2.7"
    assert isinstance(run(log, "--line", "1").exception, FormatError)
    found = report(log)
    assert (found["comments"], found["share"]) == (1, 1.0)
    assert {"variable": "c-ip", "fields": ["source.address"]} in found["fields"]


def test_standard_input_and_compressed_files(tmp_path: Path) -> None:
    content = f"{COMBINED}\n{COMBINED}".encode()
    assert report("-", stdin=content)["parsed"] == 2
    packed = tmp_path / "access.log.1.gz"
    packed.write_bytes(gzip.compress(content))
    assert report(packed)["parsed"] == 2


def test_only_the_first_lines(log: Path) -> None:
    assert report(log, "--lines", "3")["lines"] == 3
    assert json.loads(run(log, "--lines", "3", "--line", "8").stdout)["source"]["ip"] == "192.0.2.7"


@pytest.mark.parametrize("arguments", [["--format", DIRECTIVE], ["--format", f"log_format own '{DIRECTIVE}'"]])
def test_the_servers_own_directive(tmp_path: Path, arguments: list[str]) -> None:
    log = tmp_path / "a.log"
    log.write_text("192.0.2.7|2026-03-14T02:15:07Z|/x\n")
    found = report(log, *arguments)
    assert found["parsed"] == 1
    assert {"variable": "$request_uri", "fields": ["url.original"]} in found["fields"]


def test_the_servers_configuration(tmp_path: Path) -> None:
    log, conf = tmp_path / "bars.log", tmp_path / "nginx.conf"
    log.write_text("192.0.2.7|2026-03-14T02:15:07Z|/x\n")
    conf.write_text(f"log_format own '{DIRECTIVE}'; access_log /var/log/nginx/bars.log own;")
    assert report(log, "--format-from", conf)["format"] == "own"
    assert report(log, "--format-from", f"{conf}:own")["format"] == "own"
    assert isinstance(run(log, "--format-from", f"{conf}:none").exception, FormatError)
    assert isinstance(run(log, "--format-from", tmp_path / "none.conf").exception, FormatError)
    assert run(log, "--format-from", conf, "--format", "combined").exit_code == 2


def test_warns_of_an_ambiguous_directive(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("192.0.2.7 2026-03-14T02:15:07Z Mozilla (x) 200\n")
    assert (
        "Beware: $http_user_agent stands without quotes"
        in run(*(log, "--format", "$remote_addr $time_iso8601 $http_user_agent $status")).output
    )


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        (b"", [], "has no lines: name another file"),
        (b"\x00\xff\xfe" * 100 + b"\n", [], "the log is in no format that is known"),
        (b"x\n", ["--format", "combined"], "no line of .* parses as combined: give another --format"),
        (COMBINED.encode(), ["--line", "2"], "has no line 2: it has 1"),
        (COMBINED.encode(), ["--format", "nonsense"], "there is no log format 'nonsense': choose one of"),
    ],
)
def test_fails_with_a_sentence(tmp_path: Path, content: bytes, arguments: list[str], sentence: str) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(content)
    with pytest.raises(FormatError, match=sentence):
        raise run(log, *arguments).exception or AssertionError("it did not fail")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path / "none.log").exception, FormatError)


def test_mixed_formats_name_the_others(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(f"{COMBINED}\n" * 3 + "2026-03-14 02:15:07 192.0.2.80 GET / - 80 - 192.0.2.7 - - 200 0 0 0\n")
    found = report(log)
    assert (found["format"], found["others"]) == ("combined", {"iis": 0.25})
    assert found["misfits"][0]["reason"].endswith(": it is a line of iis")


def test_zone_of_times_without_one() -> None:
    chosen = choose_format("haproxy", None, "Europe/Berlin")("x.log")
    assert chosen is not None
    assert chosen.zone == "Europe/Berlin"
    assert choose_format("auto", None, "UTC")("x.log") is None
    assert read_format("combined").name == "combined"
