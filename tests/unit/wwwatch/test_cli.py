"""The command line's edge: exit codes, one sentence for an error, nothing that drives a terminal."""

import logging
import signal
import subprocess
import sys

import pytest

from core.text import printable
from wwwatch.logs import PrintableFormatter

NOBODY = "http://127.0.0.1:1"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wwwatch", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_command_that_says_it_failed_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WWWATCH_SMTP_TO", "admin@example.org")
    done = run("--es-url", NOBODY, "alert", "run", "--once", "--json")
    assert '"failed"' in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize("arguments", [("incidents", "list"), ("models", "list"), ("train",), ("detect", "--once")])
def test_without_elasticsearch_there_is_one_sentence(arguments: tuple[str, ...]) -> None:
    done = run("--es-url", NOBODY, *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()
    assert "no answer from Elasticsearch" in sentence


def test_help_and_wrong_use_have_their_own_codes() -> None:
    assert run("--help").returncode == 0
    assert run("incidents", "--nonsense").returncode == 2


def test_a_log_line_shows_what_would_drive_the_terminal() -> None:
    record = logging.LogRecord(
        "shipper", logging.WARNING, "", 0, "refused: %s", ("\x1b]0;owned\x07\nfalse line",), None
    )
    shown = PrintableFormatter("%(levelname)s %(message)s").format(record)
    assert shown == r"WARNING refused: \x1b]0;owned\x07\nfalse line"
    assert printable(shown) == shown


def test_detect_waits_for_elasticsearch_until_told_to_stop() -> None:
    command = [sys.executable, "-m", "wwwatch", "--es-url", NOBODY, "detect"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "trying again" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert "Traceback" not in process.stderr.read()
    assert process.returncode == 0


def test_a_reader_that_leaves_ends_it_without_a_word() -> None:
    command = [sys.executable, "-m", "wwwatch", "simulate", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == -signal.SIGPIPE
