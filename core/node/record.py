"""What is written down about a running node, so that other processes find it: `node.json` in the state folder."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from core.errors import NodeError

_NAME = "node.json"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach this machine's loopback


@dataclass(frozen=True, slots=True)
class Record:
    """A node's process and address; `created` tells its process from a later one with the same number."""

    pid: int
    created: float
    url: str
    folder: str

    def address(self) -> str:
        """Return where it answers; where that was not written down yet, what the node itself says, or nothing."""
        return self.url or read_address(Path(self.folder)) or ""

    def process(self) -> psutil.Process | None:
        """Return the process if it still runs and is the one that was written down."""
        try:
            process = psutil.Process(self.pid)
            # the tolerance covers the rounding of the boot time that the system computes it from
            same = abs(process.create_time() - self.created) < 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def read_address(folder: Path) -> str | None:
    """Return the address that a node has written into its folder; None before it listens."""
    # the file belongs to the node's user: take nothing from it but a port
    try:
        text = (folder / "logs" / "http.ports").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    match = re.search(r"^127\.0\.0\.1:(\d{1,5})$", text, re.MULTILINE)
    return f"http://127.0.0.1:{match[1]}" if match else None


def read_record(state: Path) -> Record | None:
    """Return the node that is written down in a state folder; None when there is none or it is unreadable."""
    try:
        return Record(**json.loads((state / _NAME).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_record(state: Path, record: Record) -> None:
    """Write a node down, whole or not at all.

    Raises:
        NodeError: The state folder cannot be written.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        draft = state / f"{_NAME}.{record.pid}"
        draft.write_text(json.dumps(asdict(record)), "utf-8")
        draft.replace(state / _NAME)
    except OSError as error:
        raise NodeError(f"cannot write the state folder {state}: {error.strerror}", "set WWWATCH_STATE") from None


def remove_record(state: Path, pid: int) -> None:
    """Forget a node, unless another one has been written down since."""
    record = read_record(state)
    if record is not None and record.pid == pid:
        (state / _NAME).unlink(missing_ok=True)


def answers(url: str, seconds: float = 5.0) -> bool:
    """Say whether a node answers and is ready for work.

    Args:
        url: Its address.
        seconds: How long to wait for the answer.
    """
    query = f"{url}/_cluster/health?wait_for_status=yellow&timeout={int(seconds * 1000)}ms"
    try:
        with _OPENER.open(query, timeout=seconds) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP OK
    except (OSError, ValueError, urllib.error.URLError):
        return False


def running_url(state: Path) -> str | None:
    """Return the address of the state folder's running node, or None when none runs and answers."""
    record = read_record(state)
    if record is None or record.process() is None:
        return None
    url = record.address()
    return url if answers(url) else None


@contextmanager
def locked_state(state: Path) -> Iterator[None]:
    """Hold the state folder's lock, so that one process at a time starts or stops its node.

    Raises:
        NodeError: The folder cannot be made or written.
    """
    lock = FileLock(state / "node.lock")
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise NodeError(f"cannot write the state folder {state}: {error.strerror}", "set WWWATCH_STATE") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def claimed(state: Path) -> Iterator[None]:
    """Hold the state folder's lock for starting its node.

    Raises:
        NodeError: A node runs already, or the folder cannot be written.
    """
    with locked_state(state):
        record = read_record(state)
        if record is not None and record.process() is not None:
            where = record.address() or f"process {record.pid}"
            raise NodeError(f"a node of {state} runs already ({where})", "use it, or stop it with `wwwatch es stop`")
        yield
