"""One server process: its folder, its start, the wait until it answers, its end."""

import logging
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from core.clock import Clock
from core.errors import NodeError
from core.node import launch
from core.node.account import Account
from core.node.record import Record, answers
from core.node.refusal import last_output, refusal, too_little_memory

log = logging.getLogger(__name__)

READY_SECONDS = 120.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.1
_JVM_BYTES = 250 << 20
"""What the JVM takes beside its heap: measured 550 MB resident with a heap of 512 MB of which half was touched."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a node's start needs to know."""

    home: Path
    java: Path
    folder: Path
    account: Account | None
    heap: str
    port: int
    ready_seconds: float = READY_SECONDS
    java_options: tuple[str, ...] = ()
    clock: Clock = field(default_factory=Clock)


def launch_node(plan: Plan, *, daemon: bool) -> tuple[subprocess.Popen[bytes], Record]:
    """Start a node and wait until it is ready.

    Args:
        plan: What to start.
        daemon: Whether it outlives this process.

    Raises:
        NodeError: It cannot start here or was not ready in time; nothing of it is left running.
    """
    if psutil.virtual_memory().available < launch.heap_bytes(plan.heap) + _JVM_BYTES:
        raise too_little_memory(plan.heap)
    _make_folder(plan)
    logged = _size(plan.folder / "logs" / "elasticsearch.log")
    process = _spawn(plan, daemon=daemon)
    try:
        url = _wait_ready(plan, process, logged)
        created = psutil.Process(process.pid).create_time()
    except BaseException:
        stop_process(psutil.Process(process.pid) if process.poll() is None else None)
        process.wait()
        _close(process)
        raise
    log.info("Elasticsearch answers at %s, process %d", url, process.pid)
    return process, Record(process.pid, created, url, str(plan.folder))


def stop_process(process: psutil.Process | None, seconds: float = STOP_SECONDS) -> None:
    """End a server: ask, wait, and only then force.

    Args:
        process: The server; None and one that has ended are fine.
        seconds: How long it may take to close its files.
    """
    if process is None:
        return
    try:
        process.terminate()
        process.wait(seconds)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        log.warning("Elasticsearch did not stop within %g s and is killed", seconds)
        process.kill()
        process.wait(seconds)


def _make_folder(plan: Plan) -> None:
    try:
        for name in ("config", "data", "logs", launch.TMP):
            path = plan.folder / name
            path.mkdir(parents=True, exist_ok=True)
            if plan.account:
                os.chown(path, plan.account.uid, plan.account.gid)
            path.chmod(0o700)
        config = plan.folder / "config" / "log4j2.properties"
        config.write_text(launch.LOG4J, "utf-8")
        config.chmod(0o644)
        (plan.folder / "logs" / "http.ports").unlink(missing_ok=True)
    except OSError as error:
        raise NodeError(
            f"cannot write the data folder {plan.folder}: {error.strerror}", "choose another with --data"
        ) from None


def _spawn(plan: Plan, *, daemon: bool) -> subprocess.Popen[bytes]:
    options = [*launch.java_options(plan.home, plan.folder, plan.heap), *plan.java_options]
    settings = launch.node_settings(plan.home, plan.folder, plan.port)
    arguments = launch.server_arguments(settings, plan.folder / "config", plan.folder / "logs", daemon=daemon)
    account = plan.account
    try:
        with (plan.folder / "logs" / "console.log").open("wb") as console:
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
    assert process.stdin is not None  # noqa: S101 - for the type checker: stdin=PIPE
    try:
        process.stdin.write(arguments)
        process.stdin.flush()
        if daemon:
            process.stdin.close()
    except BrokenPipeError:
        log.debug("the server ended before it read its arguments")  # the wait for it says why
    return process


def _environment(folder: Path) -> dict[str, str]:
    # not ours: JAVA_TOOL_OPTIONS would change the JVM, and our secrets are none of its business
    kept = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "LIBFFI_TMPDIR": str(folder / launch.TMP)}


def _wait_ready(plan: Plan, process: subprocess.Popen[bytes], logged: int) -> str:
    deadline = plan.clock.monotonic() + plan.ready_seconds
    while plan.clock.monotonic() < deadline:
        if process.poll() is not None:
            output = last_output(plan.folder / "logs", logged)
            raise refusal(output, process.returncode, folder=plan.folder, port=plan.port, heap=plan.heap)
        url = _address(plan.folder)
        if url and answers(url):
            return url
        plan.clock.sleep(_POLL_SECONDS)
    raise NodeError(
        f"Elasticsearch was not ready within {plan.ready_seconds:g} s", f"try again; its log is in {plan.folder}/logs"
    )


def _address(folder: Path) -> str | None:
    try:
        lines = (folder / "logs" / "http.ports").read_text("utf-8").split()
    except OSError:
        return None
    return f"http://{lines[0]}" if lines else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin and not process.stdin.closed:
        try:
            process.stdin.close()
        except BrokenPipeError:
            log.debug("unsent arguments of a server that ended at once")
