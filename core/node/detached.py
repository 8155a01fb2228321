"""The node of `wwwatch es start`: it goes on when the command has ended, until `wwwatch es stop`."""

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from core.clock import Clock
from core.errors import NodeError
from core.node.account import node_account, node_folder
from core.node.distribution import VERSION, Progress
from core.node.embedded import prepare
from core.node.process import READY_SECONDS, launch_node, stop_process
from core.node.record import answers, read_record, remove_record, write_record
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


def start(
    settings: NodeSettings,
    *,
    cache: Path,
    state: Path,
    progress: Progress | None = None,
    ready_seconds: float = READY_SECONDS,
    clock: Clock | None = None,
) -> NodeStatus:
    """Start the state folder's node and leave it running; when one runs already, return that one.

    Args:
        settings: Heap, port and data folder.
        cache: Folder of downloads.
        state: Folder that keeps the node's data and tells other processes its address.
        progress: Told how the first download goes.
        ready_seconds: How long the node may take until it answers.
        clock: Whose time is waited in.

    Raises:
        NodeError: It cannot be had or started.
    """
    with _locked(state):
        running = status(state)
        if running.is_running:
            return running
        folder = node_folder(settings.data, state, node_account())
        plan = prepare(settings, folder, cache=cache, progress=progress, ready_seconds=ready_seconds, clock=clock)
        process, record = launch_node(plan, daemon=True)
        process.returncode = 0  # it is meant to outlive us: without this Python warns of a child left behind
        write_record(state, record)
        return status(state)


def stop(state: Path) -> bool:
    """Stop the state folder's node and return whether one ran.

    Raises:
        NodeError: It belongs to another user.
    """
    with _locked(state):
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
    return NodeStatus(
        is_running=True, is_ready=answers(record.url), url=record.url, pid=record.pid, folder=record.folder
    )


def _locked(state: Path) -> FileLock:
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NodeError(f"cannot write the state folder {state}: {error.strerror}", "set WWWATCH_STATE") from None
    return FileLock(state / "node.lock")
