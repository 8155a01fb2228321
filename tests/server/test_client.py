"""Every error of the client becomes one of ours, with a sentence."""

import inspect

import elastic_transport
import elasticsearch
import pytest
from elasticsearch import Elasticsearch

from core.client import connect, es_errors
from core.errors import StoreConflictError, StoreError, StoreUnreachableError
from core.settings import EsSettings


def _all(module: object, base: type) -> list[type[Exception]]:
    return [each for _, each in inspect.getmembers(module, inspect.isclass) if issubclass(each, base)]


def test_every_error_class_of_the_client_is_mapped() -> None:
    meta = elastic_transport.ApiResponseMeta(418, "1.1", elastic_transport.HttpHeaders(), 0.1, None)  # type: ignore[arg-type]
    raised = [kind("words", meta, {}) for kind in _all(elasticsearch, elasticsearch.ApiError)]
    raised += [kind("words") for kind in _all(elastic_transport, elastic_transport.TransportError)]
    raised.append(elasticsearch.UnsupportedProductError("words", meta, {}))
    assert len(raised) > 8
    for error in raised:
        with pytest.raises(StoreError, match=r"^cannot try it: ") as caught, es_errors("try it"):
            raise error
        assert caught.value.hint
        assert caught.value.__cause__ is error


def test_nobody_there() -> None:
    client = connect(EsSettings(url="http://127.0.0.1:9"), max_retries=0)
    with pytest.raises(StoreUnreachableError) as caught, es_errors("ask"):
        client.cluster.health()
    assert caught.value.retryable
    client.close()


def test_unusable_address() -> None:
    with pytest.raises(StoreError, match=r"check es\.url"):
        connect(EsSettings(url="no address"))


@pytest.mark.es
def test_real_refusals(es: Elasticsearch, namespace: str) -> None:
    es.index(index=namespace, id="1", document={})
    with pytest.raises(StoreConflictError), es_errors("write it again"):
        es.create(index=namespace, id="1", document={})
    with pytest.raises(StoreError, match="404"), es_errors("read it"):
        es.get(index=namespace, id="2")
    with pytest.raises(StoreError, match="parsing_exception"), es_errors("search"):
        es.search(index=namespace, query={"no such query": {}})
