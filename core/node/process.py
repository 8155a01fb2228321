"""One server process: its start, the wait until it answers, its end."""

import logging
import subprocess
from typing import Self

import psutil

from core.errors import NodeError
from core.node import launch
from core.node.record import Record, answers, read_address
from core.node.refusal import last_output, refusal, too_little_memory
from core.node.spawn import Plan, make_folder, spawn, with_last_port

log = logging.getLogger(__name__)

STOP_SECONDS = 20.0
_POLL_SECONDS = 0.1
_JVM_BYTES = 250 << 20
"""What the JVM takes beside its heap: 550 MB were resident with a heap of 512 MB of which about half was touched."""


class Server:
    """A server process that this Python started.

    Args:
        plan: What it was started from.
        process: The process.
        logged: Size of the node's log before this start, in bytes.
    """

    def __init__(self, plan: Plan, process: subprocess.Popen[bytes], logged: int) -> None:
        self._plan = plan
        self._process = process
        self._logged = logged
        self._created = psutil.Process(process.pid).create_time()

    @classmethod
    def start(cls, plan: Plan, *, daemon: bool) -> Self:
        """Start a server and return at once.

        Args:
            plan: What to start.
            daemon: Whether it outlives this Python; without it, it ends with it, however that ends.

        Raises:
            NodeError: It cannot be started here.
        """
        if psutil.virtual_memory().available < launch.heap_bytes(plan.heap) + _JVM_BYTES:
            raise too_little_memory(plan.heap)
        plan = with_last_port(plan)
        make_folder(plan)
        path = plan.folder / "logs" / "elasticsearch.log"
        logged = path.stat().st_size if path.is_file() else 0
        return cls(plan, spawn(plan, daemon=daemon), logged)

    def record(self, url: str) -> Record:
        """Return what is to be written down about this server."""
        return Record(self._process.pid, self._created, url, str(self._plan.folder))

    def wait_ready(self) -> str:
        """Wait until the server is ready for work and return its address.

        Raises:
            NodeError: It ended, was not ready in time, or the start was given up; it is ended then.
        """
        try:
            return self._wait_answer()
        except BaseException:
            self.end()
            raise

    def _wait_answer(self) -> str:
        options = self._plan.options
        deadline = options.clock.monotonic() + options.ready_seconds
        while options.clock.monotonic() < deadline:
            self.check()
            url = read_address(self._plan.folder)
            if url and answers(url):
                log.info("Elasticsearch answers at %s, process %d", url, self._process.pid)
                return url
            if options.clock.sleep(_POLL_SECONDS, options.stop):
                raise NodeError("the start of Elasticsearch was interrupted", "start it again")
        raise NodeError(
            f"Elasticsearch was not ready within {options.ready_seconds:g} s",
            f"try again when the machine is less busy; its log is in {self._plan.folder / 'logs'}",
        )

    def check(self) -> None:
        """Do nothing while the server runs.

        Raises:
            NodeError: It ended; the error says why.
        """
        code = self._process.poll()
        if code is not None:
            plan = self._plan
            output = last_output(plan.folder, self._logged)
            raise refusal(output, code, folder=plan.folder, port=plan.port, heap=plan.heap)

    def end(self) -> None:
        """Stop the server and wait until it is gone."""
        if self._process.poll() is None:
            stop_process(psutil.Process(self._process.pid))
        self._process.wait()
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                log.debug("the server ended before it had read its arguments")

    def let_go(self) -> None:
        """Leave a daemon running: without this Python would warn of a child that it left behind."""
        self._process.returncode = 0


def stop_process(process: psutil.Process, seconds: float = STOP_SECONDS) -> None:
    """End a server: ask, wait, and only then force.

    Args:
        process: The server; one that has ended already is fine.
        seconds: How long it may take to close its files.

    Raises:
        NodeError: It belongs to another user.
    """
    try:
        process.terminate()
        process.wait(seconds)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied:
        raise NodeError(
            f"cannot stop process {process.pid}: it belongs to another user", "stop it as the user who started it"
        ) from None
    except psutil.TimeoutExpired:
        log.warning("Elasticsearch did not stop within %g s and is killed", seconds)
        process.kill()
        process.wait(seconds)
