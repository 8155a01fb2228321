"""What every command gets: the settings, the clock, a way to Elasticsearch, and the signal to stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import FrameType
from typing import TYPE_CHECKING

from core.clock import Clock
from core.errors import NodeError
from core.settings import EsSettings, Settings

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@dataclass(frozen=True)
class Roof:
    """The world that a command works in."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)

    @contextmanager
    def es(self) -> "Iterator[Elasticsearch]":
        """Yield a client for the cluster of the settings, else for the running embedded node.

        Raises:
            NodeError: There is neither.
        """
        from core.client import connect  # noqa: PLC0415 - a scan needs none, and half a second is saved

        client = connect(self.es_settings())
        try:
            yield client
        finally:
            client.close()

    def es_settings(self) -> EsSettings:
        """Return where Elasticsearch is: the settings' cluster, else the running embedded node's address."""
        if self.settings.es.url:
            return self.settings.es
        from core.node import running_url  # noqa: PLC0415 - the embedded node is an extra

        url = running_url(self.settings.state)
        if url is None:
            raise NodeError("there is no Elasticsearch to talk to", "run `wwwatch es start`, or set --es-url")
        return self.settings.es.model_copy(update={"url": url})

    @cached_property
    def stop(self) -> threading.Event:
        """The event that SIGTERM and SIGINT set; a second signal ends the process at once.

        Asking for it takes these signals over, so that commands without a loop of their own keep the usual Ctrl-C.
        """
        stop = threading.Event()

        def handle(number: int, frame: FrameType | None) -> None:
            del frame
            stop.set()
            signal.signal(number, signal.SIG_DFL)

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)
        return stop
