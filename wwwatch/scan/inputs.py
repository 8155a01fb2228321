"""The files to scan: names, patterns, folders and standard input become a list of files."""

import glob
import os
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from core.errors import FormatError

STDIN = "-"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Input:
    """One file.

    Attributes:
        name: As the user knows it.
        path: Where its bytes are.
        is_named: Whether she named this very file, and not a folder or a pattern that it is in.
    """

    name: str
    path: str
    is_named: bool

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return os.stat(self.path).st_size  # noqa: PTH116 - a name may hold bytes that are not UTF-8


def find_inputs(names: Sequence[str], spool: ExitStack) -> list[Input]:
    """Return each file once, in the order of the names.

    Args:
        names: Files, patterns with ``*``, ``?`` or ``[...]``, folders (their files, not those of folders in them),
            and ``-`` for standard input.
        spool: Closes the temporary file that standard input is written to, for it is read twice.

    Raises:
        FormatError: There is no such file, or nothing in a folder.
    """
    found: dict[tuple[int, int], Input] = {}
    for name in names:
        if name == STDIN:
            item = Input("standard input", _spool(spool), is_named=True)
            found[_key(item.path)] = item
            continue
        for path, is_named in _expand(name):
            found.setdefault(_key(path), Input(path, path, is_named))
    return list(found.values())


def _expand(name: str) -> Iterator[tuple[str, bool]]:
    if not os.path.lexists(name) and glob.has_magic(name):
        paths, is_named = sorted(glob.glob(name)), False  # noqa: PTH207 - names may hold bytes that are not UTF-8
    else:
        paths, is_named = [name], True
    if not paths:
        raise FormatError(f"no file is called {name}", "check the pattern")
    for path in paths:
        if Path(path).is_dir():
            yield from ((each, False) for each in _files_in(path))
        else:
            _check(path)
            yield path, is_named


def _files_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            files = sorted(each.path for each in entries if each.is_file() and not each.name.startswith("."))
    except OSError as error:
        raise FormatError(f"cannot read {folder}: {error.strerror}", "check its permissions") from None
    if not files:
        raise FormatError(f"the folder {folder} holds no files", "name another one, or a file")
    return files


def _check(path: str) -> None:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a name may hold bytes that are not UTF-8
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror}", "check the path") from None
    if not stat.S_ISREG(mode):
        raise FormatError(f"cannot scan {path}: it is no regular file", f"pipe it in: wwwatch scan - < {path}")


def _key(path: str) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 - a name may hold bytes that are not UTF-8
    return status.st_dev, status.st_ino


def _spool(spool: ExitStack) -> str:
    file = spool.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    # polars' handler of Ctrl-C lets a read go on that waits for input.
    signal.siginterrupt(signal.SIGINT, True)
    while data := sys.stdin.buffer.read(_PIECE):
        file.write(data)
    file.flush()
    return f"/dev/fd/{file.fileno()}"  # without a name of its own, nothing is left however the scan ends
