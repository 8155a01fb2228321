"""The templates on real Elasticsearch: installed from any state, twice without a change, and every sample found again.

Each test works on a copy of the shipped catalogue under names of its own, because templates are the cluster's.
"""

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from core.errors import StoreError
from es_templates import Catalogue, Change, apply, field_types, plan, read_catalogue
from es_templates.catalogue import HERE

pytestmark = pytest.mark.es

UNSEARCHABLE = (".original", ".evidence", ".members", ".sentence", "reason", "note", "messages")
"""How fields end that are kept to be read and are not indexed."""

STREAMS = ("logs-", "metrics-")
"""How the names of data streams begin."""


@pytest.fixture
def tag() -> str:
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.fixture
def own(es: Elasticsearch, tmp_path: Path, tag: str) -> Iterator[Catalogue]:
    """The shipped catalogue, renamed; its indices are deleted afterwards."""
    folder = tmp_path / "catalogue"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))

    def renamed(text: str) -> str:
        text = re.sub(r"wwwatch(?=[-@][a-z])", f"wwwatch-{tag}", text)
        text = text.replace("metrics-wwwatch.health", f"metrics-{tag}")
        return text.replace("logs-www.access", f"logs-{tag}")

    for file in sorted(folder.glob("*/*.json")):
        file.write_text(renamed(file.read_text()))
        file.rename(file.with_name(renamed(file.name)))
    yield read_catalogue(folder)
    leftover = es.indices.get(index=f"wwwatch-{tag}-*", ignore_unavailable=True).body
    for index in leftover:
        es.indices.delete(index=index)


def pending(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.kind, change.action) for change in changes if change.is_pending]


def install(es: Elasticsearch, own: Catalogue) -> list[Change]:
    return apply(es, plan(es, catalogue=own))


def edited(own: Catalogue, kind: str, name: str, **changes: Any) -> Catalogue:
    """Return the catalogue with one object changed, as a later version would ship it."""
    objects = dict(getattr(own, kind))
    objects[name] = json.loads(json.dumps(objects[name])) | changes
    return replace(own, **{kind: objects})


def test_install_twice_changes_nothing_the_second_time(es: Elasticsearch, own: Catalogue) -> None:
    made = install(es, own)
    assert {change.action for change in made} == {"create"}
    assert pending(plan(es, catalogue=own)) == []
    assert install(es, own) == []


def test_plan_changes_nothing(es: Elasticsearch, own: Catalogue) -> None:
    before = plan(es, catalogue=own)
    assert plan(es, catalogue=own) == before
    assert not es.indices.exists(index=next(iter(own.indices)))


def test_every_sample_is_taken_and_found_by_each_of_its_searchable_fields(
    es: Elasticsearch, own: Catalogue, tag: str
) -> None:
    install(es, own)
    for name, sample in own.samples.items():
        index = f"{name}-default" if name.startswith(STREAMS) else name
        es.create(index=index, id="sample", document=sample, refresh=True)
        found = es.search(index=index, query={"match_all": {}})["hits"]["hits"]
        assert [hit["_source"] for hit in found] == [sample]
        assert "_ignored" not in found[0]
        for field, kind in field_types(name, own).items():
            if kind in ("object", "binary") or field.endswith(UNSEARCHABLE):
                continue
            hits = es.search(index=index, query={"exists": {"field": field}})["hits"]["total"]["value"]
            assert hits == 1, f"{name}: {field}"
    by_net = es.search(index=f"logs-{tag}-default", query={"term": {"source.ip": "203.0.113.0/24"}})
    assert by_net["hits"]["total"]["value"] == 1
    assert pending(plan(es, catalogue=own)) == []


def test_resolved_template_is_what_elasticsearch_resolves(es: Elasticsearch, own: Catalogue) -> None:
    install(es, own)
    for name in own.index_templates:
        index = f"{name}-default" if name.startswith(STREAMS) else name
        simulated = es.indices.simulate_index_template(name=index)["template"]["mappings"]
        from_server = flat_types(simulated)
        assert {field: from_server.get(field) for field in field_types(name, own)} == field_types(name, own)
        assert set(from_server) - set(field_types(name, own)) <= {"_data_stream_timestamp"}


def flat_types(mappings: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, body in mappings.get("properties", {}).items():
        if "properties" in body:
            found |= flat_types(body, f"{prefix}{name}.")
        else:
            found[prefix + name] = body["type"]
    return found


def test_hostile_event_is_kept_whole_and_creates_no_field(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    install(es, own)
    stream = f"logs-{tag}-hostile"
    long = "ä" * 40_000  # over Lucene's 32,766 bytes per term
    event = {
        "@timestamp": "2026-03-14T02:15:07Z",
        "event": {"original": long},
        "url": {"original": long, "path": long, "query": long},
        "user_agent": {"original": long},
        "source": {"ip": "no address", "address": long},
        "http": {"response": {"status_code": "abc"}},
        "invented": {"by": {"an": "attacker"}},
    }
    es.create(index=stream, id="1", document=event, refresh=True)
    (hit,) = es.search(index=stream)["hits"]["hits"]
    assert hit["_source"] == event
    (mapping,) = es.indices.get_mapping(index=stream).body.values()
    assert "invented" not in mapping["mappings"]["properties"]


def test_event_without_timestamp_is_refused(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    install(es, own)
    with pytest.raises(BadRequestError, match="timestamp"):
        es.create(index=f"logs-{tag}-default", id="1", document={"@timestamp": "yesterday"})


def test_writes_to_the_alias_reach_the_write_index(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    install(es, own)
    alias = f"wwwatch-{tag}-anomalies"
    assert es.index(index=alias, id="1", document={"@timestamp": "2026-03-14T02:15:07Z"})["_index"] == f"{alias}-000001"
    es.indices.rollover(alias=alias)
    assert pending(plan(es, catalogue=own)) == []
    assert es.index(index=alias, id="2", document={"@timestamp": "2026-03-14T02:15:07Z"})["_index"] == f"{alias}-000002"
    es.indices.put_settings(index=alias, settings={"index.translog.durability": "async"})
    assert [change.name for change in plan(es, catalogue=own) if change.is_pending] == [f"{alias}-000002"]


def test_deleted_alias_comes_back(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    install(es, own)
    alias = f"wwwatch-{tag}-anomalies"
    es.indices.delete_alias(index=f"{alias}-000001", name=alias)
    assert pending(plan(es, catalogue=own)) == [("index", "create")]
    install(es, own)
    assert pending(plan(es, catalogue=own)) == []
    assert es.indices.exists_alias(name=alias)


def test_edits_by_hand_are_seen_and_mended(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    install(es, own)
    name = f"wwwatch-{tag}-plain@settings"
    body = es.cluster.get_component_template(name=name)["component_templates"][0]["component_template"]
    body["template"]["settings"]["index"]["number_of_shards"] = "3"
    es.cluster.put_component_template(name=name, body=body)
    es.indices.put_settings(index=f"wwwatch-{tag}-state", settings={"index.translog.durability": "async"})
    told = {change.name: change.why for change in plan(es, catalogue=own) if change.is_pending}
    assert told == {
        name: "was edited by hand; settings.index.number_of_shards: 3, wanted 1",
        f"wwwatch-{tag}-state": "index.translog.durability: async, wanted request",
    }
    install(es, own)
    assert pending(plan(es, catalogue=own)) == []


def test_foreign_template_of_the_same_name_is_taken_over(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    name = f"wwwatch-{tag}-state"
    es.indices.put_index_template(name=name, index_patterns=[f"{name}-other"], priority=1)
    told = next(change for change in plan(es, catalogue=own) if (change.kind, change.name) == ("index template", name))
    assert told.action == "update"
    assert told.why.startswith("was not made by wwwatch")
    install(es, own)
    assert pending(plan(es, catalogue=own)) == []


def test_upgrade_adds_fields_to_templates_index_and_data_stream(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    install(es, own)
    es.create(index=f"logs-{tag}-default", id="1", document={"@timestamp": "2026-03-14T02:15:07Z"})
    later = own
    for name in (f"logs-{tag}", f"wwwatch-{tag}-incidents"):
        body = json.loads(json.dumps(own.index_templates[name]))
        body["template"]["mappings"]["properties"]["added"] = {"type": "date"}
        later = edited(later, "index_templates", name, version=2, template=body["template"])
    steps = [change for change in plan(es, catalogue=later) if change.is_pending]
    assert [(change.kind, change.action) for change in steps] == [
        ("index template", "update"),
        ("index template", "update"),
        ("index", "update"),
        ("data stream", "update"),
    ]
    assert steps[0].why.startswith("version 1 is there, wanted 2")
    assert steps[-1].why == "fields to add or change: added"
    apply(es, steps)
    assert pending(plan(es, catalogue=later)) == []
    assert es.field_caps(index=f"logs-{tag}-default", fields="added")["fields"]["added"].keys() == {"date"}
    kept = [change for change in plan(es, catalogue=own) if "of a newer wwwatch is there" in change.why]
    assert [change.action for change in kept] == ["none", "none"]


def test_conflicting_type_rolls_the_data_stream_over_once(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    name, stream = f"logs-{tag}", f"logs-{tag}-default"
    body = json.loads(json.dumps(own.index_templates[name]["template"]))
    body["mappings"]["properties"]["log"]["properties"]["offset"] = {"type": "keyword"}
    install(es, edited(own, "index_templates", name, template=body))
    es.create(index=stream, id="1", document={"@timestamp": "2026-03-14T02:15:07Z"})
    told = next(change for change in plan(es, catalogue=own) if change.kind == "data stream")
    assert told.why == "rolls over: log.offset is keyword, wanted long"
    install(es, own)
    assert pending(plan(es, catalogue=own)) == []
    resolved = es.indices.resolve_index(name=stream)["data_streams"][0]
    assert len(resolved["backing_indices"]) == 2


def test_conflicting_type_of_an_index_is_left_to_a_person(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    name = f"wwwatch-{tag}-state"
    es.indices.create(index=name, mappings={"properties": {"wwwatch": {"type": "keyword"}}})
    install(es, own)
    left = [change for change in plan(es, catalogue=own) if change.is_pending]
    assert [(change.name, change.action) for change in left] == [(name, "manual")]
    assert "wwwatch is keyword, wanted fields below it" in left[0].why


def test_settings_of_the_users_component_are_respected(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    es.cluster.put_component_template(
        name=f"logs-{tag}@custom", template={"settings": {"index": {"refresh_interval": "1s"}}}
    )
    install(es, own)
    es.create(index=f"logs-{tag}-default", id="1", document={"@timestamp": "2026-03-14T02:15:07Z"})
    assert pending(plan(es, catalogue=own)) == []
    (settings,) = es.indices.get_settings(index=f"logs-{tag}-default", flat_settings=True).body.values()
    assert settings["settings"]["index.refresh_interval"] == "1s"


def test_namespace_narrows_the_data_streams(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    install(es, own)
    for namespace in ("one", "two"):
        es.create(index=f"logs-{tag}-{namespace}", id="1", document={"@timestamp": "2026-03-14T02:15:07Z"})
    everywhere = {change.name for change in plan(es, catalogue=own) if change.kind == "data stream"}
    assert everywhere == {f"logs-{tag}-one", f"logs-{tag}-two"}
    narrowed = {change.name for change in plan(es, catalogue=own, namespace="two") if change.kind == "data stream"}
    assert narrowed == {f"logs-{tag}-two"}


def test_two_installations_at_once_both_succeed(es: Elasticsearch, own: Catalogue) -> None:
    changes = plan(es, catalogue=own)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(apply, es, changes) for _ in range(2)]
        assert [len(run.result()) for run in runs] == [sum(change.is_pending for change in changes)] * 2
    assert pending(plan(es, catalogue=own)) == []


def test_a_refusal_names_the_object(es: Elasticsearch, own: Catalogue, tag: str) -> None:
    bad = Change("component template", f"wwwatch-{tag}-bad", "create", "", {"template": {"settings": {"no": "such"}}})
    with pytest.raises(StoreError, match=f"cannot create the component template wwwatch-{tag}-bad"):
        apply(es, [bad])
