"""`EmbeddedNode`: a real Elasticsearch for as long as a `with` block lasts."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import psutil

from core.clock import Clock
from core.errors import NodeError
from core.node.account import node_account, node_folder, reachable_cache
from core.node.distribution import Progress, install
from core.node.java import java_executable
from core.node.process import READY_SECONDS, Plan, launch_node, stop_process
from core.node.record import Record, remove_record, write_record
from core.settings import NodeSettings

log = logging.getLogger(__name__)

_PREFIX = "wwwatch-node-"
_OWNER = "owner.json"


class EmbeddedNode:
    """A node that lives as long as the `with` block, and never longer than this process, however that ends.

    Args:
        settings: Heap, port and data folder.
        cache: Folder of downloads; root, whose home is closed to the node's user, gets /var/cache/wwwatch in its place.
        state: Folder that keeps the node's data and tells other processes its address.
        temporary: Keep nothing: data in a folder of its own that goes with the node, and nobody else is told.
        progress: Told how the first download goes.
        ready_seconds: How long the node may take until it answers.
        java_options: Further options of the JVM.
        clock: Whose time is waited in.
    """

    def __init__(
        self,
        settings: NodeSettings,
        *,
        cache: Path,
        state: Path,
        temporary: bool = False,
        progress: Progress | None = None,
        ready_seconds: float = READY_SECONDS,
        java_options: tuple[str, ...] = (),
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._state = state
        self._temporary = temporary
        self._prepare: Callable[[Path], Plan] = lambda folder: prepare(
            settings,
            folder,
            cache=cache,
            progress=progress,
            ready_seconds=ready_seconds,
            java_options=java_options,
            clock=clock or Clock(),
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._record: Record | None = None
        self._folder: Path | None = None
        self._on_term: object = None

    @property
    def url(self) -> str:
        """The node's address, ``http://127.0.0.1:<port>``.

        Raises:
            NodeError: The node does not run.
        """
        if self._record is None:
            raise NodeError("the embedded node does not run", "use it inside its `with` block")
        return self._record.url

    @property
    def pid(self) -> int:
        """The number of the server's process.

        Raises:
            NodeError: The node does not run.
        """
        if self._record is None:
            raise NodeError("the embedded node does not run", "use it inside its `with` block")
        return self._record.pid

    def __enter__(self) -> Self:
        self._end_on_term()
        try:
            self._folder = self._make_folder()
            self._process, self._record = launch_node(self._prepare(self._folder), daemon=False)
            if not self._temporary:
                write_record(self._state, self._record)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _make_folder(self) -> Path:
        if not self._temporary:
            return node_folder(self._settings.data, self._state, node_account())
        _sweep()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        folder.chmod(0o711)
        owner = psutil.Process()
        (folder / _OWNER).write_text(json.dumps([owner.pid, owner.create_time()]), "utf-8")
        return folder

    def _end(self) -> None:
        if self._process is not None:
            stop_process(psutil.Process(self._process.pid) if self._process.poll() is None else None)
            self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()
        if self._record is not None and not self._temporary:
            remove_record(self._state, self._record.pid)
        if self._temporary and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._process = self._record = self._folder = None
        if self._on_term is not None:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._on_term = None

    def _end_on_term(self) -> None:
        # By default SIGTERM ends Python without leaving `with` blocks: the server would stop, its folder would stay.
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            self._on_term = signal.signal(signal.SIGTERM, _leave)


def prepare(
    settings: NodeSettings,
    folder: Path,
    *,
    cache: Path,
    progress: Progress | None = None,
    ready_seconds: float = READY_SECONDS,
    java_options: tuple[str, ...] = (),
    clock: Clock | None = None,
) -> Plan:
    """Bring the server and Java onto this machine and return the plan of a node in a folder.

    Args:
        settings: Heap and port.
        folder: The node's own folder.
        cache: Folder of downloads.
        progress: Told how the first download goes.
        ready_seconds: How long the node may take until it answers.
        java_options: Further options of the JVM.
        clock: Whose time is waited in.

    Raises:
        NodeError: They cannot be had.
    """
    account = node_account()
    downloads = reachable_cache(cache, account)
    java = java_executable(downloads, account)
    home = install(downloads, progress, settings.repository)
    return Plan(
        home, java, folder, account, settings.heap, settings.port, ready_seconds, java_options, clock or Clock()
    )


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


def _sweep() -> None:
    """Remove the folders of temporary nodes whose Python was killed; each of those nodes has ended with it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if folder.stat().st_uid != os.geteuid():
                continue
            pid, created = json.loads((folder / _OWNER).read_text("utf-8"))
            if Record(pid, created, "", "").process() is None:
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError, TypeError):
            log.debug("left alone: %s", folder)
