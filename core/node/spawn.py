"""Starting the server's process: its folder, its options, its user, its environment."""

import logging
import os
import socket
import subprocess
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from core.clock import Clock
from core.errors import NodeError
from core.node import launch
from core.node.account import Account
from core.node.distribution import Progress
from core.node.record import read_address

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StartOptions:
    """How a start goes; none of it outlives the start.

    Attributes:
        progress: Told how the first download goes.
        stop: When set, the start is given up.
        ready_seconds: How long the node may take until it answers.
        java_options: Further options of the JVM.
        empty: Begin without what an earlier run on the same data folder kept.
        clock: Whose time is waited in.
    """

    progress: Progress | None = None
    stop: threading.Event | None = None
    ready_seconds: float = 120.0
    java_options: tuple[str, ...] = ()
    empty: bool = False
    clock: Clock = field(default_factory=Clock)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is started: the unpacked server, its Java, the node's own folder, whom it runs as, and its size and port."""

    home: Path
    java: Path
    folder: Path
    account: Account | None
    heap: str
    port: int
    options: StartOptions = field(default_factory=StartOptions)


def make_folder(plan: Plan) -> None:
    """Make the node's folder: what we write belongs to us, and only data, logs and tmp to the node's user.

    For root that matters: in a folder of the node's user, a link planted there would make root write elsewhere.

    Args:
        plan: Whose folder.

    Raises:
        NodeError: It cannot be written.
    """
    try:
        (plan.folder / "config").mkdir(parents=True, exist_ok=True)
        (plan.folder / "config" / "log4j2.properties").write_text(launch.LOG4J, "utf-8")
        for name in ("data", "logs", launch.TMP):
            path = plan.folder / name
            path.mkdir(exist_ok=True)
            path.chmod(0o700)
            if plan.account:
                os.chown(path, plan.account.uid, plan.account.gid)
        (plan.folder / "logs" / "http.ports").unlink(missing_ok=True)
        if plan.account:
            for name, mode in ((".", 0o711), ("config", 0o755), ("config/log4j2.properties", 0o644)):
                (plan.folder / name).chmod(mode)
    except OSError as error:
        raise NodeError(
            f"cannot write the data folder {plan.folder}: {error.strerror}", "choose another with --data"
        ) from None


def with_last_port(plan: Plan) -> Plan:
    """Return the plan with the port of the node's last run, where none is given and that one is free.

    So whoever talked to it before finds it again.
    """
    url = read_address(plan.folder)
    port = urlsplit(url).port if url and not plan.port else None
    if port is None:
        return plan
    try:
        with socket.create_server(("127.0.0.1", port)):
            return replace(plan, port=port)
    except OSError:
        return plan


def spawn(plan: Plan, *, daemon: bool) -> subprocess.Popen[bytes]:
    """Start the server's JVM and send it its arguments.

    Args:
        plan: What to start.
        daemon: Whether it outlives this Python.

    Raises:
        NodeError: Java cannot be run.
    """
    options = [*launch.java_options(plan.home, plan.folder, plan.heap), *plan.options.java_options]
    account = plan.account
    try:
        with (plan.folder / "console.log").open("wb") as console:
            process = subprocess.Popen(
                launch.command(plan.java, options),
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=plan.home,
                env=_environment(plan.folder),
                start_new_session=True,  # the terminal's Ctrl-C is for us; we end the server ourselves
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
    except OSError as error:
        raise NodeError(f"cannot run Java at {plan.java}: {error.strerror}", "reinstall `wwwatch[embedded]`") from None
    _send_arguments(process, launch.node_arguments(plan.home, plan.folder, plan.port, daemon=daemon), close=daemon)
    return process


def _send_arguments(process: subprocess.Popen[bytes], arguments: bytes, *, close: bool) -> None:
    assert process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
    try:
        process.stdin.write(arguments)
        process.stdin.flush()
        if close:
            process.stdin.close()
    except BrokenPipeError:
        log.debug("the server ended before it had read its arguments")  # the wait for it says why


def _environment(folder: Path) -> dict[str, str]:
    # not ours: JAVA_TOOL_OPTIONS would change the JVM, and our secrets are none of its business
    kept = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "LIBFFI_TMPDIR": str(folder / launch.TMP)}
