"""Which files a scan reads."""

import io
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import FormatError
from wwwatch.scan.inputs import find_inputs


def names(found: list[object]) -> list[str]:
    return [Path(str(getattr(item, "path"))).name for item in found]  # noqa: B009


def test_files_patterns_and_folders(tmp_path: Path, spool: ExitStack) -> None:
    for name in ("a.log", "a.log.1", "b.log", ".hidden"):
        (tmp_path / name).write_text(name)
    (tmp_path / "inner").mkdir()
    assert names(find_inputs([str(tmp_path)], spool)) == ["a.log", "a.log.1", "b.log"]
    assert names(find_inputs([f"{tmp_path}/a*"], spool)) == ["a.log", "a.log.1"]
    found = find_inputs([f"{tmp_path}/b.log", f"{tmp_path}/*.log"], spool)
    assert names(found) == ["b.log", "a.log"]
    assert [item.is_named for item in found] == [True, False]


def test_a_file_of_two_names_is_read_once(tmp_path: Path, spool: ExitStack) -> None:
    (tmp_path / "a.log").write_text("x")
    (tmp_path / "b.log").symlink_to("a.log")
    (tmp_path / "c.log").hardlink_to(tmp_path / "a.log")
    assert names(find_inputs([str(tmp_path)], spool)) == ["a.log"]


def test_a_name_with_brackets_that_exists_is_no_pattern(tmp_path: Path, spool: ExitStack) -> None:
    (tmp_path / "a[1].log").write_text("x")
    assert names(find_inputs([f"{tmp_path}/a[1].log"], spool)) == ["a[1].log"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none.log", "cannot read .*none.log: No such file or directory: check the path"),
        ("none*", "no file is called .*none\\*: check the pattern"),
        ("empty", "the folder .*empty holds no files"),
        ("pipe", "cannot scan .*pipe: it is no regular file"),
    ],
)
def test_says_what_cannot_be_read(name: str, sentence: str, tmp_path: Path, spool: ExitStack) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match=sentence):
        find_inputs([f"{tmp_path}/{name}"], spool)


def test_standard_input_waits_in_a_file_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"line\n" * 1_000_000)))
    with ExitStack() as stack:
        (item,) = find_inputs(["-"], stack)
        path = Path(item.path)
        assert (item.name, item.size, path.read_bytes()[:10]) == ("standard input", 5_000_000, b"line\nline\n")
        assert "deleted" in str(path.readlink())  # so that nothing is left even by a scan that is killed
    assert not path.exists()


def test_ctrl_c_ends_the_wait_for_standard_input() -> None:
    program = """
import polars as pl  # its handler would let the read go on
from contextlib import ExitStack
from wwwatch.scan.inputs import find_inputs
print(pl.Series([1]).sum(), flush=True)
with ExitStack() as stack:
    find_inputs(["-"], stack)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == b"1\n"
        waiting = Path(f"/proc/{running.pid}/wchan")
        for _ in range(200):
            if "pipe" in waiting.read_text():
                break
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        try:
            running.wait(20)
        finally:
            running.kill()
    assert running.returncode == -signal.SIGINT
