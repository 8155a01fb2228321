"""What setup put is taken away again, and nothing else."""

import dataclasses

import pytest
from elasticsearch import Elasticsearch

from es_templates import apply, plan, read_catalogue, remove

pytestmark = pytest.mark.es
OURS = "test-removal"


def test_templates_and_indices_of_ours_go_and_others_stay(es: Elasticsearch) -> None:
    shipped = read_catalogue()
    template = {**shipped.index_templates["wwwatch-verdicts"], "index_patterns": [OURS], "composed_of": [f"{OURS}@own"]}
    part = {**shipped.component_templates["wwwatch-plain@settings"]}
    catalogue = dataclasses.replace(
        shipped,
        ilm_policies={},
        component_templates={f"{OURS}@own": part},
        index_templates={OURS: template},
        indices={OURS: {}},
    )
    apply(es, plan(es, catalogue=catalogue))
    es.indices.create(index=f"{OURS}-hers")
    assert es.indices.exists(index=OURS)
    kept = remove(es, catalogue=catalogue)
    assert es.indices.exists(index=OURS)
    assert {change.action for change in kept} == {"update"}
    apply(es, plan(es, catalogue=catalogue))
    remove(es, data=True, catalogue=catalogue)
    assert not es.indices.exists(index=OURS)
    assert not es.indices.exists_index_template(name=OURS)
    assert es.indices.exists(index=f"{OURS}-hers")
    assert {change.action for change in remove(es, data=True, catalogue=catalogue)} == {"none"}
    es.indices.delete(index=f"{OURS}-hers")
