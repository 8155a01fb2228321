"""The shipper's account on a terminal of 100 columns: for three files, for three hundred, and for hostile names."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import DeliveryError
from shipper import DeadLetters, FileStatus, Ledger, Live, Mishap, Verdict, Verified
from wwwatch.logs import EcsFormatter, use_format
from wwwatch.shipview import show_counts, show_status, show_verdicts

NOW = datetime(2026, 1, 2, tzinfo=UTC)
WIDTH = 100


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "TERM": "dumb", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)


def file(
    path: str, indexed: int = 12_345_678, pending: int = 0, *, is_there: bool = True, missing: int = 0
) -> FileStatus:
    passed = indexed + missing if is_there else None
    waiting = NOW - timedelta(seconds=7)
    return FileStatus(path, path[-16:], is_there, passed, pending, Ledger(indexed=indexed), 1_234.5, waiting)


def shown(
    files: list[FileStatus], capsys: pytest.CaptureFixture[str], tmp_path: Path, *, show_all: bool = False
) -> list[str]:
    live = Live(4711, True, NOW, 1_234.5, Mishap(NOW, "Elasticsearch", "busy \x1b[2J"))
    show_status(files, live, DeadLetters(tmp_path / "x.ndjson"), NOW, as_json=False, show_all=show_all)
    return capsys.readouterr().out.splitlines()


def test_three_files_fit(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = [file(f"/var/log/nginx/site-{name}.access.log", pending=number) for number, name in enumerate("abc")]
    lines = shown(files, capsys, tmp_path)
    assert max(map(len, lines)) <= WIDTH
    assert lines[0] == "A shipper runs, process 4711: 1,234.5 lines/s."
    assert lines[1].split() == ["file", "lines", "indexed", "pending", "lines/s", "lag"]
    assert lines[4].split()[1:] == ["12,345,680", "12,345,678", "2", "1,234.5", "7", "s"]
    assert lines[-1] == "2026-01-02T00:00:00.000Z Elasticsearch: busy \\x1b[2J"


def test_three_hundred_files_fold(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    gone = [file(f"/var/log/old-{number}.log", 100, is_there=False) for number in range(297)]
    files = [*gone, *(file(f"/var/log/{name}.log", 10) for name in "abc")]
    lines = shown(files, capsys, tmp_path)
    assert len(lines) <= 8
    assert any("297 files gone (--all shows them)" in line and "29,700" in line for line in lines)
    assert len(shown(files, capsys, tmp_path, show_all=True)) >= 302


def test_three_hundred_quiet_files_fold_and_the_others_stand_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    quiet = [FileStatus(f"/log/{number}.log", f"{number:016}", True, 10, 0, Ledger(10)) for number in range(299)]
    lines = shown([*quiet, file("/log/busy.log", 5, pending=3)], capsys, tmp_path)
    assert len(lines) <= 6
    assert any("/log/busy.log" in line for line in lines)
    assert any("299 files quiet and whole" in line and "2,990" in line for line in lines)


def test_what_is_missing_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"3 lines are not accounted for in /log/\\x1b\[2J"):
        shown([file("/log/\x1b[2J", missing=3)], capsys, tmp_path)
    assert "\x1b" not in capsys.readouterr().out


def test_dead_letters_and_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "x.ndjson")
    letters.path.write_text('{"_id":"a-0","status":400,"reason":"r","document":{}}\n{"_id":"a-9","sta')
    show_status([file("/a.log", 5)], None, letters, NOW, as_json=True, show_all=False)
    content = json.loads(capsys.readouterr().out)
    assert content["running"] is False
    assert content["dead_letters"] == {"path": str(letters.path), "letters": 1, "bytes": letters.size()}
    assert content["files"][0] | {"path": "/a.log", "lines": 5, "lag_seconds": 0.0} == content["files"][0]
    show_status([file("/a.log", 5)], None, letters, NOW, as_json=False, show_all=False)
    out = capsys.readouterr().out
    assert "No shipper runs." in out
    assert "1 dead letters" in out


def test_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    show_verdicts(Verified({"/a": Verdict(lines=3, found=2, dead=1), "/b": Verdict()}, 1, 2), as_json=False)
    assert capsys.readouterr().out.splitlines()[-1] == "lost 0, doubled 0; 2 lines pending, 1 files gone"
    with pytest.raises(DeliveryError, match="1 lines are missing in Elasticsearch and 0 are there more than once"):
        show_verdicts(Verified({"/a": Verdict(lines=3, found=2, missing=1)}, 0, 0), as_json=True)
    assert json.loads(capsys.readouterr().out)["files"][0]["missing"] == 1


def test_counts(capsys: pytest.CaptureFixture[str]) -> None:
    show_counts(Ledger(5, 1, 1, 2, 1, 3), 2.0, as_json=False)
    out = capsys.readouterr().out
    assert out == "10 lines: 5 indexed, 1 already there, 2 unparsed, 1 dead-lettered, 3 skipped, 1 cut; 5 lines/s\n"


def test_ecs_lines_hold_no_half_characters() -> None:
    record = logging.LogRecord("shipper", logging.WARNING, "f", 1, "cannot read %s", ("/a\udcff\x1b[2J",), None)
    line = EcsFormatter().format(record)
    assert "\n" not in line
    fields = json.loads(line)
    assert (fields["message"], fields["log.level"]) == ("cannot read /a\\udcff\\x1b[2J", "warning")


def test_only_our_own_handlers_change() -> None:
    handlers = logging.getLogger().handlers
    before = [handler.formatter for handler in handlers]
    use_format("json")
    assert [handler.formatter for handler in handlers] == before
