"""An Elasticsearch to be mistreated: stopped, killed, and made to refuse."""

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from elasticsearch import ApiError, Elasticsearch, TransportError

from core.node import EmbeddedNode, StartOptions
from core.node.launch import SHORT_LIVED
from core.settings import NodeSettings

SHORT_QUEUE = {"thread_pool.write.queue_size": "2"}
"""So short that two writers at once fill it: some items of a bulk request are refused then, and others are not."""

REFUSED = "requests or parts of them answered 429"

TINY_PRESSURE = {"indexing_pressure.memory.limit": "2kb"}
"""Refuses every bulk request as a whole."""

_HOGS = 4
_HOG_BODY = ('{"index":{}}\n{"text":"' + "x" * 500 + '"}\n').encode() * 300
_BULK = {"content-type": "application/json", "accept": "application/json"}


class Server:
    """A node that keeps its data and its address from one start to the next.

    Args:
        folder: The node's folder; others may enter it.
        cache: Folder of downloads.
        stream: The data stream that is refused.
    """

    def __init__(self, folder: Path, cache: Path, stream: str) -> None:
        self._folder = folder
        self._cache = cache
        self._stream = stream
        self._stack = ExitStack()
        self._port = 0
        self._node: EmbeddedNode | None = None
        self.counts: Counter[str] = Counter()
        self.url = ""

    def start(self, extra: dict[str, str] = SHORT_QUEUE) -> None:
        """Start it, with further settings as in elasticsearch.yml."""
        config = self._folder / "config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "elasticsearch.yml").write_text("".join(f"{name}: {value}\n" for name, value in extra.items()))
        (config / "elasticsearch.yml").chmod(0o644)
        settings = NodeSettings(port=self._port, data=self._folder)
        options = StartOptions(java_options=SHORT_LIVED)
        node = EmbeddedNode(settings, cache=self._cache, state=self._folder, options=options)
        self._node = self._stack.enter_context(node)
        self.url = node.url
        self._port = int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        """Stop it as an operator would."""
        self._stack.close()
        self._node = None

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._node is not None
        process = psutil.Process(self._node.record.pid)
        process.send_signal(signal.SIGKILL)
        with suppress(psutil.Error):
            process.wait(20)
        self.stop()

    def client(self) -> Elasticsearch:
        """Return a client."""
        return Elasticsearch(self.url, request_timeout=20, max_retries=0)

    def rollover(self) -> None:
        """Give the data stream a new write index."""
        with self.client() as client:
            client.indices.rollover(alias=self._stream)
        self.counts["rollover"] += 1

    @contextmanager
    def refusing(self, way: str) -> Iterator[None]:
        """Refuse lines for as long as the block lasts, in one of `WAYS`."""
        before = self._refused()
        with WAYS[way](self):
            self.counts[way] += 1
            yield
            self.counts[REFUSED] += max(0, self._refused() - before)

    def _refused(self) -> int:
        """Return how often this start of the server has answered 429, to parts of requests as well."""
        with self.client() as client:
            (node,) = client.nodes.stats(metric="breaker,thread_pool")["nodes"].values()
        tripped = node["breakers"]["inflight_requests"]["tripped"]
        return int(tripped + node["thread_pool"]["write"]["rejected"])

    def wait_stream(self) -> None:
        """Wait until the data stream is there."""
        with self.client() as client:
            _again(lambda: _set_index(client, self._stream, _NO_BLOCKS), times=60)

    def allow(self) -> None:
        """Take back every refusal that may have outlived a restart."""
        with self.client() as client:
            _set_index(client, self._stream, _NO_BLOCKS)
            _set_cluster(client, None)


_NO_BLOCKS = {"index.blocks.write": None, "index.blocks.read_only_allow_delete": None}


def _set_index(client: Elasticsearch, stream: str, settings: dict[str, Any]) -> None:
    client.indices.put_settings(index=stream, settings=settings)


def _set_cluster(client: Elasticsearch, limit: str | None) -> None:
    client.cluster.put_settings(transient={"network.breaker.inflight_requests.limit": limit})


def _blocked(block: str) -> Callable[[Server], Any]:
    @contextmanager
    def refuse(server: Server) -> Iterator[None]:
        with server.client() as client:
            _set_index(client, server._stream, {block: True})
        yield
        _again(server.allow)

    return refuse


@contextmanager
def _breaker(server: Server) -> Iterator[None]:
    """Answer 429 to every request of some size: the circuit breaker of requests in flight."""
    with server.client() as client:
        _set_cluster(client, "2kb")
    yield
    _again(server.allow)


@contextmanager
def _hogged(server: Server) -> Iterator[None]:
    """Keep the short queue of writers full."""
    stop = threading.Event()

    def hog() -> None:
        with server.client() as client:
            while not stop.is_set():
                with suppress(ApiError, TransportError):
                    client.perform_request("POST", "/hog/_bulk", headers=_BULK, body=_HOG_BODY)

    threads = [threading.Thread(target=hog) for _ in range(_HOGS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _again(work: Callable[[], None], times: int = 20) -> None:
    """Do what must be done, also where the server is refusing that, too."""
    for left in reversed(range(times)):
        try:
            return work()
        except (ApiError, TransportError):
            if not left:
                raise
            threading.Event().wait(0.5)
    return None


WAYS: dict[str, Callable[[Server], Any]] = {
    "write-block": _blocked("index.blocks.write"),
    "flood-block": _blocked("index.blocks.read_only_allow_delete"),
    "breaker-429": _breaker,
    "full-queue-429": _hogged,
}
"""By name: how Elasticsearch refuses."""
