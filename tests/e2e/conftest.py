"""The whole chain as processes: a node of its own, the mail server, and a trained model."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from core.client import connect
from core.clock import Clock
from core.documents import access_stream
from core.node import EmbeddedNode
from core.settings import EsSettings, NodeSettings
from tests.conftest import OUTSIDE
from wwwatch.demo.mailbox import Mailbox
from wwwatch.demo.parts import Parts


@dataclass(frozen=True)
class House:
    """What the tests of a module share: a node with templates and a live model."""

    url: str
    client: Elasticsearch


@dataclass(frozen=True)
class Chain:
    """What a test drives."""

    client: Elasticsearch
    parts: Parts
    mailbox: Mailbox
    folder: Path
    namespace: str

    @property
    def stream(self) -> str:
        """The data stream that this test's lines go to."""
        return access_stream(self.namespace)


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node of its own, so that no other test's incidents are mailed."""
    cache = request.config.stash[OUTSIDE].cache
    folder = tmp_path_factory.mktemp("house")
    node = EmbeddedNode(NodeSettings(), cache=cache, state=folder, temporary=True)
    with node, connect(EsSettings(url=node.url)) as client:
        parts = Parts(folder, {"WWWATCH_ES_URL": node.url, "WWWATCH_STATE": str(folder)})
        parts.run("setup")
        parts.run("train", "--json")
        yield House(node.url, client)


@pytest.fixture
def chain(house: House, tmp_path: Path, namespace: str) -> Iterator[Chain]:
    """A mail server, and a folder for the parts; what is started ends with the test."""
    with Mailbox(tmp_path / "mails", Clock()) as mailbox:
        environment = {
            "WWWATCH_ES_URL": house.url,
            "WWWATCH_STATE": str(tmp_path),
            "WWWATCH_SHIP_NAMESPACE": namespace,
            "WWWATCH_DETECT_INDEX": access_stream(namespace),
            "WWWATCH_SMTP_HOST": "127.0.0.1",
            "WWWATCH_SMTP_PORT": str(mailbox.port),
            "WWWATCH_SMTP_TO": "sysadmin@example.org",
        }
        parts = Parts(tmp_path, environment)
        try:
            yield Chain(house.client, parts, mailbox, tmp_path, namespace)
        finally:
            parts.stop()
