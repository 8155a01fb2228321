"""Saved objects are built from their files in Kibana's own shapes."""

import json

from kibana.compile.names import Options
from kibana.compile.objects import build_objects
from kibana.compile.saved import pack
from kibana.source.files import read_sources


def test_every_object_is_one_line_with_its_versions() -> None:
    lines = pack(build_objects(read_sources())).splitlines()
    for line in lines:
        found = json.loads(line)
        assert {
            "type",
            "id",
            "attributes",
            "references",
            "managed",
            "coreMigrationVersion",
            "typeMigrationVersion",
        } == set(found)
    assert len({json.loads(line)["id"] for line in lines}) == len(lines)


def test_building_twice_gives_the_same_file() -> None:
    assert pack(build_objects(read_sources())) == pack(build_objects(read_sources()))


def test_the_prefix_is_in_every_id_and_reference() -> None:
    for built in build_objects(read_sources(), Options(prefix="mine")):
        assert built.id.startswith("mine-")
        assert all(each.id.startswith("mine-") for each in built.references)


def test_another_index_pattern_takes_the_place_of_the_shipped_one() -> None:
    built = build_objects(read_sources(), Options(titles={"access": "filebeat-*"}))
    assert next(each for each in built if each.id == "wwwatch-access").attributes["title"] == "filebeat-*"


def test_a_panel_counts_by_the_split_first_and_its_metrics_last() -> None:
    security = next(each for each in build_objects(read_sources()) if each.id == "wwwatch-dashboard-security")
    panels = {each["panelIndex"]: each for each in json.loads(security.attributes["panelsJSON"])}
    layer = panels["score"]["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"]["layers"][
        "layer0"
    ]
    assert layer["columnOrder"] == ["split", "x", "y0"]
    assert layer["columns"]["split"]["params"]["orderBy"] == {"type": "column", "columnId": "y0"}
