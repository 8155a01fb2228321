"""The model registry against the real server."""

from dataclasses import replace

import pytest
from elasticsearch import Elasticsearch

from core.documents import MODELS
from core.errors import ModelError
from detector.model import SessionModel
from detector.registry import list_models, live_digest, load_model, save_model, set_live
from tests.server.watching import NOW

pytestmark = [pytest.mark.es, pytest.mark.usefixtures("templates")]


def test_models_are_stored_made_live_and_loaded(es: Elasticsearch, model: SessionModel) -> None:
    first = save_model(es, replace(model, card={**model.card, "name": "first"}), now=NOW)
    second = save_model(es, replace(model, card={**model.card, "name": "second"}), now=NOW, live=False)
    assert live_digest(es) == first != second
    assert load_model(es)[0] == first
    assert load_model(es, second)[1].card["name"] == "second"
    set_live(es, second, now=NOW)
    assert load_model(es)[1].card["name"] == "second"
    entries = {entry.digest: entry for entry in list_models(es)}
    assert (entries[first].is_live, entries[second].is_live) == (False, True)
    assert entries[first].card["name"] == "first"


def test_a_changed_model_is_refused(es: Elasticsearch, model: SessionModel) -> None:
    digest = save_model(es, replace(model, card={"name": "changed"}), now=NOW, live=False)
    es.update(index=MODELS, id=digest, doc={"wwwatch": {"model": {"bytes": "AAAA"}}})
    with pytest.raises(ModelError, match="another SHA-256"):
        load_model(es, digest)
    es.delete(index=MODELS, id=digest, refresh=True)


def test_a_model_that_is_not_there(es: Elasticsearch) -> None:
    with pytest.raises(ModelError, match="there is no model 0000"):
        load_model(es, "0" * 64)
    with pytest.raises(ModelError, match="there is no model 0000"):
        set_live(es, "0" * 64, now=NOW)
