"""`EmbeddedNode`: a real Elasticsearch for as long as a `with` block lasts."""

import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import psutil

from core.errors import NodeError
from core.node.account import node_account, node_folder, reachable_cache
from core.node.distribution import install
from core.node.java import java_executable
from core.node.launch import SHORT_LIVED
from core.node.process import Server
from core.node.record import Record, claimed, remove_record, write_record
from core.node.spawn import Plan, StartOptions
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
        temporary: Keep nothing: data in a folder of its own that goes with the node, and nobody else is told. Where it
            cannot start, the folder with its log stays until the next temporary node clears it.
        options: How the start goes.
    """

    def __init__(
        self,
        settings: NodeSettings,
        *,
        cache: Path,
        state: Path,
        temporary: bool = False,
        options: StartOptions | None = None,
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._state = state
        self._temporary = temporary
        self._options = options or StartOptions()
        self._server: Server | None = None
        self._record: Record | None = None
        self._folder: Path | None = None
        self._handles_term = False

    @property
    def record(self) -> Record:
        """The node's process, address and folder.

        Raises:
            NodeError: The node does not run.
        """
        if self._record is None:
            raise NodeError("the embedded node does not run", "use it inside its `with` block")
        return self._record

    @property
    def url(self) -> str:
        """The node's address, ``http://127.0.0.1:<port>``.

        Raises:
            NodeError: The node does not run.
        """
        return self.record.url

    def wait(self, stop: threading.Event, poll_seconds: float = 0.5) -> None:
        """Wait until `stop` is set.

        Raises:
            NodeError: The server ended by itself; the error says why.
        """
        while self._server is not None and not self._options.clock.sleep(poll_seconds, stop):
            self._server.check()

    def __enter__(self) -> Self:
        self._end_on_term()
        try:
            if self._temporary:
                self._start(_temporary_folder())
            else:
                with claimed(self._state):
                    folder = node_folder(self._settings.data, self._state, node_account())
                    if self._options.empty:
                        shutil.rmtree(folder / "data", ignore_errors=True)
                    self._start(folder)
                    write_record(self._state, self.record)
        except NodeError:
            self._end(keep_log=True)
            raise
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self, folder: Path) -> None:
        self._folder = folder
        options = self._options
        if self._temporary:
            options = replace(options, java_options=(*SHORT_LIVED, *options.java_options))
        self._server = Server.start(prepare(self._settings, folder, self._cache, options), daemon=False)
        self._record = self._server.record(self._server.wait_ready())

    def _end(self, *, keep_log: bool = False) -> None:
        if self._server is not None:
            self._server.end()
        if self._record is not None and not self._temporary:
            remove_record(self._state, self._record.pid)
        if self._folder is not None and self._temporary and not keep_log:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._server = self._record = self._folder = None
        if self._handles_term:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._handles_term = False

    def _end_on_term(self) -> None:
        # By default SIGTERM ends Python without leaving `with` blocks: the server would stop, its folder would stay.
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _leave)
            self._handles_term = True


def prepare(settings: NodeSettings, folder: Path, cache: Path, options: StartOptions) -> Plan:
    """Bring the server and Java onto this machine and return the plan of a node.

    Args:
        settings: Heap and port.
        folder: The node's own folder.
        cache: Folder of downloads.
        options: How the start goes.

    Raises:
        NodeError: They cannot be had.
    """
    account = node_account()
    downloads = reachable_cache(cache, account)
    java = java_executable(downloads, account)
    home = install(downloads, options.progress, settings.repository)
    return Plan(home, java, folder, account, settings.heap, settings.port, options)


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


def _temporary_folder() -> Path:
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    owner = psutil.Process()
    (folder / _OWNER).write_text(json.dumps([owner.pid, owner.create_time()]), "utf-8")
    return folder


def _sweep() -> None:
    """Remove the folders of temporary nodes whose Python was killed; each of those nodes has ended with it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if folder.lstat().st_uid != os.geteuid():
                continue
            pid, created = json.loads((folder / _OWNER).read_text("utf-8"))
            if Record(pid, created, "", "").process() is None:
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError, TypeError):
            log.debug("left alone: %s", folder)
