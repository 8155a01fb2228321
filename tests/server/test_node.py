"""The embedded node: that it is the real server, and that it leaves nothing behind."""

import pytest
from elasticsearch import Elasticsearch

pytestmark = pytest.mark.es


def test_client_stores_and_finds_a_document(es: Elasticsearch, namespace: str) -> None:
    """Write and read through the node."""
    es.index(index=namespace, id="1", document={"message": "hello"}, refresh=True)

    assert es.search(index=namespace)["hits"]["hits"][0]["_source"] == {"message": "hello"}
