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
from core.settings import EsSettings, NodeSettings, load_settings
from wwwatch.demo.mailbox import Mailbox
from wwwatch.demo.parts import Parts

NAMESPACE = "e2e"


@dataclass(frozen=True)
class Chain:
    """What a test drives."""

    client: Elasticsearch
    parts: Parts
    mailbox: Mailbox
    folder: Path
    stream: str


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chain]:
    """A node with templates and a model, a mail server, and a folder for the parts; everything ends with the test."""
    settings = load_settings()
    node = EmbeddedNode(NodeSettings(), cache=settings.cache, state=tmp_path / "node", temporary=True)
    with node, Mailbox(tmp_path / "mails", Clock()) as mailbox, connect(EsSettings(url=node.url)) as client:
        stream = access_stream(NAMESPACE)
        environment = {
            "WWWATCH_ES_URL": node.url,
            "WWWATCH_STATE": str(tmp_path),
            "WWWATCH_CACHE": str(settings.cache),
            "WWWATCH_SHIP_NAMESPACE": NAMESPACE,
            "WWWATCH_DETECT_INDEX": stream,
            "WWWATCH_SMTP_HOST": "127.0.0.1",
            "WWWATCH_SMTP_PORT": str(mailbox.port),
            "WWWATCH_SMTP_TO": '["sysadmin@example.org"]',
        }
        parts = Parts(tmp_path, environment)
        try:
            parts.run("setup")
            parts.run("train", "--json")
            yield Chain(client, parts, mailbox, tmp_path, stream)
        finally:
            parts.stop()
