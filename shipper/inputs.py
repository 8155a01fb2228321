"""Standard input, syslog and named pipes as inputs beside files: what they send is spooled, and the spool followed."""

import glob
import os
import socket
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from core.clock import Clock
from core.errors import DeliveryError
from core.settings import Settings
from shipper.receive import Receiver
from shipper.spool import SUFFIX, Spool, folder_of

STDIN = "-"
SCHEMES = ("udp", "tcp", "unix")
_BACKLOG = 128
_BUFFER_BYTES = 4 << 20
"""Datagrams that the system may keep while the disk is written to."""


@dataclass(slots=True)
class Inputs:
    """What to follow, and until when.

    Attributes:
        patterns: Paths and patterns, among them the spool's.
        until: Set when it is time to end: the signal to stop was given, or the last input came to its end.
        receivers: The threads that receive.
    """

    patterns: list[str]
    until: threading.Event
    receivers: list[Receiver] = field(default_factory=list)

    @property
    def are_over(self) -> bool:
        """Whether there were inputs, and all of them came to their end."""
        return bool(self.receivers) and all(receiver.is_over for receiver in self.receivers)


@contextmanager
def open_inputs(
    settings: Settings,
    specs: Sequence[str],
    clock: Clock,
    stop: threading.Event,
    *,
    once: bool = False,
    stdin: int = 0,
) -> Iterator[Inputs]:
    """Receive in the background for as long as the block lasts; what earlier runs left in the spool is followed, too.

    Args:
        settings: `state` and `ship` say where the spool is and how large it may become.
        specs: Paths and patterns of files; ``-`` for standard input, ``udp://host:port``, ``tcp://host:port`` and
            ``unix:///path`` for syslog; a path that leads to a named pipe is read as an input, too.
        clock: For waiting.
        stop: Ends receiving.
        once: All inputs must come to an end.
        stdin: The descriptor of standard input.

    Raises:
        DeliveryError: An input cannot be opened, or with `once` never ends.
    """
    root = settings.state / "spool" / settings.ship.namespace
    names = [spec for spec in dict.fromkeys(specs) if _is_input(spec)]
    paths = [spec for spec in specs if not _is_input(spec)]
    endless = next((name for name in names if name != STDIN), None)
    if once and endless:
        raise DeliveryError(f"{endless} never ends", "leave --once out")
    inputs = Inputs([*paths], threading.Event() if names else stop)
    if names or root.is_dir():
        inputs.patterns.append(f"{glob.escape(str(root.absolute()))}/*/*{SUFFIX}")
    closing = threading.Event()

    def ended() -> None:
        is_failed = any(receiver.failure for receiver in inputs.receivers)
        if is_failed or stop.is_set() or closing.is_set() or (inputs.are_over and (once or not paths)):
            inputs.until.set()

    with ExitStack() as stack:
        sources = [(name, stdin if name == STDIN else stack.enter_context(_opened(name))) for name in names]
        for name, source in sources:
            spool = _spool(folder_of(root, "stdin" if name == STDIN else name), settings.ship.spool_bytes)
            either = _Either(stop, closing)
            inputs.receivers.append(Receiver(name, source, spool, clock=clock, stop=either, ended=ended))
        try:
            for receiver in inputs.receivers:
                receiver.start()
            yield inputs
        finally:
            closing.set()
            for receiver in inputs.receivers:
                receiver.join()
        for receiver in inputs.receivers:
            if receiver.failure:
                raise DeliveryError(f"{receiver.name} ended: {receiver.failure}", "start again; nothing is lost")


class _Either(threading.Event):
    """Set when one of two events is."""

    def __init__(self, one: threading.Event, other: threading.Event) -> None:
        super().__init__()
        self._events = (one, other)

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)

    def wait(self, timeout: float | None = None) -> bool:
        self._events[0].wait(timeout)
        return self.is_set()


def _is_input(spec: str) -> bool:
    if spec == STDIN or spec.partition("://")[0] in SCHEMES:
        return True
    try:
        return stat.S_ISFIFO(os.stat(spec).st_mode)  # noqa: PTH116 - a name may hold bytes that are not UTF-8
    except OSError:
        return False


def _spool(folder: Path, limit: int) -> Spool:
    try:
        return Spool(folder, limit)
    except OSError as error:
        raise DeliveryError(f"cannot use the spool {folder}: {error.strerror}", "check WWWATCH_STATE") from None


@contextmanager
def _opened(spec: str) -> Iterator[socket.socket | int]:
    scheme = spec.partition("://")[0]
    try:
        opened = _listen(urlsplit(spec)) if scheme in SCHEMES else os.open(spec, os.O_RDWR | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DeliveryError(f"cannot listen on {spec}: {reason}", "choose another address, as in --help") from None
    try:
        yield opened
    finally:
        if isinstance(opened, int):
            os.close(opened)
        else:
            opened.close()
        if scheme == "unix":
            Path(urlsplit(spec).path).unlink(missing_ok=True)


def _listen(url: SplitResult) -> socket.socket:
    if url.scheme == "unix":
        return _listen_local(url.path)
    if url.port is None or not url.hostname:
        raise ValueError("it names no host and port")
    kind = socket.SOCK_DGRAM if url.scheme == "udp" else socket.SOCK_STREAM
    family, _, _, _, address = socket.getaddrinfo(url.hostname, url.port, type=kind)[0]
    listener = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        listener.bind(address)
        if kind == socket.SOCK_STREAM:
            listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _listen_local(path: str) -> socket.socket:
    if _is_served(path):
        raise ValueError("another process listens there, or it is no socket")
    Path(path).unlink(missing_ok=True)  # nobody listens: it is left over
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        listener.bind(path)
        Path(path).chmod(0o666)  # as /dev/log: the web server's workers are other users
    except BaseException:
        listener.close()
        raise
    return listener


def _is_served(path: str) -> bool:
    if not Path(path).is_socket():
        return Path(path).exists()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return False
    return True
