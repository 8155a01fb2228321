"""The node of `wwwatch es start`: it goes on when the command has ended, until `wwwatch es stop`."""

from dataclasses import dataclass
from pathlib import Path

from core.node.account import node_account, node_folder
from core.node.distribution import VERSION
from core.node.embedded import prepare
from core.node.process import Server, stop_process
from core.node.record import answers, claimed, locked_state, read_record, remove_record, write_record
from core.node.spawn import StartOptions
from core.settings import NodeSettings


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What is known of the state folder's node; `is_ready` says whether it answers, the others are None without one."""

    is_running: bool
    is_ready: bool = False
    url: str | None = None
    pid: int | None = None
    folder: str | None = None
    version: str = VERSION


def start(settings: NodeSettings, *, cache: Path, state: Path, options: StartOptions | None = None) -> NodeStatus:
    """Start the state folder's node and leave it running.

    Args:
        settings: Heap, port and data folder.
        cache: Folder of downloads.
        state: Folder that keeps the node's data and tells other processes its address.
        options: How the start goes.

    Raises:
        NodeError: It cannot be had or started, or one runs already.
    """
    with claimed(state):
        folder = node_folder(settings.data, state, node_account())
        server = Server.start(prepare(settings, folder, cache, options or StartOptions()), daemon=True)
        try:
            write_record(state, server.record(""))  # from here on `stop` finds it, whatever becomes of us
            record = server.record(server.wait_ready())
            write_record(state, record)
        except BaseException:
            server.end()
            remove_record(state, server.record("").pid)
            raise
        server.let_go()
    return status(state)


def stop(state: Path) -> bool:
    """Stop the state folder's node and return whether one ran.

    Raises:
        NodeError: It belongs to another user.
    """
    with locked_state(state):
        record = read_record(state)
        process = record.process() if record else None
        if record is None or process is None:
            return False
        stop_process(process)
        remove_record(state, record.pid)
        return True


def status(state: Path) -> NodeStatus:
    """Return what is known of the state folder's node."""
    record = read_record(state)
    if record is None or record.process() is None:
        return NodeStatus(is_running=False)
    url = record.address()
    return NodeStatus(is_running=True, is_ready=answers(url), url=url or None, pid=record.pid, folder=record.folder)
